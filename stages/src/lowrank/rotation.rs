//! A problem in coordinates in which the training rows are a lower triangle.
//!
//! Xᵀ = QR turns X into X Q = [L 0], with L = Rᵀ of order N ≤ d. Turning the weights, the test rows and q likewise changes no
//! prediction, no length, no singular value and no angle, so the run is the same; but X's products need half of the
//! multiplications of N columns in place of all d. The gradient has only those N columns, and what W has beyond
//! them only shrinks, as rows are divided by their lengths: its share in the test predictions is one product for the run.
//!
//! Units whose output weight is 0 get no gradient and change no prediction. They come last, and are left alone: dividing a
//! row of length 1 by that and 10⁻⁸ is lost in rounding.

use faer::{Mat, MatMut, MatRef};

use super::problem::Problem;
use crate::linalg::complement::Reflections;
use crate::linalg::product::{add_scaled, inner, multiply_long};

/// A problem, turned.
#[derive(Debug, Clone)]
pub struct Rotated {
    /// N, of the training sample and of the test sample.
    pub rows: usize,
    /// d
    pub features: usize,
    /// Units whose output weight isn't 0: the first ones.
    pub live: usize,
    /// L, N × N, row-major.
    pub train: Vec<f32>,
    pub train_y: Vec<f32>,
    /// Test rows, in the first N coordinates.
    pub test: Vec<f32>,
    pub test_y: Vec<f32>,
    /// Of every unit (row) and test example: the product of W with the test rows in all other coordinates.
    pub test_rest: Vec<f32>,
    /// W, units × d, and a.
    pub weights: Vec<f32>,
    pub outputs: Vec<f32>,
    pub q: Vec<f64>,
    /// ζ z
    pub planted: Vec<f32>,
}

impl Rotated {
    /// Turns a problem; in double precision, rounded at the end.
    pub fn of(problem: &Problem) -> Self {
        let (features, rows) = (problem.features, problem.train.y.len());
        let reflections = Reflections::of(widened(&problem.train.x, features).transpose());
        let turn = reflections.columns_from(0);
        let turned = |x: &[f32]| {
            let wide = widened(x, features);
            let mut out = vec![0.0; x.len()];
            let mut product = MatMut::from_row_major_slice_mut(&mut out, x.len() / features, features);
            multiply_long(product.as_mut(), wide.as_ref(), turn.as_ref());
            out
        };

        let mut order: Vec<usize> = (0..problem.outputs.len()).collect();
        order.sort_by_key(|&unit| problem.outputs[unit] == 0.0);
        let outputs: Vec<f32> = order.iter().map(|&unit| problem.outputs[unit]).collect();
        let live = outputs.iter().filter(|&&output| output != 0.0).count();
        let weights: Vec<f32> =
            order.iter().flat_map(|&unit| &problem.weights[unit * features..][..features]).copied().collect();
        let (weights, test) = (turned(&weights), turned(&problem.test.x));
        let rest = |x: &[f64]| columns(x, features, rows, features);
        let (weights_rest, others) = (rest(&weights), rest(&test));
        let mut test_rest = vec![0.0; outputs.len() * rows];
        let product = MatMut::from_row_major_slice_mut(&mut test_rest, outputs.len(), rows);
        multiply_long(
            product,
            as_matrix(&weights_rest, features - rows, outputs.len()),
            as_matrix(&others, features - rows, rows).transpose(),
        );

        let mut train = vec![0.0; rows * rows];
        for (at, row) in train.chunks_exact_mut(rows).enumerate() {
            for (column, element) in row[..=at].iter_mut().enumerate() {
                *element = reflections.triangular(column, at) as f32;
            }
        }
        Self {
            rows,
            features,
            live,
            train,
            train_y: problem.train.y.clone(),
            test: columns(&test, features, 0, rows),
            test_y: problem.test.y.clone(),
            test_rest,
            weights: weights.into_iter().map(|element| element as f32).collect(),
            outputs,
            q: turned(&problem.q),
            planted: problem.train.planted.clone(),
        }
    }

    /// X_Bᵀ of a vector over the training examples.
    pub fn bulk_transposed(&self, vector: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.features];
        for (row, &share) in self.train.chunks_exact(self.rows).zip(vector) {
            add_scaled(&mut sums[..self.rows], share, row);
        }
        let planted = inner(&self.planted, vector);
        add_scaled(&mut sums, -planted, &self.q);
        sums
    }
}

fn widened(x: &[f32], columns: usize) -> Mat<f64> {
    Mat::from_fn(x.len() / columns, columns, |i, j| f64::from(x[i * columns + j]))
}

fn as_matrix(x: &[f32], columns: usize, rows: usize) -> MatRef<'_, f32> {
    MatRef::from_row_major_slice(x, rows, columns)
}

/// Columns `first` to `end` of a row-major matrix.
fn columns(x: &[f64], columns: usize, first: usize, end: usize) -> Vec<f32> {
    x.chunks_exact(columns).flat_map(|row| &row[first..end]).map(|&element| element as f32).collect()
}
