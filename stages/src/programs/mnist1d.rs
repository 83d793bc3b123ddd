//! `retrial stage mnist1d`: makes the MNIST-1D data set.

use std::error::Error;
use std::path::PathBuf;

use crate::data::dataset::Dataset;
use crate::data::mnist1d::{self, Options};
use crate::parameters::Parameters;

/// Makes the MNIST-1D data set as the parameter `mnist1d` describes it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to write (safetensors)
    #[arg(long)]
    out: PathBuf,
}

pub fn run(args: Args, parameters: &Parameters) -> Result<(), Box<dyn Error + Send + Sync>> {
    let options: Options = parameters.get("mnist1d")?;
    let made = mnist1d::generate(&options)?;
    Dataset::from(&made).write(&args.out)?;
    Ok(())
}
