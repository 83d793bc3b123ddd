//! `retrial stage spread`: what a single run of an experiment leaves open, and what the spread between seeds is made of.

use std::path::PathBuf;

use crate::claims::{read, spread};
use crate::parameters::Parameters;
use crate::{artifact, table};

/// Says what a single run leaves open, and what the spread between seeds is made of
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The experiment
    experiment: String,
    /// A table that `sensitivity` wrote, or a folder of tables; may be given several times
    #[arg(long, required = true)]
    runs: Vec<PathBuf>,
    /// A claim file, or a folder of claim files: which numbers matter
    #[arg(long)]
    claims: PathBuf,
    /// The JSON file to write
    #[arg(long)]
    out: PathBuf,
}

pub fn run(args: Args, _: &Parameters) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let claims = read::read(&args.claims)?;
    let rows = table::read_all(&args.runs)?;
    artifact::write_json(&args.out, &spread::spread(&args.experiment, &rows, &claims)?)?;
    Ok(())
}
