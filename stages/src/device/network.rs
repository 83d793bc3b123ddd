//! The networks of a block: their parameters as tensors, forward pass, mean cross-entropy, backward pass.
//!
//! `nn/mlp.rs` and `nn/loss.rs` are the same for one run.

use std::ops::Range;

use candle_core::{DType, Device, Result, Tensor};

use crate::nn::mlp::Mlp;

/// What belongs to the parameters of one layer: themselves, their gradients or moments.
#[derive(Debug, Clone)]
pub struct Layer {
    /// (runs × outputs × inputs)
    pub weight: Tensor,
    /// (runs × 1 × outputs)
    pub bias: Tensor,
}

/// Moves the runs' flat vectors of parameters to a device: (runs × parameters).
pub fn upload(network: &Mlp, runs: &[Vec<f32>], device: &Device) -> Result<Tensor> {
    Tensor::from_vec(runs.concat(), (runs.len(), network.parameters()), device)
}

/// The layers of flat vectors (runs × parameters).
pub fn split(network: &Mlp, flat: &Tensor) -> Result<Vec<Layer>> {
    let part = |range: &Range<usize>| flat.narrow(1, range.start, range.len());
    let layers = network.layers().map(|layer| {
        let weight = part(&layer.weight)?.reshape(((), layer.outputs, layer.inputs))?;
        Ok(Layer { weight, bias: part(&layer.bias)?.reshape(((), 1, layer.outputs))? })
    });
    layers.collect()
}

/// The flat vectors (runs × parameters) of layers.
pub fn join(layers: &[Layer]) -> Result<Tensor> {
    let parts = layers.iter().flat_map(|layer| [&layer.weight, &layer.bias]);
    Tensor::cat(&parts.map(|part| part.flatten_from(1)).collect::<Result<Vec<_>>>()?, 1)
}

/// For each run, its elements of a tensor, in order.
pub fn rows(tensor: &Tensor) -> Result<Vec<Vec<f32>>> {
    tensor.flatten_from(1)?.to_vec2()
}

/// What the networks compute on their way.
#[derive(Debug, Clone)]
pub struct Pass {
    /// What each layer was given, (runs × batch × its inputs): the batch, then what ReLU let through.
    pub inputs: Vec<Tensor>,
    /// (runs × batch × classes)
    pub logits: Tensor,
}

impl Pass {
    /// What ReLU let through, layer by layer.
    pub fn activations(&self) -> &[Tensor] {
        &self.inputs[1..]
    }
}

/// Runs the networks on `x` (runs × batch × features).
pub fn forward(layers: &[Layer], x: Tensor) -> Result<Pass> {
    let mut inputs = Vec::with_capacity(layers.len());
    let mut flowing = x;
    for (at, layer) in layers.iter().enumerate() {
        let sums = flowing.matmul(&layer.weight.t()?)?.broadcast_add(&layer.bias)?;
        inputs.push(flowing);
        flowing = if at + 1 < layers.len() { sums.relu()? } else { sums };
    }
    Ok(Pass { inputs, logits: flowing })
}

/// The mean cross-entropy of each run's batch (runs), and its gradient at the logits.
///
/// `targets` is (runs × batch × classes), 1 at an example's class and 0 elsewhere.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<(Tensor, Tensor)> {
    let batch = logits.dim(1)? as f64;
    let shifted = logits.broadcast_sub(&logits.max_keepdim(2)?)?;
    let powers = shifted.exp()?;
    let sums = powers.sum_keepdim(2)?;
    let losses = (sums.log()? - (&shifted * targets)?.sum_keepdim(2)?)?;
    let slopes = ((powers.broadcast_div(&sums)? - targets)? * (1.0 / batch))?;
    Ok(((losses.sum((1, 2))? * (1.0 / batch))?, slopes))
}

/// How many examples of each run's batch have their greatest logit at their class (runs).
pub fn hits(logits: &Tensor, classes: &Tensor) -> Result<Tensor> {
    logits.argmax(2)?.eq(classes)?.to_dtype(DType::F32)?.sum(1)
}

/// The gradient of every parameter, given the loss's at the logits and, for hidden layers, what else goes back
/// through their activations.
pub fn backward(layers: &[Layer], pass: &Pass, at_logits: &Tensor, slopes: Option<&[Tensor]>) -> Result<Vec<Layer>> {
    let mut gradient = Vec::with_capacity(layers.len());
    let mut delta = at_logits.clone();
    for (at, (layer, input)) in layers.iter().zip(&pass.inputs).enumerate().rev() {
        gradient.push(Layer { weight: delta.t()?.matmul(input)?, bias: delta.sum_keepdim(1)? });
        let Some(below) = at.checked_sub(1) else { break };
        let mut slope = delta.matmul(&layer.weight)?;
        if let Some(slopes) = slopes {
            slope = (slope + &slopes[below])?;
        }
        // What ReLU let through is positive: its sign is what ReLU lets through of the gradient.
        delta = (slope * input.sign()?)?;
    }
    gradient.reverse();
    Ok(gradient)
}
