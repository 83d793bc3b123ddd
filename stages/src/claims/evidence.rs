//! The statistics of one paired comparison.

use std::collections::BTreeSet;

use super::numbers::list;
use super::runs::Runs;
use super::schema::{At, Comparison, Published};
use super::verdict::{Evidence, PublishedNumber, Reproduced};
use crate::statistics::t_test::{self, Alternative};
use crate::statistics::{describe, effect, interval, sign_flip};

/// The values that a comparison is about, or what the tables lack for it.
pub(super) struct Sample {
    /// seed, a, b; in order of seed.
    pub pairs: Vec<(u64, f64, f64)>,
    /// Seeds with a value of one method at most that is there and finite.
    pub failed: Vec<u64>,
}

/// Pairs the two methods' values by seed.
///
/// The error says what the tables lack, where there are fewer than two pairs.
pub(super) fn sample(runs: &Runs, protocol: &str, comparison: &Comparison) -> Result<Sample, String> {
    let Comparison { a, b, metric, at, .. } = comparison;
    let of = |method: &str| runs.of(protocol, method).ok_or_else(|| format!("the tables hold no runs of `{method}`"));
    let (runs_a, runs_b) = (of(a)?, of(b)?);
    for (method, runs) in [(a, runs_a), (b, runs_b)] {
        if !runs.values().any(|run| run.metrics().any(|known| known == metric)) {
            return Err(format!("the runs of `{method}` have no `{metric}`"));
        }
        if *at == At::Best && !runs.values().any(|run| run.epoch(At::Best).is_some()) {
            return Err(format!("the runs of `{method}` have no finite `val_loss` to choose the best epoch by"));
        }
    }

    let seeds: BTreeSet<u64> = runs_a.keys().chain(runs_b.keys()).copied().collect();
    let mut sample = Sample { pairs: Vec::new(), failed: Vec::new() };
    for seed in seeds {
        let value_a = runs_a.get(&seed).and_then(|run| run.value(metric, *at));
        let value_b = runs_b.get(&seed).and_then(|run| run.value(metric, *at));
        match (value_a, value_b) {
            (Some(a), Some(b)) => sample.pairs.push((seed, a, b)),
            _ => sample.failed.push(seed),
        }
    }
    match sample.pairs.len() {
        0 | 1 => {
            let (pairs, failed) = (sample.pairs.len(), seed_list(&sample.failed));
            let seeds = if pairs == 1 { "1 seed has" } else { "0 seeds have" };
            let failed = if failed.is_empty() { String::new() } else { format!(" (not so for {failed})") };
            Err(format!("{seeds} a finite `{metric}` of both `{a}` and `{b}`{failed}, and 2 are the least"))
        }
        _ => Ok(sample),
    }
}

/// "seed 3", "seeds 3 and 7", "seeds 1, 3 and 7"; empty for none.
pub(super) fn seed_list(seeds: &[u64]) -> String {
    let text: Vec<String> = seeds.iter().map(u64::to_string).collect();
    match seeds.len() {
        0 => String::new(),
        1 => format!("seed {}", text[0]),
        _ => format!("seeds {}", list(&text)),
    }
}

/// The statistics of a sample of at least two pairs, before any correction. None where numbers are too large to square.
///
/// Differences that are all zero say nothing against chance: their p is 1, where the t-test itself has 0/0.
pub(super) fn evidence(comparison: Comparison, sample: Sample, alpha: f64, margin: f64) -> Option<Evidence> {
    let a: Vec<f64> = sample.pairs.iter().map(|(_, a, _)| *a).collect();
    let b: Vec<f64> = sample.pairs.iter().map(|(_, _, b)| *b).collect();
    let d = describe::differences(&a, &b);
    let test = t_test::paired(&d, Alternative::TwoSided, 1.0 - alpha);
    let known = |p: f64| if p.is_nan() { 1.0 } else { p };
    let evidence = Evidence {
        comparison,
        seeds: d.len(),
        failed_seeds: sample.failed,
        mean_a: describe::mean(&a),
        sd_a: describe::sd(&a),
        mean_b: describe::mean(&b),
        sd_b: describe::sd(&b),
        difference: describe::mean(&d),
        interval: test.interval,
        p_t: known(test.p),
        p_sign_flip: sign_flip::sign_flip(&d).map(|test| test.two_sided),
        p_holm: None,
        p_equivalence: known(t_test::paired_equivalence(&d, margin).p),
        dz: Some(effect::dz(&d)).filter(|dz| dz.is_finite()),
        further_seeds: None,
        pairs: sample.pairs,
    };
    let Evidence { sd_a, sd_b, interval: [low, high], .. } = evidence;
    [sd_a, sd_b, low, high].iter().all(|value| value.is_finite()).then_some(evidence)
}

/// Where the published numbers lie among our runs of each method; none where a method has fewer than two.
pub(super) fn reproduced(
    runs: &Runs,
    protocol: &str,
    comparison: &Comparison,
    published: &Published,
) -> Option<Reproduced> {
    let number = |method: &str, published: f64| {
        let runs = runs.of(protocol, method)?;
        let values: Vec<f64> = runs.values().filter_map(|run| run.value(&comparison.metric, comparison.at)).collect();
        let prediction = interval::prediction_interval(&values, 0.95);
        prediction.iter().all(|end| end.is_finite()).then(|| PublishedNumber {
            published,
            prediction,
            inside: prediction[0] <= published && published <= prediction[1],
            percentile: interval::percentile_of(&values, published),
        })
    };
    Some(Reproduced { a: number(&comparison.a, published.a)?, b: number(&comparison.b, published.b)? })
}
