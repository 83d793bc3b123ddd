//! Matrix products on one thread, with the same bytes on every machine.
//!
//! The kernels make each element of a product as one chain of fused multiply-adds along the inner dimension (a chain per
//! 512 elements of it, added in order), whatever the instruction set. Sums of ours run in lanes of a fixed number.

use faer::linalg::matmul::matmul;
use faer::traits::ComplexField;
use faer::{Accum, MatMut, MatRef, Par};

use super::simd::vectorised;

/// Inner dimensions beyond this are cut, so that no processor's cache size decides where.
pub(super) const CUT: usize = 512;

/// `out = left · right`.
#[inline]
pub fn multiply<T: ComplexField>(out: MatMut<'_, T>, left: MatRef<'_, T>, right: MatRef<'_, T>) {
    matmul(out, Accum::Replace, left, right, T::one_impl(), Par::Seq);
}

/// `out += factor · left · right`, with a long inner dimension cut.
pub fn multiply_add<T: ComplexField>(mut out: MatMut<'_, T>, factor: T, left: MatRef<'_, T>, right: MatRef<'_, T>) {
    for begin in (0..left.ncols()).step_by(CUT) {
        let length = CUT.min(left.ncols() - begin);
        let (left, right) = (left.subcols(begin, length), right.subrows(begin, length));
        matmul(out.as_mut(), Accum::Add, left, right, factor.clone(), Par::Seq);
    }
}

/// `out = left · right`, with a long inner dimension cut.
pub fn multiply_long<T: ComplexField>(mut out: MatMut<'_, T>, left: MatRef<'_, T>, right: MatRef<'_, T>) {
    let first = CUT.min(left.ncols());
    multiply(out.as_mut(), left.subcols(0, first), right.subrows(0, first));
    let rest = left.ncols() - first;
    multiply_add(out, T::one_impl(), left.subcols(first, rest), right.subrows(first, rest));
}

/// `out = xᵀx`, for x (rows × columns) and out (columns × columns), both row-major.
///
/// Of the four blocks that large products are cut into, the one above the diagonal is copied from the one below.
pub fn gram(out: &mut [f32], x: &[f32], columns: usize) {
    const WORTH_CUTTING: usize = 64;
    let x = MatRef::from_row_major_slice(x, x.len() / columns, columns);
    let mut matrix = MatMut::from_row_major_slice_mut(&mut *out, columns, columns);
    if columns < WORTH_CUTTING {
        return multiply(matrix, x.transpose(), x);
    }
    let half = columns / 2;
    let (left, right) = x.split_at_col(half);
    let (upper, lower) = matrix.as_mut().split_at_row_mut(half);
    multiply(upper.get_mut(.., ..half), left.transpose(), left);
    let (below, last) = lower.split_at_col_mut(half);
    multiply(below, right.transpose(), left);
    multiply(last, right.transpose(), right);
    let (upper, lower) = out.split_at_mut(half * columns);
    for (at, row) in upper.chunks_exact_mut(columns).enumerate() {
        for (element, mirrored) in row[half..].iter_mut().zip(lower.chunks_exact(columns)) {
            *element = mirrored[at];
        }
    }
}

const LANES: usize = 16;

/// The sum of the products of elements, in double precision: sixteen running sums, then those in order.
pub fn inner<A: Copy + Into<f64>, B: Copy + Into<f64>>(left: &[A], right: &[B]) -> f64 {
    let mut lanes = [0.0; LANES];
    let ((left, left_rest), (right, right_rest)) = (left.as_chunks::<LANES>(), right.as_chunks::<LANES>());
    vectorised(
        #[inline(always)]
        || {
            for (left, right) in left.iter().zip(right) {
                for ((lane, &left), &right) in lanes.iter_mut().zip(left).zip(right) {
                    *lane += left.into() * right.into();
                }
            }
        },
    );
    let rest = left_rest.iter().zip(right_rest).map(|(&left, &right)| left.into() * right.into());
    lanes.into_iter().chain(rest).sum()
}

/// `out += scale · x`, in double precision.
pub fn add_scaled<X: Copy + Into<f64>>(out: &mut [f64], scale: f64, x: &[X]) {
    vectorised(
        #[inline(always)]
        || {
            for (out, &x) in out.iter_mut().zip(x) {
                *out += scale * x.into();
            }
        },
    );
}

/// `out += left · right`.
#[inline]
pub fn add_product<T: ComplexField>(out: MatMut<'_, T>, left: MatRef<'_, T>, right: MatRef<'_, T>) {
    matmul(out, Accum::Add, left, right, T::one_impl(), Par::Seq);
}
