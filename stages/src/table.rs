//! Tidy tables of results: one observation a row, whoever wrote them.

use std::path::{Path, PathBuf};

use polars::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::artifact::{self, ArtifactError};

/// One number that was observed. `epoch` counts from 1.
///
/// Curves have a row per epoch (`train_loss`, `val_loss`, `val_accuracy`); scores of the test part (`test_loss`,
/// `test_accuracy`) stand at the epochs whose weights were scored: the last, and the one with the least `val_loss`.
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
    Parquet { path: PathBuf, source: PolarsError },
    #[error("{}: column `{column}` is missing or has the wrong type: {source}", path.display())]
    Column { path: PathBuf, column: &'static str, source: PolarsError },
    #[error("{}: row {row} has no `{column}`", path.display())]
    Empty { path: PathBuf, column: &'static str, row: usize },
    #[error("{}: cannot be opened: {source}", path.display())]
    Open { path: PathBuf, source: std::io::Error },
    #[error("{}: the folder holds no *.parquet file", path.display())]
    NoFiles { path: PathBuf },
    #[error(transparent)]
    Write(#[from] ArtifactError),
}

/// The columns of a table, in the order in which they are written.
const COLUMNS: [&str; 7] = ["experiment", "protocol", "method", "seed", "epoch", "metric", "value"];

/// Writes `rows`, in their order, as one Parquet file.
///
/// The same rows give the same bytes: no compression (so no codec's version matters), no statistics, one row group,
/// one thread, and no metadata but the schema and polars' name.
pub fn write_parquet(path: &Path, rows: &[Observation]) -> Result<(), TableError> {
    let text = |name: &str, cell: fn(&Observation) -> &str| {
        let cells: Vec<&str> = rows.iter().map(cell).collect();
        Column::new(name.into(), cells)
    };
    let seeds: Vec<u64> = rows.iter().map(|row| row.seed).collect();
    let epochs: Vec<u32> = rows.iter().map(|row| row.epoch).collect();
    let values: Vec<f64> = rows.iter().map(|row| row.value).collect();
    let columns = vec![
        text("experiment", |row| &row.experiment),
        text("protocol", |row| &row.protocol),
        text("method", |row| &row.method),
        Column::new("seed".into(), seeds),
        Column::new("epoch".into(), epochs),
        text("metric", |row| &row.metric),
        Column::new("value".into(), values),
    ];
    write_columns(path, columns)
}

/// Writes columns of equal length as one Parquet file, the same columns in the same bytes.
pub(crate) fn write_columns(path: &Path, columns: Vec<Column>) -> Result<(), TableError> {
    let parquet = |source| TableError::Parquet { path: path.to_owned(), source };
    let rows = columns.first().map_or(0, Column::len);
    let mut frame = DataFrame::new(rows, columns).map_err(parquet)?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Uncompressed)
        .with_statistics(StatisticsOptions::empty())
        .with_row_group_size(Some(rows.max(1)))
        .with_data_page_size(Some(1 << 20))
        .set_parallel(false)
        .finish(&mut frame)
        .map_err(parquet)?;
    Ok(artifact::write(path, &bytes)?)
}

/// The observations of several files or folders, in their order.
pub fn read_all(paths: &[PathBuf]) -> Result<Vec<Observation>, TableError> {
    let tables = paths.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    Ok(tables.concat())
}

/// Reads the rows of a Parquet file, or of all `*.parquet` files of a folder and of the folders in it, in order of their
/// names.
///
/// Columns may stand in any order, further columns are ignored, text may be categorical, and any integer and float type of
/// 32 or 64 bits will do.
pub fn read(path: &Path) -> Result<Vec<Observation>, TableError> {
    let files = files(path)?;
    if files.is_empty() {
        return Err(TableError::NoFiles { path: path.to_owned() });
    }
    Ok(files.iter().map(|file| read_file(file)).collect::<Result<Vec<_>, _>>()?.concat())
}

/// The file itself, or a folder's.
fn files(path: &Path) -> Result<Vec<PathBuf>, TableError> {
    let open = |source| TableError::Open { path: path.to_owned(), source };
    if !std::fs::metadata(path).map_err(open)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(open)?;
    let mut entries = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(open)?;
    entries.retain(|entry| entry.is_dir() || entry.extension().is_some_and(|extension| extension == "parquet"));
    entries.sort();
    Ok(entries.iter().map(|entry| files(entry)).collect::<Result<Vec<_>, _>>()?.concat())
}

fn read_file(path: &Path) -> Result<Vec<Observation>, TableError> {
    let parquet = |source| TableError::Parquet { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(|source| TableError::Open { path: path.to_owned(), source })?;
    let mut reader = ParquetReader::new(file).read_parallel(ParallelStrategy::None);
    let schema = reader.schema().map_err(parquet)?;
    for column in COLUMNS {
        let wrong = |source| TableError::Column { path: path.to_owned(), column, source };
        let field = schema.get(column).ok_or_else(|| wrong(PolarsError::ColumnNotFound(column.into())))?;
        // Polars knows these only where it is compiled with features that nothing else here needs.
        if let ArrowDataType::Int8
        | ArrowDataType::Int16
        | ArrowDataType::UInt8
        | ArrowDataType::UInt16
        | ArrowDataType::Float16 = field.dtype
        {
            let message = format!("it has type {:?}: write numbers with 32 or 64 bits", field.dtype);
            return Err(wrong(PolarsError::SchemaMismatch(message.into())));
        }
    }
    let wanted = COLUMNS.map(str::to_owned).to_vec();
    let frame = reader.with_columns(Some(wanted)).finish().map_err(parquet)?;

    let table = Cells { path, frame: &frame };
    let experiments = table.texts("experiment")?;
    let protocols = table.texts("protocol")?;
    let methods = table.texts("method")?;
    let metrics = table.texts("metric")?;
    let seeds = table.column("seed", &DataType::UInt64)?;
    let epochs = table.column("epoch", &DataType::UInt32)?;
    let values = table.column("value", &DataType::Float64)?;
    let seeds = table.cells("seed", seeds.u64().map_err(parquet)?.iter())?;
    let epochs = table.cells("epoch", epochs.u32().map_err(parquet)?.iter())?;
    let values = table.cells("value", values.f64().map_err(parquet)?.iter())?;

    let texts = experiments.into_iter().zip(protocols).zip(methods).zip(metrics);
    let numbers = seeds.into_iter().zip(epochs).zip(values);
    Ok(texts
        .zip(numbers)
        .map(|((((experiment, protocol), method), metric), ((seed, epoch), value))| Observation {
            experiment,
            protocol,
            method,
            seed,
            epoch,
            metric,
            value,
        })
        .collect())
}

/// A frame and the file that it came from, for errors that name the file.
struct Cells<'a> {
    path: &'a Path,
    frame: &'a DataFrame,
}

impl Cells<'_> {
    /// A column as the wanted type. A number that does not fit (a negative seed) is an error; text is never parsed.
    fn column(&self, column: &'static str, wanted: &DataType) -> Result<Column, TableError> {
        let wrong = |source| TableError::Column { path: self.path.to_owned(), column, source };
        let found = self.frame.column(column).map_err(wrong)?;
        let suits = match wanted {
            DataType::String => found.dtype() == &DataType::String || found.dtype().is_categorical(),
            DataType::Float64 => found.dtype().is_primitive_numeric(),
            _ => found.dtype().is_integer(),
        };
        if !suits {
            let message = format!("it has type {}, not {wanted}", found.dtype());
            return Err(wrong(PolarsError::SchemaMismatch(message.into())));
        }
        found.strict_cast(wanted).map_err(wrong)
    }

    fn texts(&self, column: &'static str) -> Result<Vec<String>, TableError> {
        let wrong = |source| TableError::Column { path: self.path.to_owned(), column, source };
        let cells = self.column(column, &DataType::String)?;
        self.cells(column, cells.str().map_err(wrong)?.iter().map(|cell| cell.map(str::to_owned)))
    }

    /// All cells of a column, or an error that names the first empty one (rows count from 1).
    fn cells<T>(&self, column: &'static str, cells: impl Iterator<Item = Option<T>>) -> Result<Vec<T>, TableError> {
        cells
            .enumerate()
            .map(|(row, cell)| {
                cell.ok_or_else(|| TableError::Empty { path: self.path.to_owned(), column, row: row + 1 })
            })
            .collect()
    }
}
