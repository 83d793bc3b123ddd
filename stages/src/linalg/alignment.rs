//! How far the leading right singular vectors of two matrices X and W span the same space, and the derivative by W.
//!
//! With the projectors P_x = V_x V_xᵀ and P_w = V_w V_wᵀ onto the k leading directions the alignment is tr(P_x P_w) =
//! ‖V_xᵀ V_w‖²_F. P_w is the projector onto the leading eigenspace of A = WᵀW, whose pairs are (λᵢ, vᵢ), and first-order
//! perturbation theory (Kato, "Perturbation theory for linear operators", § II.2) gives
//!
//! ```text
//! dP_w = Σ_{i ≤ k} (λᵢI − A)⁺ dA vᵢ vᵢᵀ + its transpose        the pseudo-inverse on the complement of P_w
//! ∂ tr(P_x P_w) / ∂W = 2 Σ_{i ≤ k} (W vᵢ zᵢᵀ + W zᵢ vᵢᵀ)       zᵢ = (λᵢI − A)⁺ (I − P_w) P_x vᵢ
//! ```
//!
//! Only the differences λᵢ − λⱼ with i ≤ k < j divide here: equal values among the leading ones do no harm, and no
//! eigenvector beyond the k-th is needed. Of a W with fewer rows than columns, WWᵀ = U Λ Uᵀ is decomposed instead:
//! vᵢ = Wᵀuᵢ/σᵢ and, as 1/(λ − μ) = (1 + μ/(λ − μ))/λ,
//!
//! ```text
//! zᵢ = (cᵢ + Wᵀ (λᵢI − WWᵀ)⁺ W cᵢ) / λᵢ                        cᵢ = (I − P_w) P_x vᵢ
//! ```
//!
//! which divides by no small σⱼ either.
//!
//! The derivative grows as 1/(λ_k − λ_{k+1}), which is passed on as it is. Where the two are equal to rounding (10⁻¹² of
//! λ₁), where W has fewer than k directions, and where the k span everything, the alignment has no derivative or a
//! derivative of 0: it is taken as 0.

use pulp::{Simd, WithSimd};

use super::gram::{Gram, Side};
use super::lanes::{Eight, LANES, Lanes, add_multiple, dot, flat, flat_mut, lanes_for, on_this_processor, widen};
use super::spectrum::Spectrum;
use super::subspace::{Subspace, diagonal_is_finite, directions};

/// A gap of eigenvalues that is no larger than this, relative to the largest, counts as none.
const NO_GAP: f64 = 1e-12;

/// Aligns with W of one shape; its buffers are made once.
#[derive(Debug, Clone)]
pub struct Alignment {
    rows: usize,
    columns: usize,
    directions: usize,
    x: Subspace,
    gram: Gram,
    /// Of WᵀW or, if W is wide, of WWᵀ: one eigenvalue more than there are directions, if there is one.
    spectrum: Spectrum,
    /// W in double precision, row by row.
    w: Vec<Lanes>,
    /// The vᵢ and the zᵢ, one after the other, each in the lanes of a row.
    v: Vec<Lanes>,
    z: Vec<Lanes>,
    /// For a wide W, vectors as long as it has rows.
    short: Vec<Lanes>,
    gradient: Vec<Lanes>,
}

impl Alignment {
    /// Of the `directions` (k) leading ones, of W (`rows` × `columns`, neither 0) and any X with as many columns.
    pub fn new(rows: usize, columns: usize, directions: usize) -> Self {
        let order = rows.min(columns);
        let directions = directions.min(order);
        let (width, side) = (lanes_for(columns), if rows < columns { Side::Rows } else { Side::Columns });
        Self {
            rows,
            columns,
            directions,
            x: Subspace::new(columns, directions),
            gram: Gram::new(side, columns),
            spectrum: Spectrum::new(order, (directions + 1).min(order)),
            w: vec![Lanes::ZERO; rows * width],
            v: vec![Lanes::ZERO; directions * width],
            z: vec![Lanes::ZERO; directions * width],
            short: vec![Lanes::ZERO; directions * lanes_for(rows)],
            gradient: vec![Lanes::ZERO; rows * width],
        }
    }

    /// tr(P_x P_w) for row-major matrices. NaN, and so is the gradient, if an element is not finite.
    pub fn align(&mut self, x: &[f32], w: &[f32]) -> f64 {
        if self.directions == 0 {
            return 0.0;
        }
        let order = self.rows.min(self.columns);
        self.gram.multiply(self.spectrum.matrix(), w);
        if !self.x.find(x) || !diagonal_is_finite(self.spectrum.matrix(), order) {
            self.gradient.fill(Lanes([f64::NAN; LANES]));
            return f64::NAN;
        }
        self.spectrum.decompose();
        self.gradient.fill(Lanes::ZERO);
        let values = self.spectrum.values();
        let found = directions(&values[..self.directions]);
        // Beyond the rows of a wide matrix all values are 0.
        let next = values.get(self.directions).copied().unwrap_or(0.0);
        let apart = values[self.directions - 1] - next > NO_GAP * values[0];
        let differentiable = found == self.directions && apart && self.directions < self.columns;
        widen(&mut self.w, w, self.columns);
        on_this_processor(Align { parts: self, found, differentiable })
    }

