//! `retrial export`: the study's results in other tools' formats.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::PARAMETERS;
use super::audit::{self, VERDICTS};
use crate::artifact;
use crate::claims::verdict::Verdicts;
use crate::export::place::{self, PlaceError, Way};
use crate::export::{self, ExportError, Files, csv, mlflow, ro_crate, tensorboard};
use crate::parameters::Parameters;

/// Where the study keeps its results, from the repository's root.
const RUNS: &str = "artifacts/runs";

/// Write the study's results for other tools: MLflow, TensorBoard, RO-Crate, CSV
///
/// The same results give the same bytes. A folder that holds anything but an earlier export of the same kind is refused.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A folder for MLflow's file store: an experiment for each of ours, a run for each protocol, method and seed
    #[arg(long, value_name = "DIR")]
    mlflow: Option<PathBuf>,
    /// A folder for TensorBoard's event files, one for each run
    #[arg(long, value_name = "DIR")]
    tensorboard: Option<PathBuf>,
    /// An archive (.zip) for an RO-Crate: results, claims, verdicts, report and the files that say how they were made
    #[arg(long, value_name = "FILE")]
    ro_crate: Option<PathBuf>,
    /// A folder for every table of results, and one of the verdicts, as CSV
    #[arg(long, value_name = "DIR")]
    csv: Option<PathBuf>,
    /// A table of results, or a folder of tables; default: artifacts/runs
    #[arg(long, value_name = "PATH")]
    runs: Option<PathBuf>,
    /// The verdicts; default: artifacts/verdicts.json
    #[arg(long, value_name = "FILE")]
    verdicts: Option<PathBuf>,
    /// Write into a folder that is not ours, beside what is there; replace a file that is no archive
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Error)]
pub enum ExportFailure {
    #[error("there are no {what} yet ({} does not exist): run `retrial repro` first", path.display())]
    None { what: &'static str, path: PathBuf },
    #[error("nothing is asked for: name a place with --mlflow, --tensorboard, --ro-crate or --csv")]
    Nowhere,
    #[error("{}: does not exist", .0.display())]
    NotThere(PathBuf),
    #[error("{} and {} lie in one another: give every export a place of its own", .0.display(), .1.display())]
    Nested(PathBuf, PathBuf),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error(transparent)]
    Archive(#[from] artifact::ArtifactError),
}

impl ExportFailure {
    /// Whether what was asked for is at fault, and not that the study has not run yet.
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::None { .. })
    }
}

/// A folder that is to be written.
struct Export<'a> {
    folder: &'a Path,
    kind: &'static str,
    way: Way,
    files: Files,
    says: String,
}

/// What the command prints. `published` is the time of the commit, in seconds since 1970. Everything is made and every place
/// looked at before the first file is written.
pub fn run(args: &Args, root: &Path, published: i64) -> Result<String, ExportFailure> {
    if args.mlflow.is_none() && args.tensorboard.is_none() && args.ro_crate.is_none() && args.csv.is_none() {
        return Err(ExportFailure::Nowhere);
    }
    check_apart(args)?;
    let of_runs = found(args.runs.as_deref(), root, RUNS, "results")?;
    let tables = export::read_tables(&of_runs)?;
    let path = found(args.verdicts.as_deref(), root, VERDICTS, "verdicts");
    let mut exports = Vec::new();
    let mut add = |folder, kind, files, says| -> Result<(), ExportFailure> {
        exports.push(Export { folder, kind, way: place::way(folder, kind, args.force)?, files, says });
        Ok(())
    };
    if args.mlflow.is_some() || args.tensorboard.is_some() {
        let parameters = root.join(PARAMETERS);
        let parameters = parameters.exists().then(|| Parameters::of_study(&parameters)).transpose();
        let runs = export::all_runs(&tables, parameters.map_err(ExportError::from)?.as_ref())?;
        if let Some(folder) = &args.mlflow {
            let verdicts = path.as_ref().ok().map(|path| export::read_verdicts(path)).transpose()?;
            let files = mlflow::files(&runs, verdicts.as_ref())?;
            let open = "MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri";
            add(folder, "MLflow", files, format!("{} runs for MLflow: {open}", runs.len()))?;
        }
        if let Some(folder) = &args.tensorboard {
            let says = format!("{} runs for TensorBoard: tensorboard --logdir", runs.len());
            add(folder, "TensorBoard", tensorboard::files(&runs), says)?;
        }
    }
    let mut archive = None;
    if args.csv.is_some() || args.ro_crate.is_some() {
        let path = path?;
        let verdicts: Verdicts = export::read_verdicts(&path)?;
        if let Some(folder) = &args.csv {
            add(
                folder,
                "CSV",
                csv::files(&tables, &verdicts)?,
                format!("{} tables and the verdicts as CSV:", tables.len()),
            )?;
        }
        if let Some(file) = &args.ro_crate {
            place::check_archive(file, args.force)?;
            let items = ro_crate::items(root, &tables, &path)?;
            let summary = audit::count(&verdicts) + ".";
            let packed = ro_crate::archive(&items, &ro_crate::citation(root)?, &summary, published)?;
            archive = Some((file, packed, items.len()));
        }
    }
    let mut text = String::new();
    for Export { folder, kind, way, files, says } in exports {
        place::put(&files, folder, kind, way)?;
        text.push_str(&format!("{says} {}\n", folder.display()));
    }
    if let Some((file, packed, count)) = archive {
        artifact::write(file, &packed)?;
        text.push_str(&format!("{count} files as an RO-Crate: {}\n", file.display()));
    }
    Ok(text)
}

/// What was named, or else where the study keeps it.
fn found(named: Option<&Path>, root: &Path, usual: &str, what: &'static str) -> Result<PathBuf, ExportFailure> {
    let path = named.map_or_else(|| root.join(usual), |named| std::path::absolute(named).unwrap_or(named.to_owned()));
    match (path.exists(), named) {
        (true, _) => Ok(path),
        (false, Some(named)) => Err(ExportFailure::NotThere(named.to_owned())),
        (false, None) => Err(ExportFailure::None { what, path }),
    }
}

/// No export goes into another.
fn check_apart(args: &Args) -> Result<(), ExportFailure> {
    let places: Vec<&PathBuf> =
        [&args.mlflow, &args.tensorboard, &args.csv, &args.ro_crate].into_iter().flatten().collect();
    for (at, one) in places.iter().enumerate() {
        for other in &places[at + 1..] {
            let [first, second] =
                [one, other].map(|path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()));
            if first.starts_with(&second) || second.starts_with(&first) {
                return Err(ExportFailure::Nested(one.to_path_buf(), other.to_path_buf()));
            }
        }
    }
    Ok(())
}
