//! `retrial stage verdicts`: all claims of the study, judged by the tables of all experiments.

use std::path::PathBuf;

use crate::claims::metrics::metrics;
use crate::claims::predicted::Predicted;
use crate::claims::{judge, read};
use crate::parameters::Parameters;
use crate::{artifact, table};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A claim file, or a folder of claim files
    #[arg(long)]
    claims: PathBuf,
    /// A table of results, or a folder of tables; may be given several times
    #[arg(long, required = true)]
    runs: Vec<PathBuf>,
    /// A table of predictions, or a folder of tables, for tests row by row; may be given several times
    #[arg(long)]
    predictions: Vec<PathBuf>,
    /// The JSON file to write
    #[arg(long)]
    out: PathBuf,
    /// A folder for a few numbers of each verdict, as DVC shows metrics: CLAIM/PROTOCOL.json
    #[arg(long)]
    metrics: Option<PathBuf>,
}

pub fn run(args: Args, _: &Parameters) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let claims = read::read(&args.claims)?;
    let rows = table::read_all(&args.runs)?;
    let predicted = Predicted::read(&args.predictions)?;
    let verdicts = judge::judge_with(&claims, &rows, &predicted)?;
    artifact::write_json(&args.out, &verdicts)?;
    if let Some(folder) = &args.metrics {
        for (path, numbers) in metrics(&verdicts) {
            artifact::write_json(&folder.join(path), &numbers)?;
        }
    }
    Ok(())
}
