//! The space of a matrix's leading right singular vectors.

use super::gram::{Gram, Side};
use super::lanes::{LANES, Lanes, flat, lanes_for};
use super::spectrum::Spectrum;

/// A direction whose eigenvalue is this small beside the largest (σ: 3·10⁻⁷) is none that single precision can tell.
const NO_DIRECTION: f64 = 1e-13;

/// Finds it for matrices with one number of columns; its buffers are made once.
#[derive(Debug, Clone)]
pub struct Subspace {
    gram: Gram,
    spectrum: Spectrum,
    most: usize,
    columns: usize,
    dimension: usize,
}

impl Subspace {
    /// Of dimension up to `most`, for row-major matrices with this many columns, at least 1.
    pub fn new(columns: usize, most: usize) -> Self {
        let most = most.min(columns);
        Self {
            gram: Gram::new(Side::Columns, columns),
            spectrum: Spectrum::new(columns, most.max(1)),
            most,
            columns,
            dimension: 0,
        }
    }

    /// Finds the space for `x`, or returns false, since an element is not finite. Where singular values are equal it
    /// is one of the possible choices, the same each time.
    pub fn find(&mut self, x: &[f32]) -> bool {
        self.gram.multiply(self.spectrum.matrix(), x);
        let finite = diagonal_is_finite(self.spectrum.matrix(), self.columns);
        self.dimension = 0;
        if finite {
            self.spectrum.decompose();
            self.dimension = directions(&self.spectrum.values()[..self.most]);
        }
        finite
    }

    /// How many directions it has: as many as asked for, unless the rank is less.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Singular vector `at`, in as many lanes as hold it, the rest of them 0.
    pub fn vector(&self, at: usize) -> &[Lanes] {
        self.spectrum.vector(at)
    }
}

/// How many of the largest eigenvalues, in descending order, belong to a direction that is there.
pub(super) fn directions(values: &[f64]) -> usize {
    values.iter().take_while(|&&value| value > NO_DIRECTION * values[0]).count()
}

/// The diagonal holds sums of squares: if these are finite, every element is.
pub(super) fn diagonal_is_finite(matrix: &[Lanes], order: usize) -> bool {
    flat(matrix).iter().step_by(lanes_for(order) * LANES + 1).all(|element| element.is_finite())
}
