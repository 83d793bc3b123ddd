//! `retrial stage lowrank`: the runs of one configuration of the low-rank experiment under one protocol.

use std::error::Error;
use std::path::PathBuf;

use crate::lowrank::configuration::{Configuration, Sizes};
use crate::lowrank::observe::observe;
use crate::lowrank::protocol::{Name, Protocol};
use crate::parameters::Parameters;
use crate::seeds::Seeds;
use crate::side_by_side::side_by_side;
use crate::table;

/// Trains both networks of one configuration of the low-rank experiment, and writes what was measured every epoch
#[derive(Debug, clap::Args)]
pub struct Args {
    /// as-run, as-published (of configuration I only) or controlled
    #[arg(long)]
    protocol: Name,
    /// The configuration, A to I
    #[arg(long)]
    config: String,
    /// Seeds and ranges of seeds, such as 0-9 or 0,3,5-7: the runs of each, side by side
    #[arg(long)]
    seeds: Seeds,
    /// The table to write (Parquet)
    #[arg(long)]
    out: PathBuf,
}

/// Runs the program.
pub fn run(args: Args, parameters: &Parameters) -> Result<(), Box<dyn Error + Send + Sync>> {
    let configuration = Configuration::find(&args.config)?;
    let protocol = Protocol::of(args.protocol, configuration)?;
    let sizes = Sizes::read(parameters)?;
    let epochs = configuration.epochs(parameters)?;
    let seeds = args.seeds.into_vec();
    let rows = side_by_side(&seeds, |&seed| observe(configuration, &protocol, &sizes, epochs, seed))?;
    table::write_parquet(&args.out, &rows.concat())?;
    Ok(())
}
