//! Protocols: how an experiment is split, tuned and scored, as data.
//!
//! `protocol` says what a protocol is, `parts` keeps the roles of the data apart by type, `seeds` gives every run its
//! random streams; `tuning` searches hyper-parameters and `runs` makes the final runs. One file each for the
//! experiments, which state their own protocols.

pub mod parts;
pub mod protocol;
pub mod runs;
pub mod seeds;
pub mod svvar;
pub mod tuning;

/// In the order in which messages name them.
pub const EXPERIMENTS: &[protocol::Experiment] = &[svvar::EXPERIMENT];
