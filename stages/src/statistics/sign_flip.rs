//! The sign-flip test: how often chance alone would give a mean paired difference as far from zero.
//!
//! If the two methods were interchangeable within a seed, each difference could as well have had the other sign. All 2ⁿ
//! patterns of signs are counted, so the p-value is exact and assumes no distribution. Source: Fisher 1935, "The design
//! of experiments", §21; in machine learning, Dror et al. 2018.

use super::describe;

/// The most pairs that are counted exactly: 2⁴⁰ patterns, from two sorted lists of 2²⁰ sums.
pub const MOST_PAIRS: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignFlip {
    /// Patterns whose sum is as far from zero as the observed one, on either side; and their share of all.
    pub count: u64,
    pub total: u64,
    pub two_sided: f64,
    /// Share of patterns with a sum at least, and at most, as high as the observed one.
    pub greater: f64,
    pub less: f64,
}

/// The exact test on paired differences; none for no pairs, more than [`MOST_PAIRS`], or values that are not finite.
///
/// Sums that differ by less than 1e-12 of Σ|d| count as equal, so that ties are not lost to rounding. The order of the
/// pairs does not matter. The least p that n pairs can give is 2/2ⁿ: six are needed for p < 0.05.
pub fn sign_flip(d: &[f64]) -> Option<SignFlip> {
    if d.is_empty() || d.len() > MOST_PAIRS || d.iter().any(|d| !d.is_finite()) {
        return None;
    }
    let observed = describe::sum(&describe::sorted(d));
    let sizes = describe::sorted(&d.iter().map(|d| d.abs()).collect::<Vec<_>>());
    let tolerance = 1e-12 * describe::sum(&sizes);

    // Every pattern is one of the first half beside one of the second: two short sorted lists stand for all 2ⁿ sums.
    let (first, second) = sizes.split_at(sizes.len() / 2);
    let (first, second) = (signed_sums(first), signed_sums(second));
    let total = 1_u64 << d.len();
    let at_least = |bound: f64| pairs_at_least(&first, &second, bound - tolerance);

    let greater = at_least(observed);
    // The sums are symmetric about zero: those at most x are as many as those at least −x.
    let less = at_least(-observed);
    let far = at_least(observed.abs());
    let count = if observed.abs() <= tolerance { total } else { 2 * far };
    let share = |count: u64| count as f64 / total as f64;
    Some(SignFlip { count, total, two_sided: share(count), greater: share(greater), less: share(less) })
}

/// The sums of all 2ⁿ sign patterns of `sizes`, from low to high.
fn signed_sums(sizes: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0];
    for size in sizes {
        sums = sums.iter().flat_map(|sum| [sum - size, sum + size]).collect();
    }
    sums.sort_by(f64::total_cmp);
    sums
}

/// The number of pairs, one of each sorted list, whose sum is at least `bound`.
fn pairs_at_least(first: &[f64], second: &[f64], bound: f64) -> u64 {
    let mut count = 0;
    let mut from = second.len();
    for x in first {
        // As x rises, ever more of `second` is high enough.
        while from > 0 && x + second[from - 1] >= bound {
            from -= 1;
        }
        count += (second.len() - from) as u64;
    }
    count
}
