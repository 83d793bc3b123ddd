//! The leading singular values of a large matrix and their right singular vectors, by a block Krylov method.
//!
//! From a block Q of eight orthonormal vectors the spaces span{Q, (GᵀG)Q, (GᵀG)²Q, …} hold ever better approximations, which
//! the Rayleigh–Ritz procedure takes out (Golub and Van Loan, "Matrix computations", 4th ed., § 10.3.6 and 10.4.6). All in
//! double precision; a block costs one pass over G. Most of the first block are the vectors that came out last, so a
//! matrix that changes little takes a pass or two; the rest of it is fixed, so that a direction that was of no account
//! before is not missed.
//!
//! What comes out is certified by residuals rᵢ = ‖GᵀGvᵢ − θᵢvᵢ‖ with θ = σ²: each σ is within 10⁻⁵ (relative; or 10⁻⁶ of
//! the largest), and the first vector within 5·10⁻⁵ (sine), of the singular value and vector. A value of GᵀG lies within
//! rᵢ of θᵢ; and, where the first c of them are set apart from the rest by a gap, within (r₁² + … + r_c²)/gap (Mathias 1998,
//! "Quadratic residual bounds for the Hermitian eigenvalue problem"), which is what serves in a flat spectrum. The vector's
//! bound is r₁/gap. What the rest reaches up to is taken to be θ + r of the best vector that is left out: the bounds are as
//! good as the certainty that the search has missed no direction, which is why two in every eight do not come from the last
//! matrix.
//!
//! So far, and no further, may the last matrix show in the result. A spectrum too flat for that after `MOST_BLOCKS` blocks is
//! left to `spectrum`, which decomposes GᵀG and depends on nothing else.

use pulp::{Simd, WithSimd};

use super::gram::{Gram, Side};
use super::lanes::{Eight, LANES, Lanes, add_multiple, dot, flat, flat_mut, lanes_for, on_this_processor, widen};
use super::product::inner;
use super::spectrum::{Spectrum, normalise, one_by_one, side_by_side, starting_vectors};

/// Blocks of LANES vectors that a space is made of before the method gives up.
const MOST_BLOCKS: usize = 8;

/// Vectors of the first block that are taken from the last matrix.
const KEPT: usize = 6;

/// The largest relative error of each σ, and the largest sine between the first vector and what it stands for.
const VALUE_ERROR: f64 = 1e-5;
const VECTOR_ERROR: f64 = 5e-5;

/// What a σ may be off by in any case, relative to the largest: that much of a smaller one the rounding of the matrix's own
/// elements leaves open.
const NEGLIGIBLE: f64 = 1e-6;

/// Follows one matrix as it changes.
#[derive(Debug, Clone)]
pub struct Leading {
    columns: usize,
    count: usize,
    vector_wanted: bool,
    /// Orthonormal vectors, one after the other, each in the lanes of a row, and what GᵀG makes of them.
    basis: Vec<Lanes>,
    images: Vec<Lanes>,
    /// The Ritz vectors, the best first: after the first matrix, where the next one's search starts.
    vectors: Vec<Lanes>,
    start: Vec<Lanes>,
    values: Vec<f64>,
    norm: f64,
    blocks: usize,
    /// One for each number of blocks.
    projected: Vec<Spectrum>,
    /// For the pass: a block side by side, what becomes of it, and rows of G.
    block: Vec<Lanes>,
    image: Vec<Lanes>,
    rows: Vec<Lanes>,
}

impl Leading {
    /// Of matrices with this many columns: `count` values, from 1 to KEPT, and no more than there are columns.
    pub fn new(columns: usize, count: usize) -> Self {
        let width = lanes_for(columns);
        let in_block = LANES.min(columns);
        let most = MOST_BLOCKS.min(columns / in_block);
        let start = starting_vectors(columns, in_block);
        Self {
            columns,
            count: count.clamp(1, KEPT.min(columns)),
            vector_wanted: true,
            basis: vec![Lanes::ZERO; most * in_block * width],
            images: vec![Lanes::ZERO; most * in_block * width],
            vectors: start.clone(),
            start,
            values: vec![0.0; in_block],
            norm: 0.0,
            blocks: 0,
            projected: (1..=most).map(|blocks| Spectrum::new(blocks * in_block, in_block)).collect(),
            block: vec![Lanes::ZERO; columns],
            image: vec![Lanes::ZERO; columns],
            rows: vec![Lanes::ZERO; TOGETHER * width],
        }
    }

    /// The largest value alone: no certificate is asked of its vector, which a flat spectrum would not give.
    pub fn value_only(columns: usize) -> Self {
        Self { vector_wanted: false, ..Self::new(columns, 1) }
    }

