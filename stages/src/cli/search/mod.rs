//! `retrial search`: looks into a search that Optuna or retrial made.

mod plot;
mod replay;
mod show;

use std::path::PathBuf;

use thiserror::Error;

use crate::search::journal::JournalError;

/// Looks into a hyper-parameter search, from its journal file (Optuna's or ours)
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Replay(replay::Args),
    Show(show::Args),
}

/// Which study of which file.
#[derive(Debug, clap::Args)]
struct JournalArgs {
    /// The journal file
    journal: PathBuf,
    /// The study, where the file holds several
    #[arg(long, value_name = "NAME")]
    study: Option<String>,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Error)]
pub enum SearchError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("{}: does not say which seed its sampler had: give it with --seed", .0.display())]
    NoSeed(PathBuf),
    #[error("the result cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// What the command prints, and whether the answer is yes.
pub fn run(args: &Args, width: usize) -> Result<(String, bool), SearchError> {
    match &args.command {
        Command::Replay(args) => replay::run(args),
        Command::Show(args) => Ok((show::run(args, width)?, true)),
    }
}
