//! Data sets: made, written, read.
//!
//! `mnist1d` makes one; `dataset` is the form in which any of them is written to a file and trained on.

pub mod dataset;
pub mod mnist1d;
