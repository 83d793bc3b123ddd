//! The largest eigenvalues of a symmetric matrix and their eigenvectors, in double precision.
//!
//! Tridiagonal form, eigenvalues by counting, eigenvectors by inverse iteration: direct, with no guess to start from, so
//! what was decomposed before leaves no trace, and every spectrum takes the same time. An eigenvalue is right to
//! rounding, relative to the largest; a space of eigenvectors to rounding over the gap that sets it apart.

use pulp::{Simd, WithSimd};

use super::lanes::{LANES, Lanes, add_multiple, dot, flat, flat_mut, lanes_for, on_this_processor};
use super::shifted::Shifted;
use super::sturm;
use super::tridiagonal::Tridiagonal;

/// ‖Tv − λv‖ of an eigenvector that is good enough, for a T of norm 1.
const RESIDUAL: f64 = 1e-14;

/// Two rounds do almost always; the rest are for eigenvalues that lie together.
const MOST_ROUNDS: usize = 6;

/// Decomposes matrices of one order; its buffers are made once.
#[derive(Debug, Clone)]
pub struct Spectrum {
    tridiagonal: Tridiagonal,
    /// T over `scale`, a power of two that brings the largest absolute sum of a row below 1.
    diagonal: Vec<f64>,
    beside: Vec<f64>,
    scale: f64,
    values: Vec<f64>,
    /// For each LANES of the values.
    shifted: Vec<Shifted>,
    /// Eigenvectors: one after the other, each in the lanes of a row.
    vectors: Vec<Lanes>,
    start: Vec<Lanes>,
    /// LANES of them side by side, row by row.
    block: Vec<Lanes>,
}

impl Spectrum {
    /// For matrices of this order, of whose eigenvalues `count` are wanted; at least 1 each, and no more than there are.
    pub fn new(order: usize, count: usize) -> Self {
        let start = starting_vectors(order, count);
        Self {
            tridiagonal: Tridiagonal::new(order),
            diagonal: vec![0.0; order],
            beside: vec![0.0; order - 1],
            scale: 1.0,
            values: vec![0.0; count],
            shifted: vec![Shifted::new(order); count.div_ceil(LANES)],
            vectors: start.clone(),
            start,
            block: vec![Lanes::ZERO; order],
        }
    }

    /// Where the matrix goes: both triangles, each row in as many lanes as hold it, the rest of them 0.
    pub fn matrix(&mut self) -> &mut [Lanes] {
        self.tridiagonal.matrix()
    }

    /// Decomposes the matrix, which this destroys. Its elements must be finite.
    pub fn decompose(&mut self) {
        self.tridiagonal.reduce();
        let (diagonal, beside) = self.tridiagonal.bands();
        let mut norm = 0.0;
        for at in 0..diagonal.len() {
            let before = if at == 0 { 0.0 } else { beside[at - 1].abs() };
            norm = f64::max(norm, before + diagonal[at].abs() + beside.get(at).map_or(0.0, |beside| beside.abs()));
        }
        self.scale = power_of_two_from(norm);
        for (scaled, element) in self.diagonal.iter_mut().zip(diagonal) {
            *scaled = element / self.scale;
        }
        for (scaled, element) in self.beside.iter_mut().zip(beside) {
            *scaled = element / self.scale;
        }
        sturm::largest(&self.diagonal, &self.beside, &mut self.values);
        for (shifted, values) in self.shifted.iter_mut().zip(self.values.chunks(LANES)) {
            let mut shifts = Lanes([values[0]; LANES]);
            shifts.0[..values.len()].copy_from_slice(values);
            shifted.factorise(&self.diagonal, &self.beside, &shifts);
        }
        self.vectors.copy_from_slice(&self.start);
        for round in 0..MOST_ROUNDS {
            self.solve_all();
            on_this_processor(Orthonormalise { vectors: &mut self.vectors, width: lanes_for(self.diagonal.len()) });
            if round > 0 && (0..self.values.len()).all(|at| self.residual(at) <= RESIDUAL) {
                break;
            }
        }
        // Of zeros, what was found is what the intervals left.
        let scale = if norm > 0.0 { self.scale } else { 0.0 };
        self.values.iter_mut().for_each(|value| *value *= scale);
        let width = lanes_for(self.diagonal.len());
        for vectors in self.vectors.chunks_mut(LANES * width) {
            side_by_side(&mut self.block, vectors, width);
            self.tridiagonal.apply(&mut self.block);
            one_by_one(vectors, &self.block, width);
        }
    }

    /// The eigenvalues, in descending order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The eigenvector of value `at`: of length 1, in as many lanes as hold it, the rest of them 0.
    pub fn vector(&self, at: usize) -> &[Lanes] {
        let width = lanes_for(self.diagonal.len());
        &self.vectors[at * width..][..width]
    }

