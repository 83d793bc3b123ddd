//! What the trained features are worth: output weights by least squares, a = pinv(act(X Wᵀ)) y, and their test loss.
//!
//! As PyTorch's `linalg.pinv` does in single precision, singular values below max(N, k) · 2⁻²³ of the largest count as 0. They
//! are the roots of the eigenvalues of Φ Φᵀ, which in double precision keep enough figures for that: a = Φᵀ (Φ Φᵀ)⁺ y.

use super::measure::{loss, loss_of_all_pairs};
use super::network::Network;
use super::rotation::Rotated;
use crate::linalg::gram::{Gram, Side};
use crate::linalg::lanes::{flat, lanes_for};
use crate::linalg::product::{add_scaled, inner};
use crate::linalg::spectrum::Spectrum;

/// The test loss after the refit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refit {
    /// Matching pairs; fitted and predicted with one scaling.
    pub test_loss: f64,
    /// As the source's code does: fitted without γ, predicted with it, over all pairs.
    pub test_loss_as_run: f64,
}

/// Refits a trained network.
pub fn refit(network: &Network<'_>, problem: &Rotated) -> Refit {
    let rows = problem.rows;
    let (train, test) = network.features();
    let dual = solve(&train, &problem.train_y);
    // f = act(X_test Wᵀ) Φᵀ dual, unit by unit.
    let mut predictions = vec![0.0; rows];
    for (train, test) in train.chunks_exact(rows).zip(test.chunks_exact(rows)) {
        let output = inner(train, &dual);
        add_scaled(&mut predictions, output, test);
    }
    let test_loss = loss(&predictions, &problem.test_y);
    predictions.iter_mut().for_each(|prediction| *prediction *= network.scale());
    Refit { test_loss, test_loss_as_run: loss_of_all_pairs(&predictions, &problem.test_y) }
}

/// (Φ Φᵀ)⁺ y, for the transposed features Φᵀ (units × examples).
fn solve(features: &[f32], y: &[f32]) -> Vec<f64> {
    let order = y.len();
    if !features.iter().all(|feature| feature.is_finite()) {
        return vec![f64::NAN; order];
    }
    let mut spectrum = Spectrum::new(order, order);
    Gram::new(Side::Columns, order).multiply(spectrum.matrix(), features);
    spectrum.decompose();
    let units = features.len() / order;
    let cut = units.max(order) as f64 * f64::from(f32::EPSILON);
    let least = cut * cut * spectrum.values()[0];
    let mut dual = vec![0.0; lanes_for(order) * crate::linalg::lanes::LANES];
    for (at, &value) in spectrum.values().iter().enumerate() {
        if value > least {
            let vector = flat(spectrum.vector(at));
            let share = inner(&vector[..order], y) / value;
            add_scaled(&mut dual, share, vector);
        }
    }
    dual.truncate(order);
    dual
}
