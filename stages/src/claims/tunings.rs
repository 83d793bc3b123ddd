//! Seeds that share a tuning: what was tuned T times gives T independent answers, however many seeds were trained.
//!
//! Of T tunings final seed i has the outcome of tuning i mod T. Seeds of one tuning agree more than others where tunings differ
//! in what they find, so a test over seeds would take a few answers for many (Bouthillier et al. 2021, "Accounting for Variance
//! in Machine Learning Benchmarks", § 3). The means of tunings are independent, and of one size: tests over these hold.

use std::collections::BTreeMap;

use super::runs::Runs;
use super::schema::Comparison;
use super::verdict::Tunings;
use crate::statistics::{anova, describe};

/// What every tuning's table of results has: the score that it reached.
const TUNED: &str = "tuned_score";

/// How many tunings the methods of a comparison had, the greater number where they differ; 0 where nothing was tuned.
pub(super) fn count(runs: &Runs, protocol: &str, comparison: &Comparison) -> u64 {
    let of_side = |side| {
        let runs = comparison.measured(side).and_then(|(method, _)| runs.of(protocol, method));
        runs.map_or(0, |runs| runs.values().filter(|run| run.has(TUNED)).count() as u64)
    };
    of_side(&comparison.a).max(of_side(&comparison.b))
}

/// The pairs (seed, a, b) by the tuning that they share; tunings without a seed are left out.
pub(super) fn groups(pairs: &[(u64, f64, f64)], count: u64) -> Vec<Vec<(f64, f64)>> {
    let mut groups: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
    for (seed, a, b) in pairs {
        groups.entry(seed % count).or_default().push((*a, *b));
    }
    groups.into_values().collect()
}

pub(super) fn of(groups: &[Vec<(f64, f64)>]) -> Tunings {
    let differences: Vec<Vec<f64>> = groups.iter().map(|group| group.iter().map(|(a, b)| a - b).collect()).collect();
    let p = anova::one_way(&differences).p;
    Tunings {
        differences: differences.iter().map(|group| describe::mean(group)).collect(),
        p: Some(p).filter(|p| p.is_finite()),
    }
}
