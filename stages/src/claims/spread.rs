//! What a single run leaves open, and what the spread between seeds is made of: from tables of repeated runs
//! (`protocols/sensitivity.rs`), which stand under protocols named PROTOCOL/SOURCE.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::read::ClaimSource;
use super::runs::{Repeated, Run, Runs};
use super::schema::{At, BestBy, Claim};
use crate::statistics::{describe, special};
use crate::table::Observation;

/// The content of `spread.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    pub experiment: String,
    pub repeats: Vec<Repeats>,
    pub shares: Vec<Share>,
}

/// One run of both methods of a claim, and the same with the last bit of their initial weights changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Repeats {
    pub claim: String,
    pub protocol: String,
    pub a: String,
    pub b: String,
    pub metric: String,
    pub at: At,
    #[serde(default, skip_serializing_if = "BestBy::is_default")]
    pub best_by: BestBy,
    /// What the source published of a and b.
    pub published: Option<(f64, f64)>,
    /// The run itself: a, b.
    pub own: (f64, f64),
    /// The repetitions: a, b.
    pub values: Vec<(f64, f64)>,
    /// How many of those have a − b on the claimed side.
    pub agreeing: usize,
}

/// What one source of chance, varied by itself, makes of a method's scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Share {
    pub protocol: String,
    pub method: String,
    pub metric: String,
    pub at: At,
    #[serde(default, skip_serializing_if = "BestBy::is_default")]
    pub best_by: BestBy,
    pub source: String,
    /// Finite scores.
    pub n: usize,
    pub sd: f64,
    /// Its variance over that with all sources varied together. Shares need not add up to 1: sources act on one another.
    pub share: f64,
    /// At level 95 %, by the F distribution: exact for independent normal scores.
    pub interval: [f64; 2],
}

/// What the tables say of an experiment, for each of its claims.
pub fn spread(experiment: &str, rows: &[Observation], sources: &[ClaimSource]) -> Result<Spread, Repeated> {
    let experiments = Runs::by_experiment(rows)?;
    let none = Runs::default();
    let runs = experiments.get(experiment).unwrap_or(&none);
    let claims = sources.iter().flat_map(|source| &source.file.claims);
    let claims: Vec<&Claim> = claims.filter(|claim| claim.experiment == experiment).collect();
    let repeats = claims.iter().flat_map(|claim| repeats(claim, runs)).collect();
    let mut shares: Vec<Share> = Vec::new();
    for share in claims.iter().flat_map(|claim| shares_of(claim, runs)) {
        let same = |known: &Share| {
            (&known.protocol, &known.method, &known.metric, known.at, known.best_by, &known.source)
                == (&share.protocol, &share.method, &share.metric, share.at, share.best_by, &share.source)
        };
        if !shares.iter().any(same) {
            shares.push(share);
        }
    }
    Ok(Spread { experiment: experiment.to_owned(), repeats, shares })
}

fn repeats(claim: &Claim, runs: &Runs) -> Vec<Repeats> {
    let Some(comparison) = claim.comparison() else { return Vec::new() };
    let under = claim.protocols.iter().filter_map(|protocol| {
        let comparison = comparison.under(Some(protocol), None);
        let varied = format!("{}/last-bit", protocol.protocol);
        let (a, metric) = comparison.measured(&comparison.a)?;
        let (b, other) = comparison.measured(&comparison.b)?;
        if metric != other {
            return None;
        }
        let value = |run: &Run| run.value(metric, comparison.at, comparison.best_by);
        let (of_a, of_b) = (runs.of(&varied, a)?, runs.of(&varied, b)?);
        let mut pairs: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
        for (repetition, run) in of_a {
            if let Some(pair) = value(run).zip(of_b.get(repetition).and_then(value)) {
                pairs.insert(*repetition, pair);
            }
        }
        let own = pairs.remove(&0)?;
        let values: Vec<(f64, f64)> = pairs.into_values().collect();
        Some(Repeats {
            claim: claim.id.clone(),
            protocol: protocol.protocol.clone(),
            a: a.to_owned(),
            b: b.to_owned(),
            metric: metric.to_owned(),
            at: comparison.at,
            best_by: comparison.best_by,
            published: claim.published.as_ref().map(|published| (published.a, published.b)),
            own,
            agreeing: values.iter().filter(|(a, b)| comparison.direction.agrees(a - b)).count(),
            values,
        })
    });
    under.collect()
}

fn shares_of(claim: &Claim, runs: &Runs) -> Vec<Share> {
    let Some(comparison) = claim.comparison() else { return Vec::new() };
    let mut shares = Vec::new();
    for protocol in &claim.protocols {
        let comparison = comparison.under(Some(protocol), None);
        let metric = &comparison.metric;
        let scores = |runs: &BTreeMap<u64, Run>| -> Vec<f64> {
            runs.values().filter_map(|run| run.value(metric, comparison.at, comparison.best_by)).collect()
        };
        let groups = runs.groups().filter_map(|((name, method), runs)| {
            let source = name.strip_prefix(&protocol.protocol)?.strip_prefix('/')?;
            (source != "last-bit").then(|| (source, method, scores(runs)))
        });
        let groups: Vec<(&str, &str, Vec<f64>)> = groups.collect();
        for (source, method, scores) in &groups {
            let together = groups.iter().find(|(source, of, _)| *source == "all" && of == method);
            let Some((_, _, together)) = together.filter(|(_, _, all)| all.len() > 1 && scores.len() > 1) else {
                continue;
            };
            let share = describe::variance(scores) / describe::variance(together);
            // All runs alike, as in a study that is too small to differ: there is nothing to share out.
            if !share.is_finite() {
                continue;
            }
            let [low, high] = f_interval(scores.len(), together.len(), 0.95);
            shares.push(Share {
                protocol: protocol.protocol.clone(),
                method: (*method).to_owned(),
                metric: metric.clone(),
                at: comparison.at,
                best_by: comparison.best_by,
                source: (*source).to_owned(),
                n: scores.len(),
                sd: describe::sd(scores),
                share,
                interval: [share / high, share / low],
            });
        }
    }
    shares
}

/// The central interval of the F distribution of the ratio of two variances of n and m normal numbers.
fn f_interval(n: usize, m: usize, level: f64) -> [f64; 2] {
    let (first, second) = ((n - 1) as f64 / 2.0, (m - 1) as f64 / 2.0);
    let tail = (1.0 - level) / 2.0;
    [tail, 1.0 - tail].map(|p| {
        // x = d₁F / (d₁F + d₂) is beta(d₁/2, d₂/2).
        let x = special::inverse_incomplete_beta(first, second, p);
        second * x / (first * (1.0 - x))
    })
}
