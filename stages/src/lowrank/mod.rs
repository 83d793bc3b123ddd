//! Where the gradient of a two-layer network points: the low-rank experiment.
//!
//! f(x) = γ · aᵀ act(W x), with W's rows on the unit sphere and a fixed, is trained by full-batch gradient descent on the mean
//! squared error over spiked Gaussian data. The claim (Sonthalia, Murray and Montúfar 2025, "Low Rank Gradients and Where
//! to Find Them"): the gradient of W is close to rank two, with one direction from the residue of the bulk, X_Bᵀ r, and the
//! other the planted direction q.
//!
//! `configuration` and `protocol` are what is run, as data; `problem` draws what a seed stands for, and `rotation` turns it
//! into coordinates in which products are cheap. `network` computes, `activation` its loops; `measure` is what is observed
//! every epoch, `refit` what is asked at the end. `run` makes runs of these, `observe` rows of a table, `by_hand` single runs.

pub mod activation;
pub mod by_hand;
pub mod configuration;
pub mod measure;
pub mod network;
pub mod observe;
pub mod problem;
pub mod protocol;
pub mod refit;
pub mod rotation;
pub mod run;

/// What rows of a table and parameters call it.
pub const NAME: &str = "lowrank";
