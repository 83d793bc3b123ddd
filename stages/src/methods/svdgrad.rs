//! svdgrad: every weight matrix's gradient is replaced by its best approximation of rank k before the optimiser takes it.
//!
//! Claim: the leading singular directions of a gradient carry the signal and the rest is noise, so truncated gradients
//! train better. The published write-up, which calls this SVD(Adam), did not find it supported.
//!
//! ```text
//! G = U Σ Vᵀ → Σ_{i ≤ k} σᵢ uᵢ vᵢᵀ        k at most the number of singular values
//! ```
//!
//! (Eckart and Young, 1936, "The approximation of one matrix by another of lower rank".) The gradients of biases are left
//! alone. There is no penalty.

use super::method::{Entry, Hyperparameters, Method, MissingHyperparameter, Step};
use crate::linalg::truncation::Truncation;
use crate::nn::mlp::Mlp;

/// Its row in the table of methods.
pub const ENTRY: Entry = Entry { name: "svdgrad", hyperparameters: &["k"], make };

struct TruncatedGradients {
    /// One for each layer.
    truncations: Vec<Truncation>,
}

fn make(network: &Mlp, hyperparameters: &Hyperparameters) -> Result<Box<dyn Method>, MissingHyperparameter> {
    let rank = hyperparameters.get("k")? as usize;
    let truncations = network.layers().map(|layer| Truncation::new(layer.outputs, layer.inputs, rank)).collect();
    Ok(Box::new(TruncatedGradients { truncations }))
}

impl Method for TruncatedGradients {
    fn adjust(&mut self, step: &Step<'_>, gradient: &mut [f32]) -> f64 {
        for (layer, truncation) in step.network.layers().zip(&mut self.truncations) {
            truncation.truncate(&mut gradient[layer.weight.clone()]);
        }
        0.0
    }
}
