//! `retrial stage checks`: what can be said about experiments before anything is trained.

use std::error::Error;
use std::path::PathBuf;

use crate::artifact;
use crate::checks::check;
use crate::checks::finding::Checks;
use crate::claims::read;
use crate::claims::schema::Claim;
use crate::lowrank;
use crate::parameters::Parameters;
use crate::protocols::EXPERIMENTS;
use crate::protocols::differences::{of_lowrank, side_by_side};
use crate::protocols::protocol;
use crate::protocols::tuning::Tuning;

/// Looks at the design of experiments: protocols side by side, search spaces, budgets, what chooses, and reported numbers
/// that cannot be
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The experiments
    #[arg(required = true)]
    experiments: Vec<String>,
    /// A claim file, or a folder of claim files
    #[arg(long)]
    claims: PathBuf,
    /// Files that `tune` wrote, or folders of them: were their best values at an end of what was searched?
    #[arg(long, num_args = 1..)]
    tuned: Vec<PathBuf>,
    /// The JSON file to write
    #[arg(long)]
    out: PathBuf,
}

/// Runs the program.
pub fn run(args: Args, parameters: &Parameters) -> Result<(), Box<dyn Error + Send + Sync>> {
    let sources = read::read(&args.claims)?;
    let claims: Vec<&Claim> = sources.iter().flat_map(|source| &source.file.claims).collect();
    let files = artifact::json_files(&args.tuned)?;
    let tunings = files.iter().map(|file| artifact::read_json(file)).collect::<Result<Vec<Tuning>, _>>()?;
    let mut checks = Checks::default();
    for name in &args.experiments {
        // There nothing is tuned and nothing chosen.
        if name == lowrank::NAME {
            checks.protocols.push(of_lowrank()?);
            continue;
        }
        let experiment = protocol::find(EXPERIMENTS, name)?;
        checks.findings.extend(check(experiment, parameters, &tunings, &claims)?);
        checks.protocols.push(side_by_side(experiment, parameters)?);
    }
    artifact::write_json(&args.out, &checks)?;
    Ok(())
}
