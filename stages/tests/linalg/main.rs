//! Linear algebra against exact arithmetic, full decompositions by faer and PyTorch, and laws that must hold.

mod golden;
mod leading;
mod polar;
mod sparse;
mod spectrum;

use faer::Mat;
use stages::random::torch::Generator;

fn uniform(generator: &mut Generator, length: usize) -> Vec<f32> {
    let mut values = vec![0.0; length];
    generator.fill_uniform_f32(&mut values, -1.0, 1.0);
    values
}

fn exact(matrix: &[f32], rows: usize, columns: usize) -> Mat<f64> {
    Mat::from_fn(rows, columns, |i, j| f64::from(matrix[i * columns + j]))
}

/// UVᵀ and Σσ by a full decomposition in double precision.
fn reference(matrix: &[f32], rows: usize, columns: usize) -> (Mat<f64>, f64, f64) {
    let svd = exact(matrix, rows, columns).thin_svd().unwrap();
    let values = svd.S().column_vector();
    (svd.U() * svd.V().transpose(), values.iter().sum(), values[0])
}

/// A matrix with these singular values, in `Generator`'s directions.
fn with_values(generator: &mut Generator, rows: usize, columns: usize, values: &[f64]) -> Vec<f32> {
    let (u, ..) = reference(&uniform(generator, rows * values.len()), rows, values.len());
    let (v, ..) = reference(&uniform(generator, columns * values.len()), columns, values.len());
    let scaled = Mat::from_fn(rows, values.len(), |i, j| u[(i, j)] * values[j]);
    let product = scaled * v.transpose();
    (0..rows * columns).map(|at| product[(at / columns, at % columns)] as f32).collect()
}
