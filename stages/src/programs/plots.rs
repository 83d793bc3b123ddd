//! `retrial stage plots`: the figures of an experiment, each as SVG and as PNG.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::checks::budget_curve::{Budget, Name};
use crate::claims::read;
use crate::claims::schema::Claim;
use crate::claims::spread::Spread;
use crate::parameters::Parameters;
use crate::plots::budget::BudgetCurves;
use crate::plots::final_scores::final_scores;
use crate::plots::learning_curves::LearningCurves;
use crate::plots::lowrank::{self, Lowrank};
use crate::plots::palette::Palette;
use crate::plots::repeats::repeats;
use crate::plots::tuning::Tuning;
use crate::plots::variance::Variance;
use crate::search::journal;
use crate::search::study::Study;
use crate::table::Observation;
use crate::{artifact, plots, table};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The experiment whose figures are drawn
    experiment: String,
    /// A table of results, or a folder of tables; may be given several times
    #[arg(long, required = true)]
    runs: Vec<PathBuf>,
    /// A claim file, or a folder of claim files: order of protocols and methods, and what was published
    #[arg(long)]
    claims: PathBuf,
    /// Journals that `tune` wrote (*.log), or folders of them: figures of the searches
    #[arg(long, num_args = 1..)]
    journals: Vec<PathBuf>,
    /// What `budget` wrote: figures of what fewer trials would have come to
    #[arg(long)]
    budget: Option<PathBuf>,
    /// What `spread` wrote: figures of repeated runs and of sources of chance
    #[arg(long)]
    spread: Option<PathBuf>,
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

/// A journal that `tune` has not written says nothing of experiment, protocol and method.
#[derive(Debug, Error)]
#[error("{}: the study is called `{name}`, not EXPERIMENT PROTOCOL METHOD, tuning SEED: give journals that `tune` wrote", path.display())]
pub struct UnnamedStudy {
    path: PathBuf,
    name: String,
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

pub fn run(args: Args, _: &Parameters) -> Result<()> {
    let sources = read::read(&args.claims)?;
    let claims: Vec<&Claim> = sources.iter().flat_map(|source| &source.file.claims).collect();
    let rows = table::read_all(&args.runs)?;
    let of_experiment = rows.iter().filter(|row| row.experiment == args.experiment);
    let palette = Palette::of_claims(&args.experiment, &claims, of_experiment.map(|row| row.method.as_str()));

    if args.experiment == lowrank::EXPERIMENT {
        for (name, figure) in Lowrank::new(&rows, &claims, &palette).figures() {
            plots::write(&figure, &args.out.join(name))?;
        }
    } else {
        learning_curves(&args, &rows, &claims)?;
    }
    let scores = final_scores(&rows, &args.experiment, &claims, &palette)?;
    for (i, figure) in scores.iter().enumerate() {
        let name = if scores.len() > 1 { format!("final-scores-{}", i + 1) } else { "final-scores".to_owned() };
        plots::write(figure, &args.out.join(name))?;
    }
    tunings(&args, &palette)?;
    if let Some(budget) = &args.budget {
        let budget: Budget = artifact::read_json(budget)?;
        if let Some(figure) = BudgetCurves::new(&budget, &palette) {
            plots::write(&figure, &args.out.join("budget"))?;
        }
    }
    if let Some(spread) = &args.spread {
        of_spread(spread, &palette, &args.out)?;
    }
    Ok(())
}

/// Metric -> file, without its ending. Scores of the test part stand at two epochs only and make no curve.
const CURVES: [(&str, &str); 3] =
    [("val_loss", "validation-loss"), ("train_loss", "training-loss"), ("val_accuracy", "validation-accuracy")];

fn learning_curves(args: &Args, rows: &[Observation], claims: &[&Claim]) -> Result<()> {
    let mut written = 0;
    for (metric, file) in CURVES {
        let Some(figure) = LearningCurves::new(rows, &args.experiment, metric, claims) else { continue };
        plots::write(&figure, &args.out.join(file))?;
        written += 1;
    }
    if written == 0 {
        return Err(NoCurves(args.experiment.clone()).into());
    }
    Ok(())
}

/// A figure for each protocol that has searched.
fn tunings(args: &Args, palette: &Palette) -> Result<()> {
    let mut studies: BTreeMap<Name, Study> = BTreeMap::new();
    for path in artifact::files(&args.journals, "log")? {
        let recorded = journal::read(&path, None)?;
        let name = Name::parse(&recorded.name).ok_or(UnnamedStudy { path, name: recorded.name })?;
        if name.experiment == args.experiment {
            studies.insert(name, recorded.study);
        }
    }
    let mut protocols: BTreeMap<&str, BTreeMap<&str, Vec<&Study>>> = BTreeMap::new();
    for (name, study) in &studies {
        protocols.entry(&name.protocol).or_default().entry(&name.method).or_default().push(study);
    }
    for (protocol, methods) in &protocols {
        if let Some(figure) = Tuning::new(protocol, methods, palette) {
            // A name from a journal may hold anything, and is to be no path.
            let name = protocol.replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-', "_");
            plots::write(&figure, &args.out.join(format!("tuning-{name}")))?;
        }
    }
    Ok(())
}

fn of_spread(file: &Path, palette: &Palette, out: &Path) -> Result<()> {
    let spread: Spread = artifact::read_json(file)?;
    if let Some(figure) = Variance::new(&spread, palette) {
        plots::write(&figure, &out.join("variance"))?;
    }
    if let Some(figure) = repeats(&spread, palette) {
        plots::write(&figure, &out.join("repeats"))?;
    }
    Ok(())
}
