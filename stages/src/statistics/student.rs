//! Student's t distribution.

use super::special::{incomplete_beta, ln_beta, normal_quantile};

/// P(|T| ≥ |t|) with `df` degrees of freedom, accurate for the smallest p.
pub fn two_sided(t: f64, df: f64) -> f64 {
    let square = t * t;
    if square.is_infinite() {
        return if df > 0.0 { 0.0 } else { f64::NAN };
    }
    incomplete_beta(0.5 * df, 0.5, df / (df + square), square / (df + square))
}

/// P(T ≥ t).
pub fn upper(t: f64, df: f64) -> f64 {
    let half = 0.5 * two_sided(t, df);
    if t < 0.0 { 1.0 - half } else { half }
}

/// The t ≥ 0 with P(|T| ≤ t) = `level`: what an interval of that level is made with.
pub fn critical(level: f64, df: f64) -> f64 {
    if !(0.0..1.0).contains(&level) || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    upper_critical(0.5 * (1.0 - level), df)
}

/// The t with P(T ≥ t) = `tail`, for 0 < `tail` < 1.
///
/// Newton's method from the normal quantile, which lies below: the tail is convex, so the steps rise to the root and
/// never pass it.
pub fn upper_critical(tail: f64, df: f64) -> f64 {
    if !(tail > 0.0 && tail < 1.0 && df > 0.0) {
        return f64::NAN;
    }
    if tail >= 0.5 {
        return if tail == 0.5 { 0.0 } else { -upper_critical(1.0 - tail, df) };
    }
    let mut t = -normal_quantile(tail);
    for _ in 0..2000 {
        let step = (upper(t, df) - tail) / density(t, df);
        t += step;
        if step.abs() <= 1e-13 * t.abs() {
            break;
        }
    }
    t
}

fn density(t: f64, df: f64) -> f64 {
    let ln = -0.5 * (df + 1.0) * libm::log1p(t * t / df) - 0.5 * libm::log(df) - ln_beta(0.5 * df, 0.5);
    libm::exp(ln)
}
