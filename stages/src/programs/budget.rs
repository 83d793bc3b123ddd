//! `retrial stage budget`: how good the best of n trials was to be expected, by method, from the stored trials.

use std::error::Error;
use std::path::PathBuf;

use crate::artifact;
use crate::checks::budget_curve::budget;
use crate::parameters::Parameters;
use crate::search::journal::{self, JournalError, Recorded};

/// Writes the budget curves of an experiment's methods: the expected best validation score by number of trials
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The experiment; the journals of others are passed over
    experiment: String,
    /// Journals that `tune` wrote (*.log), or folders of them
    #[arg(long, num_args = 1.., required = true)]
    journals: Vec<PathBuf>,
    /// The JSON file to write
    #[arg(long)]
    out: PathBuf,
}

/// Runs the program.
pub fn run(args: Args, _: &Parameters) -> Result<(), Box<dyn Error + Send + Sync>> {
    let read = |file: PathBuf| -> Result<(PathBuf, Recorded), JournalError> {
        let recorded = journal::read(&file, None)?;
        Ok((file, recorded))
    };
    let files = artifact::files(&args.journals, "log")?;
    let journals = files.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    artifact::write_json(&args.out, &budget(&args.experiment, &journals)?)?;
    Ok(())
}
