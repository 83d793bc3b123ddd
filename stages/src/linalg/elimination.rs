//! An orthonormal basis of what a tall matrix's columns leave out, by Gaussian elimination in double precision.
//!
//! P A = L U with partial pivoting; with L₁ the square above and L₂ the rows below, the columns of Pᵀ [−L₁⁻ᵀ L₂ᵀ; I] are
//! orthogonal to all of A's, and reflections make them orthonormal (`complement`). That is half of the work of reflecting
//! A itself, and almost all of it products: the right-looking blocked form (Golub and Van Loan, "Matrix computations", 4th
//! ed., § 3.2.11 and 3.4). Pivots keep the elements of L at most 1.

use std::cmp::Ordering;

use faer::{Mat, MatMut, MatRef};

use super::complement::Reflections;
use super::product::{add_scaled, multiply_add, multiply_long};
use super::simd::vectorised;

/// Columns that are eliminated together: in the columns beyond the panel, and in those within it.
const PANEL: usize = 64;
const PART: usize = 16;

/// A pivot this small, relative to the largest element of the matrix, tells no direction: then A is reflected after all.
const TOO_SMALL: f64 = 1e-9;

/// An orthonormal basis of the orthogonal complement of the columns of a matrix of full rank, with no more columns than rows.
pub fn complement(matrix: MatRef<'_, f64>) -> Mat<f64> {
    let (rows, columns) = matrix.shape();
    if rows == columns {
        return Mat::zeros(rows, 0);
    }
    let Some(eliminated) = Elimination::of(matrix) else {
        return Reflections::of(matrix).columns_from(columns);
    };
    Reflections::of(eliminated.left_out().as_ref()).basis()
}

/// L of a matrix, and in which order its rows came.
struct Elimination {
    /// Column-major; U is left above L's diagonal, which is of ones.
    factors: Mat<f64>,
    order: Vec<usize>,
    /// The inverses of L's diagonal blocks.
    inverses: Vec<Mat<f64>>,
}

impl Elimination {
    /// None if a pivot is too small.
    fn of(matrix: MatRef<'_, f64>) -> Option<Self> {
        let (rows, columns) = matrix.shape();
        let least = TOO_SMALL * matrix.norm_max();
        let mut factors = vec![0.0; rows * columns];
        MatMut::from_column_major_slice_mut(&mut factors, rows, columns).copy_from(matrix);
        let mut order: Vec<usize> = (0..rows).collect();
        let mut inverses = Vec::new();
        for begin in (0..columns).step_by(PANEL) {
            let width = PANEL.min(columns - begin);
            let (done, rest) = factors.split_at_mut((begin + width) * rows);
            let (before, panel) = done.split_at_mut(begin * rows);
            let pivots = eliminate_panel(panel, rows, begin, least)?;
            for (row, &pivot) in (begin..).zip(&pivots) {
                order.swap(row, pivot);
            }
            for column in before.chunks_exact_mut(rows).chain(rest.chunks_exact_mut(rows)) {
                for (row, &pivot) in (begin..).zip(&pivots) {
                    column.swap(row, pivot);
                }
            }
            let panel = MatRef::from_column_major_slice(panel, rows, width);
            let inverse = inverse_of_lower(panel.subrows(begin, width));
            let rest = MatMut::from_column_major_slice_mut(rest, rows, columns - begin - width);
            subtract(panel, inverse.as_ref(), rest, begin);
            inverses.push(inverse);
        }
        let factors = MatRef::from_column_major_slice(&factors, rows, columns).to_owned();
        Some(Self { factors, order, inverses })
    }

    /// Pᵀ [−L₁⁻ᵀ L₂ᵀ; I].
    fn left_out(&self) -> Mat<f64> {
        let (rows, columns) = self.factors.shape();
        let count = rows - columns;
        let (upper, lower) = self.factors.as_ref().split_at_row(columns);
        // L₁ᵀ y = −L₂ᵀ, from the last block up.
        let mut y = Mat::zeros(columns, count);
        for (block, inverse) in self.inverses.iter().enumerate().rev() {
            let begin = block * PANEL;
            let (width, end) = (inverse.nrows(), begin + inverse.nrows());
            let mut right = -lower.subcols(begin, width).transpose();
            let (above, below) = y.as_mut().split_at_row_mut(end);
            multiply_add(
                right.as_mut(),
                -1.0,
                upper.submatrix(end, begin, columns - end, width).transpose(),
                below.as_ref(),
            );
            multiply_long(above.subrows_mut(begin, width), inverse.transpose(), right.as_ref());
        }
        let mut left_out = Mat::zeros(rows, count);
        for at in 0..count {
            for (&row, &element) in self.order.iter().zip(y.col(at).iter()) {
                left_out[(row, at)] = element;
            }
            left_out[(self.order[columns + at], at)] = 1.0;
        }
        left_out
    }
}

