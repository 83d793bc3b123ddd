//! XᵀX or XXᵀ of a matrix of single precision, in double precision: no product of its elements is rounded before it is
//! added.
//!
//! Every element is one chain of fused multiply-adds along the inner dimension, so its bytes do not depend on the
//! processor. Only tiles on and above the diagonal are computed.

use pulp::{Simd, WithSimd};

use super::lanes::{Eight, LANES, Lanes, flat, lanes_for, on_this_processor};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// XᵀX, between columns.
    Columns,
    /// XXᵀ, between rows.
    Rows,
}

/// Multiplies matrices with one number of columns; its buffer grows to what the largest needs.
#[derive(Debug, Clone)]
pub struct Gram {
    side: Side,
    columns: usize,
    /// Panels of LANES vectors side by side, each panel as long as the vectors.
    panels: Vec<Lanes>,
}

impl Gram {
    /// For row-major matrices with this many columns, at least 1.
    pub fn new(side: Side, columns: usize) -> Self {
        Self { side, columns, panels: Vec::new() }
    }

    /// The product with itself of `x` into `out`, row by row, each in as many lanes as hold it, the rest of them 0.
    pub fn multiply(&mut self, out: &mut [Lanes], x: &[f32]) {
        let rows = x.len() / self.columns;
        let (order, length) = match self.side {
            Side::Columns => (self.columns, rows),
            Side::Rows => (rows, self.columns),
        };
        self.panels.resize(lanes_for(order) * length, Lanes::ZERO);
        match self.side {
            Side::Columns => pack_columns(&mut self.panels, x, self.columns),
            Side::Rows => pack_rows(&mut self.panels, x, self.columns),
        }
        on_this_processor(Multiply { panels: &self.panels, length, out, order });
    }
}

fn pack_columns(panels: &mut [Lanes], x: &[f32], columns: usize) {
    let rows = x.len() / columns;
    for (at, row) in x.chunks_exact(columns).enumerate() {
        for (panel, elements) in panels.chunks_exact_mut(rows).zip(row.chunks(LANES)) {
            let lanes = &mut panel[at].0;
            if let Ok(elements) = <&[f32; LANES]>::try_from(elements) {
                *lanes = elements.map(f64::from);
            } else {
                *lanes = [0.0; LANES];
                lanes.iter_mut().zip(elements).for_each(|(lane, &element)| *lane = f64::from(element));
            }
        }
    }
}

fn pack_rows(panels: &mut [Lanes], x: &[f32], columns: usize) {
    panels.fill(Lanes::ZERO);
    for (at, row) in x.chunks_exact(columns).enumerate() {
        let panel = &mut panels[at / LANES * columns..][..columns];
        for (lanes, &element) in panel.iter_mut().zip(row) {
            lanes.0[at % LANES] = f64::from(element);
        }
    }
}

struct Multiply<'a> {
    panels: &'a [Lanes],
    length: usize,
    out: &'a mut [Lanes],
    order: usize,
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { panels, length, out, order } = self;
        let width = lanes_for(order);
        for panel in 0..width {
            let left = &panels[panel * length..][..length];
            for half in 0..2 {
                let row = panel * LANES + half * TILE;
                let mut column = panel;
                while column + 1 < width {
                    let right = &panels[column * length..][..2 * length];
                    let (one, two) = right.split_at(length);
                    store(out, order, row, column, &tile(simd, left, half, [one, two]));
                    column += 2;
                }
                if column < width {
                    let right = &panels[column * length..][..length];
                    store(out, order, row, column, &tile(simd, left, half, [right]));
                }
            }
        }
        // Mirrors what is above the diagonal.
        for at in 1..order {
            let (above, from_here) = out.split_at_mut(at * width);
            let row = &mut from_here[..width];
            for (before, lanes) in above.chunks_exact(LANES * width).zip(&mut *row) {
                for (i, lane) in lanes.0.iter_mut().enumerate() {
                    *lane = flat(&before[i * width..][..width])[at];
                }
            }
        }
    }
}

/// Rows of the result that are computed at once.
const TILE: usize = 4;

/// The products of TILE of the vectors in `left`, from `half` of it, with those in each of `right`.
#[inline(always)]
fn tile<S: Simd, const RIGHT: usize>(
    simd: S,
    left: &[Lanes],
    half: usize,
    right: [&[Lanes]; RIGHT],
) -> [[Lanes; RIGHT]; TILE] {
    let mut sums = [[Eight::splat(simd, 0.0); RIGHT]; TILE];
    for (at, left) in left.iter().enumerate() {
        for j in 0..RIGHT {
            let right = Eight::load(simd, &right[j][at]);
            for (i, sums) in sums.iter_mut().enumerate() {
                let left = Eight::splat(simd, left.0[half * TILE + i]);
                sums[j] = sums[j].add_product(simd, left, right);
            }
        }
    }
    let mut products = [[Lanes::ZERO; RIGHT]; TILE];
    for i in 0..TILE {
        for j in 0..RIGHT {
            sums[i][j].store(&mut products[i][j]);
        }
    }
    products
}

/// Puts a tile to its place in `out`, as far as there are rows.
#[inline(always)]
fn store<const RIGHT: usize>(
    out: &mut [Lanes],
    order: usize,
    row: usize,
    column: usize,
    tile: &[[Lanes; RIGHT]; TILE],
) {
    let width = lanes_for(order);
    for (row, products) in (row..order).zip(tile) {
        out[row * width + column..][..RIGHT].copy_from_slice(products);
    }
}
