//! Squared correlations between the columns of a matrix: their weighted sum over all pairs, and its gradient.
//!
//! The columns are units, the rows examples. With the centred columns c_j and s_j² = c_jᵀc_j/(B − 1) + 1e-8, let
//! z_j = c_j / (s_j √(B − 1)), so that corr_jk = z_jᵀz_k; the small term keeps units that never vary at 0. For weights
//! w that are symmetric and held constant,
//!
//! ```text
//! P = Σ_{j<k} w_jk corr_jk²        y_j = Σ_{k≠j} w_jk corr_jk z_k        u_j = z_jᵀ y_j
//! P = ½ Σ_j u_j                    ∂P/∂a_j = 2 (y_j − u_j z_j) / (s_j √(B − 1))
//! ```
//!
//! The second term is the way back through s_j; the one through the mean adds nothing, since y_j and z_j sum to 0. So
//! everything follows from the y, which are found in two ways:
//!
//! * Without weights y = K·Z − Z·diag(z_jᵀz_j) with K = ZZᵀ, which is as small as the batch; or with Z·ZᵀZ in place of
//!   K·Z, where there are fewer units than examples.
//! * With weights, tile by tile of the symmetric matrix w ∘ corr: the tiles below the diagonal serve both sides, and
//!   none leaves the processor's cache.

use std::ops::Range;

use faer::{MatMut, MatRef};

use super::product::{add_product, inner, multiply};
use super::simd::vectorised;

/// Added to a unit's variance, as published.
const LEAST_VARIANCE: f32 = 1e-8;

/// A direction shorter than this is not scaled up to length 1, as by PyTorch's `normalize`.
const LEAST_LENGTH: f64 = 1e-12;

/// The side of a tile.
const TILE: usize = 128;

/// Correlates matrices of one number of columns; its buffers grow to the largest.
#[derive(Debug, Clone)]
pub struct Correlation {
    units: usize,
    /// The rows of the last matrix.
    batch: usize,
    means: Vec<f32>,
    /// The sum of each column's squares, once its mean is taken away.
    squares: Vec<f32>,
    /// The units that vary in the last matrix, in order. Only they are correlated: after ReLU many units are dead.
    varying: Vec<usize>,
    /// (batch × varying): Z of the last matrix, and its y.
    z: Vec<f32>,
    y: Vec<f32>,
    /// For each varying unit, 1 / (s √(B − 1)).
    scales: Vec<f32>,
    /// For each varying unit, u.
    shares: Vec<f32>,
    /// K or ZᵀZ, or a tile of corr that becomes one of w ∘ corr; a tile of the directions' products.
    square: Vec<f32>,
    products: Vec<f32>,
    /// The varying units' directions, and for each 1 / its length.
    directions: Vec<f32>,
    inverse_lengths: Vec<f32>,
}

impl Correlation {
    /// For matrices with `units` columns.
    pub fn new(units: usize) -> Self {
        let tile = vec![0.0; units.min(TILE).pow(2)];
        Self {
            units,
            batch: 0,
            means: vec![0.0; units],
            squares: vec![0.0; units],
            varying: Vec::with_capacity(units),
            z: Vec::new(),
            y: Vec::new(),
            scales: Vec::with_capacity(units),
            shares: vec![0.0; units],
            square: tile.clone(),
            products: tile,
            directions: Vec::new(),
            inverse_lengths: Vec::with_capacity(units),
        }
    }

    /// P with all weights 1. `activations` is (batch × units), row-major.
    pub fn sum_of_squares(&mut self, activations: &[f32]) -> f64 {
        self.standardise(activations);
        let (units, batch) = (self.varying.len(), self.batch);
        if units == 0 {
            return 0.0;
        }
        let (z, y) = (&self.z[..batch * units], &mut self.y[..batch * units]);
        let z_matrix = MatRef::from_row_major_slice(z, batch, units);
        let y_matrix = MatMut::from_row_major_slice_mut(y, batch, units);
        let side = batch.min(units);
        let square = at_least(&mut self.square, side * side);
        let square_matrix = MatMut::from_row_major_slice_mut(square, side, side);
        if batch <= units {
            multiply(square_matrix, z_matrix, z_matrix.transpose());
            multiply(y_matrix, MatRef::from_row_major_slice(square, side, side), z_matrix);
        } else {
            multiply(square_matrix, z_matrix.transpose(), z_matrix);
            multiply(y_matrix, z_matrix, MatRef::from_row_major_slice(square, side, side));
        }
        sum_products(&mut self.shares[..units], z, z);
        let own = &self.shares[..units];
        vectorised(
            #[inline(always)]
            || {
                for (y, z) in y.chunks_exact_mut(units).zip(z.chunks_exact(units)) {
                    for ((y, &z), &own) in y.iter_mut().zip(z).zip(own) {
                        *y -= own * z;
                    }
                }
            },
        );
        self.value()
    }

