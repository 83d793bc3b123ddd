//! The polar factor by one-sided Jacobi rotations in double precision: slow, and sure for every matrix.
//!
//! Hestenes (1958): rotate pairs of columns until all are orthogonal. Then A·J = UΣ, so A = (UJᵀ)(JΣJᵀ), and UJᵀ is the
//! polar factor. Small singular values come out with small relative errors (Demmel and Veselić 1992).

use super::product::inner;
use super::simd::vectorised;

/// Columns whose cosine is below this count as orthogonal.
const ORTHOGONAL: f64 = 1e-15;

/// More sweeps than any matrix has been seen to need.
const MOST_SWEEPS: usize = 60;

/// Replaces the columns by those of their polar factor. Directions whose singular value is at most `least` are left
/// out (made 0 instead of 1), since rounding decides where they point.
pub fn polar_factor(columns: &mut [Vec<f64>], least: f64) {
    let count = columns.len();
    let mut rotation: Vec<Vec<f64>> = (0..count).map(|at| unit(count, at)).collect();
    for _ in 0..MOST_SWEEPS {
        let mut rotated = false;
        for p in 0..count {
            for q in p + 1..count {
                rotated |= rotate(columns, &mut rotation, p, q);
            }
        }
        if !rotated {
            break;
        }
    }
    for column in &mut *columns {
        let value = inner(column, column).sqrt();
        let scale = if value > least { 1.0 / value } else { 0.0 };
        column.iter_mut().for_each(|element| *element *= scale);
    }
    // U and J are there; (UJᵀ) row by row.
    let mut row = vec![0.0; count];
    for at in 0..columns.first().map_or(0, Vec::len) {
        for (k, element) in row.iter_mut().enumerate() {
            *element = (0..count).map(|j| columns[j][at] * rotation[j][k]).sum();
        }
        for (column, &element) in columns.iter_mut().zip(&row) {
            column[at] = element;
        }
    }
}

fn unit(length: usize, at: usize) -> Vec<f64> {
    let mut unit = vec![0.0; length];
    unit[at] = 1.0;
    unit
}

/// Makes columns p < q orthogonal, unless they are.
fn rotate(columns: &mut [Vec<f64>], rotation: &mut [Vec<f64>], p: usize, q: usize) -> bool {
    let (first, second) = (&columns[p], &columns[q]);
    let (alpha, beta, gamma) = (inner(first, first), inner(second, second), inner(first, second));
    if gamma.abs() <= ORTHOGONAL * (alpha * beta).sqrt() {
        return false;
    }
    let zeta = (beta - alpha) / (2.0 * gamma);
    let tangent = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
    let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
    for matrix in [columns, rotation] {
        let (head, tail) = matrix.split_at_mut(q);
        turn(&mut head[p], &mut tail[0], cosine, cosine * tangent);
    }
    true
}

fn turn(first: &mut [f64], second: &mut [f64], cosine: f64, sine: f64) {
    vectorised(
        #[inline(always)]
        || {
            for (first, second) in first.iter_mut().zip(second) {
                (*first, *second) = (cosine * *first - sine * *second, sine * *first + cosine * *second);
            }
        },
    );
}
