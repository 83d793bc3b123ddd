//! `retrial stage train`: the final runs of one arm of an experiment under one protocol.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use crate::data::dataset::Dataset;
use crate::device::place::Place;
use crate::methods::method::Hyperparameters;
use crate::parameters::Parameters;
use crate::predictions::{self, Prediction};
use crate::protocols::protocol::{self, Arm, HyperparameterSource, Name, Protocol};
use crate::protocols::runs::Finals;
use crate::protocols::tuning::{TuningsError, read_tunings};
use crate::protocols::{EXPERIMENTS, OBSERVERS};
use crate::seeds::Seeds;
use crate::table::{self, Observation};

/// Makes the final runs of one arm of an experiment under one protocol
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The experiment
    experiment: String,
    /// as-run, as-stated or controlled
    #[arg(long)]
    protocol: Name,
    /// Another protocol under which this arm is the same: its rows are written too
    #[arg(long, value_name = "PROTOCOL")]
    also: Vec<Name>,
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
    /// Where to compute: cpu (seeds side by side), cuda:N or metal (all seeds at once, in a build that knows it)
    #[arg(long, default_value = "cpu")]
    device: Place,
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
    for &also in &args.also {
        protocol.check_alike(&(experiment.protocol)(also, parameters)?, &args.method)?;
    }
    let arm = protocol.arm(&args.method)?.clone();
    let data = args.data.as_deref().map(Dataset::read).transpose()?;
    let tuned = tuned(&protocol, &arm, &args.tuned)?;
    let finals = Finals { protocol, data, tuned };
    let observe = if args.device == Place::Cpu { OBSERVERS.on_cpu } else { OBSERVERS.on_device };
    let runs = observe(&finals, &arm, &args.seeds.into_vec(), args.device)?;
    if let Some(path) = &args.predictions {
        let predictions = runs.iter().flat_map(|run| run.predictions.iter().cloned()).collect();
        let under = |protocol: Name, row: Prediction| Prediction { protocol: protocol.to_string(), ..row };
        predictions::write_parquet(path, &with_copies(predictions, &args.also, under))?;
    }
    let rows = runs.into_iter().flat_map(|run| run.rows).collect();
    let under = |protocol: Name, row: Observation| Observation { protocol: protocol.to_string(), ..row };
    table::write_parquet(&args.out, &with_copies(rows, &args.also, under))?;
    Ok(())
}

/// Rows, and again for each of these protocols.
fn with_copies<Row: Clone>(rows: Vec<Row>, also: &[Name], under: impl Fn(Name, Row) -> Row) -> Vec<Row> {
    let copies = also.iter().flat_map(|&name| rows.iter().cloned().map(move |row| (name, row)));
    let copies: Vec<Row> = copies.map(|(name, row)| under(name, row)).collect();
    [rows, copies].concat()
}
