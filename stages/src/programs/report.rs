//! `retrial stage report`: the verdicts as a page and as a summary, and the paired differences as figures of their own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;

use crate::artifact::{self, ArtifactError};
use crate::checks::budget_curve::Budget;
use crate::claims::spread::Spread;
use crate::parameters::Parameters;
use crate::plots;
use crate::plots::forest::Forest;
use crate::plots::paired_differences::PairedDifferences;
use crate::plots::palette::Palette;
use crate::report::{Figure, FigureError, Material, page, slug, summary};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The verdicts, as `retrial stage verdicts` writes them
    #[arg(long)]
    verdicts: PathBuf,
    /// The folder that holds a folder of figures for each experiment
    #[arg(long)]
    plots: PathBuf,
    /// Files that `spread` wrote, or folders of them
    #[arg(long, num_args = 1..)]
    spread: Vec<PathBuf>,
    /// What was found without training, as `retrial stage checks` writes it
    #[arg(long)]
    checks: Option<PathBuf>,
    /// Files that `budget` wrote, or folders of them
    #[arg(long, num_args = 1..)]
    budget: Vec<PathBuf>,
    /// The stages whose runs an experiment's claims rest on, as `retrial repro` takes them: the page says how to run them again
    #[arg(long, value_name = "EXPERIMENT=STAGE,…", num_args = 1..)]
    stages: Vec<StagesOf>,
    /// The folder to write into
    #[arg(long)]
    out: PathBuf,
}

/// An experiment and its stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagesOf(String, Vec<String>);

#[derive(Debug, Error)]
#[error("an experiment's stages are given as EXPERIMENT=STAGE,STAGE,…")]
pub struct StagesError;

impl FromStr for StagesOf {
    type Err = StagesError;

    fn from_str(text: &str) -> Result<Self, StagesError> {
        let (experiment, stages) = text.split_once('=').ok_or(StagesError)?;
        let stages: Vec<String> = stages.split(',').map(str::to_owned).collect();
        if experiment.is_empty() || stages.iter().any(String::is_empty) {
            return Err(StagesError);
        }
        Ok(Self(experiment.to_owned(), stages))
    }
}

/// A figure that can't stand in the page, and where it lies.
#[derive(Debug, Error)]
#[error("{}: {source}", path.display())]
pub struct UnfitFigure {
    path: PathBuf,
    source: FigureError,
}

pub fn run(args: Args, _: &Parameters) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let material = material(&args)?;
    let verdicts = &material.verdicts;
    artifact::write(&args.out.join("index.html"), page(&material)?.as_bytes())?;
    artifact::write(&args.out.join("summary.md"), summary(verdicts).as_bytes())?;
    let folder = args.out.join("figures");
    if let Some(forest) = Forest::new(verdicts) {
        plots::write(&forest, &folder.join("forest"))?;
    }
    for claim in &verdicts.claims {
        let palette = Palette::of_verdicts(&claim.experiment, &verdicts.claims);
        let Some(figure) = PairedDifferences::new(claim, &palette) else { continue };
        plots::write(&figure, &folder.join(format!("paired-differences-{}", slug(&claim.id))))?;
    }
    Ok(())
}

/// Reads all that the page is made from.
fn material(args: &Args) -> Result<Material, Box<dyn std::error::Error + Send + Sync>> {
    let mut material = Material::of(artifact::read_json(&args.verdicts)?);
    for claim in &material.verdicts.claims {
        if !material.figures.contains_key(&claim.experiment) {
            material.figures.insert(claim.experiment.clone(), figures_of(&args.plots, &claim.experiment)?);
        }
    }
    for path in artifact::json_files(&args.spread)? {
        let spread: Spread = artifact::read_json(&path)?;
        material.spreads.insert(spread.experiment.clone(), spread);
    }
    for path in artifact::json_files(&args.budget)? {
        let budget: Budget = artifact::read_json(&path)?;
        material.budgets.insert(budget.experiment.clone(), budget);
    }
    if let Some(checks) = &args.checks {
        material.checks = artifact::read_json(checks)?;
    }
    material.stages = args.stages.iter().map(|StagesOf(name, stages)| (name.clone(), stages.clone())).collect();
    Ok(material)
}

/// The SVG files of an experiment's folder, the validation loss first, then by name; none if there is no such folder.
fn figures_of(plots: &Path, experiment: &str) -> Result<Vec<Figure>, Box<dyn std::error::Error + Send + Sync>> {
    // Folders are looked through, not joined to: an experiment's name is no path.
    let Some(folder) = entries(plots)?.into_iter().find(|entry| entry.file_name() == Some(OsStr::new(experiment)))
    else {
        return Ok(Vec::new());
    };
    let mut files = entries(&folder)?;
    files.retain(|file| file.extension() == Some(OsStr::new("svg")));
    files.sort_by_key(|file| (file.file_stem() != Some(OsStr::new("validation-loss")), file.clone()));
    let mut figures = Vec::new();
    for path in files {
        let text =
            std::fs::read_to_string(&path).map_err(|source| ArtifactError::Read { path: path.clone(), source })?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        figures.push(Figure::parse(&text).map_err(|source| UnfitFigure { path, source })?.named(&name));
    }
    Ok(figures)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, ArtifactError> {
    let read = || std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    read().map_err(|source| ArtifactError::Read { path: folder.to_owned(), source })
}
