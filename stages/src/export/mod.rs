//! A study's results in the formats of other tools.
//!
//! Each format is a function from what was read to [`Files`], so the same results give the same bytes: no time, no path of the
//! machine. Only `place` touches the disk.

pub mod runs; // tables of results -> runs
mod hyperparameters; // what a run was trained with
pub mod csv; // tables, for anything
pub mod mlflow; // a file store
pub mod tensorboard; // event files
mod record; // their framing and the little of protobuf that they need
pub mod ro_crate; // a research object: files, and what they are
pub mod place; // folders that appear whole or not at all

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::artifact::{self, ArtifactError};
use crate::claims::runs::Repeated;
use crate::claims::verdict::Verdicts;
use crate::lowrank::configuration::LowrankError;
use crate::parameters::{ParameterError, Parameters};
use crate::protocols::protocol::ProtocolError;
use crate::table::{self, Observation, TableError};
use runs::Run;

/// What a folder is to hold: paths below it, with `/` between their parts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Files {
    pub files: BTreeMap<String, Vec<u8>>,
    /// Folders that are there even where they hold nothing.
    pub folders: BTreeSet<String>,
}

/// A table of results, as a study keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub path: PathBuf,
    /// What it is called from the folder of tables that was named, without its ending.
    pub name: String,
    pub rows: Vec<Observation>,
}

#[derive(Debug, Error)]
pub enum ExportError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Repeated(#[from] Repeated),
    #[error(transparent)]
    File(#[from] ArtifactError),
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error(transparent)]
    Lowrank(#[from] LowrankError),
    #[error("two tables would both become {0}: rename one")]
    SameName(String),
    #[error(
        "MLflow cannot keep the metric `{0}`: letters, digits, spaces and `_ - . : /` make up a name there, 250 at the most; \
         leave out --mlflow, or rename it"
    )]
    MetricName(String),
    #[error("{}: lies outside the study ({}), so an RO-Crate has no place for it", path.display(), root.display())]
    Outside { path: PathBuf, root: PathBuf },
    #[error("{}: is needed in an RO-Crate and does not exist", .0.display())]
    Lacking(PathBuf),
    #[error("{}: is no citation file: {problem}", path.display())]
    Citation { path: PathBuf, problem: String },
    #[error("the RO-Crate cannot be packed: {0}")]
    Zip(#[from] zip::result::ZipError),
    #[error("a table cannot be written as CSV: {0}")]
    Csv(#[from] ::csv::Error),
    #[error("the results cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Reads a table, or all tables in a folder and in the folders in it, in order of their names.
pub fn read_tables(path: &Path) -> Result<Vec<Table>, ExportError> {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let table = |file: PathBuf| {
        let name = file.strip_prefix(folder).unwrap_or(&file).with_extension("");
        let name = name.to_string_lossy().into_owned();
        Ok(Table { name, rows: table::read(&file)?, path: file })
    };
    table::files(path)?.into_iter().map(table).collect()
}

/// All runs of these tables, with what they were trained with as far as `parameters` says so.
pub fn all_runs(tables: &[Table], parameters: Option<&Parameters>) -> Result<Vec<Run>, ExportError> {
    let rows: Vec<Observation> = tables.iter().flat_map(|table| table.rows.iter().cloned()).collect();
    let (mut runs, tunings) = runs::runs(&rows)?;
    if let Some(parameters) = parameters {
        for run in &mut runs {
            run.hyperparameters = hyperparameters::of(run, &tunings, parameters)?;
        }
    }
    Ok(runs)
}

/// Reads the verdicts of a study.
pub fn read_verdicts(path: &Path) -> Result<Verdicts, ExportError> {
    Ok(artifact::read_json(path)?)
}

impl Files {
    fn add(&mut self, path: String, content: impl Into<Vec<u8>>) {
        self.files.insert(path, content.into());
    }
}
