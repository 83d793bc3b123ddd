//! McNemar's test: two classifiers on the same rows differ only where one is right and the other wrong.
//!
//! Source: McNemar 1947; for learning algorithms, Dietterich 1998.

use super::special::incomplete_beta;

/// Exact two-sided p from the counts of rows that only the one, and only the other, got right.
pub fn exact(only_first: u64, only_second: u64) -> f64 {
    let fewer = only_first.min(only_second) as f64;
    let both = (only_first + only_second) as f64;
    if only_first == only_second {
        return 1.0;
    }
    // P(Bin(n, ½) ≤ k) = I_½(n − k, k + 1).
    (2.0 * incomplete_beta(both - fewer, fewer + 1.0, 0.5, 0.5)).min(1.0)
}

/// Edwards' continuity-corrected χ² statistic and its p; not a number where no row differs.
pub fn chi_squared(only_first: u64, only_second: u64) -> (f64, f64) {
    if only_first + only_second == 0 {
        return (f64::NAN, f64::NAN);
    }
    let distance = only_first.abs_diff(only_second) as f64 - 1.0;
    let statistic = distance * distance / (only_first + only_second) as f64;
    // χ² with one degree of freedom is the square of a normal.
    (statistic, libm::erfc((0.5 * statistic).sqrt()))
}