    /// Decomposes the row-major `matrix`. If an element is not finite, all results are NaN, and the next matrix is
    /// decomposed as if it were the first.
    pub fn decompose(&mut self, matrix: &[f32]) {
        self.norm = inner(matrix, matrix).sqrt();
        self.blocks = 0;
        let (width, in_block) = (lanes_for(self.columns), LANES.min(self.columns));
        if !self.norm.is_finite() {
            self.norm = f64::NAN;
            self.values.fill(f64::NAN);
            self.vectors.copy_from_slice(&self.start);
            return;
        }
        self.basis[..in_block * width].copy_from_slice(&self.vectors);
        let (kept, fixed) = (KEPT.min(in_block) * width, in_block * width);
        self.basis[kept..fixed].copy_from_slice(&self.start[kept..fixed]);
        while self.blocks < self.projected.len() {
            let size = in_block * width;
            let begin = self.blocks * size;
            if self.blocks > 0 {
                self.basis[begin..begin + size].copy_from_slice(&self.images[begin - size..begin]);
            }
            on_this_processor(Orthonormalise { basis: &mut self.basis[..begin + size], begin, width });
            self.multiply(matrix, begin, size);
            self.blocks += 1;
            if on_this_processor(Ritz { leading: self, width }) {
                return;
            }
        }
        self.decompose_whole(matrix);
    }

    /// The values asked for, in descending order.
    pub fn values(&self) -> &[f64] {
        &self.values[..self.count]
    }

    /// The right singular vector of value `at`; its sign is arbitrary.
    pub fn vector(&self, at: usize) -> &[f64] {
        let width = lanes_for(self.columns);
        &flat(&self.vectors[at * width..][..width])[..self.columns]
    }

    /// The left one, σ⁻¹Gv; 0 if σ is.
    pub fn left_vector(&self, matrix: &[f32], at: usize) -> Vec<f64> {
        let scale = if self.values[at] > 0.0 { 1.0 / self.values[at] } else { 0.0 };
        matrix.chunks_exact(self.columns).map(|row| scale * inner(row, self.vector(at))).collect()
    }

    /// The Frobenius norm.
    pub fn norm(&self) -> f64 {
        self.norm
    }

    /// Passes over the last matrix, or None if its spectrum was too flat for this method.
    pub fn passes(&self) -> Option<usize> {
        (self.blocks <= self.projected.len()).then_some(self.blocks)
    }

    /// `images ← GᵀG · basis`, of the block that begins at `begin`.
    fn multiply(&mut self, matrix: &[f32], begin: usize, size: usize) {
        let width = lanes_for(self.columns);
        side_by_side(&mut self.block, &self.basis[begin..begin + size], width);
        self.image.fill(Lanes::ZERO);
        let Self { columns, ref block, ref mut image, ref mut rows, .. } = *self;
        on_this_processor(Pass { matrix, columns, block, image, rows });
        one_by_one(&mut self.images[begin..begin + size], &self.image, width);
    }

    /// The way that always works: GᵀG in whole.
    fn decompose_whole(&mut self, matrix: &[f32]) {
        let in_block = LANES.min(self.columns);
        let mut spectrum = Spectrum::new(self.columns, in_block);
        Gram::new(Side::Columns, self.columns).multiply(spectrum.matrix(), matrix);
        spectrum.decompose();
        let width = lanes_for(self.columns);
        for (at, vector) in self.vectors.chunks_exact_mut(width).enumerate() {
            vector.copy_from_slice(spectrum.vector(at));
        }
        for (value, square) in self.values.iter_mut().zip(spectrum.values()) {
            *value = square.max(0.0).sqrt();
        }
        self.blocks = self.projected.len() + 1;
    }
}

/// Rows of G that are worked on at once.
const TOGETHER: usize = 4;

/// `image += GᵀG · block`, row by row of G, each of which is read once.
struct Pass<'a> {
    matrix: &'a [f32],
    columns: usize,
    block: &'a [Lanes],
    image: &'a mut [Lanes],
    rows: &'a mut [Lanes],
}

