//! `retrial stage mnist1d`: makes the MNIST-1D data set.

use std::error::Error;
use std::path::PathBuf;

use crate::data::dataset::Dataset;
use crate::data::mnist1d::{self, Options};
use crate::parameters::Parameters;

/// Makes the MNIST-1D data set as the parameter `mnist1d` describes it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A parameter that says how many samples, in place of `mnist1d.samples`
    #[arg(long, value_name = "PARAMETER")]
    samples: Option<String>,
    /// The file to write (safetensors)
    #[arg(long)]
    out: PathBuf,
}

pub fn run(args: Args, parameters: &Parameters) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut options: Options = parameters.get("mnist1d")?;
    if let Some(parameter) = &args.samples {
        options.samples = parameters.get(parameter)?;
    }
    let made = mnist1d::generate(&options)?;
    Dataset::from(&made).write(&args.out)?;
    Ok(())
}
