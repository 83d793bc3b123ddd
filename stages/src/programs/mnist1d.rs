//! `retrial stage mnist1d`: makes the MNIST-1D data set.

use std::error::Error;
use std::path::PathBuf;

use crate::data::dataset::Dataset;
use crate::data::mnist1d::{self, Options};
use crate::parameters::Parameters;
use crate::protocols::EXPERIMENTS;
use crate::protocols::protocol;

/// Makes the MNIST-1D data set as the parameter `mnist1d`, or that of an experiment, describes it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The experiment whose data set it is, if that differs from the others'
    #[arg(long = "for")]
    experiment: Option<String>,
    /// The file to write (safetensors)
    #[arg(long)]
    out: PathBuf,
}

pub fn run(args: Args, parameters: &Parameters) -> Result<(), Box<dyn Error + Send + Sync>> {
    let options: Options = match &args.experiment {
        Some(name) => (protocol::find(EXPERIMENTS, name)?.data)(parameters)?,
        None => parameters.get("mnist1d")?,
    };
    let made = mnist1d::generate(&options)?;
    Dataset::from(&made).write(&args.out)?;
    Ok(())
}
