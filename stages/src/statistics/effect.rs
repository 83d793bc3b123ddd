//! How large a difference is, in units of spread or as a chance.

use super::describe;

/// Mean over standard deviation of paired differences. Not a number where there is no spread.
pub fn dz(d: &[f64]) -> f64 {
    ratio(describe::mean(d), describe::sd(d))
}

/// Cohen's d: difference of the means over the pooled standard deviation. Source: Cohen 1988.
pub fn cohen_d(x: &[f64], y: &[f64]) -> f64 {
    let (n, m) = (x.len() as f64, y.len() as f64);
    let pooled = ((n - 1.0) * describe::variance(x) + (m - 1.0) * describe::variance(y)) / (n + m - 2.0);
    ratio(describe::mean(x) - describe::mean(y), pooled.sqrt())
}

/// Hedges' g: Cohen's d less its bias in small samples, by the factor 1 − 3/(4(n + m) − 9). Source: Hedges 1981.
pub fn hedges_g(x: &[f64], y: &[f64]) -> f64 {
    cohen_d(x, y) * (1.0 - 3.0 / (4.0 * (x.len() + y.len()) as f64 - 9.0))
}

fn ratio(difference: f64, spread: f64) -> f64 {
    if spread == 0.0 { f64::NAN } else { difference / spread }
}

/// Cliff's delta: P(x > y) − P(x < y) over all pairs of one of `x` and one of `y`. Source: Cliff 1993.
pub fn cliff_delta(x: &[f64], y: &[f64]) -> f64 {
    let mut balance = 0_i64;
    for x in x {
        for y in y {
            match x.partial_cmp(y) {
                Some(order) => balance += order as i64,
                None => return f64::NAN,
            }
        }
    }
    balance as f64 / (x.len() * y.len()) as f64
}

/// The chance that a value of `x` exceeds one of `y`, ties half. Source: Agarwal et al. 2021.
pub fn probability_of_improvement(x: &[f64], y: &[f64]) -> f64 {
    0.5 * (1.0 + cliff_delta(x, y))
}
