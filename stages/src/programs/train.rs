//! `retrial stage train`: the final runs of one arm of an experiment under one protocol.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use rayon::prelude::*;

use super::seeds::Seeds;
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
    let seeds = args.seeds.into_vec().into_par_iter();
    let runs = seeds.map(|seed| finals.observe(&arm, seed)).collect::<Result<Vec<_>, _>>()?;
    if let Some(path) = &args.predictions {
        let predictions: Vec<_> = runs.iter().flat_map(|run| run.predictions.iter().cloned()).collect();
        predictions::write_parquet(path, &predictions)?;
    }
    let rows: Vec<_> = runs.into_iter().flat_map(|run| run.rows).collect();
    table::write_parquet(&args.out, &rows)?;
    Ok(())
}