    /// P with w_jk = `weight`(cos(g_j, g_k)), where g_j is row j of `directions` (units × any number, row-major).
    ///
    /// `activations` is (batch × units), row-major.
    pub fn weighted_sum_of_squares(
        &mut self,
        activations: &[f32],
        directions: &[f32],
        weight: impl Fn(f32) -> f32 + Copy,
    ) -> f64 {
        self.standardise(activations);
        let (units, width) = (self.varying.len(), directions.len() / self.units);
        if units == 0 {
            return 0.0;
        }
        at_least(&mut self.directions, units * width);
        self.inverse_lengths.clear();
        for (&unit, copy) in self.varying.iter().zip(self.directions.chunks_exact_mut(width)) {
            let direction = &directions[unit * width..][..width];
            copy.copy_from_slice(direction);
            self.inverse_lengths.push((1.0 / inner(direction, direction).sqrt().max(LEAST_LENGTH)) as f32);
        }
        self.y[..self.batch * units].fill(0.0);
        for rows in tiles(units) {
            for columns in tiles(rows.end) {
                self.add_tile(width, rows.clone(), columns, weight);
            }
        }
        self.value()
    }

    /// `slopes = factor · ∂P/∂a` at the last matrix, in its shape.
    pub fn gradient(&self, factor: f64, slopes: &mut [f32]) {
        let units = self.varying.len();
        let factor = 2.0 * factor as f32;
        if units < self.units {
            slopes.fill(0.0);
        }
        if units == 0 {
            return;
        }
        let (z, y) = (self.z.chunks_exact(units), self.y.chunks_exact(units));
        let (shares, scales) = (&self.shares[..units], &self.scales[..units]);
        let slope = |z: f32, y: f32, share: f32, scale: f32| factor * (scale * (y - share * z));
        vectorised(
            #[inline(always)]
            || {
                for ((slopes, z), y) in slopes.chunks_exact_mut(self.units).zip(z).zip(y) {
                    let numbers = z.iter().zip(y).zip(shares.iter().zip(scales));
                    if units == self.units {
                        for (out, ((&z, &y), (&share, &scale))) in slopes.iter_mut().zip(numbers) {
                            *out = slope(z, y, share, scale);
                        }
                    } else {
                        for (&unit, ((&z, &y), (&share, &scale))) in self.varying.iter().zip(numbers) {
                            slopes[unit] = slope(z, y, share, scale);
                        }
                    }
                }
            },
        );
    }

    /// Finds the varying units, their scales and Z.
    fn standardise(&mut self, activations: &[f32]) {
        let Self { units, means, squares, varying, scales, .. } = self;
        let units = *units;
        self.batch = activations.len() / units;
        let count = self.batch as f32;
        means.fill(0.0);
        squares.fill(0.0);
        vectorised(
            #[inline(always)]
            || {
                for row in activations.chunks_exact(units) {
                    for (mean, &activation) in means.iter_mut().zip(row) {
                        *mean += activation;
                    }
                }
                for mean in means.iter_mut() {
                    *mean /= count;
                }
                for row in activations.chunks_exact(units) {
                    for ((square, &mean), &activation) in squares.iter_mut().zip(&*means).zip(row) {
                        let centred = activation - mean;
                        *square += centred * centred;
                    }
                }
            },
        );
        varying.clear();
        // NaN is kept, so that it is seen.
        varying.extend((0..units).filter(|&unit| squares[unit] != 0.0));
        scales.clear();
        scales.extend(varying.iter().map(|&unit| 1.0 / (squares[unit] + (count - 1.0) * LEAST_VARIANCE).sqrt()));

        let kept = varying.len();
        at_least(&mut self.y, self.batch * kept);
        let z = at_least(&mut self.z, self.batch * kept);
        if kept == 0 {
            return;
        }
        vectorised(
            #[inline(always)]
            || {
                for (z, row) in z.chunks_exact_mut(kept).zip(activations.chunks_exact(units)) {
                    if kept == units {
                        for (((z, &activation), &mean), &scale) in z.iter_mut().zip(row).zip(&*means).zip(&*scales) {
                            *z = (activation - mean) * scale;
                        }
                    } else {
                        for ((z, &unit), &scale) in z.iter_mut().zip(&*varying).zip(&*scales) {
                            *z = (row[unit] - means[unit]) * scale;
                        }
                    }
                }
            },
        );
    }

