//! Where a mean lies, where one more value would lie, and where a given value lies among ours.

use super::{describe, student};

/// Student's t interval of the mean: mean ∓ t·sd/√n. Not a number for fewer than two values.
pub fn t_interval(x: &[f64], level: f64) -> [f64; 2] {
    around(describe::mean(x), student::critical(level, x.len() as f64 - 1.0), describe::standard_error(x))
}

/// Prediction interval for one further value of the same normal population: mean ∓ t·sd·√(1 + 1/n).
///
/// Source: Geisser 1993, "Predictive inference"; as a test of replication, Patil, Peng and Leek 2016.
pub fn prediction_interval(x: &[f64], level: f64) -> [f64; 2] {
    let n = x.len() as f64;
    around(describe::mean(x), student::critical(level, n - 1.0), describe::sd(x) * (1.0 + 1.0 / n).sqrt())
}

/// centre ∓ factor·spread; the centre alone where the spread is 0, whatever the factor.
pub(super) fn around(centre: f64, factor: f64, spread: f64) -> [f64; 2] {
    if spread == 0.0 {
        return [centre, centre];
    }
    [centre - factor * spread, centre + factor * spread]
}

/// Share of `x` below `value`, ties half, in percent.
pub fn percentile_of(x: &[f64], value: f64) -> f64 {
    let below = x.iter().filter(|x| **x < value).count() as f64;
    let equal = x.iter().filter(|x| **x == value).count() as f64;
    100.0 * (below + 0.5 * equal) / x.len() as f64
}
