//! (T − λI) x = b for a symmetric tridiagonal T, with eight shifts λ side by side.
//!
//! Gaussian elimination that takes the larger of two rows for its pivot, without a branch. With an eigenvalue for a shift
//! this is a step of inverse iteration (Golub and Van Loan, "Matrix computations", 4th ed., § 8.4.1): the last pivot is
//! then about 0, and the solution is long and points along the eigenvector.

use pulp::{Simd, WithSimd};

use super::lanes::{Eight, Lanes, on_this_processor};

/// In place of a pivot that is nearer to 0; T's norm is about 1.
const LEAST_PIVOT: f64 = f64::EPSILON / 2.0;

/// A factorisation for each lane's shift.
#[derive(Debug, Clone)]
pub struct Shifted {
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    /// 1 / the pivot.
    inverse: Lanes,
    /// The two elements right of the pivot.
    beside: Lanes,
    beyond: Lanes,
    /// What the pivot's row is multiplied with to be taken from the next.
    multiplier: Lanes,
    /// 1 where the two rows changed places, else 0.
    swapped: Lanes,
}

impl Shifted {
    /// For matrices of this order.
    pub fn new(order: usize) -> Self {
        let zero = Lanes::ZERO;
        let row = Row { inverse: zero, beside: zero, beyond: zero, multiplier: zero, swapped: zero };
        Self { rows: vec![row; order] }
    }

    /// Factorises for these shifts. `beside` are the elements beside the diagonal; no row may have an absolute sum
    /// above 1.
    pub fn factorise(&mut self, diagonal: &[f64], beside: &[f64], shifts: &Lanes) {
        on_this_processor(Factorise { rows: &mut self.rows, diagonal, beside, shifts });
    }

    /// The right-hand sides, row by row, become the solutions.
    pub fn solve(&self, block: &mut [Lanes]) {
        on_this_processor(Solve { rows: &self.rows, block });
    }
}

struct Factorise<'a> {
    rows: &'a mut [Row],
    diagonal: &'a [f64],
    beside: &'a [f64],
    shifts: &'a Lanes,
}

impl WithSimd for Factorise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { rows, diagonal, beside, shifts } = self;
        let (zero, one) = (Eight::splat(simd, 0.0), Eight::splat(simd, 1.0));
        let least = Eight::splat(simd, LEAST_PIVOT);
        let shift = Eight::load(simd, shifts);
        let mut pivot = Eight::splat(simd, diagonal[0]).minus(simd, shift);
        let mut right = Eight::splat(simd, beside.first().copied().unwrap_or(0.0));
        for (at, row) in rows.iter_mut().enumerate() {
            let below = Eight::splat(simd, beside.get(at).copied().unwrap_or(0.0));
            let below_right = Eight::splat(simd, beside.get(at + 1).copied().unwrap_or(0.0));
            let below_pivot = match diagonal.get(at + 1) {
                Some(&element) => Eight::splat(simd, element).minus(simd, shift),
                None => zero,
            };
            let (size, below_size) = (pivot.abs(simd), below.abs(simd));
            // Where the row below has the larger element, it comes first.
            let swapped = size.if_less(simd, below_size, one, zero);
            let chosen = size.if_less(simd, below_size, below, pivot);
            let other = size.if_less(simd, below_size, pivot, below);
            let beside = size.if_less(simd, below_size, below_pivot, right);
            let other_beside = size.if_less(simd, below_size, right, below_pivot);
            let beyond = size.if_less(simd, below_size, below_right, zero);
            let other_beyond = size.if_less(simd, below_size, zero, below_right);
            let chosen = chosen.abs(simd).if_less(simd, least, least, chosen);
            let inverse = chosen.inverse(simd);
            let multiplier = other.times(simd, inverse);
            let taken = zero.minus(simd, multiplier);
            pivot = other_beside.add_product(simd, taken, beside);
            right = other_beyond.add_product(simd, taken, beyond);
            inverse.store(&mut row.inverse);
            beside.store(&mut row.beside);
            beyond.store(&mut row.beyond);
            multiplier.store(&mut row.multiplier);
            swapped.store(&mut row.swapped);
        }
    }
}

struct Solve<'a> {
    rows: &'a [Row],
    block: &'a mut [Lanes],
}

impl WithSimd for Solve<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { rows, block } = self;
        let (zero, half) = (Eight::splat(simd, 0.0), Eight::splat(simd, 0.5));
        let mut here = Eight::load(simd, &block[0]);
        for (at, row) in rows.iter().enumerate() {
            let below = block.get(at + 1).map_or(Lanes::ZERO, |below| *below);
            let below = Eight::load(simd, &below);
            let swapped = Eight::load(simd, &row.swapped);
            let first = half.if_less(simd, swapped, below, here);
            let second = half.if_less(simd, swapped, here, below);
            let multiplier = Eight::load(simd, &row.multiplier);
            here = second.minus(simd, multiplier.times(simd, first));
            first.store(&mut block[at]);
        }
        let (mut next, mut after) = (zero, zero);
        for (row, lanes) in rows.iter().zip(block).rev() {
            let known = Eight::load(simd, &row.beside).times(simd, next).add_product(
                simd,
                Eight::load(simd, &row.beyond),
                after,
            );
            let solution = Eight::load(simd, lanes).minus(simd, known).times(simd, Eight::load(simd, &row.inverse));
            solution.store(lanes);
            (next, after) = (solution, next);
        }
    }
}
