//! How good the best of n trials is to be expected: what a search would have come to with a smaller budget.
//!
//! Dodge et al. 2019, "Show your work: improved reporting of experimental results", proposed the curve; drawing the n of
//! the N trials with replacement, as they did, makes it too low. Here they are drawn without, which is unbiased: Tang et
//! al. 2020, "Showing your work doesn't always work".

/// For n = 1 to N the mean, over all subsets of n of the N values, of their greatest.
///
/// The i-th least of the values is the greatest of a subset with the chance C(i − 1, n − 1) / C(N, n). Values have to be
/// numbers; trials without one are counted in `failed`. While a subset can consist of them alone the mean is none.
pub fn expected_best(values: &[f64], failed: usize) -> Vec<Option<f64>> {
    let sorted = super::describe::sorted(values);
    let all = values.len() + failed;
    let expected = |n: usize| {
        if n <= failed {
            return None;
        }
        // Failed trials come before the worst: they are the greatest of no such subset.
        let mut chance = n as f64 / all as f64;
        let mut mean = 0.0;
        for (below, value) in (failed..all).zip(&sorted).rev() {
            mean += chance * value;
            // From C(i − 1, n − 1) to C(i − 2, n − 1), where `below` is i − 1.
            chance *= (below + 1).saturating_sub(n) as f64 / below.max(1) as f64;
        }
        Some(mean)
    };
    (1..=all).map(expected).collect()
}
