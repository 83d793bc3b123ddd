//! decorr: a penalty on the correlations between the units of a hidden layer.
//!
//! Claim of gwd's write-up, where it is the simpler rival: it does worse than no penalty at all. The idea is that of
//! Cogswell, Ahmed, Girshick, Zitnick and Batra (2016), "Reducing overfitting in deep networks by decorrelating
//! representations" (arXiv 1511.06068), with correlations in place of covariances.
//!
//! loss = cross-entropy + α/N · Σ over hidden layers Σ over pairs j < k of corr_jk², where corr_jk is the correlation of
//! units j and k over the batch, after ReLU, and N the number of pairs in all layers. `linalg/correlation.rs` has the sum
//! for one layer and its gradient.

use super::method::{ActivationPenalty, Entry, Hyperparameters, Method, MissingHyperparameter};
use crate::linalg::correlation::Correlation;
use crate::nn::mlp::{Mlp, Pass};

/// Its row in the table of methods.
pub const ENTRY: Entry = Entry { name: "decorr", hyperparameters: &["alpha"], make };

struct Decorrelation {
    alpha: f64,
    pairs: f64,
    /// One for each hidden layer.
    layers: Vec<Correlation>,
}

fn make(network: &Mlp, hyperparameters: &Hyperparameters) -> Result<Box<dyn Method>, MissingHyperparameter> {
    let units = || network.hidden().iter().map(|layer| layer.outputs);
    Ok(Box::new(Decorrelation {
        alpha: hyperparameters.get("alpha")?,
        pairs: units().map(|units| (units * (units - 1) / 2) as f64).sum(),
        layers: units().map(Correlation::new).collect(),
    }))
}

impl Method for Decorrelation {
    fn at_activations(&mut self) -> Option<&mut dyn ActivationPenalty> {
        Some(self)
    }
}

impl ActivationPenalty for Decorrelation {
    fn penalise(&mut self, _: &Mlp, _: &[f32], pass: &mut Pass) -> f64 {
        let mut sum = 0.0;
        for (at, layer) in self.layers.iter_mut().enumerate() {
            sum += layer.sum_of_squares(pass.activations(at));
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
