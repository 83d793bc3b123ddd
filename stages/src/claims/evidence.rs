//! The statistics of one paired comparison.

use std::collections::{BTreeMap, BTreeSet};

use super::numbers::list;
use super::runs::{Run, Runs};
use super::schema::{At, BestBy, Comparison, Published, PublishedValue, Side};
use super::tunings;
use super::verdict::{Evidence, InsideNumber, PublishedNumber, Reproduced};
use crate::statistics::paired::Paired;
use crate::statistics::{describe, interval};

/// The values that a comparison is about, or what the tables lack for it.
pub(super) struct Sample {
    /// seed, a, b; in order of seed.
    pub pairs: Vec<(u64, f64, f64)>,
    /// Seeds with a value of one method at most that is there and finite.
    pub failed: Vec<u64>,
    /// How often the methods were tuned; 0 for never.
    pub tunings: u64,
}

/// What one side of a comparison is measured on.
enum Values<'a> {
    Runs { runs: &'a BTreeMap<u64, Run<'a>>, metric: &'a str },
    Fixed(f64),
}

impl Values<'_> {
    /// The seeds with at least one value of the metric, finite or not.
    fn seeds(&self) -> Vec<u64> {
        match self {
            Self::Runs { runs, metric } => {
                runs.iter().filter(|(_, run)| run.has(metric)).map(|(seed, _)| *seed).collect()
            }
            Self::Fixed(_) => Vec::new(),
        }
    }

    fn at(&self, seed: u64, comparison: &Comparison) -> Option<f64> {
        match self {
            Self::Runs { runs, metric } => runs.get(&seed)?.value(metric, comparison.at, comparison.best_by),
            Self::Fixed(value) => Some(*value),
        }
    }
}

/// Pairs the two sides' values by seed.
///
/// The error says what the tables lack, where there are fewer than two pairs.
pub(super) fn sample(runs: &Runs, protocol: &str, comparison: &Comparison) -> Result<Sample, String> {
    let tunings = tunings::count(runs, protocol, comparison);
    let Comparison { a, b, at, best_by, .. } = comparison;
    let (a, b) = (side(runs, protocol, comparison, a)?, side(runs, protocol, comparison, b)?);
    let seeds: BTreeSet<u64> = a.seeds().into_iter().chain(b.seeds()).collect();
    let mut sample = Sample { pairs: Vec::new(), failed: Vec::new(), tunings };
    for seed in seeds {
        match (a.at(seed, comparison), b.at(seed, comparison)) {
            (Some(a), Some(b)) => sample.pairs.push((seed, a, b)),
            _ => sample.failed.push(seed),
        }
    }
    match sample.pairs.len() {
        0 | 1 => {
            let (pairs, failed) = (sample.pairs.len(), seed_list(&sample.failed));
            let seeds = if pairs == 1 { "1 seed has" } else { "0 seeds have" };
            let failed = if failed.is_empty() { String::new() } else { format!("; not so for {failed}") };
            let (what, when) = (finite_values(comparison), at.words(*best_by));
            Err(format!("{seeds} a finite {what} ({when}{failed}), and 2 are the least"))
        }
        _ => Ok(sample),
    }
}

/// "`val_loss` of both `a` and `b`", "`tuned_gamma` of `gwd`".
fn finite_values(comparison: &Comparison) -> String {
    match (comparison.measured(&comparison.a), comparison.measured(&comparison.b)) {
        (Some((a, metric)), Some((b, other))) if metric == other => format!("`{metric}` of both `{a}` and `{b}`"),
        (Some((a, metric)), Some((b, other))) => format!("`{metric}` of `{a}` and `{other}` of `{b}`"),
        (Some((method, metric)), None) | (None, Some((method, metric))) => format!("`{metric}` of `{method}`"),
        (None, None) => "value".to_owned(),
    }
}

fn side<'a>(
    runs: &'a Runs<'a>,
    protocol: &str,
    comparison: &'a Comparison,
    side: &'a Side,
) -> Result<Values<'a>, String> {
    match side {
        Side::Value(value) => Ok(Values::Fixed(*value)),
        Side::Of { method, metric } => {
            let metric = metric.as_ref().unwrap_or(&comparison.metric);
            let runs = runs_with(runs, protocol, method, metric, comparison.at, comparison.best_by)?;
            Ok(Values::Runs { runs, metric })
        }
    }
}

