//! Mann and Whitney's U test: does a value of one sample exceed one of the other more often than not?
//!
//! Source: Mann and Whitney 1947, "On a test of whether one of two random variables is stochastically larger than the
//! other"; choices as in SciPy.

use super::ranks::Ranks;
use super::special::normal_cdf;
use super::t_test::Alternative;

/// How the p-value is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Exact if a sample has at most 8 values and nothing is tied; else the normal approximation with continuity.
    Auto,
    /// The distribution for no ties, whatever the data.
    Exact,
    Normal {
        continuity: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankSum {
    /// The number of pairs in which `x` is greater, ties half.
    pub u1: f64,
    pub p: f64,
}

/// The test on two independent samples.
pub fn rank_sum(x: &[f64], y: &[f64], alternative: Alternative, method: Method) -> RankSum {
    if x.is_empty() || y.is_empty() || x.iter().chain(y).any(|v| v.is_nan()) {
        return RankSum { u1: f64::NAN, p: f64::NAN };
    }
    let (n, m) = (x.len(), y.len());
    let both: Vec<f64> = x.iter().chain(y).copied().collect();
    let ranks = Ranks::of(&both);
    let u1 = ranks.ranks[..n].iter().sum::<f64>() - (n * (n + 1)) as f64 / 2.0;
    let u2 = (n * m) as f64 - u1;
    // Every alternative is the upper tail of one of the two counts.
    let (u, sides) = match alternative {
        Alternative::TwoSided => (u1.max(u2), 2.0),
        Alternative::Greater => (u1, 1.0),
        Alternative::Less => (u2, 1.0),
    };
    let tail = match method {
        Method::Exact => exact_tail(n, m, u),
        Method::Auto if n.min(m) <= 8 && !ranks.tied() => exact_tail(n, m, u),
        Method::Auto => normal_tail(n, m, u, &ranks, true),
        Method::Normal { continuity } => normal_tail(n, m, u, &ranks, continuity),
    };
    RankSum { u1, p: (sides * tail).min(1.0) }
}

fn normal_tail(n: usize, m: usize, u: f64, ranks: &Ranks, continuity: bool) -> f64 {
    let (n, m) = (n as f64, m as f64);
    let both = n + m;
    let variance = n * m / 12.0 * (both + 1.0 - ranks.tie_sum() / (both * (both - 1.0)));
    let distance = u - n * m / 2.0 - if continuity { 0.5 } else { 0.0 };
    if variance == 0.0 {
        // All values are equal: nothing speaks against chance.
        return 1.0;
    }
    normal_cdf(-distance / variance.sqrt())
}

/// P(U ≥ ⌊u⌋) without ties: the share of all ways to choose n of the n + m ranks.
///
/// Chances are carried, not counts: the ranks are dealt one by one, each to `x` with the share that `x` still lacks.
fn exact_tail(n: usize, m: usize, u: f64) -> f64 {
    // U has the same distribution when the samples change places, and the table is smaller for the smaller one.
    let (n, m) = (n.min(m), n.max(m));
    // chance[taken][sum]: after some ranks, `x` has `taken` of them, and `sum` pairs in which it is greater.
    let most = n * m;
    let mut chance = vec![vec![0.0; most + 1]; n + 1];
    chance[0][0] = 1.0;
    for dealt in 0..n + m {
        let left = (n + m - dealt) as f64;
        let mut next = vec![vec![0.0; most + 1]; n + 1];
        for taken in dealt.saturating_sub(m)..=n.min(dealt) {
            let below = dealt - taken;
            for sum in 0..=most {
                let here = chance[taken][sum];
                if here == 0.0 {
                    continue;
                }
                if taken < n {
                    next[taken + 1][sum + below] += here * (n - taken) as f64 / left;
                }
                if below < m {
                    next[taken][sum] += here * (m - below) as f64 / left;
                }
            }
        }
        chance = next;
    }
    let from = u.floor().max(0.0) as usize;
    chance[n].get(from..).unwrap_or_default().iter().sum()
}
