//! Student's t-tests: paired, Welch's for two independent samples, and two one-sided tests of equivalence.

use super::describe;
use super::interval::around;
use super::student;

/// Which side of zero the true difference is suspected on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alternative {
    TwoSided,
    Greater,
    Less,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TTest {
    pub t: f64,
    pub p: f64,
    pub df: f64,
    /// Of the difference, at the level asked for; one-sided alternatives are open on the other side.
    pub interval: [f64; 2],
}

/// Paired t-test on the differences `d` = x − y.
///
/// Without spread, t is ±∞ and p is 0; without spread and difference, both are not a number.
pub fn paired(d: &[f64], alternative: Alternative, level: f64) -> TTest {
    let df = d.len() as f64 - 1.0;
    test(describe::mean(d), describe::standard_error(d), df, alternative, level)
}

/// Welch's t-test of two independent samples, with Satterthwaite's degrees of freedom.
///
/// Source: Welch 1947, "The generalization of Student's problem when several different population variances are involved".
pub fn welch(x: &[f64], y: &[f64], alternative: Alternative, level: f64) -> TTest {
    let (difference, error, df) = welch_parts(x, y);
    test(difference, error, df, alternative, level)
}

fn welch_parts(x: &[f64], y: &[f64]) -> (f64, f64, f64) {
    let (n, m) = (x.len() as f64, y.len() as f64);
    let (vx, vy) = (describe::variance(x) / n, describe::variance(y) / m);
    let df = (vx + vy) * (vx + vy) / (vx * vx / (n - 1.0) + vy * vy / (m - 1.0));
    (describe::mean(x) - describe::mean(y), (vx + vy).sqrt(), df)
}

fn test(difference: f64, error: f64, df: f64, alternative: Alternative, level: f64) -> TTest {
    let t = difference / error;
    if t.is_nan() {
        // 0/0 still knows its interval; NaN in the data leaves nothing known.
        let interval = around(difference, f64::NAN, error);
        let df = if difference.is_nan() || error.is_nan() { f64::NAN } else { df };
        return TTest { t, p: f64::NAN, df, interval };
    }
    let one_sided = || student::upper_critical(1.0 - level, df);
    let (p, interval) = match alternative {
        Alternative::TwoSided => (student::two_sided(t, df), around(difference, student::critical(level, df), error)),
        Alternative::Greater => (student::upper(t, df), [around(difference, one_sided(), error)[0], f64::INFINITY]),
        Alternative::Less => (student::upper(-t, df), [f64::NEG_INFINITY, around(difference, one_sided(), error)[1]]),
    };
    TTest { t, p, df, interval }
}

/// Two one-sided tests: is the true difference inside ±`margin`?
///
/// Source: Schuirmann 1987; Lakens 2017, "Equivalence tests: a practical primer".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Equivalence {
    /// The test that the difference lies above −margin.
    pub t_above: f64,
    pub p_above: f64,
    /// The test that the difference lies below +margin.
    pub t_below: f64,
    pub p_below: f64,
    /// The greater of the two: both must reject.
    pub p: f64,
}

/// Equivalence of paired samples, from their differences.
pub fn paired_equivalence(d: &[f64], margin: f64) -> Equivalence {
    let df = d.len() as f64 - 1.0;
    equivalence(describe::mean(d), describe::standard_error(d), df, margin)
}

/// Equivalence of independent samples, in Welch's form.
pub fn welch_equivalence(x: &[f64], y: &[f64], margin: f64) -> Equivalence {
    let (difference, error, df) = welch_parts(x, y);
    equivalence(difference, error, df, margin)
}

fn equivalence(difference: f64, error: f64, df: f64, margin: f64) -> Equivalence {
    let t_above = (difference + margin) / error;
    let t_below = (difference - margin) / error;
    let (p_above, p_below) = (student::upper(t_above, df), student::upper(-t_below, df));
    let p = if p_above.is_nan() || p_below.is_nan() { f64::NAN } else { p_above.max(p_below) };
    Equivalence { t_above, p_above, t_below, p_below, p }
}
