//! Data sets: made, written, read.
//!
//! `mnist1d` makes one; `dataset` is the form in which any of them is written to a file and trained on. `spiked` makes the
//! Gaussian rows of the low-rank experiment, which are never written: each of its runs draws its own.

pub mod dataset;
pub mod mnist1d;
pub mod spiked;