impl WithSimd for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { matrix, columns, block, image, rows } = self;
        let width = lanes_for(columns);
        for lines in matrix.chunks(TOGETHER * columns) {
            // Rows that are not there are 0.
            let (there, missing) = rows.split_at_mut(lines.len() / columns * width);
            widen(there, lines, columns);
            missing.fill(Lanes::ZERO);
            let (a, rest) = rows.split_at(width);
            let (b, rest) = rest.split_at(width);
            let (c, d) = rest.split_at(width);
            let [a, b, c, d] = [&flat(a)[..columns], &flat(b)[..columns], &flat(c)[..columns], &flat(d)[..columns]];
            let mut sums = [Eight::splat(simd, 0.0); TOGETHER];
            for at in 0..columns {
                let lanes = Eight::load(simd, &block[at]);
                sums[0] = sums[0].add_product(simd, lanes, Eight::splat(simd, a[at]));
                sums[1] = sums[1].add_product(simd, lanes, Eight::splat(simd, b[at]));
                sums[2] = sums[2].add_product(simd, lanes, Eight::splat(simd, c[at]));
                sums[3] = sums[3].add_product(simd, lanes, Eight::splat(simd, d[at]));
            }
            for at in 0..columns {
                Eight::load(simd, &image[at])
                    .add_product(simd, sums[0], Eight::splat(simd, a[at]))
                    .add_product(simd, sums[1], Eight::splat(simd, b[at]))
                    .add_product(simd, sums[2], Eight::splat(simd, c[at]))
                    .add_product(simd, sums[3], Eight::splat(simd, d[at]))
                    .store(&mut image[at]);
            }
        }
    }
}

/// Makes the vectors from `begin` on orthonormal, to those before as well: twice, as is known to be enough.
struct Orthonormalise<'a> {
    basis: &'a mut [Lanes],
    begin: usize,
    width: usize,
}

impl WithSimd for Orthonormalise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { basis, begin, width } = self;
        for at in (begin..basis.len()).step_by(width) {
            let (done, rest) = basis.split_at_mut(at);
            let vector = &mut rest[..width];
            for _ in 0..2 {
                normalise(simd, vector);
                for known in done.chunks_exact(width) {
                    let share = dot(simd, known, vector);
                    add_multiple(simd, vector, -share, known);
                }
            }
            normalise(simd, vector);
        }
    }
}

/// The Rayleigh–Ritz procedure; true if its outcome is certified.
struct Ritz<'a> {
    leading: &'a mut Leading,
    width: usize,
}

impl WithSimd for Ritz<'_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        let Self { leading, width } = self;
        let in_block = LANES.min(leading.columns);
        let order = leading.blocks * in_block;
        let spectrum = &mut leading.projected[leading.blocks - 1];
        let matrix = spectrum.matrix();
        matrix.fill(Lanes::ZERO);
        for row in 0..order {
            for column in 0..=row {
                let product =
                    dot(simd, &leading.basis[row * width..][..width], &leading.images[column * width..][..width]);
                flat_mut(matrix)[row * lanes_for(order) * LANES + column] = product;
                flat_mut(matrix)[column * lanes_for(order) * LANES + row] = product;
            }
        }
        spectrum.decompose();
        let squares = spectrum.values();
        let residual = &mut leading.rows[..width];
        let mut residuals = [0.0; LANES];
        for at in 0..in_block {
            let vector = &mut leading.vectors[at * width..][..width];
            vector.fill(Lanes::ZERO);
            residual.fill(Lanes::ZERO);
            let shares = &flat(spectrum.vector(at))[..order];
            for ((basis, image), &share) in
                leading.basis.chunks_exact(width).zip(leading.images.chunks_exact(width)).zip(shares)
            {
                add_multiple(simd, vector, share, basis);
                add_multiple(simd, residual, share, image);
            }
            add_multiple(simd, residual, -squares[at], vector);
            residuals[at] = dot(simd, residual, residual).sqrt();
            leading.values[at] = squares[at].max(0.0).sqrt();
        }
        let mut certified = true;
        for (at, &square) in squares.iter().enumerate().take(leading.count) {
            let bound = f64::max(2.0 * VALUE_ERROR * square, NEGLIGIBLE * NEGLIGIBLE * squares[0]);
            certified &= error(at, squares, &residuals) <= bound;
        }
        let below = squares.get(1).map_or(0.0, |square| square + residuals[1]);
        certified &= !leading.vector_wanted || residuals[0] <= VECTOR_ERROR * (squares[0] - below);
        // Of a space that is everything there is nothing left to find; a matrix of zeros has no directions to tell apart.
        certified || order == leading.columns
    }
}

/// How far a Ritz value may be from what it stands for.
fn error(at: usize, squares: &[f64], residuals: &[f64; LANES]) -> f64 {
    let mut least = residuals[at];
    for beyond in at + 1..squares.len() {
        let gap = squares[at] - squares[beyond] - residuals[beyond];
        if gap > 0.0 {
            let sum: f64 = residuals[..beyond].iter().map(|residual| residual * residual).sum();
            least = least.min(sum / gap);
        }
    }
    least
}