    /// `out += factor · ∂ tr(P_x P_w)/∂W`, of the last alignment.
    pub fn add_gradient(&self, out: &mut [f32], factor: f64) {
        let width = lanes_for(self.columns);
        for (out, gradient) in out.chunks_exact_mut(self.columns).zip(self.gradient.chunks_exact(width)) {
            for (out, gradient) in out.iter_mut().zip(flat(gradient)) {
                *out += (factor * gradient) as f32;
            }
        }
    }
}

struct Align<'a> {
    parts: &'a mut Alignment,
    /// How many directions W has, of those asked for.
    found: usize,
    differentiable: bool,
}

impl WithSimd for Align<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let Self { parts, found, differentiable } = self;
        leading_directions(simd, parts, found);
        let width = lanes_for(parts.columns);
        let mut alignment = 0.0;
        for (v, z) in parts.v.chunks_exact(width).take(found).zip(parts.z.chunks_exact_mut(width)) {
            z.fill(Lanes::ZERO);
            for at in 0..parts.x.dimension() {
                let cosine = dot(simd, parts.x.vector(at), v);
                alignment += cosine * cosine;
                add_multiple(simd, z, cosine, parts.x.vector(at));
            }
        }
        if differentiable {
            remove(simd, &mut parts.z, &parts.v, width);
            if parts.rows < parts.columns {
                solve_wide(simd, parts);
            } else {
                parts.spectrum.solve_shifted(&mut parts.z);
                negate(&mut parts.z);
            }
            remove(simd, &mut parts.z, &parts.v, width);
            collect_gradient(simd, parts);
        }
        alignment
    }
}

/// Fills `v`.
#[inline(always)]
fn leading_directions<S: Simd>(simd: S, parts: &mut Alignment, found: usize) {
    let width = lanes_for(parts.columns);
    for (at, v) in parts.v.chunks_exact_mut(width).take(found).enumerate() {
        if parts.rows >= parts.columns {
            v.copy_from_slice(parts.spectrum.vector(at));
            continue;
        }
        let scale = 1.0 / parts.spectrum.values()[at].sqrt();
        v.fill(Lanes::ZERO);
        for (row, &share) in parts.w.chunks_exact(width).zip(flat(parts.spectrum.vector(at))) {
            add_multiple(simd, v, scale * share, row);
        }
    }
}

/// `z`, there the cᵢ, become the zᵢ of a wide W.
#[inline(always)]
fn solve_wide<S: Simd>(simd: S, parts: &mut Alignment) {
    let (width, short_width) = (lanes_for(parts.columns), lanes_for(parts.rows));
    parts.short.fill(Lanes::ZERO);
    for (c, short) in parts.z.chunks_exact(width).zip(parts.short.chunks_exact_mut(short_width)) {
        for (row, element) in parts.w.chunks_exact(width).zip(flat_mut(short)) {
            *element = dot(simd, row, c);
        }
    }
    remove(simd, &mut parts.short, parts.spectrum.first(parts.directions), short_width);
    parts.spectrum.solve_shifted(&mut parts.short);
    negate(&mut parts.short);
    remove(simd, &mut parts.short, parts.spectrum.first(parts.directions), short_width);
    let solutions = parts.z.chunks_exact_mut(width).zip(parts.short.chunks_exact(short_width));
    for ((z, short), value) in solutions.zip(parts.spectrum.values()) {
        for (row, &share) in parts.w.chunks_exact(width).zip(flat(short)) {
            add_multiple(simd, z, share, row);
        }
        let inverse = Eight::splat(simd, 1.0 / value);
        for lanes in z {
            Eight::load(simd, lanes).times(simd, inverse).store(lanes);
        }
    }
}

/// 2 Σ (W vᵢ zᵢᵀ + W zᵢ vᵢᵀ), row by row.
#[inline(always)]
fn collect_gradient<S: Simd>(simd: S, parts: &mut Alignment) {
    let width = lanes_for(parts.columns);
    for (w, gradient) in parts.w.chunks_exact(width).zip(parts.gradient.chunks_exact_mut(width)) {
        for (v, z) in parts.v.chunks_exact(width).zip(parts.z.chunks_exact(width)) {
            let (along_v, along_z) = (2.0 * dot(simd, w, v), 2.0 * dot(simd, w, z));
            add_multiple(simd, gradient, along_v, z);
            add_multiple(simd, gradient, along_z, v);
        }
    }
}

/// Takes from each of `vectors` what lies in the span of the orthonormal `basis`: twice, since rounding leaves a little.
#[inline(always)]
fn remove<S: Simd>(simd: S, vectors: &mut [Lanes], basis: &[Lanes], width: usize) {
    for vector in vectors.chunks_exact_mut(width) {
        for _ in 0..2 {
            for known in basis.chunks_exact(width) {
                let share = dot(simd, known, vector);
                add_multiple(simd, vector, -share, known);
            }
        }
    }
}

fn negate(vectors: &mut [Lanes]) {
    vectors.iter_mut().flat_map(|lanes| &mut lanes.0).for_each(|element| *element = -*element);
}
