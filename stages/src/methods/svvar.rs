//! svvar: a penalty on the spread of each weight matrix's singular values.
//!
//! Claim: weights whose singular values are alike use all directions, and so generalise better. The published write-up
//! found the opposite and did not support it.
//!
//! loss = cross-entropy + strength · Σ over weight matrices W of Var(σ(W)), the sample variance of the r singular
//! values. With ‖W‖_F² = Σσ² and the nuclear norm ‖W‖_* = Σσ,
//!
//! ```text
//! Var = (‖W‖_F² − ‖W‖_*²/r) / (r − 1)        ∂Var/∂W = 2 (W − ‖W‖_*/r · Q) / (r − 1)
//! ```
//!
//! where Q = UVᵀ, W's polar factor, is the derivative of the nuclear norm. Biases are left alone.

use super::method::{Entry, Hyperparameters, Method, MissingHyperparameter, Step};
use crate::linalg::polar::Polar;
use crate::linalg::product::inner;
use crate::nn::mlp::Mlp;

/// Its row in the table of methods.
pub const ENTRY: Entry = Entry { name: "svvar", hyperparameters: &["strength"], make };

struct SingularValueVariance {
    strength: f64,
    /// One for each layer.
    polar: Vec<Polar>,
}

fn make(network: &Mlp, hyperparameters: &Hyperparameters) -> Result<Box<dyn Method>, MissingHyperparameter> {
    let polar = network.layers().map(|layer| Polar::new(layer.outputs, layer.inputs)).collect();
    Ok(Box::new(SingularValueVariance { strength: hyperparameters.get("strength")?, polar }))
}

impl Method for SingularValueVariance {
    fn adjust(&mut self, step: &Step<'_>, gradient: &mut [f32]) -> f64 {
        let mut penalty = 0.0;
        for (layer, polar) in step.network.layers().zip(&mut self.polar) {
            let rank = layer.outputs.min(layer.inputs) as f64;
            if rank < 2.0 {
                continue; // a single value has no variance
            }
            let weight = &step.parameters[layer.weight.clone()];
            let mean = polar.decompose(weight) / rank;
            penalty += (inner(weight, weight) - mean * mean * rank) / (rank - 1.0);
            let scale = (2.0 * self.strength / (rank - 1.0)) as f32;
            let mean = mean as f32;
            let slopes = gradient[layer.weight.clone()].iter_mut();
            for ((slope, &weight), &factor) in slopes.zip(weight).zip(polar.factor()) {
                *slope += scale * (weight - mean * factor);
            }
        }
        penalty
    }
}
