//! The special functions under the distributions: incomplete beta function, normal distribution.

use std::f64::consts::{PI, SQRT_2};

/// Regularised incomplete beta function I_x(a, b), for a, b > 0 and 0 ≤ x ≤ 1; `y` is 1 − x.
///
/// The caller gives both, since one of them is often known better than the difference from 1. Relative error is about
/// 1e-14 as long as a and b stay under a thousand. Source: DLMF 8.17.22, the continued fraction, evaluated by Lentz's
/// method as Thompson and Barnett (1986) modified it.
pub fn incomplete_beta(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() || !(a > 0.0 && b > 0.0) {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    // The fraction converges fast only on this side of the mean; the other follows by symmetry.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, y, x);
    }
    let ln_front = a * libm::log(x) + b * libm::log(y) - ln_beta(a, b);
    libm::exp(ln_front) / (a * beta_fraction(a, b, x))
}

/// The continued fraction 1 + d₁/(1 + d₂/(1 + …)) of DLMF 8.17.22.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    // About √max(a, b) terms are needed; the bound only keeps a loop from running forever.
    const MOST_TERMS: u32 = 1_000_000;
    let mut value = 1.0;
    let mut numerator = 1.0;
    let mut denominator = 0.0;
    for term in 1..MOST_TERMS {
        let m = f64::from(term / 2);
        let d = if term % 2 == 0 {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        denominator = 1.0 + d * denominator;
        if denominator.abs() < TINY {
            denominator = TINY;
        }
        denominator = 1.0 / denominator;
        numerator = 1.0 + d / numerator;
        if numerator.abs() < TINY {
            numerator = TINY;
        }
        let factor = numerator * denominator;
        value *= factor;
        if (factor - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}

/// ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b).
pub fn ln_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

/// The x with I_x(a, b) = p: the p-quantile of the beta distribution, by bisection to the last bit.
pub fn inverse_incomplete_beta(a: f64, b: f64, p: f64) -> f64 {
    if p.is_nan() || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    bisect(0.0, 1.0, |x| incomplete_beta(a, b, x, 1.0 - x) < p)
}

/// The point between `low` and `high` where `below` turns from true to false, to the last bit.
pub fn bisect(mut low: f64, mut high: f64, below: impl Fn(f64) -> bool) -> f64 {
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return middle;
        }
        if below(middle) { low = middle } else { high = middle }
    }
}

/// Standard normal distribution function Φ(z), accurate in both tails.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// Standard normal density φ(z).
pub fn normal_density(z: f64) -> f64 {
    libm::exp(-0.5 * z * z) / (2.0 * PI).sqrt()
}

/// Φ⁻¹(p): ∓∞ at 0 and 1, not a number outside.
///
/// A rational approximation (Abramowitz and Stegun 26.2.23, error under 4.5e-4) made exact by Newton steps on the
/// logarithm of the tail, which is nearly a parabola, so a few steps do.
pub fn normal_quantile(p: f64) -> f64 {
    if p > 0.5 {
        // 1 − p is exact here.
        return -normal_quantile(1.0 - p);
    }
    if p.is_nan() || p < 0.0 {
        return f64::NAN;
    }
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    let t = (-2.0 * libm::log(p)).sqrt();
    let numerator = 2.515517 + t * (0.802853 + t * 0.010328);
    let denominator = 1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308));
    let mut z = numerator / denominator - t;
    for _ in 0..4 {
        let tail = normal_cdf(z);
        z -= libm::log(tail / p) * tail / normal_density(z);
    }
    z
}
