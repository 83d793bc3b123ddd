//! The two-layer network and its full-batch gradient descent, in the coordinates of `rotation`.
//!
//! An epoch is three products: W with the training rows, the slopes with them, W with the test rows. The first comes last:
//! the new weights' predictions serve the next epoch's loss and gradient.

use faer::{MatMut, MatRef};

use super::activation::{Activation, Rest};
use super::configuration::{Arm, Configuration, Sizes};
use super::protocol::Protocol;
use super::rotation::Rotated;
use crate::linalg::product::{inner, multiply_long};
use crate::linalg::simd::vectorised;

/// Columns of the triangle that are multiplied at once, with the rows that have anything in them.
const PANEL: usize = 64;

/// Beside a row's length, in what it is divided by.
const TINY: f32 = 1e-8;

/// lr and γ of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    pub lr: f64,
    pub gamma: f64,
}

impl Rates {
    /// The source's.
    pub fn of(configuration: &Configuration, arm: &Arm, sizes: &Sizes) -> Self {
        Self { lr: configuration.rate.of(sizes.units), gamma: arm.gamma.of(sizes.units) }
    }
}

/// A network in training.
#[derive(Debug, Clone)]
pub struct Network<'a> {
    problem: &'a Rotated,
    activation: Activation,
    /// γ to the protocol's power.
    scale: f64,
    /// lr/γ
    step: f32,
    weights: Vec<f32>,
    /// What each live unit's row has been multiplied with so far.
    shrunk: Vec<f32>,
    /// Live units × training examples: act of the inputs, and then the slopes.
    layer: Vec<f32>,
    /// Live units × N: the gradient, and then act of the test inputs.
    scratch: Vec<f32>,
    residue: Vec<f64>,
    test_predictions: Vec<f64>,
}

impl<'a> Network<'a> {
    /// At its initial weights, its predictions made.
    pub fn new(problem: &'a Rotated, activation: Activation, rates: Rates, protocol: &Protocol) -> Self {
        let mut network = Self {
            problem,
            activation,
            scale: (0..protocol.gamma_power).fold(1.0, |scale, _| scale * rates.gamma),
            step: (rates.lr / rates.gamma) as f32,
            weights: problem.weights.clone(),
            shrunk: vec![1.0; problem.live],
            layer: vec![0.0; problem.live * problem.rows],
            scratch: vec![0.0; problem.live * problem.rows],
            residue: vec![0.0; problem.rows],
            test_predictions: vec![0.0; problem.rows],
        };
        network.predict();
        network
    }

    /// W, units × d.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// r: predictions less targets, of the training examples.
    pub fn residue(&self) -> &[f64] {
        &self.residue
    }

    /// γ to the protocol's power, which predictions are multiplied with.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// ∂/∂W of the mean squared error, live units × N: the other elements are 0. Uses up the last predictions.
    pub fn gradient(&mut self) -> &[f32] {
        let Rotated { rows, live, ref train, ref outputs, .. } = *self.problem;
        let factor = 2.0 * self.scale / rows as f64;
        let scales: Vec<f32> = self.residue.iter().map(|residue| (factor * residue) as f32).collect();
        self.activation.differentiate(&mut self.layer, &outputs[..live], &scales);
        let slopes = MatRef::from_row_major_slice(&self.layer, live, rows);
        let train = MatRef::from_row_major_slice(train, rows, rows);
        let mut gradient = MatMut::from_row_major_slice_mut(&mut self.scratch, live, rows);
        for begin in (0..rows).step_by(PANEL) {
            let (width, below) = (PANEL.min(rows - begin), rows - begin);
            let panel = train.submatrix(begin, begin, below, width);
            multiply_long(gradient.as_mut().subcols_mut(begin, width), slopes.subcols(begin, below), panel);
        }
        &self.scratch
    }

