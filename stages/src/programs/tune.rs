//! `retrial stage tune`: searches a method's hyper-parameters under the controlled protocol.

use std::error::Error;
use std::path::PathBuf;

use crate::artifact;
use crate::data::dataset::Dataset;
use crate::methods::METHODS;
use crate::methods::method;
use crate::parameters::Parameters;
use crate::protocols::EXPERIMENTS;
use crate::protocols::protocol::{self, Name};
use crate::protocols::tuning::tune;

/// Searches a method's hyper-parameters under the controlled protocol
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The experiment
    experiment: String,
    /// The method whose hyper-parameters are searched
    #[arg(long)]
    method: String,
    /// Seeds the sampler, and the data, split, initial weights and batch orders of all trials
    #[arg(long)]
    tuning_seed: u64,
    /// The data set (safetensors), where the protocol does not generate one for each seed
    #[arg(long)]
    data: Option<PathBuf>,
    /// The file to write (JSON): all trials, and the best one's hyper-parameters
    #[arg(long)]
    out: PathBuf,
}

/// Runs the program.
pub fn run(args: Args, parameters: &Parameters) -> Result<(), Box<dyn Error + Send + Sync>> {
    let experiment = protocol::find(EXPERIMENTS, &args.experiment)?;
    let protocol = (experiment.protocol)(Name::Controlled, parameters)?;
    let method = method::find(METHODS, &args.method)?;
    let search = parameters.get(&format!("{}.search", experiment.name))?;
    let data = args.data.as_deref().map(Dataset::read).transpose()?;
    let tuning = tune(&protocol, method, &search, args.tuning_seed, data.as_ref())?;
    artifact::write_json(&args.out, &tuning)?;
    Ok(())
}
