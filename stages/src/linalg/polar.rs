//! The nuclear norm of a matrix and its polar factor, which is the norm's derivative.
//!
//! For W = UΣVᵀ the nuclear norm is Σσ and the polar factor Q = UVᵀ, with ⟨Q, W⟩ = Σσ. Two parts:
//!
//! 1. Five odd polynomials of degree 5, one after another, bring every singular value above 0.012 of the largest to
//!    1 ± 2e-7; each is the best approximation of 1 on the interval that the one before leaves. Amsel, Persson,
//!    Musco and Gower (2025), "The Polar Express: optimal matrix sign methods and their application to the Muon
//!    algorithm" (arXiv 2505.16932). It takes products of matrices only.
//! 2. What is then still below 1 shows in I − XᵀX, which a pivoted Cholesky factorisation takes apart: a handful of
//!    directions, whose own polar factor is found by Jacobi rotations and put in their place. The factorisation ends
//!    when nothing above `SLACK` is left on the diagonal, so it also certifies the rest.
//!
//! Single precision throughout part 1: Q is the polar factor of a matrix within 1e-5 of W, relative to W's norm (a
//! full decomposition in single precision does no better), with orthonormal columns to 1e-4 in the Frobenius norm.
//! Directions with σ below 1e-7 of the largest, of which rounding has left nothing, get 0 in place of a unit vector: a
//! subgradient of the norm where it has no derivative.

use faer::{MatMut, MatRef};

use super::jacobi;
use super::product::{add_scaled, gram, inner, multiply};
use super::simd::vectorised;

/// (a, b, c) of p(x) = a·x + b·x³ + c·x⁵ for singular values in [0.012, 1].
const POLYNOMIALS: [[f64; 3]; 5] = [
    [8.013962779112553, -23.30735184972342, 17.197261788086283],
    [3.5394703084934824, -2.6514133091679657, 0.5285316299085268],
    [2.5309863666024226, -1.8688849375331964, 0.4406421573586909],
    [1.9255845769786357, -1.305125820162189, 0.38055387240839866],
    [1.8750419257819402, -1.250046583412982, 0.3750046583717247],
];

/// How much of I − XᵀX's diagonal may be left.
const SLACK: f64 = 2e-5;

/// Singular values after part 1 at or below this are rounding: they were 1e-7 of the largest or less.
const NOISE: f64 = 2.5e-5;

/// Decomposes matrices of one shape; its buffers are made once.
#[derive(Debug, Clone)]
pub struct Polar {
    /// Of the tall matrix that is worked on: the matrix, or its transpose if it is wide.
    columns: usize,
    wide: bool,
    /// Tall, row-major, and in the end the factor.
    x: Vec<f32>,
    next: Vec<f32>,
    /// xᵀx, and the same of that.
    gram: Vec<f32>,
    square: Vec<f32>,
    factor: Vec<f32>,
}

impl Polar {
    /// For matrices of this shape, of which neither side is 0.
    pub fn new(rows: usize, columns: usize) -> Self {
        let (size, short) = (vec![0.0; rows * columns], rows.min(columns));
        let square = vec![0.0; short * short];
        Self {
            columns: short,
            wide: rows < columns,
            x: size.clone(),
            next: size.clone(),
            gram: square.clone(),
            square,
            factor: size,
        }
    }

    /// The nuclear norm of `matrix` (rows × columns, row-major), whose polar factor is then in
    /// [`factor`](Self::factor). Both are NaN if an element is not finite.
    pub fn decompose(&mut self, matrix: &[f32]) -> f64 {
        let norm = inner(matrix, matrix).sqrt();
        if !norm.is_finite() {
            self.factor.fill(f32::NAN);
            return f64::NAN;
        }
        if norm == 0.0 {
            self.factor.fill(0.0);
            return 0.0;
        }
        copy(&mut self.x, matrix, self.columns, self.wide, 1.0 / norm);
        self.approach();
        let lagging = self.lagging_directions();
        if !lagging.is_empty() {
            self.replace(lagging);
        }
        let rows = self.x.len() / self.columns;
        copy(&mut self.factor, &self.x, if self.wide { rows } else { self.columns }, self.wide, 1.0);
        inner(&self.factor, matrix)
    }

    /// The polar factor of the last matrix, in its shape.
    pub fn factor(&self) -> &[f32] {
        &self.factor
    }

