//! A symmetric matrix made tridiagonal by reflections, in double precision: A = Q T Qᵀ.
//!
//! Householder's method (Golub and Van Loan, "Matrix computations", 4th ed., § 8.3.1) on the whole square, so that every
//! loop runs along rows and no sum across them. One sweep over the matrix carries out the reflection of the last step and
//! multiplies with the vector of the next, which halves the memory traffic: that is what bounds it.

use pulp::{Simd, WithSimd};

use super::lanes::{Eight, LANES, Lanes, add_multiple, dot, flat, flat_mut, lanes_for, on_this_processor};

/// Reduces matrices of one order; its buffers are made once.
#[derive(Debug, Clone)]
pub struct Tridiagonal {
    order: usize,
    /// Lanes in a row.
    width: usize,
    /// Row by row: first the matrix, in the end the reflections' vectors.
    rows: Vec<Lanes>,
    /// A reflection is I − scale · u uᵀ.
    scales: Vec<f64>,
    diagonal: Vec<f64>,
    /// Element i stands between rows i and i + 1.
    beside: Vec<f64>,
    last: Reflection,
    next: Reflection,
}

/// What a reflection takes from the matrix: u wᵀ + w uᵀ.
#[derive(Debug, Clone)]
struct Reflection {
    u: Vec<Lanes>,
    w: Vec<Lanes>,
}

impl Tridiagonal {
    /// For matrices of this order, at least 1.
    pub fn new(order: usize) -> Self {
        let width = lanes_for(order);
        let row = vec![Lanes::ZERO; width];
        let none = Reflection { u: row.clone(), w: row };
        Self {
            order,
            width,
            rows: vec![Lanes::ZERO; order * width],
            scales: vec![0.0; order],
            diagonal: vec![0.0; order],
            beside: vec![0.0; order - 1],
            last: none.clone(),
            next: none,
        }
    }

    /// Where the matrix goes: both triangles, each row in as many lanes as hold it, the rest of them 0.
    pub fn matrix(&mut self) -> &mut [Lanes] {
        &mut self.rows
    }

    /// T's diagonal and the elements beside it.
    pub fn bands(&self) -> (&[f64], &[f64]) {
        (&self.diagonal, &self.beside)
    }

    /// Reduces the matrix, which this destroys. Its elements must be finite, and their squares must not overflow; where
    /// they underflow, they are taken for 0.
    pub fn reduce(&mut self) {
        self.last.u.fill(Lanes::ZERO);
        self.last.w.fill(Lanes::ZERO);
        on_this_processor(Reduce(self));
    }

    /// `block ← Q · block`, for a block of LANES columns, row by row.
    pub fn apply(&self, block: &mut [Lanes]) {
        on_this_processor(Apply { reflections: self, block, transposed: false });
    }

    /// `block ← Qᵀ · block`, for a block of LANES columns, row by row.
    pub fn apply_transposed(&self, block: &mut [Lanes]) {
        on_this_processor(Apply { reflections: self, block, transposed: true });
    }
}

struct Reduce<'a>(&'a mut Tridiagonal);

impl WithSimd for Reduce<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for at in 0..self.0.order {
            step(simd, self.0, at);
        }
    }
}

/// Finishes row `at` and starts the reflection that clears it behind the second element.
#[inline(always)]
fn step<S: Simd>(simd: S, matrix: &mut Tridiagonal, at: usize) {
    let Tridiagonal { order, width, rows, scales, diagonal, beside, last, next } = matrix;
    let (order, width) = (*order, *width);
    let (done, below) = rows.split_at_mut((at + 1) * width);
    let row = &mut done[at * width..];
    let first = at / LANES;
    add_multiple(simd, &mut row[first..], -flat(&last.u)[at], &last.w[first..]);
    add_multiple(simd, &mut row[first..], -flat(&last.w)[at], &last.u[first..]);
    diagonal[at] = flat(row)[at];
    let begin = at + 1;
    if begin == order {
        return;
    }

    // Lanes before `first` are of rows that are done; in those from there on, the elements of such rows are 0.
    let first = begin / LANES;
    flat_mut(row)[first * LANES..begin].fill(0.0);
    let row = &mut row[first..];
    let head = flat(row)[begin % LANES];
    flat_mut(row)[begin % LANES] = 0.0;
    let tail = dot(simd, row, row);
    let norm = (head * head + tail).sqrt();
    (beside[at], scales[at]) =
        if tail == 0.0 { (head, 0.0) } else { (-norm.copysign(head), 1.0 / (norm * (norm + head.abs()))) };
    flat_mut(row)[begin % LANES] = if tail == 0.0 { 0.0 } else { head - beside[at] };
    let (next_u, next_w) = (&mut next.u[first..], &mut next.w[first..]);
    next_u.copy_from_slice(row);
    next_w.fill(Lanes::ZERO);

    const TOGETHER: usize = 4;
    let (u, w) = (&last.u[first..], &last.w[first..]);
    let alone = (order - begin) % TOGETHER;
    let (single, blocks) = below.split_at_mut(alone * width);
    for (row, at) in single.chunks_exact_mut(width).zip(begin..) {
        sweep(simd, [&mut row[first..]], [factors(last, &next.u, at)], u, w, next_w);
    }
    for (block, at) in blocks.chunks_exact_mut(TOGETHER * width).zip((begin + alone..).step_by(TOGETHER)) {
        let (one, rest) = block.split_at_mut(width);
        let (two, rest) = rest.split_at_mut(width);
        let (three, four) = rest.split_at_mut(width);
        let rows = [one, two, three, four].map(
            #[inline(always)]
            |row| &mut row[first..],
        );
        let of_rows = [
            factors(last, &next.u, at),
            factors(last, &next.u, at + 1),
            factors(last, &next.u, at + 2),
            factors(last, &next.u, at + 3),
        ];
        sweep(simd, rows, of_rows, u, w, next_w);
    }
    flat_mut(next_w)[..begin % LANES].fill(0.0);

    let (scale, next_u) = (scales[at], &next.u[first..]);
    let share = Eight::splat(simd, -0.5 * scale * scale * dot(simd, next_w, next_u));
    let scale = Eight::splat(simd, scale);
    for (w, u) in next_w.iter_mut().zip(next_u) {
        Eight::load(simd, w).times(simd, scale).add_product(simd, share, Eight::load(simd, u)).store(w);
    }
    std::mem::swap(last, next);
}

