//! `retrial stage tuned`: what tunings chose, as a table that claims can point at.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use serde::Deserialize;

use crate::artifact;
use crate::parameters::Parameters;
use crate::table::{self, Observation};

/// Writes what tunings chose as a table
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The experiment; the tunings of others are passed over
    experiment: String,
    /// Files that `tune` wrote, or folders of them
    #[arg(long, num_args = 1.., required = true)]
    tuned: Vec<PathBuf>,
    /// The table to write (Parquet): the metric `tuned_NAME` of each hyper-parameter, the tuning's seed for the seed
    #[arg(long)]
    out: PathBuf,
}

/// A tuning's file. With [`crate::protocols::tuning::Tuning`] in its place this table would rest on the code of training.
#[derive(Debug, Deserialize)]
struct Tuning {
    experiment: String,
    protocol: String,
    method: String,
    seed: u64,
    best: Option<BTreeMap<String, f64>>,
    value: Option<f64>,
}

/// Runs the program.
pub fn run(args: Args, _: &Parameters) -> Result<(), Box<dyn Error + Send + Sync>> {
    let files = artifact::json_files(&args.tuned)?;
    let mut tunings = files.iter().map(|file| artifact::read_json(file)).collect::<Result<Vec<Tuning>, _>>()?;
    tunings.retain(|tuning| tuning.experiment == args.experiment);
    tunings.sort_by_key(|tuning| (tuning.protocol.clone(), tuning.method.clone(), tuning.seed));
    let rows: Vec<Observation> = tunings.iter().flat_map(rows).collect();
    table::write_parquet(&args.out, &rows)?;
    Ok(())
}

fn rows(tuning: &Tuning) -> Vec<Observation> {
    let chosen = tuning.best.iter().flatten().map(|(name, &value)| (format!("tuned_{name}"), value));
    let score = tuning.value.map(|value| ("tuned_score".to_owned(), value));
    let row = |(metric, value)| Observation {
        experiment: tuning.experiment.clone(),
        protocol: tuning.protocol.clone(),
        method: tuning.method.clone(),
        seed: tuning.seed,
        epoch: 1,
        metric,
        value,
    };
    chosen.chain(score).map(row).collect()
}
