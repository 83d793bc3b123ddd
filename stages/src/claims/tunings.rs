//! Whether a comparison hangs on the luck of tuning: seeds that share a tuning may agree more than seeds that don't.
//!
//! Of T tunings final seed i has the outcome of tuning i mod T. If tunings differ in what they find, seeds are no independent
//! samples of "tune, then train": there are T of these, and an interval over seeds is too narrow (Bouthillier et al. 2021,
//! "Accounting for Variance in Machine Learning Benchmarks", § 3).

use super::runs::Runs;
use super::sentences;
use super::verdict::{Evidence, Tunings};
use crate::statistics::{anova, describe, interval};

/// What every tuning's table of results has: the score that it reached.
const TUNED: &str = "tuned_score";

/// The paired differences by tuning; none where nothing was tuned more than once, a tuning has no seed, or none has two.
pub(super) fn by_tuning(runs: &Runs, protocol: &str, evidence: &Evidence, alpha: f64) -> Option<Tunings> {
    let comparison = &evidence.comparison;
    let of_side = |side| {
        let (method, _) = comparison.measured(side)?;
        Some(runs.of(protocol, method)?.values().filter(|run| run.has(TUNED)).count())
    };
    let count = of_side(&comparison.a).max(of_side(&comparison.b)).filter(|&count| count > 1)?;
    let mut groups = vec![Vec::new(); count];
    for (seed, a, b) in &evidence.pairs {
        groups[(seed % count as u64) as usize].push(a - b);
    }
    if groups.iter().any(Vec::is_empty) {
        return None;
    }
    let p = anova::one_way(&groups).p;
    let differences: Vec<f64> = groups.iter().map(|group| describe::mean(group)).collect();
    let interval = interval::t_interval(&differences, 1.0 - alpha);
    let known = p.is_finite() && interval.iter().all(|end| end.is_finite());
    let mut tunings = Tunings { differences, interval, p, words: None };
    tunings.words = (known && p <= alpha).then(|| sentences::tunings(&tunings, evidence, alpha));
    known.then_some(tunings)
}
