//! What a sample looks like: mean, standard deviation, quantiles.

use super::selection::partition;

/// Sum by pairs, in NumPy's order: the rounding error grows with ln n, and a mean equals NumPy's to the bit.
///
/// Fewer than 8 terms are added one by one; up to 128 in eight running sums; more are split in two at a multiple of 8.
pub fn sum(x: &[f64]) -> f64 {
    match x.len() {
        0..8 => x.iter().fold(0.0, |sum, x| sum + x),
        8..=128 => {
            let (blocks, rest) = x.as_chunks::<8>();
            let mut r = blocks[0];
            for block in &blocks[1..] {
                for (r, x) in r.iter_mut().zip(block) {
                    *r += x;
                }
            }
            let joined = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
            rest.iter().fold(joined, |sum, x| sum + x)
        }
        n => {
            let half = n / 2;
            let (left, right) = x.split_at(half - half % 8);
            sum(left) + sum(right)
        }
    }
}

/// Arithmetic mean; not a number for no data.
pub fn mean(x: &[f64]) -> f64 {
    sum(x) / x.len() as f64
}

/// Standard deviation with divisor n − 1, in two passes; not a number for fewer than two values.
pub fn sd(x: &[f64]) -> f64 {
    if x.len() < 2 {
        return f64::NAN;
    }
    variance(x).sqrt()
}

/// Square of [`sd`].
pub fn variance(x: &[f64]) -> f64 {
    if x.len() < 2 {
        return f64::NAN;
    }
    squared_deviations(x) / (x.len() - 1) as f64
}

/// Standard deviation with divisor n: of a distribution that is known whole.
pub fn population_sd(x: &[f64]) -> f64 {
    (squared_deviations(x) / x.len() as f64).sqrt()
}

fn squared_deviations(x: &[f64]) -> f64 {
    let mean = mean(x);
    let squares: Vec<f64> = x.iter().map(|x| (x - mean) * (x - mean)).collect();
    sum(&squares)
}

/// Standard error of the mean: sd / √n.
pub fn standard_error(x: &[f64]) -> f64 {
    sd(x) / (x.len() as f64).sqrt()
}

/// `x − y`, value by value; not a number throughout where the lengths differ.
pub fn differences(x: &[f64], y: &[f64]) -> Vec<f64> {
    if x.len() != y.len() {
        return vec![f64::NAN; x.len()];
    }
    x.iter().zip(y).map(|(x, y)| x - y).collect()
}

/// The q-quantile (0 ≤ q ≤ 1) by linear interpolation at position (n − 1)·q between sorted values (R's type 7).
pub fn quantile(x: &[f64], q: f64) -> f64 {
    quantile_sorted(&sorted(x), q)
}

/// [`quantile`] of values that are sorted already.
pub fn quantile_sorted(sorted: &[f64], q: f64) -> f64 {
    // Sorting by `total_cmp` puts NaN at the ends.
    let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else { return f64::NAN };
    if first.is_nan() || last.is_nan() || !(0.0..=1.0).contains(&q) {
        return f64::NAN;
    }
    let position = (sorted.len() - 1) as f64 * q;
    let below = position as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let (low, high, share) = (sorted[below], sorted[above], position - below as f64);
    // Interpolating from the nearer end never oversteps it.
    if share < 0.5 { low + (high - low) * share } else { high - (high - low) * (1.0 - share) }
}

/// Middle value, or mean of the two middle values.
pub fn median(x: &[f64]) -> f64 {
    let sorted = sorted(x);
    let n = sorted.len();
    match (sorted.first(), sorted.last()) {
        (Some(first), Some(last)) if !first.is_nan() && !last.is_nan() => mean(&sorted[(n - 1) / 2..=n / 2]),
        _ => f64::NAN,
    }
}

/// Interquartile mean: the mean without the lowest and the highest ⌊n/4⌋ values.
///
/// Source: Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice".
pub fn interquartile_mean(x: &[f64]) -> f64 {
    if x.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let (cut, mut x) = (x.len() / 4, x.to_vec());
    let end = x.len() - cut;
    partition(&mut x, &[cut, end.saturating_sub(1)]);
    mean(&x[cut..end])
}

/// The values from low to high; −0 before +0, NaN at the ends.
pub fn sorted(x: &[f64]) -> Vec<f64> {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}
