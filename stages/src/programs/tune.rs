//! `retrial stage tune`: searches an arm's hyper-parameters under a protocol that tunes.

use std::error::Error;
use std::path::PathBuf;

use crate::artifact;
use crate::data::dataset::Dataset;
use crate::parameters::Parameters;
use crate::protocols::EXPERIMENTS;
use crate::protocols::protocol::{self, Name};
use crate::protocols::tuning::tune;
use crate::search::journal;
use crate::search::resume::Event;

/// Searches an arm's hyper-parameters under a protocol that tunes
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The experiment
    experiment: String,
    /// as-run, as-stated or controlled
    #[arg(long, default_value = "controlled")]
    protocol: Name,
    /// The arm whose hyper-parameters are searched
    #[arg(long)]
    method: String,
    /// Seeds the sampler, and the data, split, initial weights and batch orders of all trials
    #[arg(long)]
    tuning_seed: u64,
    /// The data set (safetensors), where the protocol does not generate one for each seed
    #[arg(long)]
    data: Option<PathBuf>,
    /// The file to write (JSON): the best trial's hyper-parameters
    #[arg(long)]
    out: PathBuf,
    /// The file to write the study to, as an Optuna journal
    #[arg(long)]
    journal: Option<PathBuf>,
    /// A folder that keeps finished trials: a search that was killed goes on from them
    #[arg(long, env = "RETRIAL_PROGRESS")]
    progress: Option<PathBuf>,
}

/// Runs the program.
pub fn run(args: Args, parameters: &Parameters) -> Result<(), Box<dyn Error + Send + Sync>> {
    let experiment = protocol::find(EXPERIMENTS, &args.experiment)?;
    let protocol = (experiment.protocol)(args.protocol, parameters)?;
    let arm = protocol.arm(&args.method)?;
    let search = parameters.get(&format!("{}.search", experiment.name))?;
    let data = args.data.as_deref().map(Dataset::read).transpose()?;
    let progress = args.progress.map(|folder| folder.join("study.log"));
    let (tuning, recorded) =
        tune(&protocol, arm, &search, args.tuning_seed, data.as_ref(), progress.as_deref(), &mut say)?;
    if let Some(path) = &args.journal {
        artifact::write(path, journal::text(&recorded).as_bytes())?;
    }
    artifact::write_json(&args.out, &tuning)?;
    Ok(())
}

/// A line for each trial, for the stage's log.
fn say(event: Event) {
    match event {
        Event::TakenUp(trials) => eprintln!("going on after {trials} finished trials"),
        Event::Finished(study) => {
            if let Some(trial) = study.trials().last() {
                let value = trial.value.map_or_else(|| "no value".to_owned(), |value| value.to_string());
                eprintln!("trial {}: {value}", trial.number);
            }
        }
    }
}
