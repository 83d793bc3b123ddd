//! The study's own commands, one file each: they read files of the study and return what is to be printed.

pub mod audit;
pub mod compare;
pub mod diff;
pub mod doctor;
pub mod export;
pub mod search;
pub mod train;

mod train_lowrank;

/// Where the study keeps its parameters, from the repository's root.
const PARAMETERS: &str = "params.yaml";
