//! `retrial stage train`: the final runs of one arm of an experiment under one protocol.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::PathBuf;
use std::str::FromStr;

use rayon::prelude::*;
use thiserror::Error;

use crate::data::dataset::Dataset;
use crate::methods::method::Hyperparameters;
use crate::parameters::Parameters;
use crate::protocols::EXPERIMENTS;
use crate::protocols::protocol::{self, Arm, HyperparameterSource, Name, Protocol};
use crate::protocols::runs::Finals;
use crate::protocols::tuning::{TuningsError, read_tunings};
use crate::{predictions, table};

/// Makes the final runs of one arm of an experiment under one protocol
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The experiment
    experiment: String,
    /// as-run, as-stated or controlled
    #[arg(long)]
    protocol: Name,
    /// The arm: a method, or a control such as baseline-at-svvar
    #[arg(long)]
    method: String,
    /// Seeds and ranges of seeds, such as 0-9 or 0,3,5-7: one run each, side by side
    #[arg(long)]
    seeds: Seeds,
    /// The data set (safetensors), where the protocol does not generate one for each seed
    #[arg(long)]
    data: Option<PathBuf>,
    /// Files that `tune` wrote, or folders of them, where the protocol tunes; those of other methods are passed over
    #[arg(long, num_args = 1..)]
    tuned: Vec<PathBuf>,
    /// The table to write (Parquet)
    #[arg(long)]
    out: PathBuf,
    /// The table of predictions of the sealed test part to write (Parquet)
    #[arg(long)]
    predictions: Option<PathBuf>,
}

/// In order, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeds(pub BTreeSet<u64>);

/// A text is no list of seeds.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a seed or a range of at most a million seeds such as 0-9")]
pub struct SeedsError(String);

impl FromStr for Seeds {
    type Err = SeedsError;

    fn from_str(text: &str) -> Result<Self, SeedsError> {
        const MOST: u64 = 1_000_000;
        let mut seeds = BTreeSet::new();
        for item in text.split(',') {
            let error = || SeedsError(item.to_owned());
            let seed = |text: &str| text.trim().parse::<u64>().map_err(|_| error());
            let (first, last) = item.split_once('-').unwrap_or((item, item));
            let (first, last) = (seed(first)?, seed(last)?);
            if first > last || last - first >= MOST {
                return Err(error());
            }
            seeds.extend(first..=last);
        }
        Ok(Self(seeds))
    }
}

/// What tunings chose for an arm, where its protocol tunes; `files` as [`read_tunings`] takes them.
pub(super) fn tuned(
    protocol: &Protocol,
    arm: &Arm,
    files: &[PathBuf],
) -> Result<BTreeMap<String, Vec<Hyperparameters>>, TuningsError> {
    Ok(match protocol.hyperparameters {
        HyperparameterSource::Published(_) => BTreeMap::new(),
        HyperparameterSource::Tuned => {
            let of = arm.hyperparameters_of;
            BTreeMap::from([(of.to_owned(), read_tunings(files, protocol, of)?)])
        }
    })
}

/// Runs the program.
pub fn run(args: Args, parameters: &Parameters) -> Result<(), Box<dyn Error + Send + Sync>> {
    let experiment = protocol::find(EXPERIMENTS, &args.experiment)?;
    let protocol = (experiment.protocol)(args.protocol, parameters)?;
    let arm = protocol.arm(&args.method)?.clone();
    let data = args.data.as_deref().map(Dataset::read).transpose()?;
    let tuned = tuned(&protocol, &arm, &args.tuned)?;
    let finals = Finals { protocol, data, tuned };
    // A run stays on its thread, so the order of the seeds is the only one there is.
    let seeds: Vec<u64> = args.seeds.0.into_iter().collect();
    let runs = seeds.into_par_iter().map(|seed| finals.observe(&arm, seed)).collect::<Result<Vec<_>, _>>()?;
    if let Some(path) = &args.predictions {
        let predictions: Vec<_> = runs.iter().flat_map(|run| run.predictions.iter().cloned()).collect();
        predictions::write_parquet(path, &predictions)?;
    }
    let rows: Vec<_> = runs.into_iter().flat_map(|run| run.rows).collect();
    table::write_parquet(&args.out, &rows)?;
    Ok(())
}
