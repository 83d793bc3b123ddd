//! `retrial stage sensitivity`: one run of an arm again and again, with a single source of chance changed.

use std::error::Error;
use std::path::PathBuf;

use super::train::tuned;
use crate::data::dataset::Dataset;
use crate::parameters::Parameters;
use crate::protocols::EXPERIMENTS;
use crate::protocols::protocol::{self, Name};
use crate::protocols::runs::Finals;
use crate::protocols::sensitivity::Source;
use crate::seeds::Seeds;
use crate::side_by_side::side_by_side;
use crate::table;

/// Repeats one run of an arm with a single source of chance changed
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The experiment
    experiment: String,
    /// as-run, as-stated or controlled
    #[arg(long)]
    protocol: Name,
    /// The arm
    #[arg(long)]
    method: String,
    /// The seed of the run
    #[arg(long)]
    seed: u64,
    /// What changes: last-bit (of the initial weights), data, split, weights, order or all
    #[arg(long)]
    vary: Source,
    /// Repetitions, such as 0-9: what is varied is drawn for each
    #[arg(long)]
    repetitions: Seeds,
    /// The data set (safetensors), where the protocol does not generate one for each seed
    #[arg(long)]
    data: Option<PathBuf>,
    /// Files that `tune` wrote, or folders of them, where the protocol tunes
    #[arg(long, num_args = 1..)]
    tuned: Vec<PathBuf>,
    /// The table to write (Parquet)
    #[arg(long)]
    out: PathBuf,
}

/// Runs the program.
pub fn run(args: Args, parameters: &Parameters) -> Result<(), Box<dyn Error + Send + Sync>> {
    let experiment = protocol::find(EXPERIMENTS, &args.experiment)?;
    let protocol = (experiment.protocol)(args.protocol, parameters)?;
    let arm = protocol.arm(&args.method)?.clone();
    let data = args.data.as_deref().map(Dataset::read).transpose()?;
    let tuned = tuned(&protocol, &arm, &args.tuned)?;
    let finals = Finals { protocol, data, tuned };
    let repetitions = args.repetitions.into_vec();
    let observe = |&repetition: &u64| finals.observe_varied(&arm, args.seed, args.vary, repetition);
    let runs = side_by_side(&repetitions, observe)?;
    let rows: Vec<_> = runs.into_iter().flat_map(|run| run.rows).collect();
    table::write_parquet(&args.out, &rows)?;
    Ok(())
}
