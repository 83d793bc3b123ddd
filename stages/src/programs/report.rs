//! `retrial stage report`: the verdicts as a page and as a summary, and the paired differences as figures of their own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::artifact::{self, ArtifactError};
use crate::claims::spread::Spread;
use crate::claims::verdict::Verdicts;
use crate::parameters::Parameters;
use crate::plots;
use crate::plots::paired_differences::PairedDifferences;
use crate::report::{Figure, FigureError, Figures, Spreads, page, slug, summary};

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
    /// The folder to write into
    #[arg(long)]
    out: PathBuf,
}

/// A figure that can't stand in the page, and where it lies.
#[derive(Debug, Error)]
#[error("{}: {source}", path.display())]
pub struct UnfitFigure {
    path: PathBuf,
    source: FigureError,
}

pub fn run(args: Args, _: &Parameters) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let verdicts: Verdicts = artifact::read_json(&args.verdicts)?;
    let mut figures = Figures::new();
    for claim in &verdicts.claims {
        if !figures.contains_key(&claim.experiment) {
            figures.insert(claim.experiment.clone(), figures_of(&args.plots, &claim.experiment)?);
        }
    }
    let spreads = artifact::json_files(&args.spread)?;
    let spreads = spreads.iter().map(|path| artifact::read_json(path)).collect::<Result<Vec<Spread>, _>>()?;
    let spreads: Spreads = spreads.into_iter().map(|spread| (spread.experiment.clone(), spread)).collect();
    artifact::write(&args.out.join("index.html"), page(&verdicts, &figures, &spreads)?.as_bytes())?;
    artifact::write(&args.out.join("summary.md"), summary(&verdicts).as_bytes())?;
    for claim in &verdicts.claims {
        let Some(figure) = PairedDifferences::new(claim) else { continue };
        let file = args.out.join("figures").join(format!("paired-differences-{}", slug(&claim.id)));
        artifact::write(&file.with_added_extension("svg"), plots::svg(&figure)?.as_bytes())?;
        artifact::write(&file.with_added_extension("png"), &plots::png(&figure)?)?;
    }
    Ok(())
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
        figures.push(Figure::parse(&text).map_err(|source| UnfitFigure { path, source })?);
    }
    Ok(figures)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, ArtifactError> {
    let read = || std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    read().map_err(|source| ArtifactError::Read { path: folder.to_owned(), source })
}
