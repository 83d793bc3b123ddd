//! An orthonormal basis of what a tall matrix's columns leave out, by Householder reflections in double precision.
//!
//! A = QR; the columns of Q beyond those of A are orthogonal to all of them. Reflections are gathered into panels and
//! applied as I − V T Vᵀ (Schreiber and Van Loan 1989), so that almost all of the work is matrix products.

use faer::{ColMut, Mat, MatMut, MatRef};

use super::product::{add_scaled, inner, multiply_add};

/// Reflections that are applied together: to the columns beyond the panel, and to those within it.
const PANEL: usize = 64;
const PART: usize = 16;

/// A = QR of a matrix with at least as many rows as columns.
#[derive(Debug, Clone)]
pub struct Reflections {
    rows: usize,
    /// For each panel, column-major: the reflections' vectors, as long as the matrix has rows, 0 above their beginning.
    panels: Vec<(Mat<f64>, Mat<f64>)>,
    /// Column-major; R is its upper triangle.
    reduced: Vec<f64>,
}

impl Reflections {
    /// Factorises a matrix.
    pub fn of(matrix: MatRef<'_, f64>) -> Self {
        let (rows, columns) = matrix.shape();
        let mut reduced = vec![0.0; rows * columns];
        MatMut::from_column_major_slice_mut(&mut reduced, rows, columns).copy_from(matrix);
        let mut panels = Vec::new();
        for begin in (0..columns).step_by(PANEL) {
            let width = PANEL.min(columns - begin);
            let (done, rest) = reduced.split_at_mut((begin + width) * rows);
            let (vectors, scales) = reflect_panel(&mut done[begin * rows..], rows, begin);
            let triangle = triangle(vectors.as_ref(), &scales, begin);
            let rest = MatMut::from_column_major_slice_mut(rest, rows, columns - begin - width);
            apply(vectors.as_ref(), triangle.transpose(), rest, begin);
            panels.push((vectors, triangle));
        }
        Self { rows, panels, reduced }
    }

    /// Element (row, column) of R.
    pub fn triangular(&self, row: usize, column: usize) -> f64 {
        if row <= column { self.reduced[column * self.rows + row] } else { 0.0 }
    }

    /// The columns of Q from `first` on.
    pub fn columns_from(&self, first: usize) -> Mat<f64> {
        self.columns(first, self.rows)
    }

    /// The columns of Q that span those of A.
    pub fn basis(&self) -> Mat<f64> {
        self.columns(0, self.reduced.len() / self.rows)
    }

    fn columns(&self, first: usize, end: usize) -> Mat<f64> {
        let mut columns = Mat::zeros(self.rows, end - first);
        for at in 0..columns.ncols() {
            columns[(first + at, at)] = 1.0;
        }
        for (at, (vectors, triangle)) in self.panels.iter().enumerate().rev() {
            apply(vectors.as_ref(), triangle.as_ref(), columns.as_mut(), at * PANEL);
        }
        columns
    }
}

/// Reduces a panel's columns, from row `begin` on, and returns the vectors u and the scales of the I − scale · u uᵀ.
fn reflect_panel(panel: &mut [f64], rows: usize, begin: usize) -> (Mat<f64>, Vec<f64>) {
    let width = panel.len() / rows;
    let mut vectors = Mat::zeros(rows, width);
    let mut scales = Vec::with_capacity(width);
    for first in (0..width).step_by(PART) {
        let part = PART.min(width - first);
        let top = begin + first;
        let (columns, rest) = panel[first * rows..].split_at_mut(part * rows);
        let mut vectors = vectors.as_mut().subcols_mut(first, part);
        for at in 0..part {
            let (column, rest) = columns[at * rows..].split_at_mut(rows);
            scales.push(reflect(column, rest, vectors.as_mut().col_mut(at), top + at));
        }
        let triangle = triangle(vectors.as_ref(), &scales[first..], top);
        let rest = MatMut::from_column_major_slice_mut(rest, rows, width - first - part);
        apply(vectors.as_ref(), triangle.transpose(), rest, top);
    }
    (vectors, scales)
}

/// Clears a column below row `top`, carries the reflection out on the columns of `rest`, and returns its scale.
fn reflect(column: &mut [f64], rest: &mut [f64], vector: ColMut<'_, f64>, top: usize) -> f64 {
    let head = column[top];
    let tail = inner(&column[top + 1..], &column[top + 1..]);
    if tail == 0.0 {
        return 0.0;
    }
    let norm = (head * head + tail).sqrt();
    let scale = 1.0 / (norm * (norm + head.abs()));
    column[top] = head + norm.copysign(head);
    for other in rest.chunks_exact_mut(column.len()) {
        let share = inner(&column[top..], &other[top..]);
        add_scaled(&mut other[top..], -scale * share, &column[top..]);
    }
    for (element, &value) in vector.subrows_mut(top, column.len() - top).iter_mut().zip(&column[top..]) {
        *element = value;
    }
    column[top] = -norm.copysign(head);
    scale
}

/// T of a product of reflections, I − V T Vᵀ: upper triangular. V is 0 above row `begin`.
fn triangle(vectors: MatRef<'_, f64>, scales: &[f64], begin: usize) -> Mat<f64> {
    let width = scales.len();
    let vectors = vectors.subrows(begin, vectors.nrows() - begin);
    let mut products = Mat::zeros(width, width);
    multiply_add(products.as_mut(), 1.0, vectors.transpose(), vectors);
    let mut triangle = Mat::zeros(width, width);
    for (at, &scale) in scales.iter().enumerate() {
        triangle[(at, at)] = scale;
        for row in 0..at {
            let sum: f64 = (row..at).map(|k| triangle[(row, k)] * products[(k, at)]).sum();
            triangle[(row, at)] = -scale * sum;
        }
    }
    triangle
}

/// `x ← (I − V T Vᵀ) x`, where V is 0 above row `begin`.
fn apply(vectors: MatRef<'_, f64>, triangle: MatRef<'_, f64>, x: MatMut<'_, f64>, begin: usize) {
    if x.ncols() == 0 {
        return;
    }
    let length = vectors.nrows() - begin;
    let (vectors, x) = (vectors.subrows(begin, length), x.subrows_mut(begin, length));
    let mut shares = Mat::zeros(vectors.ncols(), x.ncols());
    multiply_add(shares.as_mut(), 1.0, vectors.transpose(), x.as_ref());
    let mut turned = Mat::zeros(vectors.ncols(), x.ncols());
    multiply_add(turned.as_mut(), 1.0, triangle, shares.as_ref());
    multiply_add(x, -1.0, vectors, turned.as_ref());
}