    /// Adds to y what a tile of w ∘ corr, on or below the diagonal, gives to its rows' and to its columns' units.
    fn add_tile(&mut self, width: usize, rows: Range<usize>, columns: Range<usize>, weight: impl Fn(f32) -> f32) {
        let (units, batch, count) = (self.varying.len(), self.batch, columns.len());
        let z = MatRef::from_row_major_slice(&self.z[..batch * units], batch, units);
        let (z_rows, z_columns) = (z.get(.., rows.clone()), z.get(.., columns.clone()));
        let square = &mut self.square[..rows.len() * count];
        multiply(MatMut::from_row_major_slice_mut(square, rows.len(), count), z_rows.transpose(), z_columns);
        let products = &mut self.products[..rows.len() * count];
        let directions = MatRef::from_row_major_slice(&self.directions[..units * width], units, width);
        let (left, right) = (directions.get(rows.clone(), ..), directions.get(columns.clone(), ..));
        multiply(MatMut::from_row_major_slice_mut(products, rows.len(), count), left, right.transpose());

        let (left, right) = (&self.inverse_lengths[rows.clone()], &self.inverse_lengths[columns.clone()]);
        vectorised(
            #[inline(always)]
            || {
                for ((square, products), &left) in
                    square.chunks_exact_mut(count).zip(products.chunks_exact(count)).zip(left)
                {
                    weigh(square, products, left, right, &weight);
                }
            },
        );
        let diagonal = rows == columns;
        if diagonal {
            square.iter_mut().step_by(count + 1).for_each(|own| *own = 0.0);
        }

        let square = MatRef::from_row_major_slice(square, rows.len(), count);
        let mut y = MatMut::from_row_major_slice_mut(&mut self.y[..batch * units], batch, units);
        add_product(y.as_mut().get_mut(.., columns), z_rows, square);
        if !diagonal {
            add_product(y.get_mut(.., rows), z_columns, square.transpose());
        }
    }

    /// P, once y is there; leaves the u.
    fn value(&mut self) -> f64 {
        let units = self.varying.len();
        let matrix = ..self.batch * units;
        let shares = &mut self.shares[..units];
        sum_products(shares, &self.z[matrix], &self.y[matrix]);
        0.5 * shares.iter().map(|&share| f64::from(share)).sum::<f64>()
    }
}

/// Multiplies a row of a tile by its weights. A function, since the compiler trusts only a function's arguments to lie
/// apart in memory, which the vectors need.
#[inline(always)]
fn weigh(row: &mut [f32], products: &[f32], left: f32, right: &[f32], weight: impl Fn(f32) -> f32) {
    for ((element, &product), &right) in row.iter_mut().zip(products).zip(right) {
        *element *= weight(product * left * right);
    }
}

/// The first elements of a buffer that grows if it must.
fn at_least(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}

/// For each column, the sum over the rows, in order, of the products of two matrices' elements.
fn sum_products(sums: &mut [f32], left: &[f32], right: &[f32]) {
    sums.fill(0.0);
    vectorised(
        #[inline(always)]
        || {
            let columns = sums.len();
            for (left, right) in left.chunks_exact(columns).zip(right.chunks_exact(columns)) {
                for ((sum, &left), &right) in sums.iter_mut().zip(left).zip(right) {
                    *sum += left * right;
                }
            }
        },
    );
}

/// The sides of the tiles of a matrix of that size.
fn tiles(units: usize) -> impl Iterator<Item = Range<usize>> {
    (0..units).step_by(TILE).map(move |start| start..units.min(start + TILE))
}
