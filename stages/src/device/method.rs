//! Where a method acts in a block's training step: as `methods/method.rs`, for all runs at once.

use candle_core::{Device, Error, Result, Tensor};

use super::correlation::Correlations;
use super::host::{Alignments, Truncations};
use super::network::{Layer, Pass};
use super::variance::Variance;
use crate::methods::method::{Hyperparameters, MissingHyperparameter};
use crate::nn::mlp::Mlp;

/// A change to the training step of a block of runs.
pub trait BlockMethod {
    /// Whether it acts at the activations, and so wants [`penalise`](Self::penalise) to be called.
    fn is_at_activations(&self) -> bool {
        false
    }

    /// The penalty of each run without its strength, and the gradient of strength × penalty at the hidden activations.
    ///
    /// `momentum` is the optimiser's first moments before this step; at the first step, the cross-entropy's gradient.
    fn penalise(&mut self, _momentum: &[Layer], _pass: &Pass) -> Result<Penalty> {
        Err(Error::msg("this method does not act at the activations"))
    }

    /// Turns the gradient of the loss into the one that the optimiser is to follow; the penalty of each run without its
    /// strength (runs), where it adds one here.
    fn adjust(&mut self, _parameters: &[Layer], _pass: &Pass, _gradient: &mut [Layer]) -> Result<Option<Tensor>> {
        Ok(None)
    }
}

/// A penalty at the activations.
#[derive(Debug, Clone)]
pub struct Penalty {
    /// (runs)
    pub value: Tensor,
    /// One for each hidden layer, in the shape of its activations.
    pub slopes: Vec<Tensor>,
}

/// The optimiser follows the gradient as it is.
struct Baseline;

impl BlockMethod for Baseline {}

/// Why a block's method cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MethodError {
    #[error("the method `{0}` can be trained on the CPU only")]
    OnCpuOnly(&'static str),
    #[error(transparent)]
    Hyperparameter(#[from] MissingHyperparameter),
    #[error(transparent)]
    Tensor(#[from] Error),
}

/// The method of that name for a block with these hyper-parameters, run by run.
pub fn make(
    name: &'static str,
    network: &Mlp,
    runs: &[&Hyperparameters],
    device: &Device,
) -> std::result::Result<Box<dyn BlockMethod>, MethodError> {
    Ok(match name {
        "baseline" => Box::new(Baseline),
        "decorr" => Box::new(Correlations::of_all_pairs(network, runs, device)?),
        "gwd" => Box::new(Correlations::weighted_by_gradients(network, runs, device)?),
        "svvar" => Box::new(Variance::new(runs, device)?),
        "iwsva" => Box::new(Alignments::new(network, runs)?),
        "svdgrad" => Box::new(Truncations::new(network, runs)?),
        name => return Err(MethodError::OnCpuOnly(name)),
    })
}

/// One hyper-parameter of all runs.
pub(super) fn values(
    runs: &[&Hyperparameters],
    name: &'static str,
) -> std::result::Result<Vec<f64>, MissingHyperparameter> {
    runs.iter().map(|hyperparameters| hyperparameters.get(name)).collect()
}