/// Eliminates a panel's columns from row `begin` on, rows of the panel exchanged, and returns which row each step took.
fn eliminate_panel(panel: &mut [f64], rows: usize, begin: usize, least: f64) -> Option<Vec<usize>> {
    let width = panel.len() / rows;
    let mut pivots = Vec::with_capacity(width);
    for first in (0..width).step_by(PART) {
        let part = PART.min(width - first);
        for at in first..first + part {
            let top = begin + at;
            let column = &panel[at * rows..][..rows];
            let pivot = largest(column, top);
            // NaN is too small as well.
            if !matches!(column[pivot].abs().partial_cmp(&least), Some(Ordering::Greater)) {
                return None;
            }
            for column in panel.chunks_exact_mut(rows) {
                column.swap(top, pivot);
            }
            pivots.push(pivot);
            let (column, others) = panel[at * rows..(first + part) * rows].split_at_mut(rows);
            let inverse = 1.0 / column[top];
            column[top + 1..].iter_mut().for_each(|element| *element *= inverse);
            for other in others.chunks_exact_mut(rows) {
                let share = -other[top];
                add_scaled(&mut other[top + 1..], share, &column[top + 1..]);
            }
        }
        let (done, rest) = panel.split_at_mut((first + part) * rows);
        let done = MatRef::from_column_major_slice(&done[first * rows..], rows, part);
        let rest = MatMut::from_column_major_slice_mut(rest, rows, width - first - part);
        let top = begin + first;
        subtract(done, inverse_of_lower(done.subrows(top, part)).as_ref(), rest, top);
    }
    Some(pivots)
}

/// Carries a panel's elimination out on the columns of `rest`: rows from `begin` become U's, those below lose L times them.
fn subtract(panel: MatRef<'_, f64>, inverse: MatRef<'_, f64>, rest: MatMut<'_, f64>, begin: usize) {
    if rest.ncols() == 0 {
        return;
    }
    let end = begin + panel.ncols();
    let (upper, lower) = rest.split_at_row_mut(end);
    let mut upper = upper.subrows_mut(begin, end - begin);
    let mut solved = Mat::zeros(upper.nrows(), upper.ncols());
    multiply_long(solved.as_mut(), inverse, upper.as_ref());
    upper.copy_from(&solved);
    multiply_add(lower, -1.0, panel.subrows(end, panel.nrows() - end), solved.as_ref());
}

/// The inverse of the lower triangle with ones on its diagonal that a square holds below it.
fn inverse_of_lower(square: MatRef<'_, f64>) -> Mat<f64> {
    let order = square.nrows();
    let mut rows = vec![0.0; order * order];
    for row in 0..order {
        let (above, rest) = rows.split_at_mut(row * order);
        let inverse = &mut rest[..order];
        inverse[row] = 1.0;
        for (k, known) in above.chunks_exact(order).enumerate() {
            add_scaled(&mut inverse[..=k], -square[(row, k)], &known[..=k]);
        }
    }
    MatRef::from_row_major_slice(&rows, order, order).to_owned()
}

/// The row of the element of largest size, from row `top` on: the first of them.
fn largest(column: &[f64], top: usize) -> usize {
    let mut lanes = [0.0_f64; 8];
    let (chunks, rest) = column[top..].as_chunks::<8>();
    vectorised(
        #[inline(always)]
        || {
            for chunk in chunks {
                for (most, element) in lanes.iter_mut().zip(chunk) {
                    let size = element.abs();
                    *most = if size > *most { size } else { *most };
                }
            }
        },
    );
    let most = lanes.iter().copied().chain(rest.iter().map(|element| element.abs())).fold(0.0, f64::max);
    top + column[top..].iter().position(|element| element.abs() == most).unwrap_or(0)
}
