//! Products with a matrix many of whose elements are 0, as ReLU leaves them: these are skipped.
//!
//! An element of the product is the chain of fused multiply-adds that [`super::product`] makes of it, without the links that add
//! 0. While all factors are finite, no bit differs where [`Pattern::saves`] says that this is quicker (but the sign of a 0, which changes
//! nothing that follows); so which way it is done is a matter of speed alone.
//!
//! Every row of the left matrix has words of bits for its elements that are not 0. The right one is brought into a [`Panel`] piece by
//! piece, which all rows then pass, from bit to bit.

use pulp::{Simd, WithSimd};

use super::lanes::on_this_processor;
use super::panel::{DEPTH, Panel, Right, Row, WIDTH};
use super::product::CUT;
use super::simd::vectorised;

/// Dense products of up to so many multiplications, and those with a vector, sum in another order.
const SMALL: usize = 16 * 16 * 16;

/// Which elements of a matrix may differ from 0, a bit for each; its buffer grows to the largest.
#[derive(Debug, Clone, Default)]
pub struct Pattern {
    rows: usize,
    columns: usize,
    /// Row by row; the last word of each is filled up with zeros.
    words: Vec<u64>,
    ones: usize,
}

impl Pattern {
    /// That of `matrix`, row-major with so many columns.
    pub fn find(&mut self, matrix: &[f32], columns: usize) {
        self.resize(matrix.len() / columns, columns);
        let in_row = columns.div_ceil(DEPTH);
        vectorised(
            #[inline(always)]
            || {
                for (row, words) in matrix.chunks_exact(columns).zip(self.words.chunks_exact_mut(in_row)) {
                    let (blocks, rest) = row.as_chunks::<DEPTH>();
                    blocks.iter().zip(&mut *words).for_each(|(block, word)| *word = bits(block));
                    if let Some(word) = words.get_mut(blocks.len()) {
                        *word = bits(rest);
                    }
                }
            },
        );
        self.ones = self.words.iter().map(|word| word.count_ones() as usize).sum();
    }

    /// That of the transposed matrix of `other`.
    pub fn transpose(&mut self, other: &Self) {
        self.resize(other.columns, other.rows);
        self.ones = other.ones;
        let (in_row, in_others) = (other.rows.div_ceil(DEPTH), other.columns.div_ceil(DEPTH));
        for (down, words) in other.words.chunks(DEPTH * in_others).enumerate() {
            for across in 0..in_others {
                let mut block = [0; DEPTH];
                words.iter().skip(across).step_by(in_others).zip(&mut block).for_each(|(&word, to)| *to = word);
                transpose_bits(&mut block);
                let rows = self.words[across * DEPTH * in_row..].iter_mut().skip(down).step_by(in_row);
                rows.zip(block).for_each(|(word, from)| *word = from);
            }
        }
    }

    /// Rows of the matrix.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of the matrix.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Whether its product with a matrix of so many columns is done sooner by [`multiply`] than by [`super::product::multiply`].
    pub fn saves(&self, columns: usize) -> bool {
        self.columns <= CUT && self.is_sparse_for(columns)
    }

    /// The same of the transposed matrix and [`multiply_transposed`].
    pub fn saves_transposed(&self, columns: usize) -> bool {
        self.rows <= CUT && self.is_sparse_for(columns)
    }

    /// Panels are passed at three quarters of the speed of a dense product. The answer is the same on every processor.
    fn is_sparse_for(&self, columns: usize) -> bool {
        let dense = self.rows * self.columns * columns;
        let is_chains = dense > SMALL && self.rows.min(self.columns).min(columns) > 1;
        is_chains && 4 * self.ones * columns.next_multiple_of(WIDTH) < 3 * dense
    }

    fn resize(&mut self, rows: usize, columns: usize) {
        (self.rows, self.columns) = (rows, columns);
        self.words.resize(rows * columns.div_ceil(DEPTH), 0);
    }
}

/// The bits of up to a word's number of elements.
#[inline(always)]
fn bits(elements: &[f32]) -> u64 {
    elements.iter().enumerate().fold(0, |word, (at, &element)| word | u64::from(element != 0.0) << at)
}

