//! Gaussian rows with one direction planted in them, and targets that follow another: the data of the low-rank experiment.
//!
//! X = X_B + ζ z qᵀ, with the bulk X_B = G · diag(i^(−α/2)), G and z standard normal, ‖q‖ = 1 and ζ = N^ν for N rows; targets are
//! yᵢ = link(xᵢ·β) + τ εᵢ with ‖β‖ = 1 (Sonthalia, Murray and Montúfar 2025, "Low Rank Gradients and Where to Find Them").
//!
//! All draws are PyTorch's (`torch.randn`), and their order is part of the data: a direction is one draw of d normals, a sample
//! draws G (row by row), then z, then ε.

use crate::linalg::product::inner;
use crate::random::torch::Generator;

/// What a sample is made with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// N
    pub rows: usize,
    /// d
    pub features: usize,
    /// ν
    pub spike: f64,
    /// α
    pub decay: f64,
    /// τ
    pub noise: f64,
}

/// Rows and their targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// X, row-major.
    pub x: Vec<f32>,
    pub y: Vec<f32>,
    /// ζ z: how much of the planted direction is in each row.
    pub planted: Vec<f32>,
}

/// A direction of unit length.
pub fn direction(generator: &mut Generator, features: usize) -> Vec<f32> {
    let mut direction = vec![0.0; features];
    generator.fill_normal_f32(&mut direction, 0.0, 1.0);
    scale_to_unit(&mut direction);
    direction
}

/// A sample with the direction `q` planted, and targets that follow `beta` through `link`.
pub fn sample(generator: &mut Generator, shape: &Shape, q: &[f32], beta: &[f32], link: fn(f64) -> f64) -> Sample {
    let mut x = vec![0.0; shape.rows * shape.features];
    generator.fill_normal_f32(&mut x, 0.0, 1.0);
    let mut planted = vec![0.0; shape.rows];
    generator.fill_normal_f32(&mut planted, 0.0, 1.0);
    let mut noise = vec![0.0; shape.rows];
    generator.fill_normal_f32(&mut noise, 0.0, 1.0);

    let strength = libm::pow(shape.rows as f64, shape.spike) as f32;
    planted.iter_mut().for_each(|share| *share *= strength);
    let scales: Vec<f32> = (1..=shape.features).map(|i| libm::pow(i as f64, -shape.decay / 2.0) as f32).collect();
    for (row, &share) in x.chunks_exact_mut(shape.features).zip(&planted) {
        for ((element, &scale), &q) in row.iter_mut().zip(&scales).zip(q) {
            *element = *element * scale + share * q;
        }
    }
    let y = x.chunks_exact(shape.features).zip(&noise);
    let y = y.map(|(row, &noise)| (link(inner(row, beta)) + shape.noise * f64::from(noise)) as f32).collect();
    Sample { x, y, planted }
}

/// Divides by the length.
pub fn scale_to_unit(vector: &mut [f32]) {
    let length = inner(vector, vector).sqrt() as f32;
    vector.iter_mut().for_each(|element| *element /= length);
}