    /// Part 1: applies the polynomials to x's singular values.
    fn approach(&mut self) {
        let columns = self.columns;
        for (at, [a, b, c]) in POLYNOMIALS.into_iter().enumerate() {
            gram(&mut self.gram, &self.x, columns);
            gram(&mut self.square, &self.gram, columns);
            // The first polynomial also divides by a bound on the largest singular value: (Σσ⁸)^⅛, at hand here.
            let bound = if at == 0 { inner(&self.square, &self.square).sqrt().sqrt().sqrt() } else { 1.0 };
            let shrink = 1.0 / (bound * bound);
            let (a, b, c) = (a / bound, b / bound * shrink, c / bound * shrink * shrink);
            combine(&mut self.square, &self.gram, b as f32, c as f32);
            self.square.iter_mut().step_by(columns + 1).for_each(|diagonal| *diagonal += a as f32);
            let rows = self.x.len() / columns;
            let square = MatRef::from_row_major_slice(&self.square, columns, columns);
            let x = MatRef::from_row_major_slice(&self.x, rows, columns);
            multiply(MatMut::from_row_major_slice_mut(&mut self.next, rows, columns), x, square);
            std::mem::swap(&mut self.x, &mut self.next);
        }
    }

    /// An orthonormal basis of the right singular vectors whose value is still below 1.
    fn lagging_directions(&mut self) -> Vec<Vec<f64>> {
        let columns = self.columns;
        gram(&mut self.gram, &self.x, columns);
        let mut diagonal: Vec<f64> =
            self.gram.iter().step_by(columns + 1).map(|&square| 1.0 - f64::from(square)).collect();
        let mut factors: Vec<Vec<f64>> = Vec::new();
        while factors.len() < columns {
            let (pivot, &largest) = match diagonal.iter().enumerate().max_by(|left, right| left.1.total_cmp(right.1)) {
                Some(found) if *found.1 > SLACK => found,
                _ => break,
            };
            let mut factor: Vec<f64> = self.gram[pivot * columns..][..columns].iter().map(|&g| -f64::from(g)).collect();
            factor[pivot] += 1.0;
            for known in &factors {
                add_scaled(&mut factor, -known[pivot], known);
            }
            let scale = 1.0 / largest.sqrt();
            for (element, diagonal) in factor.iter_mut().zip(&mut diagonal) {
                *element *= scale;
                *diagonal -= *element * *element;
            }
            factors.push(factor);
        }
        // Gram and Schmidt, modified: the factors are far from dependent, as each had more than SLACK of its own.
        for at in 0..factors.len() {
            let (done, rest) = factors.split_at_mut(at);
            let direction = &mut rest[0];
            for known in done {
                let share = inner(known, direction);
                add_scaled(direction, -share, known);
            }
            let scale = 1.0 / inner(direction, direction).sqrt();
            direction.iter_mut().for_each(|element| *element *= scale);
        }
        factors
    }

    /// Part 2: gives the right singular vectors in the span of `right` the left ones that belong to them, at value 1.
    fn replace(&mut self, right: Vec<Vec<f64>>) {
        let columns = self.columns;
        let mut left: Vec<Vec<f64>> =
            right.iter().map(|v| self.x.chunks_exact(columns).map(|row| inner(row, v)).collect()).collect();
        add_outer_products(&mut self.x, columns, &left, &right, -1.0);
        // Rounding leaves a little of the other left vectors in these, which is much where these are short.
        for u in &mut left {
            let mut shares = vec![0.0; columns];
            for (row, &element) in self.x.chunks_exact(columns).zip(&*u) {
                add_scaled(&mut shares, element, row);
            }
            for (row, element) in self.x.chunks_exact(columns).zip(u) {
                *element -= inner(row, &shares);
            }
        }
        jacobi::polar_factor(&mut left, NOISE);
        add_outer_products(&mut self.x, columns, &left, &right, 1.0);
    }
}

/// `out = scale · matrix`, transposed or not; `columns` is the number of `out`'s columns.
fn copy(out: &mut [f32], matrix: &[f32], columns: usize, transposed: bool, scale: f64) {
    if !transposed {
        out.iter_mut().zip(matrix).for_each(|(out, &element)| *out = (scale * f64::from(element)) as f32);
        return;
    }
    let rows = matrix.len() / columns;
    for (at, row) in out.chunks_exact_mut(columns).enumerate() {
        let column = matrix[at..].iter().step_by(rows);
        row.iter_mut().zip(column).for_each(|(out, &element)| *out = (scale * f64::from(element)) as f32);
    }
}

/// `square = b · gram + c · square`
fn combine(square: &mut [f32], gram: &[f32], b: f32, c: f32) {
    vectorised(
        #[inline(always)]
        || {
            for (square, &gram) in square.iter_mut().zip(gram) {
                *square = b * gram + c * *square;
            }
        },
    );
}

/// `x += sign · Σ u vᵀ`
fn add_outer_products(x: &mut [f32], columns: usize, left: &[Vec<f64>], right: &[Vec<f64>], sign: f64) {
    let mut sums = vec![0.0; columns];
    for (at, row) in x.chunks_exact_mut(columns).enumerate() {
        sums.fill(0.0);
        for (u, v) in left.iter().zip(right) {
            add_scaled(&mut sums, sign * u[at], v);
        }
        row.iter_mut().zip(&sums).for_each(|(element, sum)| *element = (f64::from(*element) + sum) as f32);
    }
}