    /// The first `count` eigenvectors, one after the other.
    pub fn first(&self, count: usize) -> &[Lanes] {
        &self.vectors[..count * lanes_for(self.diagonal.len())]
    }

    /// Vector i of `vectors`, b (as the eigenvectors lie), becomes (A − λᵢI)⁻¹ b. Near λᵢ's own eigenvector, where that
    /// does not exist, what comes is arbitrary, and no longer than b over rounding.
    pub fn solve_shifted(&mut self, vectors: &mut [Lanes]) {
        let width = lanes_for(self.diagonal.len());
        let inverse = 1.0 / self.scale;
        for (vectors, shifted) in vectors.chunks_mut(LANES * width).zip(&self.shifted) {
            side_by_side(&mut self.block, vectors, width);
            self.tridiagonal.apply_transposed(&mut self.block);
            shifted.solve(&mut self.block);
            self.tridiagonal.apply(&mut self.block);
            self.block.iter_mut().flat_map(|lanes| &mut lanes.0).for_each(|element| *element *= inverse);
            one_by_one(vectors, &self.block, width);
        }
    }

    /// One step of inverse iteration for every vector, in T's coordinates.
    fn solve_all(&mut self) {
        let width = lanes_for(self.diagonal.len());
        for (vectors, shifted) in self.vectors.chunks_mut(LANES * width).zip(&self.shifted) {
            side_by_side(&mut self.block, vectors, width);
            shifted.solve(&mut self.block);
            one_by_one(vectors, &self.block, width);
        }
    }

    /// ‖Tv − λv‖ of vector `at`, in T's coordinates.
    fn residual(&self, at: usize) -> f64 {
        let vector = &flat(self.vector(at))[..self.diagonal.len()];
        let mut squares = 0.0;
        let mut before = 0.0;
        for (row, &element) in vector.iter().enumerate() {
            let beside = self.beside.get(row).copied().unwrap_or(0.0);
            let after = vector.get(row + 1).copied().unwrap_or(0.0);
            let difference = before + (self.diagonal[row] - self.values[at]) * element + beside * after;
            squares += difference * difference;
            before = beside * element;
        }
        squares.sqrt()
    }
}

/// The least power of two above `norm`; 1 for 0.
fn power_of_two_from(norm: f64) -> f64 {
    let exponent_bits = norm.to_bits() >> 52;
    if norm == 0.0 { 1.0 } else { f64::from_bits((exponent_bits + 1) << 52) }
}

/// Fixed, and without any regularity that an eigenvector could be orthogonal to.
pub(super) fn starting_vectors(order: usize, count: usize) -> Vec<Lanes> {
    let width = lanes_for(order);
    let mut vectors = vec![Lanes::ZERO; count * width];
    let mut state: u64 = 1;
    for vector in vectors.chunks_exact_mut(width) {
        for element in &mut flat_mut(vector)[..order] {
            // Knuth's constants for a linear congruential generator; the upper bits are the random ones.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *element = (state >> 40) as f64 / f64::from(1 << 24) - 0.5;
        }
    }
    vectors
}

/// `block`, row by row, from up to LANES vectors.
pub(super) fn side_by_side(block: &mut [Lanes], vectors: &[Lanes], width: usize) {
    block.fill(Lanes::ZERO);
    for (lane, vector) in vectors.chunks_exact(width).enumerate() {
        for (row, &element) in block.iter_mut().zip(flat(vector)) {
            row.0[lane] = element;
        }
    }
}

/// Up to LANES vectors from `block`.
pub(super) fn one_by_one(vectors: &mut [Lanes], block: &[Lanes], width: usize) {
    for (lane, vector) in vectors.chunks_exact_mut(width).enumerate() {
        for (element, row) in flat_mut(vector).iter_mut().zip(block) {
            *element = row.0[lane];
        }
    }
}

/// Modified Gram–Schmidt.
struct Orthonormalise<'a> {
    vectors: &'a mut [Lanes],
    width: usize,
}

impl WithSimd for Orthonormalise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { vectors, width } = self;
        for at in 0..vectors.len() / width {
            let (done, rest) = vectors.split_at_mut(at * width);
            let vector = &mut rest[..width];
            // Long before it is orthogonal to the others, so its length is made 1 first.
            normalise(simd, vector);
            for known in done.chunks_exact(width) {
                let share = dot(simd, known, vector);
                add_multiple(simd, vector, -share, known);
            }
            normalise(simd, vector);
        }
    }
}

#[inline(always)]
pub(super) fn normalise<S: Simd>(simd: S, vector: &mut [Lanes]) {
    let length = dot(simd, vector, vector).sqrt();
    let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
    flat_mut(vector).iter_mut().for_each(|element| *element *= scale);
}
