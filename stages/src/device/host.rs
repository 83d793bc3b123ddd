//! iwsva and svdgrad on a block: what they need of singular vectors is found on the CPU, run by run, side by side.
//!
//! A leading subspace by iteration converges as the ratio of neighbouring singular values, which nothing keeps away
//! from 1, and iwsva's derivative divides by their difference: in single precision neither can be certified. So a step's
//! matrices go to the CPU, through the same code as on the seed-by-seed path, and what comes of them goes back. That
//! costs a transfer each step, of about the size of the parameters and activations.

use candle_core::{Result, Tensor};
use rayon::prelude::*;

use super::method::{BlockMethod, MethodError, values};
use super::network::{Layer, Pass, rows};
use crate::linalg::alignment::Alignment;
use crate::linalg::truncation::Truncation;
use crate::methods::method::Hyperparameters;
use crate::nn::mlp::Mlp;
use crate::nn::subnormals::Flushed;

/// iwsva: `methods/iwsva.rs`.
#[derive(Debug)]
pub struct Alignments {
    strengths: Vec<f64>,
    /// For each layer, for each run.
    alignments: Vec<Vec<Alignment>>,
}

impl Alignments {
    /// For runs of one network.
    pub fn new(network: &Mlp, runs: &[&Hyperparameters]) -> std::result::Result<Self, MethodError> {
        let directions = values(runs, "k")?;
        let of_layer = |outputs, inputs| directions.iter().map(move |&k| Alignment::new(outputs, inputs, k as usize));
        let alignments = network.layers().map(|layer| of_layer(layer.outputs, layer.inputs).collect()).collect();
        Ok(Self { strengths: values(runs, "strength")?, alignments })
    }
}

impl BlockMethod for Alignments {
    fn adjust(&mut self, parameters: &[Layer], pass: &Pass, gradient: &mut [Layer]) -> Result<Option<Tensor>> {
        let mut penalties = vec![0.0; self.strengths.len()];
        let layers = parameters.iter().zip(&pass.inputs).zip(gradient).zip(&mut self.alignments);
        for (((layer, input), gradient), alignments) in layers {
            let (x, mut w) = (rows(input)?, rows(&layer.weight)?);
            let runs = alignments.par_iter_mut().zip(&x).zip(&mut w).zip(&self.strengths).zip(&mut penalties);
            runs.for_each(|((((alignment, x), w), &strength), penalty)| {
                let _flushed = Flushed::new();
                *penalty -= alignment.align(x, w);
                // In place of the weights, what their gradient gets on top.
                w.fill(0.0);
                alignment.add_gradient(w, -strength);
            });
            let slopes = Tensor::from_vec(w.concat(), gradient.weight.shape(), gradient.weight.device())?;
            gradient.weight = (&gradient.weight + slopes)?;
        }
        let penalties: Vec<f32> = penalties.into_iter().map(|penalty| penalty as f32).collect();
        let device = parameters.first().map_or(&candle_core::Device::Cpu, |layer| layer.weight.device());
        Ok(Some(Tensor::from_slice(&penalties, penalties.len(), device)?))
    }
}

/// svdgrad: `methods/svdgrad.rs`.
#[derive(Debug)]
pub struct Truncations {
    /// For each layer, for each run.
    truncations: Vec<Vec<Truncation>>,
}

impl Truncations {
    /// For runs of one network.
    pub fn new(network: &Mlp, runs: &[&Hyperparameters]) -> std::result::Result<Self, MethodError> {
        let ranks = values(runs, "k")?;
        let of_layer = |outputs, inputs| ranks.iter().map(move |&k| Truncation::new(outputs, inputs, k as usize));
        Ok(Self {
            truncations: network.layers().map(|layer| of_layer(layer.outputs, layer.inputs).collect()).collect(),
        })
    }
}

impl BlockMethod for Truncations {
    fn adjust(&mut self, _: &[Layer], _: &Pass, gradient: &mut [Layer]) -> Result<Option<Tensor>> {
        for (gradient, truncations) in gradient.iter_mut().zip(&mut self.truncations) {
            let mut matrices = rows(&gradient.weight)?;
            truncations.par_iter_mut().zip(&mut matrices).for_each(|(truncation, matrix)| {
                let _flushed = Flushed::new();
                truncation.truncate(matrix);
            });
            gradient.weight = Tensor::from_vec(matrices.concat(), gradient.weight.shape(), gradient.weight.device())?;
        }
        Ok(None)
    }
}
