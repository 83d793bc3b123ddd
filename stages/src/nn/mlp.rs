//! Fully connected networks with ReLU between the layers: forward and backward over one flat parameter vector.

use std::iter;
use std::ops::Range;

use faer::MatRef;
use thiserror::Error;

use super::products::{Products, matrix, matrix_mut, multiply_onto};
use crate::linalg::product::multiply;
use crate::linalg::simd::vectorised;
use crate::linalg::sparse::Pattern;
use crate::random::torch::Generator;

/// Where a layer's parameters lie in the flat vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    pub inputs: usize,
    pub outputs: usize,
    /// (outputs × inputs), row-major, as in PyTorch.
    pub weight: Range<usize>,
    pub bias: Range<usize>,
}

/// The shape of a network; its parameters are a flat vector elsewhere, layer by layer, each weight before its bias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mlp {
    hidden: Vec<Layer>,
    last: Layer,
}

/// A network was to have a layer without inputs or outputs.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a network needs inputs, classes and units in every hidden layer, but its widths are {0:?}")]
pub struct EmptyLayer(Vec<usize>);

impl Mlp {
    /// A network with these numbers of inputs, of units in each hidden layer, and of classes.
    pub fn new(inputs: usize, hidden: &[usize], classes: usize) -> Result<Self, EmptyLayer> {
        let mut end = 0;
        let mut layer = |inputs, outputs| {
            let weight = end..end + inputs * outputs;
            let bias = weight.end..weight.end + outputs;
            end = bias.end;
            Layer { inputs, outputs, weight, bias }
        };
        let widths: Vec<usize> = iter::once(inputs).chain(hidden.iter().copied()).collect();
        if widths.contains(&0) || classes == 0 {
            return Err(EmptyLayer(widths.into_iter().chain([classes]).collect()));
        }
        let hidden_layers = widths.iter().zip(hidden).map(|(&inputs, &outputs)| layer(inputs, outputs)).collect();
        Ok(Self { hidden: hidden_layers, last: layer(widths[hidden.len()], classes) })
    }

    /// From the input to the logits.
    pub fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.hidden.iter().chain([&self.last])
    }

    /// Those that are followed by ReLU, from the input on.
    pub fn hidden(&self) -> &[Layer] {
        &self.hidden
    }

    /// The number of parameters.
    pub fn parameters(&self) -> usize {
        self.last.bias.end
    }

    /// The number of features of an example.
    pub fn inputs(&self) -> usize {
        self.hidden.first().unwrap_or(&self.last).inputs
    }

    /// The number of logits of an example.
    pub fn classes(&self) -> usize {
        self.last.outputs
    }

    /// PyTorch's initial parameters, drawn layer by layer.
    pub fn initial(&self, generator: &mut Generator) -> Vec<f32> {
        let mut parameters = vec![0.0; self.parameters()];
        for layer in self.layers() {
            let (weight, bias) = layer.parts_of(&mut parameters);
            generator.linear(layer.inputs, layer.outputs, weight, bias);
        }
        parameters
    }
}

/// What a network computes on its way, for batches up to a size; nothing is allocated after the first.
#[derive(Debug, Clone)]
pub struct Pass {
    network: Mlp,
    batch: usize,
    /// For each hidden layer, (batch × units): what ReLU lets through.
    hidden: Vec<Vec<f32>>,
    /// (classes × batch), and after [`super::loss`] their gradient: the examples lie side by side.
    logits: Vec<f32>,
    /// The gradient of each hidden layer's activations, shaped as they.
    hidden_gradients: Vec<Vec<f32>>,
    /// Whether those hold what the next backward pass is to add to.
    given: Vec<bool>,
    /// What of each hidden layer ReLU let through. No other gradient goes back through it.
    patterns: Vec<Pattern>,
    products: Products,
}

impl Pass {
    /// For batches of up to this size.
    pub fn new(network: &Mlp, largest_batch: usize) -> Self {
        let hidden: Vec<Vec<f32>> =
            network.hidden.iter().map(|layer| vec![0.0; largest_batch * layer.outputs]).collect();
        Self {
            batch: 0,
            logits: vec![0.0; largest_batch * network.classes()],
            hidden_gradients: hidden.clone(),
            given: vec![false; hidden.len()],
            patterns: vec![Pattern::default(); hidden.len()],
            products: Products::default(),
            hidden,
            network: network.clone(),
        }
    }

    /// Runs the network on `x` (batch × inputs), row-major, and returns the logits, (classes × batch), row-major.
    pub fn forward(&mut self, parameters: &[f32], x: &[f32]) -> &mut [f32] {
        let batch = x.len() / self.network.inputs();
        self.batch = batch;
        self.given.fill(false);
        for (at, layer) in self.network.hidden.iter().enumerate() {
            let (before, from_here) = self.hidden.split_at_mut(at);
            let input = before.last().map_or(x, |input| &input[..batch * layer.inputs]);
            let output = &mut from_here[0][..batch * layer.outputs];
            let pattern = at.checked_sub(1).map(|below| &self.patterns[below]);
            self.products.forward(output, input, pattern, &parameters[layer.weight.clone()], layer.outputs);
            add_bias_and_rectify(output, &parameters[layer.bias.clone()]);
            self.patterns[at].find(output, layer.outputs);
        }
        let last = &self.network.last;
        let input = self.hidden.last().map_or(x, |input| &input[..batch * last.inputs]);
        let logits = &mut self.logits[..batch * last.outputs];
        let weight = last.weight_in(parameters);
        multiply(matrix_mut(logits, last.outputs, batch), weight, matrix(input, batch, last.inputs).transpose());
        add_bias_to_classes(logits, &parameters[last.bias.clone()], batch);
        logits
    }

