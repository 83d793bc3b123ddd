//! Hyper-parameter search: a study asks a sampler for trials within a space, and is told how they went.
//!
//! Samplers and pruner are Optuna's, suggestion for suggestion, and studies are kept in its journal files, so a search
//! here can be looked at, gone on with and checked there.

pub mod elementary; // whose exp and ln a sampler computes with
pub mod space; // parameters and the distributions that they are drawn from
pub mod study; // trials: what was tried, how it went
pub mod sampler; // who proposes values, and how a sampler is chosen
pub mod random_sampler;
pub mod tpe; // the Tree-structured Parzen Estimator
pub mod median_pruner;
pub mod journal; // Optuna's file of a study
pub mod resume; // a search that goes on where a killed one stopped
pub mod replay; // would that sampler have suggested these trials?
pub mod importance; // which parameters mattered
pub mod summary; // what a study came to

pub mod number; // NaN and the infinities in JSON

mod decimal;

#[cfg(test)]
use elementary::Elementary;
#[cfg(test)]
#[path = "../../tests/search/reference.rs"]
mod reference;
