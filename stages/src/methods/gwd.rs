//! gwd: gradient-weighted decorrelation, a penalty on correlations between units that learn the same thing.
//!
//! Claim: two units of a hidden layer are redundant where they are correlated *and* their weights are pulled the same
//! way; a penalty on those pairs alone gives a better test accuracy than none, while one on all pairs (`decorr.rs`) gives
//! a worse one. The published write-up supported it.
//!
//! loss = cross-entropy + α/N · Σ over hidden layers Σ over pairs j < k of w_jk corr_jk²
//!
//! ```text
//! w_jk = max(0, cos(g_j, g_k))^γ, and 0^γ = 0
//! ```
//!
//! corr_jk is the correlation of units j and k over the batch, after ReLU, and N the number of pairs in all layers; g_j,
//! the direction that unit j is learning in, is row j of AdamW's first moment of the layer's weight as it stands before
//! the step (before the first one, the gradient of the cross-entropy), and is held constant.
//! `linalg/correlation.rs` has the sum for one layer and its gradient.

use super::method::{ActivationPenalty, Entry, Hyperparameters, Method, MissingHyperparameter};
use crate::linalg::correlation::Correlation;
use crate::nn::elementary::{exp, ln};
use crate::nn::mlp::{Mlp, Pass};

/// Its row in the table of methods.
pub const ENTRY: Entry = Entry { name: "gwd", hyperparameters: &["alpha", "gamma"], make };

struct GradientWeightedDecorrelation {
    alpha: f64,
    gamma: f32,
    pairs: f64,
    /// One for each hidden layer.
    layers: Vec<Correlation>,
}

fn make(network: &Mlp, hyperparameters: &Hyperparameters) -> Result<Box<dyn Method>, MissingHyperparameter> {
    let units = || network.hidden().iter().map(|layer| layer.outputs);
    Ok(Box::new(GradientWeightedDecorrelation {
        alpha: hyperparameters.get("alpha")?,
        gamma: hyperparameters.get("gamma")? as f32,
        pairs: units().map(|units| (units * (units - 1) / 2) as f64).sum(),
        layers: units().map(Correlation::new).collect(),
    }))
}

impl Method for GradientWeightedDecorrelation {
    fn at_activations(&mut self) -> Option<&mut dyn ActivationPenalty> {
        Some(self)
    }
}

impl ActivationPenalty for GradientWeightedDecorrelation {
    fn penalise(&mut self, network: &Mlp, momentum: &[f32], pass: &mut Pass) -> f64 {
        let gamma = self.gamma;
        let mut sum = 0.0;
        for (at, (layer, shape)) in self.layers.iter_mut().zip(network.hidden()).enumerate() {
            let directions = &momentum[shape.weight.clone()];
            sum += layer.weighted_sum_of_squares(
                pass.activations(at),
                directions,
                #[inline(always)]
                move |cosine| positive_power(cosine, gamma),
            );
        }
        // As published: where it is not positive (or not a number), the step goes without.
        if sum > 0.0 {
            for (at, layer) in self.layers.iter().enumerate() {
                layer.gradient(self.alpha / self.pairs, pass.slopes_mut(at));
            }
        }
        sum / self.pairs
    }
}

/// max(0, x)^exponent, 0 where x is not positive.
#[inline(always)]
fn positive_power(x: f32, exponent: f32) -> f32 {
    let power = exp(exponent * ln(x));
    if x < f32::MIN_POSITIVE { 0.0 } else { power }
}