/// A method's runs, where they have the metric and what chooses the epoch; else what they lack.
fn runs_with<'a>(
    runs: &'a Runs<'a>,
    protocol: &str,
    method: &str,
    metric: &str,
    at: At,
    best_by: BestBy,
) -> Result<&'a BTreeMap<u64, Run<'a>>, String> {
    let runs = runs.of(protocol, method).ok_or_else(|| format!("the tables hold no runs of `{method}`"))?;
    if !runs.values().any(|run| run.has(metric)) {
        return Err(format!("the runs of `{method}` have no `{metric}`"));
    }
    if at == At::Best && !runs.values().any(|run| run.best(best_by).is_some()) {
        let by = best_by.metric();
        return Err(format!("the runs of `{method}` have no finite `{by}` to choose the best epoch by"));
    }
    Ok(runs)
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
pub(super) fn evidence(comparison: Comparison, sample: Sample, alpha: f64, margin: f64) -> Option<Evidence> {
    let seeds: Vec<(f64, f64)> = sample.pairs.iter().map(|(_, a, b)| (*a, *b)).collect();
    let groups = (sample.tunings > 0).then(|| tunings::groups(&sample.pairs, sample.tunings));
    // A mean of one tuning alone has no spread: then the seeds answer for that tuning only.
    let units: Vec<(f64, f64)> = match &groups {
        Some(groups) if groups.len() > 1 => groups.iter().map(|group| mean(group)).collect(),
        _ => seeds.clone(),
    };
    let differences: Vec<f64> = units.iter().map(|(a, b)| a - b).collect();
    let paired = Paired::of(&differences, Some(margin), 1.0 - alpha);
    let (mean_a, mean_b) = mean(&units);
    let (a, b): (Vec<f64>, Vec<f64>) = seeds.into_iter().unzip();
    let evidence = Evidence {
        comparison,
        seeds: a.len(),
        tunings: groups.as_deref().map(tunings::of),
        failed_seeds: sample.failed,
        mean_a,
        sd_a: describe::sd(&a),
        mean_b,
        sd_b: describe::sd(&b),
        difference: paired.mean,
        interval: paired.interval,
        p_t: paired.p_difference,
        p_sign_flip: paired.p_sign_flip,
        p_holm: None,
        p_equivalence: paired.p_equivalence.unwrap_or(1.0),
        dz: paired.dz,
        further_seeds: None,
        pairs: sample.pairs,
    };
    let Evidence { sd_a, sd_b, interval: [low, high], .. } = evidence;
    [sd_a, sd_b, low, high].iter().all(|value| value.is_finite()).then_some(evidence)
}

fn mean(pairs: &[(f64, f64)]) -> (f64, f64) {
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    (describe::mean(&a), describe::mean(&b))
}

/// Where the published numbers lie among our runs of each method; none where a method has fewer than two, or where
/// only a threshold is compared with.
pub(super) fn reproduced(
    runs: &Runs,
    protocol: &str,
    comparison: &Comparison,
    published: &Published,
) -> Option<Reproduced> {
    let of = |side: &Side, published: f64| {
        let (method, metric) = comparison.measured(side)?;
        let runs = runs.of(protocol, method)?;
        number(&values(runs, metric, comparison.at, comparison.best_by), published, 0.95)
    };
    Some(Reproduced { a: of(&comparison.a, published.a)?, b: of(&comparison.b, published.b)? })
}

/// Where a published number lies among our runs, by a prediction interval at `level`, or what the tables lack to say so.
pub(super) fn inside(
    runs: &Runs,
    protocol: &str,
    published: &PublishedValue,
    level: f64,
) -> Result<InsideNumber, String> {
    let PublishedValue { method, metric, at, best_by, value, scale, margin } = published;
    let runs = runs_with(runs, protocol, method, metric, *at, *best_by)?;
    let ours = values(runs, metric, *at, *best_by);
    let failed = runs.iter().filter(|(_, run)| run.has(metric) && run.value(metric, *at, *best_by).is_none());
    let failed_seeds: Vec<u64> = failed.map(|(seed, _)| *seed).collect();
    let number = number(&ours, value * scale, level).ok_or_else(|| {
        let seeds = if ours.len() == 1 { "1 seed has".to_owned() } else { format!("{} seeds have", ours.len()) };
        format!("{seeds} a finite `{metric}` of `{method}` ({}), and 2 are the least", at.words(*best_by))
    })?;
    Ok(InsideNumber {
        method: method.clone(),
        metric: metric.clone(),
        at: *at,
        best_by: *best_by,
        margin: *margin,
        seeds: ours.len(),
        failed_seeds,
        mean: describe::mean(&ours),
        sd: describe::sd(&ours),
        number,
    })
}

fn values(runs: &BTreeMap<u64, Run>, metric: &str, at: At, best_by: BestBy) -> Vec<f64> {
    runs.values().filter_map(|run| run.value(metric, at, best_by)).collect()
}

/// None for fewer than two values.
fn number(values: &[f64], published: f64, level: f64) -> Option<PublishedNumber> {
    let prediction = interval::prediction_interval(values, level);
    prediction.iter().all(|end| end.is_finite()).then(|| PublishedNumber {
        published,
        prediction,
        inside: prediction[0] <= published && published <= prediction[1],
        percentile: interval::percentile_of(values, published),
    })
}
