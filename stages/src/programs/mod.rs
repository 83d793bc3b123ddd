//! The stage programs, one file each, as `dvc.yaml` calls them (`retrial stage NAME …`).

pub mod budget;
pub mod checks;
pub mod curves;
pub mod lowrank;
pub mod mnist1d;
pub mod plots;
pub mod report;
pub mod sensitivity;
pub mod spread;
pub mod statistics;
pub mod train;
pub mod tuned;
pub mod tune;
pub mod verdicts;
