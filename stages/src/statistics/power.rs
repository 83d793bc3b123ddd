//! What a paired comparison of n seeds can find, and how many seeds a decision needs.
//!
//! Given the ratio s of the sample's standard deviation to the true one, the mean of n differences is normal and
//! independent of s, so every chance here is an integral over s of normal probabilities: no series, no approximation.

use super::special::{bisect, normal_cdf};
use super::student;
use super::t_test::Alternative;

/// Power of the paired t-test at level `alpha` with `n` pairs (2 or more; it need not be whole) when the true
/// differences have mean over standard deviation `dz`. Source: Cohen 1988; the noncentral t distribution.
pub fn paired_t_power(dz: f64, n: f64, alpha: f64, alternative: Alternative) -> f64 {
    if n.is_nan() || n < 2.0 || dz.is_nan() {
        return f64::NAN;
    }
    let df = n - 1.0;
    let shift = match alternative {
        Alternative::Less => -dz * n.sqrt(),
        _ => dz * n.sqrt(),
    };
    match alternative {
        Alternative::TwoSided => {
            let critical = student::critical(1.0 - alpha, df);
            let breaks = [crossings(critical, shift), crossings(critical, -shift)].concat();
            over_spread(df, &breaks, |s| normal_cdf(shift - critical * s) + normal_cdf(-shift - critical * s))
        }
        Alternative::Greater | Alternative::Less => {
            let critical = student::upper_critical(alpha, df);
            over_spread(df, &crossings(critical, shift), |s| normal_cdf(shift - critical * s))
        }
    }
}

/// The number of pairs, not rounded, with which [`paired_t_power`] reaches `power`; at least 2. None if even
/// `most` pairs do not.
pub fn pairs_for_power(dz: f64, alpha: f64, power: f64, alternative: Alternative, most: usize) -> Option<f64> {
    let reaches = |n: f64| paired_t_power(dz, n, alpha, alternative) >= power;
    if reaches(2.0) {
        return Some(2.0);
    }
    if !reaches(most as f64) {
        return None;
    }
    Some(bisect(2.0, most as f64, |n| !reaches(n)))
}

/// An undecided comparison, taken at its word: what if the true mean and spread of the paired differences are those seen?
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    pub mean: f64,
    pub sd: f64,
    /// Differences up to ±margin count as none.
    pub margin: f64,
    /// Level of the two-sided test for a difference.
    pub alpha_difference: f64,
    /// Level of each of the two one-sided tests for equivalence.
    pub alpha_equivalence: f64,
}

impl Outlook {
    /// The chance that `n` pairs decide: that they find a difference, or that there is none that matters.
    pub fn decision_power(&self, n: usize) -> f64 {
        if n < 2 {
            return 0.0;
        }
        let df = n as f64 - 1.0;
        let error = self.sd / (n as f64).sqrt();
        // In units of the standard error: the mean, the margin, and the two critical values.
        let (mean, margin) = (self.mean / error, self.margin / error);
        let difference = student::critical(1.0 - self.alpha_difference, df);
        let equivalence = student::upper_critical(self.alpha_equivalence, df);
        // Beyond ±(difference·s) there is a difference; within ±(margin − equivalence·s) there is none.
        let mut breaks = vec![margin / (difference + equivalence), margin / equivalence];
        for mean in [mean, -mean] {
            breaks.extend(crossings(difference, mean));
            breaks.extend(crossings(equivalence, margin + mean));
        }
        over_spread(df, &breaks, |s| {
            let (far, near) = (difference * s, margin - equivalence * s);
            if near >= far {
                return 1.0;
            }
            let beyond = normal_cdf(mean - far) + normal_cdf(-mean - far);
            let within = if near > 0.0 { normal_cdf(near - mean) - normal_cdf(-near - mean) } else { 0.0 };
            beyond + within
        })
    }

    /// The fewest pairs, more than `now`, that decide with chance `power`; none if more than `most` are needed.
    pub fn pairs_to_decide(&self, power: f64, now: usize, most: usize) -> Option<usize> {
        if !(self.sd > 0.0 && self.sd.is_finite() && self.mean.is_finite()) {
            return None;
        }
        let decides = |n: usize| self.decision_power(n) >= power;
        let (mut low, mut high) = (now, now + 1);
        while !decides(high) {
            if high >= most {
                return None;
            }
            low = high;
            high = (2 * high).min(most);
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if decides(middle) { high = middle } else { low = middle }
        }
        Some(high)
    }
}

/// Around which s a normal probability Φ(shift − slope·s) falls from 1 to 0: its middle and where it has all but ended.
fn crossings(slope: f64, shift: f64) -> Vec<f64> {
    [-8.0, 0.0, 8.0].iter().map(|deviation| (shift + deviation) / slope).collect()
}

/// Mean of `f` over s = √(χ²/df), the ratio of a sample's standard deviation to the true one.
///
/// Gauss and Legendre's rule in panels of one standard deviation of s or less, with the panels cut where `f` bends.
fn over_spread(df: f64, breaks: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    const PANELS: usize = 24;
    let reach = 12.0 / (2.0 * df).sqrt();
    let (low, high) = ((1.0 - reach).max(0.0), 1.0 + reach);
    let mut cuts: Vec<f64> = breaks.iter().copied().filter(|s| *s > low && *s < high).collect();
    cuts.extend([low, high]);
    cuts.sort_by(f64::total_cmp);

    // ln 2 + (df/2)·ln(df/2) − ln Γ(df/2)
    let ln_scale = std::f64::consts::LN_2 + 0.5 * df * libm::log(0.5 * df) - libm::lgamma(0.5 * df);
    let density = |s: f64| libm::exp(ln_scale + (df - 1.0) * libm::log(s) - 0.5 * df * s * s);

    let rule = gauss_legendre();
    let mut mean = 0.0;
    for pair in cuts.windows(2) {
        let half = 0.5 * (pair[1] - pair[0]) / PANELS as f64;
        for panel in 0..PANELS {
            let middle = pair[0] + (2 * panel + 1) as f64 * half;
            for (node, weight) in &rule {
                let s = middle + half * node;
                mean += half * weight * density(s) * f(s);
            }
        }
    }
    mean
}

const NODES: usize = 16;

/// Nodes and weights of the 16-point rule on [−1, 1]: roots of a Legendre polynomial, by Newton's method.
fn gauss_legendre() -> [(f64, f64); NODES] {
    let n = NODES as f64;
    let mut rule = [(0.0, 0.0); NODES];
    for (index, node) in rule.iter_mut().enumerate() {
        let mut x = libm::cos(std::f64::consts::PI * (index as f64 + 0.75) / (n + 0.5));
        let mut slope = 0.0;
        for _ in 0..10 {
            // p, previous = P_k(x), P_{k−1}(x) by Bonnet's recursion.
            let (mut p, mut previous) = (x, 1.0);
            for k in 2..=NODES {
                let k = k as f64;
                (p, previous) = (((2.0 * k - 1.0) * x * p - (k - 1.0) * previous) / k, p);
            }
            slope = n * (x * p - previous) / (x * x - 1.0);
            x -= p / slope;
        }
        *node = (x, 2.0 / ((1.0 - x * x) * slope * slope));
    }
    rule
}
