//! All singular values of a square matrix in double precision, each right to rounding, relative to the largest.
//!
//! Reflections from both sides leave two diagonals (Golub and Kahan 1965). With these as the elements beside a diagonal of
//! zeros, by turns, a tridiagonal matrix of twice the order has the eigenvalues ±σ, which are counted (`sturm`): squares,
//! which would halve the figures of small values, are nowhere taken.

use pulp::{Simd, WithSimd};

use super::lanes::{LANES, Lanes, add_multiple, dot, flat, flat_mut, lanes_for, on_this_processor};
use super::sturm;

/// The singular values, in descending order, of the square matrix of this order with these elements, which are finite.
pub fn singular_values(order: usize, element: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    if order == 0 {
        return Vec::new();
    }
    let width = lanes_for(order);
    let mut rows = vec![Lanes::ZERO; order * width];
    for (i, row) in rows.chunks_exact_mut(width).enumerate() {
        for (j, place) in flat_mut(row)[..order].iter_mut().enumerate() {
            *place = element(i, j);
        }
    }
    let mut beside = vec![0.0; 2 * order - 1];
    on_this_processor(Reduce { rows: &mut rows, order, beside: &mut beside });
    // No row of the tridiagonal matrix may have a sum above 1.
    let mut scale: f64 = 0.0;
    for (at, element) in beside.iter().enumerate() {
        scale = scale.max(element.abs() + beside.get(at + 1).map_or(0.0, |next| next.abs()));
    }
    if scale > 0.0 {
        beside.iter_mut().for_each(|element| *element /= scale);
    }
    let mut values = vec![0.0; order];
    sturm::largest(&vec![0.0; 2 * order], &beside, &mut values);
    values.into_iter().map(|value| (scale * value).max(0.0)).collect()
}

struct Reduce<'a> {
    /// Row by row.
    rows: &'a mut [Lanes],
    order: usize,
    /// Where the two diagonals go, by turns.
    beside: &'a mut [f64],
}

impl WithSimd for Reduce<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { rows, order, beside } = self;
        let width = lanes_for(order);
        let (mut column, mut row) = (vec![0.0; order], vec![Lanes::ZERO; width]);
        for at in 0..order {
            // Clears the column below its diagonal element.
            for (element, row) in column[at..].iter_mut().zip(rows[at * width..].chunks_exact(width)) {
                *element = flat(row)[at];
            }
            let (value, scale) = reflection(&mut column[at..]);
            beside[2 * at] = value;
            if at + 1 == order {
                break;
            }
            let first = (at + 1) / LANES;
            row.fill(Lanes::ZERO);
            for (&share, line) in column[at..].iter().zip(rows[at * width..].chunks_exact(width)) {
                add_multiple(simd, &mut row[first..], share, &line[first..]);
            }
            for (&share, line) in column[at..].iter().zip(rows[at * width..].chunks_exact_mut(width)) {
                add_multiple(simd, &mut line[first..], -scale * share, &row[first..]);
            }
            // Clears the row beyond the element beside the diagonal.
            let (line, below) = rows[at * width..].split_at_mut(width);
            let line = &mut line[first..];
            flat_mut(line)[..(at + 1) % LANES].fill(0.0);
            let end = order - first * LANES;
            let (value, scale) = reflection(&mut flat_mut(line)[(at + 1) % LANES..end]);
            beside[2 * at + 1] = value;
            for other in below.chunks_exact_mut(width) {
                let share = dot(simd, line, &other[first..]);
                add_multiple(simd, &mut other[first..], -scale * share, line);
            }
        }
    }
}

/// Makes of `x` the u of the reflection I − scale · u uᵀ that leaves of it only the first element; returns that and scale.
#[inline(always)]
fn reflection(x: &mut [f64]) -> (f64, f64) {
    let head = x[0];
    let tail: f64 = x[1..].iter().map(|element| element * element).sum();
    if tail == 0.0 {
        x.fill(0.0);
        return (head, 0.0);
    }
    let norm = (head * head + tail).sqrt();
    x[0] = head + norm.copysign(head);
    (-norm.copysign(head), 1.0 / (norm * (norm + head.abs())))
}
