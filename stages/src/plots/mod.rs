//! One file a figure; every figure is drawn once and comes out as SVG text and as PNG bytes, the same on any machine.
//!

pub mod theme; // how figures look: font, colours, sizes
pub mod labels; // metrics as people name them
pub mod canvas; // lines, areas and text on either kind of file
pub mod panel; // axes, ticks, and data between them

pub mod learning_curves; // a metric by epoch, one panel a protocol
pub mod paired_differences; // a comparison seed by seed

pub use canvas::{Figure, PlotError, png, svg};
