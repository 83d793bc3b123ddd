//! `retrial stage plots`: the learning curves of an experiment, one figure a metric, each as SVG and as PNG.

use std::path::PathBuf;

use thiserror::Error;

use crate::claims::read;
use crate::claims::schema::Claim;
use crate::parameters::Parameters;
use crate::plots::learning_curves::LearningCurves;
use crate::{artifact, plots, table};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The experiment whose curves are drawn
    experiment: String,
    /// A table of results, or a folder of tables; may be given several times
    #[arg(long, required = true)]
    runs: Vec<PathBuf>,
    /// A claim file, or a folder of claim files: order of protocols and methods, and the published curves
    #[arg(long)]
    claims: PathBuf,
    /// The folder to write into
    #[arg(long)]
    out: PathBuf,
}

/// There is nothing to draw: most often a slip of the pen in the experiment's name.
#[derive(Debug, Error)]
#[error(
    "the tables hold no curve of experiment `{0}`: none of its metrics is one of val_loss, train_loss, val_accuracy"
)]
pub struct NoCurves(String);

/// Metric -> file, without its ending. Scores of the test part stand at two epochs only and make no curve.
const FIGURES: [(&str, &str); 3] =
    [("val_loss", "validation-loss"), ("train_loss", "training-loss"), ("val_accuracy", "validation-accuracy")];

pub fn run(args: Args, _: &Parameters) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let sources = read::read(&args.claims)?;
    let claims: Vec<&Claim> = sources.iter().flat_map(|source| &source.file.claims).collect();
    let rows = table::read_all(&args.runs)?;
    let mut written = 0;
    for (metric, file) in FIGURES {
        let Some(figure) = LearningCurves::new(&rows, &args.experiment, metric, &claims) else { continue };
        artifact::write(&args.out.join(format!("{file}.svg")), plots::svg(&figure)?.as_bytes())?;
        artifact::write(&args.out.join(format!("{file}.png")), &plots::png(&figure)?)?;
        written += 1;
    }
    if written == 0 {
        return Err(NoCurves(args.experiment).into());
    }
    Ok(())
}
