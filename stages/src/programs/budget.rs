//! `retrial stage budget`: how good the best of n trials was to be expected, by method, from the stored trials.

use std::error::Error;
use std::path::{Path, PathBuf};

use crate::artifact;
use crate::checks::budget_curve::{BudgetError, budget};
use crate::parameters::Parameters;
use crate::search::journal::{self, Recorded};

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
    let mut journals: Vec<(PathBuf, Recorded)> = Vec::new();
    for path in &args.journals {
        for file in files(path)? {
            let recorded = journal::read(&file, None)?;
            journals.push((file, recorded));
        }
    }
    artifact::write_json(&args.out, &budget(&args.experiment, &journals)?)?;
    Ok(())
}

/// The file itself, or the journals of a folder and of those in it, in order of their names.
fn files(path: &Path) -> Result<Vec<PathBuf>, BudgetError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let error = |source| BudgetError::Folder { path: path.to_owned(), source };
    let entries = std::fs::read_dir(path).map_err(error)?;
    let mut entries = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(error)?;
    entries.retain(|entry| entry.is_dir() || entry.extension().is_some_and(|extension| extension == "log"));
    entries.sort();
    Ok(entries.iter().map(|entry| files(entry)).collect::<Result<Vec<_>, _>>()?.concat())
}
