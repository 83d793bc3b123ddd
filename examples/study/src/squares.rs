//! `squares stage squares`: the first square numbers, one a line.

use std::error::Error;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Args {
    /// The file to write
    #[arg(long)]
    out: PathBuf,
}

/// `parameters` is a file of the parameters that the stage declares: {"params.yaml": {"count": 5}}.
pub fn run(args: &Args, parameters: Option<&Path>) -> Result<(), Box<dyn Error + Send + Sync>> {
    let file = std::fs::read_to_string(parameters.ok_or("start this with `squares repro`")?)?;
    let parameters: serde_json::Value = serde_json::from_str(&file)?;
    let count = parameters["params.yaml"]["count"].as_u64().ok_or("`count` is not a number")?;
    let lines: String = (1..=count).map(|number| format!("{}\n", number * number)).collect();
    Ok(std::fs::write(&args.out, lines)?)
}
