//! The science: a module for each stage program, and whatever they share. Nothing here knows of the engine.

pub mod squares;
pub mod total;
