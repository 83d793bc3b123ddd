//! What is observed every epoch.
//!
//! Of the gradient G, before the step: its two leading singular values, found to 10⁻⁵, its Frobenius norm, and its leading
//! right singular vector v, found to 5·10⁻⁵, with three alignments: |v·q|, |cos(v, X_Bᵀ r)|, |v(0)·v(t)|. After the step: the
//! weights' largest singular value, their energy ‖W P‖/‖W‖ with P the projection onto span(X_Bᵀ y, q), and the test loss.

use serde::Serialize;

use super::rotation::Rotated;
use crate::linalg::leading::Leading;
use crate::linalg::product::{add_scaled, inner};

/// One epoch, counted from 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Epoch {
    /// The mean squared error before the step.
    pub train_loss: f64,
    /// Of test examples and their targets.
    pub test_loss: f64,
    /// Of every test example with every test target, as the source's code takes it: it is blind to which belongs to which.
    pub test_loss_as_run: f64,
    pub operator_norm: f64,
    pub sigma_1: f64,
    pub sigma_2: f64,
    pub gradient_norm: f64,
    /// (σ₁² + σ₂²)/‖G‖²
    pub top2_share: f64,
    pub energy: f64,
    pub data_alignment: f64,
    pub residue_alignment: f64,
    pub drift: f64,
}

impl Epoch {
    /// By the names of the table's metrics.
    pub fn metrics(&self) -> [(&'static str, f64); 12] {
        [
            ("train_loss", self.train_loss),
            ("test_loss", self.test_loss),
            ("test_loss_as_run", self.test_loss_as_run),
            ("operator_norm", self.operator_norm),
            ("sigma_1", self.sigma_1),
            ("sigma_2", self.sigma_2),
            ("gradient_norm", self.gradient_norm),
            ("top2_share", self.top2_share),
            ("energy", self.energy),
            ("data_alignment", self.data_alignment),
            ("residue_alignment", self.residue_alignment),
            ("drift", self.drift),
        ]
    }
}

/// The mean over matching pairs of prediction and target.
pub fn loss(predictions: &[f64], targets: &[f32]) -> f64 {
    let squares = predictions.iter().zip(targets).map(|(prediction, &y)| (prediction - f64::from(y)).powi(2));
    squares.sum::<f64>() / targets.len() as f64
}

/// The mean over all pairs, of every prediction with every target: mean f² − 2 · mean f · mean y + mean y².
pub fn loss_of_all_pairs(predictions: &[f64], targets: &[f32]) -> f64 {
    let count = targets.len() as f64;
    let mean = predictions.iter().sum::<f64>() / count;
    let target_mean = targets.iter().map(|&y| f64::from(y)).sum::<f64>() / count;
    // Around the means, so that nothing is lost where both are large.
    let spread = predictions.iter().map(|prediction| (prediction - mean).powi(2)).sum::<f64>() / count;
    let target_spread = targets.iter().map(|&y| (f64::from(y) - target_mean).powi(2)).sum::<f64>() / count;
    spread + target_spread + (mean - target_mean).powi(2)
}

/// Follows a run.
#[derive(Debug, Clone)]
pub struct Measure<'a> {
    problem: &'a Rotated,
    gradient: Leading,
    weights: Leading,
    /// v(0)
    first: Option<Vec<f64>>,
    /// An orthonormal basis of span(X_Bᵀ y, q).
    targets: [Vec<f64>; 2],
}

impl<'a> Measure<'a> {
    pub fn new(problem: &'a Rotated) -> Self {
        let y: Vec<f64> = problem.train_y.iter().map(|&y| f64::from(y)).collect();
        let q = unit(problem.q.clone());
        let mut other = problem.bulk_transposed(&y);
        for _ in 0..2 {
            let share = inner(&other, &q);
            add_scaled(&mut other, -share, &q);
            other = unit(other);
        }
        Self {
            problem,
            gradient: Leading::new(problem.rows, 2),
            weights: Leading::value_only(problem.features),
            first: None,
            targets: [q, other],
        }
    }

    /// Of the gradient: singular values, share, and the alignments that need no residue.
    pub fn gradient(&mut self, gradient: &[f32], epoch: &mut Epoch) {
        self.gradient.decompose(gradient);
        let (values, norm) = (self.gradient.values(), self.gradient.norm());
        epoch.sigma_1 = values[0];
        epoch.sigma_2 = values.get(1).copied().unwrap_or(0.0);
        epoch.gradient_norm = norm;
        epoch.top2_share = (epoch.sigma_1 * epoch.sigma_1 + epoch.sigma_2 * epoch.sigma_2) / (norm * norm);
        let vector = self.gradient.vector(0);
        // The gradient has no columns beyond its N.
        epoch.data_alignment = inner(vector, &self.problem.q[..vector.len()]).abs();
        let first = self.first.get_or_insert_with(|| vector.to_vec());
        epoch.drift = inner(vector, first).abs();
    }

    /// |cos(v, X_Bᵀ r)| of the last gradient.
    pub fn residue(&self, residue: &[f64], epoch: &mut Epoch) {
        let bulk = self.problem.bulk_transposed(residue);
        let vector = self.gradient.vector(0);
        epoch.residue_alignment = inner(vector, &bulk[..vector.len()]).abs() / inner(&bulk, &bulk).sqrt();
    }

    /// Of the weights: largest singular value and energy.
    pub fn weights(&mut self, weights: &[f32], epoch: &mut Epoch) {
        self.weights.decompose(weights);
        epoch.operator_norm = self.weights.values()[0];
        let [q, other] = &self.targets;
        let rows = weights.chunks_exact(self.problem.features);
        let within: f64 = rows.map(|row| inner(row, q).powi(2) + inner(row, other).powi(2)).sum();
        epoch.energy = within.sqrt() / self.weights.norm();
    }

    /// How many passes over the last gradient and the last weights their singular values took; None: more than there are.
    pub fn passes(&self) -> [Option<usize>; 2] {
        [self.gradient.passes(), self.weights.passes()]
    }
}

fn unit(mut vector: Vec<f64>) -> Vec<f64> {
    let length = inner(&vector, &vector).sqrt();
    vector.iter_mut().for_each(|element| *element /= length);
    vector
}
