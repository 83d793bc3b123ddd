//! Wilcoxon's signed-rank test: are paired differences as often and as far above zero as below?
//!
//! Source: Wilcoxon 1945, "Individual comparisons by ranking methods"; choices as in SciPy. Ties that rounding broke
//! (58.1 − 57.0 is not 57.2 − 56.1) count as broken: give it integers, such as counts of correct answers.

use super::ranks::Ranks;
use super::special::normal_cdf;
use super::t_test::Alternative;

/// How the p-value is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Exact up to 50 pairs without ties and zeros, or 13 with them; the normal approximation beyond.
    Auto,
    /// The distribution for no ties and no zeros, whatever the data; a statistic between two of its steps is rounded so
    /// that p errs on the high side.
    Exact,
    /// The normal approximation, with or without a continuity correction of one half.
    Normal { correction: bool },
}

/// What becomes of differences that are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zeros {
    /// They are dropped before ranking, as Wilcoxon did.
    Drop,
    /// They are ranked along and then left out, as Pratt (1959) proposed.
    Pratt,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedRank {
    /// The lesser of the two rank sums; for one-sided alternatives the sum of the ranks of positive differences.
    pub statistic: f64,
    pub p: f64,
}

/// The test on paired differences `d`.
pub fn signed_rank(d: &[f64], alternative: Alternative, method: Method, zeros: Zeros) -> SignedRank {
    if d.is_empty() || d.iter().any(|d| d.is_nan()) {
        return SignedRank { statistic: f64::NAN, p: f64::NAN };
    }
    let kept: Vec<f64> = match zeros {
        Zeros::Drop => d.iter().copied().filter(|d| *d != 0.0).collect(),
        Zeros::Pratt => d.to_vec(),
    };
    let mut ranks = Ranks::of(&kept.iter().map(|d| d.abs()).collect::<Vec<_>>());
    let zero_count = d.iter().filter(|d| **d == 0.0).count();
    let sum_where = |wanted: fn(&f64) -> bool| -> f64 {
        ranks.ranks.iter().zip(&kept).filter(|(_, d)| wanted(d)).map(|(rank, _)| rank).sum()
    };
    let (plus, minus) = (sum_where(|d| *d > 0.0), sum_where(|d| *d < 0.0));
    let statistic = if alternative == Alternative::TwoSided { plus.min(minus) } else { plus };
    if plus + minus == 0.0 {
        return SignedRank { statistic, p: 1.0 };
    }

    let plain = !ranks.tied() && zero_count == 0;
    let tails = match method {
        Method::Exact => untied_tails(kept.len(), plus),
        Method::Auto if d.len() <= 50 && plain => untied_tails(kept.len(), plus),
        Method::Auto if d.len() <= 13 => {
            let nonzero: Vec<f64> =
                ranks.ranks.iter().zip(&kept).filter(|(_, d)| **d != 0.0).map(|(rank, _)| *rank).collect();
            subset_tails(&nonzero, 2.0 * plus, 2.0 * plus)
        }
        Method::Auto | Method::Normal { .. } => {
            let pratt_zeros = if zeros == Zeros::Pratt { zero_count } else { 0 };
            if pratt_zeros > 0 {
                // The zeros are the first group, and take no part in the variance.
                ranks.groups.remove(0);
            }
            let correction = method == Method::Normal { correction: true };
            let z = normal_score(plus, kept.len(), pratt_zeros, ranks.tie_sum(), alternative, correction);
            Tails { lower: normal_cdf(z), upper: normal_cdf(-z) }
        }
    };
    SignedRank { statistic, p: tails.p(alternative) }
}

/// The distance of the rank sum from its mean, in standard deviations.
fn normal_score(plus: f64, n: usize, zeros: usize, tie_sum: f64, alternative: Alternative, correction: bool) -> f64 {
    let (n, zeros) = (n as f64, zeros as f64);
    let mean = 0.25 * (n * (n + 1.0) - zeros * (zeros + 1.0));
    let steps = n * (n + 1.0) * (2.0 * n + 1.0) - zeros * (zeros + 1.0) * (2.0 * zeros + 1.0);
    let sd = ((steps - 0.5 * tie_sum) / 24.0).sqrt();
    let distance = plus - mean;
    let correction = match (correction, alternative) {
        (false, _) => 0.0,
        (true, Alternative::TwoSided) if distance == 0.0 => 0.0,
        (true, Alternative::TwoSided) => 0.5_f64.copysign(distance),
        (true, Alternative::Greater) => 0.5,
        (true, Alternative::Less) => -0.5,
    };
    (distance - correction) / sd
}

/// P(R⁺ ≤ observed) and P(R⁺ ≥ observed), both inclusive.
struct Tails {
    lower: f64,
    upper: f64,
}

impl Tails {
    fn p(&self, alternative: Alternative) -> f64 {
        match alternative {
            Alternative::TwoSided => (2.0 * self.lower.min(self.upper)).min(1.0),
            Alternative::Greater => self.upper,
            Alternative::Less => self.lower,
        }
    }
}

/// Tails for the ranks 1, 2, …, n. With ties `plus` may lie between two steps.
fn untied_tails(n: usize, plus: f64) -> Tails {
    let ranks: Vec<f64> = (1..=n).map(|rank| rank as f64).collect();
    subset_tails(&ranks, 2.0 * plus.ceil(), 2.0 * plus.floor())
}

/// Shares of all subsets of `ranks` whose doubled sum is at most `lower`, and at least `upper`.
///
/// Average ranks are halves, so doubled sums are whole numbers, and counting subsets by their sum is exact.
fn subset_tails(ranks: &[f64], lower: f64, upper: f64) -> Tails {
    let doubled: Vec<usize> = ranks.iter().map(|rank| (2.0 * rank) as usize).collect();
    let mut share = vec![0.0; doubled.iter().sum::<usize>() + 1];
    share[0] = 1.0;
    let mut reached = 0;
    for rank in doubled {
        reached += rank;
        for sum in (0..=reached).rev() {
            let with = if sum >= rank { share[sum - rank] } else { 0.0 };
            share[sum] = 0.5 * (share[sum] + with);
        }
    }
    let tail = |wanted: &dyn Fn(f64) -> bool| -> f64 {
        share.iter().enumerate().filter(|(sum, _)| wanted(*sum as f64)).map(|(_, share)| share).sum()
    };
    Tails { lower: tail(&|sum| sum <= lower), upper: tail(&|sum| sum >= upper) }
}
