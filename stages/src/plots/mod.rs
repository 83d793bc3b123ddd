//! One file a figure; every figure is drawn once and comes out as SVG text and as PNG bytes, the same on any machine.

pub mod theme; // how figures look: font, colours, sizes
pub mod palette; // which method has which colour
pub mod labels; // metrics as people name them
pub mod canvas; // lines, areas and text on either kind of file
mod thin; // lines with no more places than they need
pub mod marks; // shapes at a place
pub mod axis; // from numbers to shares of a length, with ticks
pub mod panel; // two axes, and data between them
pub mod grid; // panels in rows and columns
pub mod strips; // rows that share one axis
pub mod legend; // what lines, areas and shapes stand for
mod key; // the same in sentences below
pub mod dots; // runs as dots, one row a method
pub mod by_epoch; // many small panels of curves

pub mod forest; // all claims at a glance
pub mod learning_curves; // a metric by epoch, one panel a protocol
pub mod final_scores; // what claims measure, run by run
pub mod paired_differences; // a comparison seed by seed
pub mod tuning; // what a search did
pub mod budget; // the best to be expected of n trials
pub mod repeats; // one run and its repetitions
pub mod variance; // what the spread between seeds is made of
pub mod lowrank; // where gradients point, by epoch

pub use canvas::{Figure, PlotError, png, svg, write};