/// Transposes a square of bits, by swapping ever smaller squares in it (Warren, Hacker's Delight, 7-3).
fn transpose_bits(block: &mut [u64; DEPTH]) {
    let mut side = DEPTH / 2;
    let mut low = u64::MAX >> side;
    while side > 0 {
        for squares in block.chunks_exact_mut(2 * side) {
            let (upper, lower) = squares.split_at_mut(side);
            for (upper, lower) in upper.iter_mut().zip(lower) {
                let swapped = ((*upper >> side) ^ *lower) & low;
                *upper ^= swapped << side;
                *lower ^= swapped;
            }
        }
        side /= 2;
        low ^= low << side;
    }
}

/// `out = left · right`: `left` (rows × inner) has the pattern, all matrices are row-major.
pub fn multiply(out: &mut [f32], left: &[f32], pattern: &Pattern, right: Right<'_>, room: &mut Panel) {
    let strides = [pattern.columns, 1];
    on_this_processor(Multiply { out, left, strides, pattern, right, room });
}

/// `out = leftᵀ · right`: `left` is (inner × rows), its transpose has the pattern.
pub fn multiply_transposed(out: &mut [f32], left: &[f32], pattern: &Pattern, right: Right<'_>, room: &mut Panel) {
    let strides = [1, pattern.rows];
    on_this_processor(Multiply { out, left, strides, pattern, right, room });
}

struct Multiply<'a> {
    out: &'a mut [f32],
    left: &'a [f32],
    /// How far apart the left matrix's rows lie, and its columns.
    strides: [usize; 2],
    pattern: &'a Pattern,
    right: Right<'a>,
    room: &'a mut Panel,
}

/// Vector registers that a stretch of a row is summed in: as many as keep an adder busy, and half of AVX2's.
const REGISTERS: usize = 8;

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (columns, in_row) = (self.right.columns(), self.pattern.columns.div_ceil(DEPTH));
        debug_assert_eq!(self.right.inner(), self.pattern.columns);
        for deep in (0..self.pattern.columns).step_by(DEPTH) {
            for wide in (0..columns).step_by(WIDTH) {
                let panel = self.room.of(&self.right, deep, wide);
                let words = self.pattern.words.iter().skip(deep / DEPTH).step_by(in_row);
                let rows = words.zip(self.out.chunks_exact_mut(columns)).enumerate();
                for (row, (&word, out)) in rows {
                    let first = row * self.strides[0] + deep * self.strides[1];
                    let left = Left { elements: &self.left[first..], stride: self.strides[1], word };
                    let end = columns.min(wide + WIDTH);
                    let out = &mut out[wide..end];
                    if let Some(out) = out.as_mut_array() {
                        left.multiply(simd, out, panel, deep == 0);
                    } else {
                        let mut whole = [0.0; WIDTH];
                        whole[..out.len()].copy_from_slice(out);
                        left.multiply(simd, &mut whole, panel, deep == 0);
                        out.copy_from_slice(&whole[..out.len()]);
                    }
                }
            }
        }
    }
}

/// A row's elements that meet a panel.
#[derive(Clone, Copy)]
struct Left<'a> {
    /// From the first of them on.
    elements: &'a [f32],
    stride: usize,
    /// Which of them are not 0.
    word: u64,
}

impl Left<'_> {
    /// `out = left · panel`, or what was there and that.
    #[inline(always)]
    fn multiply<S: Simd>(self, simd: S, out: &mut [f32; WIDTH], panel: &[Row; DEPTH], replace: bool) {
        let parts = S::as_mut_simd_f32s(out).0.as_chunks_mut::<REGISTERS>().0;
        for (part, out) in parts.iter_mut().enumerate() {
            let mut sums = if replace { [simd.splat_f32s(0.0); REGISTERS] } else { *out };
            let mut word = self.word;
            while word != 0 {
                let at = word.trailing_zeros() as usize;
                word &= word.wrapping_sub(1);
                let left = simd.splat_f32s(self.elements[at.wrapping_mul(self.stride)]);
                let right = &S::as_simd_f32s(&panel[at % DEPTH].0).0.as_chunks::<REGISTERS>().0[part];
                for register in 0..REGISTERS {
                    sums[register] = simd.mul_add_f32s(left, right[register], sums[register]);
                }
            }
            *out = sums;
        }
    }
}
