//! The units of a hidden layer that let anything of a batch through, and the way back through these alone.
//!
//! After ReLU many units are dead: of gwd's second hidden layer half to two thirds, from the first epochs on. The
//! gradient of a dead unit is 0 in every example, so leaving it out only skips additions of 0: while the weights are
//! finite, no bit of any result differs.

use faer::{MatMut, MatRef};

use super::mlp::{Layer, matrix, matrix_mut, multiply_onto};
use crate::linalg::product::multiply;
use crate::linalg::simd::vectorised;

/// The live units of a layer, and room for what belongs to them alone.
#[derive(Debug, Clone, Default)]
pub(super) struct Live {
    units: Vec<usize>,
    /// For each unit of the layer, the bits of all its activations: none where all are 0.
    bits: Vec<u32>,
    /// (batch × live), (live × inputs), (live × inputs).
    delta: Vec<f32>,
    weight: Vec<f32>,
    weight_gradient: Vec<f32>,
}

impl Live {
    /// For the hidden layers of a network, and batches of up to a size.
    pub(super) fn new(layers: &[Layer], largest_batch: usize) -> Self {
        let largest = |size: fn(&Layer) -> usize| layers.iter().map(size).max().unwrap_or(0);
        let (units, weights) = (largest(|layer| layer.outputs), largest(|layer| layer.weight.len()));
        Self {
            units: Vec::with_capacity(units),
            bits: vec![0; units],
            delta: vec![0.0; largest_batch * units],
            weight: vec![0.0; weights],
            weight_gradient: vec![0.0; weights],
        }
    }

    /// Finds the live units of a layer with so many units; `activations` is (batch × units), row-major.
    pub(super) fn find(&mut self, activations: &[f32], units: usize) {
        let bits = &mut self.bits[..units];
        bits.fill(0);
        vectorised(
            #[inline(always)]
            || {
                for row in activations.chunks_exact(units) {
                    for (bits, activation) in bits.iter_mut().zip(row) {
                        *bits |= activation.to_bits();
                    }
                }
            },
        );
        self.units.clear();
        self.units.extend((0..units).filter(|&unit| self.bits[unit] != 0));
    }

    /// Whether the products that are saved are more than the copies.
    pub(super) fn is_worth_it(&self, layer: &Layer) -> bool {
        const SHARE: usize = 8;
        !self.units.is_empty() && (layer.outputs - self.units.len()) * SHARE >= layer.outputs
    }

    /// The way back through a layer: the gradient of its weight, and that of its input where `below` is to have it.
    pub(super) fn back(
        &mut self,
        layer: &Layer,
        delta: &[f32],
        weight: &[f32],
        input: MatRef<'_, f32>,
        weight_gradient: &mut [f32],
        below: Option<(MatMut<'_, f32>, bool)>,
    ) {
        let (live, inputs, batch) = (self.units.len(), layer.inputs, input.nrows());
        let copy = &mut self.delta[..batch * live];
        for (copy, row) in copy.chunks_exact_mut(live).zip(delta.chunks_exact(layer.outputs)) {
            copy.iter_mut().zip(&self.units).for_each(|(copy, &unit)| *copy = row[unit]);
        }
        let delta = matrix(copy, batch, live);
        let product = &mut self.weight_gradient[..live * inputs];
        multiply(matrix_mut(product, live, inputs), delta.transpose(), input);
        weight_gradient.fill(0.0);
        for (&unit, row) in self.units.iter().zip(product.chunks_exact(inputs)) {
            weight_gradient[unit * inputs..][..inputs].copy_from_slice(row);
        }
        if let Some((below, given)) = below {
            let copy = &mut self.weight[..live * inputs];
            for (&unit, row) in self.units.iter().zip(copy.chunks_exact_mut(inputs)) {
                row.copy_from_slice(&weight[unit * inputs..][..inputs]);
            }
            multiply_onto(below, given, delta, matrix(copy, live, inputs));
        }
    }
}
