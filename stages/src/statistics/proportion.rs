//! Intervals of a share, such as the share of correct answers of one run on a test part of n rows.

use super::special::{inverse_incomplete_beta, normal_quantile};

fn z(level: f64) -> f64 {
    -normal_quantile(0.5 * (1.0 - level))
}

/// Wilson's score interval. Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
pub fn wilson(count: u64, n: u64, level: f64) -> [f64; 2] {
    let (p, n, z) = (count as f64 / n as f64, n as f64, z(level));
    let scale = 1.0 + z * z / n;
    let centre = (p + z * z / (2.0 * n)) / scale;
    let half = z / scale * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    [(centre - half).max(0.0), (centre + half).min(1.0)]
}

/// Clopper and Pearson's interval: covers at least `level`, whatever the share. Source: Clopper and Pearson 1934.
pub fn clopper_pearson(count: u64, n: u64, level: f64) -> [f64; 2] {
    let tail = 0.5 * (1.0 - level);
    let (hits, misses) = (count as f64, (n - count.min(n)) as f64);
    let low = if count == 0 { 0.0 } else { inverse_incomplete_beta(hits, misses + 1.0, tail) };
    let high = if misses == 0.0 { 1.0 } else { 1.0 - inverse_incomplete_beta(misses, hits + 1.0, tail) };
    [low, high]
}

/// Agresti and Coull's interval: the simple one after z²/2 more hits and as many misses. Source: Agresti and Coull 1998.
pub fn agresti_coull(count: u64, n: u64, level: f64) -> [f64; 2] {
    let z = z(level);
    let n = n as f64 + z * z;
    let p = (count as f64 + 0.5 * z * z) / n;
    let half = z * (p * (1.0 - p) / n).sqrt();
    [(p - half).max(0.0), (p + half).min(1.0)]
}