    /// One step against the gradient, after which every row is divided by its length.
    pub fn descend(&mut self) {
        let Rotated { rows, features, .. } = *self.problem;
        let step = self.step;
        let units = self.weights.chunks_exact_mut(features).zip(self.scratch.chunks_exact(rows));
        for ((row, gradient), shrunk) in units.zip(&mut self.shrunk) {
            vectorised(
                #[inline(always)]
                || row.iter_mut().zip(gradient).for_each(|(weight, &slope)| *weight -= step * slope),
            );
            let length = inner(row, row).sqrt() as f32 + TINY;
            let factor = 1.0 / length;
            vectorised(
                #[inline(always)]
                || row.iter_mut().for_each(|weight| *weight *= factor),
            );
            *shrunk *= factor;
        }
    }

    /// Predictions of the training examples, kept as the residue.
    pub fn predict(&mut self) {
        let Rotated { rows, live, ref outputs, ref train_y, .. } = *self.problem;
        multiply_triangle(&mut self.layer, &self.weights, self.problem, live);
        self.activation.apply(&mut self.layer, None, &outputs[..live], &mut self.residue);
        for (residue, &y) in self.residue.iter_mut().zip(train_y) {
            *residue = self.scale * *residue - f64::from(y);
        }
        debug_assert_eq!(self.residue.len(), rows);
    }

    /// Predictions of the test examples. Uses up the gradient.
    pub fn test(&mut self) -> &[f64] {
        let Rotated { live, ref outputs, .. } = *self.problem;
        multiply_test(&mut self.scratch, &self.weights, self.problem, live);
        let rest = Rest { shares: &self.shrunk, rows: &self.problem.test_rest };
        self.activation.apply(&mut self.scratch, Some(rest), &outputs[..live], &mut self.test_predictions);
        self.test_predictions.iter_mut().for_each(|prediction| *prediction *= self.scale);
        &self.test_predictions
    }

    /// Act of the inputs of all units: (units × training examples, units × test examples).
    pub fn features(&self) -> (Vec<f32>, Vec<f32>) {
        let Rotated { rows, ref outputs, ref test_rest, .. } = *self.problem;
        let units = outputs.len();
        let mut sums = vec![0.0; rows];
        let (mut train, mut test) = (vec![0.0; units * rows], vec![0.0; units * rows]);
        multiply_triangle(&mut train, &self.weights, self.problem, units);
        self.activation.apply(&mut train, None, outputs, &mut sums);
        multiply_test(&mut test, &self.weights, self.problem, units);
        let mut shares = self.shrunk.clone();
        shares.resize(units, 1.0);
        let rest = Rest { shares: &shares, rows: test_rest };
        self.activation.apply(&mut test, Some(rest), outputs, &mut sums);
        (train, test)
    }
}

/// `out` = W · [L 0]ᵀ, of the first units.
fn multiply_triangle(out: &mut [f32], weights: &[f32], problem: &Rotated, units: usize) {
    let Rotated { rows, features, ref train, .. } = *problem;
    let weights = MatRef::from_row_major_slice(weights, weights.len() / features, features).subrows(0, units);
    let train = MatRef::from_row_major_slice(train, rows, rows);
    let mut out = MatMut::from_row_major_slice_mut(out, units, rows);
    for begin in (0..rows).step_by(PANEL) {
        let end = rows.min(begin + PANEL);
        let panel = train.submatrix(begin, 0, end - begin, end);
        multiply_long(out.as_mut().subcols_mut(begin, end - begin), weights.subcols(0, end), panel.transpose());
    }
}

/// `out` = W · test rowsᵀ in the first N coordinates, of the first units.
fn multiply_test(out: &mut [f32], weights: &[f32], problem: &Rotated, units: usize) {
    let Rotated { rows, features, ref test, .. } = *problem;
    let weights =
        MatRef::from_row_major_slice(weights, weights.len() / features, features).submatrix(0, 0, units, rows);
    let test = MatRef::from_row_major_slice(test, rows, rows);
    multiply_long(MatMut::from_row_major_slice_mut(out, units, rows), weights, test.transpose());
}
