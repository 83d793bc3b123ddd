//! The study's own commands, one file each: they read artifacts and return what is to be printed.

pub mod audit;
pub mod diff;