/// Of row `at` of the last reflection and the next: what [`sweep`] multiplies with.
#[inline(always)]
fn factors(last: &Reflection, next_u: &[Lanes], at: usize) -> [f64; 3] {
    [-flat(&last.u)[at], -flat(&last.w)[at], flat(next_u)[at]]
}

/// Takes the last reflection's share from rows, and adds theirs to the product with the next one's vector: the matrix
/// is symmetric, so that product is a sum of its rows. Factors: of w, of u, of the row.
#[inline(always)]
fn sweep<S: Simd, const ROWS: usize>(
    simd: S,
    rows: [&mut [Lanes]; ROWS],
    factors: [[f64; 3]; ROWS],
    u: &[Lanes],
    w: &[Lanes],
    products: &mut [Lanes],
) {
    let length = u.len();
    let (w, products) = (&w[..length], &mut products[..length]);
    let rows = rows.map(
        #[inline(always)]
        |row| &mut row[..length],
    );
    let mut splats = [[Eight::splat(simd, 0.0); 3]; ROWS];
    for i in 0..ROWS {
        for j in 0..3 {
            splats[i][j] = Eight::splat(simd, factors[i][j]);
        }
    }
    for at in 0..length {
        let (u, w) = (Eight::load(simd, &u[at]), Eight::load(simd, &w[at]));
        let mut product = Eight::load(simd, &products[at]);
        for i in 0..ROWS {
            let [of_w, of_u, of_row] = splats[i];
            let row = Eight::load(simd, &rows[i][at]).add_product(simd, of_w, w).add_product(simd, of_u, u);
            row.store(&mut rows[i][at]);
            product = product.add_product(simd, of_row, row);
        }
        product.store(&mut products[at]);
    }
}

struct Apply<'a> {
    reflections: &'a Tridiagonal,
    block: &'a mut [Lanes],
    transposed: bool,
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { reflections, block, transposed } = self;
        let steps = reflections.order - 1;
        for step in 0..steps {
            reflect(simd, reflections, if transposed { step } else { steps - 1 - step }, block);
        }
    }
}

#[inline(always)]
fn reflect<S: Simd>(simd: S, reflections: &Tridiagonal, at: usize, block: &mut [Lanes]) {
    let Tridiagonal { order, width, .. } = *reflections;
    let u = &flat(&reflections.rows[at * width..][..width])[at + 1..order];
    let block = &mut block[at + 1..order];
    let mut sums = [Eight::splat(simd, 0.0); 4];
    let (fours, rest) = block.as_chunks::<4>();
    let (u_fours, u_rest) = u.as_chunks::<4>();
    for (rows, u) in fours.iter().zip(u_fours) {
        for i in 0..4 {
            sums[i] = sums[i].add_product(simd, Eight::load(simd, &rows[i]), Eight::splat(simd, u[i]));
        }
    }
    for (row, &u) in rest.iter().zip(u_rest) {
        sums[0] = sums[0].add_product(simd, Eight::load(simd, row), Eight::splat(simd, u));
    }
    let [a, b, c, d] = sums;
    let scale = Eight::splat(simd, -reflections.scales[at]);
    let share = a.plus(simd, c).plus(simd, b.plus(simd, d)).times(simd, scale);
    for (row, &u) in block.iter_mut().zip(u) {
        Eight::load(simd, row).add_product(simd, share, Eight::splat(simd, u)).store(row);
    }
}
