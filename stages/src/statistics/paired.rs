//! Everything that a verdict on paired differences rests on.

use super::t_test::{self, Alternative};
use super::{describe, effect, sign_flip};

/// Spread below this share of the differences, or of the margin, is the rounding of numbers that were meant to be the same.
const ROUNDING: f64 = 1e-9;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    pub mean: f64,
    /// Student's t interval of the mean.
    pub interval: [f64; 2],
    /// Against a mean of 0, two-sided.
    pub p_difference: f64,
    /// Exact, two-sided; none above 40 differences.
    pub p_sign_flip: Option<f64>,
    /// Against a mean beyond ±margin, by two one-sided tests; none without a margin.
    pub p_equivalence: Option<f64>,
    /// Mean over standard deviation; none without spread.
    pub dz: Option<f64>,
}

impl Paired {
    /// Of two differences or more, all finite; the interval at `level`.
    ///
    /// By t-tests. Differences that are all the same have no spread to measure their mean by, and t would be infinite; what n
    /// signs say is all that is known then: 2/2ⁿ, and 1/2ⁿ against each side of the margin. All zero, they say nothing against
    /// chance.
    pub fn of(d: &[f64], margin: Option<f64>, level: f64) -> Self {
        let mean = describe::mean(d);
        let test = t_test::paired(d, Alternative::TwoSided, level);
        let size = d.iter().fold(margin.unwrap_or(0.0), |size, x| size.max(x.abs()));
        let same = d.iter().all(|x| (x - d[0]).abs() <= ROUNDING * size);
        let signs = libm::exp2(-(d.len() as f64));
        let p_difference = match same {
            true if mean.abs() <= ROUNDING * size => 1.0,
            true => 2.0 * signs,
            false => test.p,
        };
        let p_equivalence = |margin: f64| match same {
            true if mean.abs() < margin => signs,
            true => 1.0,
            false => t_test::paired_equivalence(d, margin).p,
        };
        Self {
            mean,
            interval: test.interval,
            p_difference,
            p_sign_flip: sign_flip::sign_flip(d).map(|test| test.two_sided),
            p_equivalence: margin.map(p_equivalence),
            dz: Some(effect::dz(d)).filter(|dz| dz.is_finite()),
        }
    }
}