    /// What layer `at` was given by the last forward pass, whose input was `x`: (batch × its inputs), row-major.
    pub fn input_of<'a>(&'a self, at: usize, x: &'a [f32]) -> &'a [f32] {
        match at.checked_sub(1) {
            None => x,
            Some(below) => &self.hidden[below][..self.batch * self.network.hidden[below].outputs],
        }
    }

    /// What ReLU let through in a hidden layer in the last forward pass: (batch × units), row-major.
    pub fn activations(&self, hidden: usize) -> &[f32] {
        &self.hidden[hidden][..self.batch * self.network.hidden[hidden].outputs]
    }

    /// Where to write the gradient, at a hidden layer's activations and in their shape, of what else is in the loss.
    ///
    /// The next backward pass takes it along. What stands there is of no meaning, so all of it must be written.
    pub fn slopes_mut(&mut self, hidden: usize) -> &mut [f32] {
        self.given[hidden] = true;
        &mut self.hidden_gradients[hidden][..self.batch * self.network.hidden[hidden].outputs]
    }

    /// The gradient of every parameter, into `gradient`, of a loss whose gradient now stands where
    /// [`forward`](Self::forward) left the logits; `parameters` and `x` are those that it was given.
    pub fn backward(&mut self, parameters: &[f32], x: &[f32], gradient: &mut [f32]) {
        let batch = self.batch;
        let last = &self.network.last;
        let input = self.hidden.last().map_or(x, |input| &input[..batch * last.inputs]);
        let delta = &self.logits[..batch * last.outputs];
        let (weight_gradient, bias_gradient) = last.parts_of(gradient);
        sum_classes(delta, bias_gradient, batch);
        let delta = matrix(delta, last.outputs, batch);
        multiply(matrix_mut(weight_gradient, last.outputs, last.inputs), delta, matrix(input, batch, last.inputs));
        if let (Some(below), Some(given)) = (self.hidden_gradients.last_mut(), self.given.last_mut()) {
            let below = matrix_mut(&mut below[..batch * last.inputs], batch, last.inputs);
            multiply_onto(below, std::mem::take(given), delta.transpose(), last.weight_in(parameters));
        }

        for (at, layer) in self.network.hidden.iter().enumerate().rev() {
            let (below, from_here) = self.hidden_gradients.split_at_mut(at);
            let delta = &mut from_here[0][..batch * layer.outputs];
            let (weight_gradient, bias_gradient) = layer.parts_of(gradient);
            let activations = &self.hidden[at][..batch * layer.outputs];
            rectify_and_sum(delta, activations, bias_gradient);
            let input = if at == 0 { x } else { &self.hidden[at - 1][..batch * layer.inputs] };
            let pattern = &self.patterns[at];
            self.products.gradient(weight_gradient, delta, pattern, input);
            if let Some(below) = below.last_mut() {
                let given = std::mem::take(&mut self.given[at - 1]);
                let weight = &parameters[layer.weight.clone()];
                self.products.back(&mut below[..batch * layer.inputs], given, delta, pattern, weight);
            }
        }
    }
}

impl Layer {
    fn weight_in<'a>(&self, parameters: &'a [f32]) -> MatRef<'a, f32> {
        matrix(&parameters[self.weight.clone()], self.outputs, self.inputs)
    }

    /// Its weight and its bias in a flat vector of parameters or of their gradient.
    fn parts_of<'a>(&self, flat: &'a mut [f32]) -> (&'a mut [f32], &'a mut [f32]) {
        flat[self.weight.start..self.bias.end].split_at_mut(self.weight.len())
    }
}

/// `values` is (batch × units): max(0, values + bias).
fn add_bias_and_rectify(values: &mut [f32], bias: &[f32]) {
    vectorised(
        #[inline(always)]
        || {
            for row in values.chunks_exact_mut(bias.len()) {
                for (value, &bias) in row.iter_mut().zip(bias) {
                    let sum = *value + bias;
                    // Written so that NaN stays.
                    *value = if sum < 0.0 { 0.0 } else { sum };
                }
            }
        },
    );
}

/// `logits` is (classes × batch).
fn add_bias_to_classes(logits: &mut [f32], bias: &[f32], batch: usize) {
    vectorised(
        #[inline(always)]
        || {
            for (class, &bias) in logits.chunks_exact_mut(batch).zip(bias) {
                for logit in class {
                    *logit += bias;
                }
            }
        },
    );
}

/// Takes the gradient of activations, (batch × units), back through ReLU, and sums it over the batch, in order.
fn rectify_and_sum(delta: &mut [f32], activations: &[f32], sums: &mut [f32]) {
    sums.fill(0.0);
    vectorised(
        #[inline(always)]
        || {
            let units = sums.len();
            for (row, activations) in delta.chunks_exact_mut(units).zip(activations.chunks_exact(units)) {
                for ((delta, &activation), sum) in row.iter_mut().zip(activations).zip(&mut *sums) {
                    *delta = if activation <= 0.0 { 0.0 } else { *delta };
                    *sum += *delta;
                }
            }
        },
    );
}

/// Sums `delta`, (classes × batch), over the batch: sixteen running sums, then those in order.
fn sum_classes(delta: &[f32], sums: &mut [f32], batch: usize) {
    const LANES: usize = 16;
    vectorised(
        #[inline(always)]
        || {
            for (class, sum) in delta.chunks_exact(batch).zip(sums) {
                let (blocks, rest) = class.as_chunks::<LANES>();
                let mut lanes = [0.0_f32; LANES];
                for block in blocks {
                    for (lane, &value) in lanes.iter_mut().zip(block) {
                        *lane += value;
                    }
                }
                *sum = lanes.iter().chain(rest).sum();
            }
        },
    );
}
