//! A block of runs trained as one computation on a device: every tensor's first dimension is the run.
//!
//! `place` is where to compute, as a user names it; `open` opens it. `network` is forward, loss and backward; `adam` takes the
//! steps; `method` is where a method acts, `correlation` (decorr, gwd), `variance` (svvar) and `host` (iwsva, svdgrad)
//! are the methods; `block` trains. `check` compares a device with the CPU, for `retrial doctor`.
//!
//! The CPU trains seed by seed with `crate::nn` and `crate::methods`, which say what is computed; this says the same
//! in products of batches of matrices, in single precision, and tests hold the two together. All random draws are made on the CPU by
//! `crate::random`, in the order of the seed-by-seed path, so a seed means the same weights and batches everywhere.

pub mod adam;
pub mod block;
pub mod correlation;
pub mod host;
pub mod method;
pub mod network;
pub mod open;
pub mod place;
pub mod variance;
