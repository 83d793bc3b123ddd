//! Tidy tables of results: one observation a row, whoever wrote them.

pub mod columns; // what a file holds, before it means anything
mod parquet;
mod text; // CSV, JSON lines

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::artifact::ArtifactError;
use columns::{Cell, ColumnError, Columns};
pub use parquet::write as write_parquet;
pub(crate) use parquet::{Column, write_columns};

/// One number that was observed. `epoch` counts from 1.
///
/// Curves have a row per epoch (`train_loss`, `val_loss`, `val_accuracy`); scores of the test part (`test_loss`,
/// `test_accuracy`) stand at the epochs whose weights were scored: the last, and the best by what the protocol
/// chooses epochs by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    pub experiment: String,
    pub protocol: String,
    pub method: String,
    pub seed: u64,
    pub epoch: u32,
    pub metric: String,
    pub value: f64,
}

#[derive(Debug, Error)]
pub enum TableError {
    #[error("{}: is not a readable Parquet table: {source}", path.display())]
    Parquet { path: PathBuf, source: ::parquet::errors::ParquetError },
    #[error("{}: cannot be opened: {source}", path.display())]
    Open { path: PathBuf, source: std::io::Error },
    #[error("{}:{line}: {problem}", path.display())]
    Line { path: PathBuf, line: u64, problem: String },
    #[error("{}: is no table: name a file ending in .parquet, .csv, .jsonl or .ndjson", path.display())]
    Format { path: PathBuf },
    #[error(transparent)]
    Content(#[from] ColumnError),
    #[error("{}: the folder holds no table (*.parquet, *.csv, *.jsonl, *.ndjson)", path.display())]
    NoFiles { path: PathBuf },
    #[error(transparent)]
    Write(#[from] ArtifactError),
}

/// The columns of a table, in the order in which they are written.
const COLUMNS: [&str; 7] = ["experiment", "protocol", "method", "seed", "epoch", "metric", "value"];

/// The observations of several files or folders, in their order.
pub fn read_all(paths: &[PathBuf]) -> Result<Vec<Observation>, TableError> {
    let tables = paths.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    Ok(tables.concat())
}

/// Reads the rows of a table, or of all tables of a folder and of the folders in it, in order of their names: Parquet
/// (`.parquet`), CSV (`.csv`) or JSON lines (`.jsonl`, `.ndjson`).
///
/// Columns may stand in any order, further columns are ignored. In Parquet text may be categorical, and any integer and
/// float type of 8 to 64 bits will do, but for floats of 16; a value that is null is NaN, as pandas writes it.
pub fn read(path: &Path) -> Result<Vec<Observation>, TableError> {
    let read = |file: &PathBuf| Ok(observations(&read_file(file)?)?);
    let tables = files(path)?.iter().map(read).collect::<Result<Vec<_>, TableError>>()?;
    Ok(tables.concat())
}

/// The tables that a path means: a file, or all tables in a folder and in the folders in it, in order of their names.
pub(crate) fn files(path: &Path) -> Result<Vec<PathBuf>, TableError> {
    let open = |source| TableError::Open { path: path.to_owned(), source };
    if !std::fs::metadata(path).map_err(open)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(open)?;
    let mut entries = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(open)?;
    entries.retain(|entry| entry.is_dir() || Format::of(entry).is_some());
    entries.sort();
    let mut found = Vec::new();
    for entry in entries {
        match files(&entry) {
            // A folder without tables may lie beside others.
            Err(TableError::NoFiles { .. }) => (),
            files => found.extend(files?),
        }
    }
    if found.is_empty() { Err(TableError::NoFiles { path: path.to_owned() }) } else { Ok(found) }
}

/// Reads all columns of a table, or of all tables of a folder one after another, whatever the columns are called.
pub fn read_columns(path: &Path) -> Result<Columns, TableError> {
    let tables = files(path)?.iter().map(|file| read_file(file)).collect::<Result<_, _>>()?;
    Ok(Columns::joined(path, tables))
}

/// Reads all columns of one file.
pub(crate) fn read_file(path: &Path) -> Result<Columns, TableError> {
    match Format::known(path)? {
        Format::Parquet => parquet::read_columns(path),
        Format::Csv => text::read_csv(path),
        Format::JsonLines => text::read_json_lines(path),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Parquet,
    Csv,
    JsonLines,
}

impl Format {
    /// By the file's name.
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "parquet" => Some(Self::Parquet),
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }

    fn known(path: &Path) -> Result<Self, TableError> {
        Self::of(path).ok_or_else(|| TableError::Format { path: path.to_owned() })
    }
}

fn observations(table: &Columns) -> Result<Vec<Observation>, ColumnError> {
    let mut at = [0; COLUMNS.len()];
    for (position, column) in at.iter_mut().zip(COLUMNS) {
        *position = table.need(column)?;
    }
    let [experiment, protocol, method, seed, epoch, metric, value] = at;
    let row = |row: usize| {
        Ok(Observation {
            experiment: table.text(row, experiment)?,
            protocol: table.text(row, protocol)?,
            method: table.text(row, method)?,
            seed: table.natural(row, seed)?,
            epoch: table.natural(row, epoch)?,
            metric: table.text(row, metric)?,
            // Programs that know missing values write nothing, or null, for NaN: the run has failed.
            value: match &table.rows[row][value] {
                Cell::Empty => f64::NAN,
                cell => cell.number().ok_or_else(|| table.wrong(row, value, "a number"))?,
            },
        })
    };
    (0..table.rows.len()).map(row).collect()
}
