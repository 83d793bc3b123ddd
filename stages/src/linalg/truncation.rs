//! The best approximation of a matrix by one of rank k: its k leading singular triplets (Eckart and Young 1936).
//!
//! On the short side, the projection onto the k leading singular vectors: G Vₖ Vₖᵀ or Uₖ Uₖᵀ G. Where σ_k = σ_{k+1} there
//! are several best approximations, and this is one of them, the same each time.

use pulp::{Simd, WithSimd};

use super::gram::{Gram, Side};
use super::lanes::{Lanes, add_multiple, dot, flat, lanes_for, on_this_processor, widen};
use super::spectrum::Spectrum;
use super::subspace::diagonal_is_finite;

/// Truncates matrices of one shape; its buffers are made once.
#[derive(Debug, Clone)]
pub struct Truncation {
    rows: usize,
    columns: usize,
    rank: usize,
    gram: Gram,
    spectrum: Spectrum,
    /// The matrix in double precision, and what is left of it.
    wide: Vec<Lanes>,
    kept: Vec<Lanes>,
}

impl Truncation {
    /// To rank `rank`, of matrices of this shape, of which neither side is 0.
    pub fn new(rows: usize, columns: usize, rank: usize) -> Self {
        let order = rows.min(columns);
        let rank = rank.min(order);
        let width = lanes_for(columns);
        Self {
            rows,
            columns,
            rank,
            gram: Gram::new(if rows < columns { Side::Rows } else { Side::Columns }, columns),
            spectrum: Spectrum::new(order, rank.max(1)),
            wide: vec![Lanes::ZERO; rows * width],
            kept: vec![Lanes::ZERO; rank.max(1) * width],
        }
    }

    /// Truncates `matrix`, row-major. One that has no larger rank in the first place is left as it is, and one with an
    /// element that is not finite becomes NaN.
    pub fn truncate(&mut self, matrix: &mut [f32]) {
        if self.rank == 0 {
            return matrix.fill(0.0);
        }
        let order = self.rows.min(self.columns);
        if self.rank == order {
            return;
        }
        self.gram.multiply(self.spectrum.matrix(), matrix);
        if !diagonal_is_finite(self.spectrum.matrix(), order) {
            return matrix.fill(f32::NAN);
        }
        self.spectrum.decompose();
        widen(&mut self.wide, matrix, self.columns);
        on_this_processor(Project(self));
        let width = lanes_for(self.columns);
        for (row, wide) in matrix.chunks_exact_mut(self.columns).zip(self.wide.chunks_exact(width)) {
            row.iter_mut().zip(flat(wide)).for_each(|(element, &wide)| *element = wide as f32);
        }
    }
}

/// Projects `wide`.
struct Project<'a>(&'a mut Truncation);

impl WithSimd for Project<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Truncation { rows, columns, rank, ref spectrum, ref mut wide, ref mut kept, .. } = *self.0;
        let width = lanes_for(columns);
        if rows < columns {
            kept.fill(Lanes::ZERO);
            for (at, kept) in kept.chunks_exact_mut(width).enumerate() {
                for (row, &share) in wide.chunks_exact(width).zip(flat(spectrum.vector(at))) {
                    add_multiple(simd, kept, share, row);
                }
            }
            for (row, lanes) in wide.chunks_exact_mut(width).enumerate() {
                lanes.fill(Lanes::ZERO);
                for (at, kept) in kept.chunks_exact(width).enumerate() {
                    add_multiple(simd, lanes, flat(spectrum.vector(at))[row], kept);
                }
            }
            return;
        }
        for row in wide.chunks_exact_mut(width) {
            let kept = &mut kept[..width];
            kept.fill(Lanes::ZERO);
            for at in 0..rank {
                let share = dot(simd, row, spectrum.vector(at));
                add_multiple(simd, kept, share, spectrum.vector(at));
            }
            row.copy_from_slice(kept);
        }
    }
}
