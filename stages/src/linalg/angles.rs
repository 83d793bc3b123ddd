//! The principal angles between the column spaces of two matrices, through their orthogonal complements.
//!
//! Of two n-dimensional subspaces of R^m, the angles that are not 0 are those between their complements (Knyazev and
//! Argentati 2002), of which there are m − n: fewer, where n > m/2. With orthonormal bases Qₐ and Q_b of the complements
//! the cosines are the singular values of QₐᵀQ_b and the sines those of Q_b − Qₐ(QₐᵀQ_b); each angle is taken from
//! the smaller of the two, which has the more figures (Björck and Golub 1973).

use faer::{Mat, MatRef};

use super::bidiagonal::singular_values;
use super::complement::Reflections;
use super::elimination::complement;
use super::product::multiply_add;

/// The angles in radians, in descending order, between the column spaces of two matrices (m × n) of full rank: the
/// largest min(n, m − n). The others, up to n, are 0.
pub fn principal_angles(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Vec<f64> {
    let (rows, columns) = a.shape();
    let count = columns.min(rows.saturating_sub(columns));
    if count == 0 {
        return Vec::new();
    }
    let (a, b) = (complement(a), complement(b));
    let mut shared = Mat::zeros(a.ncols(), b.ncols());
    multiply_add(shared.as_mut(), 1.0, a.transpose(), b.as_ref());
    let mut rest = b;
    multiply_add(rest.as_mut(), -1.0, a.as_ref(), shared.as_ref());
    let triangular = Reflections::of(rest.as_ref());
    let mut sines = singular_values(shared.nrows(), |i, j| triangular.triangular(i, j));
    let mut cosines = singular_values(shared.nrows(), |i, j| shared[(i, j)]);
    cosines.reverse();
    sines.truncate(count);
    sines
        .iter()
        .zip(cosines)
        .map(|(&sine, cosine)| if sine < cosine { sine.asin() } else { cosine.min(1.0).acos() })
        .collect()
}
