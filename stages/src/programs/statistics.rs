//! `retrial stage statistics`: what the runs of an experiment look like, method by method.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::claims::read::{self, ReadError};
use crate::claims::runs::Runs;
use crate::claims::schema::{At, BestBy, Claim};
use crate::parameters::Parameters;
use crate::statistics::{describe, interval};
use crate::table::Observation;
use crate::{artifact, table};

/// The level of the intervals.
const LEVEL: f64 = 0.95;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The experiment whose runs are summarised
    experiment: String,
    /// A table of results, or a folder of tables; may be given several times
    #[arg(long, required = true)]
    runs: Vec<PathBuf>,
    /// A claim file, or a folder of claim files: they say by which metric the experiment's best epoch is chosen, val_loss if not
    #[arg(long)]
    claims: Option<PathBuf>,
    /// The JSON file to write
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Error)]
#[error("the tables hold no runs of experiment `{wanted}`; they hold {found}")]
pub struct NoRuns {
    wanted: String,
    found: String,
}

/// The content of `statistics.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    pub experiment: String,
    pub level: f64,
    /// What chooses the best epoch.
    pub best_by: BestBy,
    /// In order of protocol, method, metric; the last epoch before the best, or before the first where runs have no validation.
    pub summaries: Vec<Summary>,
}

/// One metric of one method under one protocol, over its seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub protocol: String,
    pub method: String,
    pub metric: String,
    pub at: At,
    /// Seeds with a finite value.
    pub n: usize,
    /// Seeds without.
    pub failed_seeds: Vec<u64>,
    /// None for no seed; the others for fewer than two.
    pub mean: Option<f64>,
    pub sd: Option<f64>,
    /// Student's t interval of the mean.
    pub interval: Option<[f64; 2]>,
}

pub fn run(args: Args, _: &Parameters) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let rows = table::read_all(&args.runs)?;
    let best_by = args.claims.map(|claims| best_by(&claims, &args.experiment)).transpose()?.unwrap_or_default();
    artifact::write_json(&args.out, &summarise(&args.experiment, best_by, &rows)?)?;
    Ok(())
}

/// As the first claim about the experiment has it that compares anything.
fn best_by(claims: &Path, experiment: &str) -> Result<BestBy, ReadError> {
    let sources = read::read(claims)?;
    let of_experiment = sources.iter().flat_map(|source| &source.file.claims).filter(|of| of.experiment == experiment);
    let first = of_experiment.filter_map(Claim::comparison).next();
    Ok(first.map(|comparison| comparison.best_by).unwrap_or_default())
}

/// Summarises every metric of every method of an experiment, at the last and at the best epoch.
pub fn summarise(
    experiment: &str,
    best_by: BestBy,
    rows: &[Observation],
) -> Result<Statistics, Box<dyn std::error::Error + Send + Sync>> {
    let experiments = Runs::by_experiment(rows)?;
    let Some(runs) = experiments.get(experiment) else {
        let found = if experiments.is_empty() { vec!["none"] } else { experiments.keys().copied().collect() };
        return Err(NoRuns { wanted: experiment.to_owned(), found: found.join(", ") }.into());
    };
    let epochs = first_and_last(experiment, rows);
    let mut summaries = Vec::new();
    for ((protocol, method), runs) in runs.groups() {
        let metrics: BTreeSet<&str> = runs.values().flat_map(|run| run.metrics()).collect();
        let validated = metrics.contains(best_by.metric());
        for metric in metrics {
            let ends = epochs.get(&(protocol, method, metric)).copied().unwrap_or_default();
            for at in when(ends, validated) {
                let values: Vec<f64> = runs.values().filter_map(|run| run.value(metric, at, best_by)).collect();
                let failed = runs.iter().filter(|(_, run)| run.value(metric, at, best_by).is_none());
                let [low, high] = interval::t_interval(&values, LEVEL);
                summaries.push(Summary {
                    protocol: protocol.to_owned(),
                    method: method.to_owned(),
                    metric: metric.to_owned(),
                    at,
                    n: values.len(),
                    failed_seeds: failed.map(|(seed, _)| *seed).collect(),
                    mean: finite(describe::mean(&values)),
                    sd: finite(describe::sd(&values)),
                    interval: finite(low).zip(finite(high)).map(|(low, high)| [low, high]),
                });
            }
        }
    }
    Ok(Statistics { experiment: experiment.to_owned(), level: LEVEL, best_by, summaries })
}

/// Runs with a validation part have a best epoch. Others are watched from the start, so that their first epoch counts; what
/// stands at one epoch only is summarised once.
fn when([first, last]: [u32; 2], validated: bool) -> Vec<At> {
    match validated {
        true => vec![At::Last, At::Best],
        false if first < last => vec![At::Last, At::Epoch(first)],
        false => vec![At::Last],
    }
}

/// protocol, method, metric -> the first and the last epoch with a row.
fn first_and_last<'a>(experiment: &str, rows: &'a [Observation]) -> BTreeMap<(&'a str, &'a str, &'a str), [u32; 2]> {
    let mut epochs: BTreeMap<_, [u32; 2]> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.experiment == experiment) {
        let of_metric = (row.protocol.as_str(), row.method.as_str(), row.metric.as_str());
        let [first, last] = epochs.entry(of_metric).or_insert([row.epoch; 2]);
        (*first, *last) = ((*first).min(row.epoch), (*last).max(row.epoch));
    }
    epochs
}

fn finite(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}
