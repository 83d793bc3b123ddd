//! The noise floor of an accuracy: what a test part of so many rows can show at all.
//!
//! The spread over seeds says what another training run would give on the same rows. A finite test part adds its own
//! chance, which no number of seeds on that part takes away: other rows would have given other accuracies.
//!
//! Sources: Wilson 1927; McNemar 1947; for learning algorithms, Dietterich 1998, "Approximate statistical tests for
//! comparing supervised classification learning algorithms".

use super::predicted::{Predicted, Seen};
use super::runs::Runs;
use super::schema::{Comparison, Published};
use super::sentences;
use super::verdict::{Evidence, McNemar, NoiseFloor, PredictionTests};
use crate::statistics::special::normal_quantile;
use crate::statistics::{mcnemar, proportion};

/// The level of all that is said here.
const LEVEL: f64 = 0.95;

/// The metric that says how many rows the test part has.
pub const TEST_SIZE: &str = "test_size";

/// The noise floor under a comparison of accuracies; none where the metric is no share of a known number of rows.
pub(super) fn floor(
    runs: &Runs,
    predicted: &Predicted,
    experiment: &str,
    protocol: &str,
    evidence: &Evidence,
    published: Option<&Published>,
) -> Option<NoiseFloor> {
    let comparison = &evidence.comparison;
    let (a, metric) = comparison.measured(&comparison.a)?;
    let (b, other) = comparison.measured(&comparison.b)?;
    if metric != other {
        return None;
    }
    let tests = mcnemar_by_seed(runs, predicted, experiment, protocol, evidence).filter(|_| metric == "test_accuracy");
    let of_test_part = || {
        let of_the_runs = |method: &str| {
            let run = runs.of(protocol, method)?.values().next()?;
            run.first(TEST_SIZE).map(|rows| rows as u64)
        };
        let said = of_the_runs(a).or_else(|| of_the_runs(b));
        said.or_else(|| tests.as_ref().map(|(rows, _)| *rows)).filter(|_| metric == "test_accuracy")
    };
    let rows = comparison.of.or_else(of_test_part).filter(|rows| *rows > 0)?;
    // A protocol may compare what is no share, such as a loss.
    let shares = evidence.pairs.iter().flat_map(|(_, a, b)| [a, b]).all(|value| (0.0..=1.0).contains(value));
    if !shares {
        return None;
    }

    let wilson = |share: f64| {
        let right = (share * rows as f64).round().clamp(0.0, rows as f64);
        proportion::wilson(right as u64, rows, LEVEL)
    };
    let middle = 0.5 * (evidence.mean_a + evidence.mean_b);
    let z = -normal_quantile(0.5 * (1.0 - LEVEL));
    let mut floor = NoiseFloor {
        rows,
        wilson_a: wilson(evidence.mean_a),
        wilson_b: wilson(evidence.mean_b),
        by_seed: evidence.pairs.iter().map(|(seed, a, b)| (*seed, wilson(*a), wilson(*b))).collect(),
        least_unpaired: z * (2.0 * middle * (1.0 - middle) / rows as f64).sqrt(),
        least_paired: one_sided_rows() as f64 / rows as f64,
        predictions: tests.map(|(_, tests)| tests),
        words: String::new(),
    };
    floor.words = sentences::noise(&floor, evidence, published);
    Some(floor)
}

/// The fewest rows that only one of two classifiers gets right, and the other none, for McNemar's test to reject.
fn one_sided_rows() -> u64 {
    (1..).find(|&rows| mcnemar::exact(rows, 0) < 1.0 - LEVEL).unwrap_or(u64::MAX)
}

/// McNemar's exact test of each seed's two runs, and the number of rows; none where no seed has predictions of both.
///
/// The tests of different seeds may share the rows of one test part, so their p-values are not independent and are not
/// combined: how many reject, and which way, is what they say together.
fn mcnemar_by_seed(
    runs: &Runs,
    predicted: &Predicted,
    experiment: &str,
    protocol: &str,
    evidence: &Evidence,
) -> Option<(u64, PredictionTests)> {
    let comparison = &evidence.comparison;
    let seen = |side, seed: u64| -> Option<&Seen> {
        let (method, _) = comparison.measured(side)?;
        let epoch = epoch(runs, protocol, comparison, method, seed)?;
        predicted.of((experiment, protocol, method, seed), epoch)
    };
    let mut seeds = Vec::new();
    let mut rows = 0;
    for (seed, ..) in &evidence.pairs {
        let (Some(a), Some(b)) = (seen(&comparison.a, *seed), seen(&comparison.b, *seed)) else { continue };
        // Only the same rows with the same labels can be compared row by row.
        let same = a.len() == b.len() && a.iter().zip(b).all(|(x, y)| (x.0, x.1.0) == (y.0, y.1.0));
        if !same || a.is_empty() {
            continue;
        }
        let only = |first: &Seen, second: &Seen| {
            let right = |(label, predicted): &(u32, u32)| label == predicted;
            first.iter().filter(|(row, cell)| right(cell) && !second.get(*row).is_some_and(right)).count() as u64
        };
        let (only_a, only_b) = (only(a, b), only(b, a));
        rows = a.len() as u64;
        seeds.push(McNemar { seed: *seed, only_a, only_b, p: mcnemar::exact(only_a, only_b) });
    }
    if seeds.is_empty() {
        return None;
    }
    let rejects = |test: &&McNemar| test.p < 1.0 - LEVEL;
    let a_better = seeds.iter().filter(rejects).filter(|test| test.only_a > test.only_b).count();
    let b_better = seeds.iter().filter(rejects).filter(|test| test.only_a < test.only_b).count();
    Some((rows, PredictionTests { a_better, b_better, seeds }))
}

/// The one epoch that a run's value is taken from; none where it is made of several.
fn epoch(runs: &Runs, protocol: &str, comparison: &Comparison, method: &str, seed: u64) -> Option<u32> {
    runs.of(protocol, method)?.get(&seed)?.epoch(comparison.at, comparison.best_by)
}
