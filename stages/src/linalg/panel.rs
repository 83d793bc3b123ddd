//! A matrix seen through a panel: a piece of it that stays in the processor's first-level cache while it is multiplied with.

use super::simd::vectorised;

/// Rows of a panel: as many as a word has bits, for [`super::sparse`].
pub(super) const DEPTH: usize = 64;

/// Columns of a panel.
pub(super) const WIDTH: usize = 128;

/// A row of a panel, aligned as the widest vectors are.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Row(pub [f32; WIDTH]);

/// The right factor of a product.
#[derive(Debug, Clone, Copy)]
pub struct Right<'a> {
    elements: &'a [f32],
    inner: usize,
    columns: usize,
    is_transposed: bool,
}

impl<'a> Right<'a> {
    /// The matrix (inner × columns), row-major.
    pub fn new(matrix: &'a [f32], columns: usize) -> Self {
        Self { elements: matrix, inner: matrix.len() / columns, columns, is_transposed: false }
    }

    /// The transpose of a matrix (columns × inner), row-major.
    pub fn transposed(matrix: &'a [f32], columns: usize) -> Self {
        Self { is_transposed: true, ..Self::new(matrix, columns) }
    }

    /// Rows of the factor.
    pub fn inner(&self) -> usize {
        self.inner
    }

    /// Columns of the factor.
    pub fn columns(&self) -> usize {
        self.columns
    }
}

/// Room for a panel.
#[derive(Debug, Clone)]
pub struct Panel(Box<[Row; DEPTH]>);

impl Default for Panel {
    fn default() -> Self {
        Self(Box::new([Row([0.0; WIDTH]); DEPTH]))
    }
}

impl Panel {
    /// The rows from `deep` on and the columns from `wide` on. What lies beyond the matrix is of no meaning.
    pub(super) fn of(&mut self, right: &Right<'_>, deep: usize, wide: usize) -> &[Row; DEPTH] {
        let rows = &mut self.0[..DEPTH.min(right.inner - deep)];
        let width = WIDTH.min(right.columns - wide);
        if right.is_transposed {
            transpose(rows, &right.elements[wide * right.inner..], right.inner, deep, width);
        } else {
            for (row, from) in rows.iter_mut().zip(right.elements[deep * right.columns..].chunks_exact(right.columns)) {
                row.0[..width].copy_from_slice(&from[wide..][..width]);
            }
        }
        &self.0
    }
}

/// The side of a tile that is transposed in registers.
const TILE: usize = 8;

/// Writes columns `from` on of the matrix's first `count` rows as rows.
fn transpose(out: &mut [Row], matrix: &[f32], stride: usize, from: usize, count: usize) {
    let whole = transpose_tiles(out, matrix, stride, from, count);
    for (i, row) in out.iter_mut().enumerate() {
        let first = if i < whole[0] { whole[1] } else { 0 };
        for j in first..count {
            row.0[j] = matrix[j * stride + from + i];
        }
    }
}

/// The same as far as whole tiles reach: rows and columns of `out`.
#[cfg(target_arch = "x86_64")]
fn transpose_tiles(out: &mut [Row], matrix: &[f32], stride: usize, from: usize, count: usize) -> [usize; 2] {
    let Some(simd) = pulp::x86::V3::try_new() else { return [0, 0] };
    let whole = [out.len() / TILE * TILE, count / TILE * TILE];
    vectorised(
        #[inline(always)]
        || {
            for j in (0..whole[1]).step_by(TILE) {
                for (i, out) in (from..).step_by(TILE).zip(out.as_chunks_mut().0) {
                    transpose_tile(simd, out, j, &matrix[j * stride + i..], stride);
                }
            }
        },
    );
    whole
}

#[cfg(not(target_arch = "x86_64"))]
fn transpose_tiles(_: &mut [Row], _: &[f32], _: usize, _: usize, _: usize) -> [usize; 2] {
    [0, 0]
}

/// Writes the first eight columns of the matrix's first eight rows as rows, from column `at` on: pairs of elements, pairs of
/// those, and halves change places.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn transpose_tile(simd: pulp::x86::V3, out: &mut [Row; TILE], at: usize, matrix: &[f32], stride: usize) {
    use std::arch::x86_64::__m256;
    let avx = simd.avx;
    let mut rows = [[0.0_f32; TILE]; TILE];
    for (row, from) in rows.iter_mut().zip(matrix.chunks(stride)) {
        row.copy_from_slice(&from[..TILE]);
    }
    let [a, b, c, d, e, f, g, h]: [__m256; TILE] = pulp::cast(rows);
    let pairs = |a, b| [avx._mm256_unpacklo_ps(a, b), avx._mm256_unpackhi_ps(a, b)];
    let fours = |[a, b]: [__m256; 2], [c, d]: [__m256; 2]| {
        [
            avx._mm256_shuffle_ps::<0x44>(a, c),
            avx._mm256_shuffle_ps::<0xee>(a, c),
            avx._mm256_shuffle_ps::<0x44>(b, d),
            avx._mm256_shuffle_ps::<0xee>(b, d),
        ]
    };
    let upper = fours(pairs(a, b), pairs(c, d));
    let lower = fours(pairs(e, f), pairs(g, h));
    let (first, last) = out.split_at_mut(TILE / 2);
    for ((first, last), (upper, lower)) in first.iter_mut().zip(last).zip(upper.into_iter().zip(lower)) {
        let low = avx._mm256_permute2f128_ps::<0x20>(upper, lower);
        let high = avx._mm256_permute2f128_ps::<0x31>(upper, lower);
        first.0[at..][..TILE].copy_from_slice(&pulp::cast::<_, [f32; TILE]>(low));
        last.0[at..][..TILE].copy_from_slice(&pulp::cast::<_, [f32; TILE]>(high));
    }
}
