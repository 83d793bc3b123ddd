//! Parquet: how tables are written, and how those of other programs are read.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use polars::prelude::*;
use polars_parquet::parquet::metadata::{FileMetadata, SchemaDescriptor};
use polars_parquet::parquet::schema::types::{IntegerType, ParquetType, PrimitiveConvertedType, PrimitiveLogicalType};

use super::columns::{Cell, Columns};
use super::{COLUMNS, Observation, TableError};
use crate::artifact;

/// Writes `rows`, in their order, as one Parquet file.
///
/// The same rows give the same bytes: no compression (so no codec's version matters), no statistics, one row group,
/// one thread, and no metadata but the schema and polars' name.
pub fn write(path: &Path, rows: &[Observation]) -> Result<(), TableError> {
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

/// Reads a table of observations.
pub(super) fn read(path: &Path) -> Result<Vec<Observation>, TableError> {
    let parquet = |source| TableError::Parquet { path: path.to_owned(), source };
    let (mut reader, schema) = open(path)?;
    for column in COLUMNS {
        let wrong = |source| TableError::Column { path: path.to_owned(), column, source };
        let field = schema.get(column).ok_or_else(|| wrong(PolarsError::ColumnNotFound(column.into())))?;
        if !is_readable(&field.dtype) {
            let message = format!("it has type {:?}", field.dtype);
            return Err(wrong(PolarsError::SchemaMismatch(message.into())));
        }
    }
    let wanted = COLUMNS.map(str::to_owned).to_vec();
    reader = reader.with_columns(Some(wanted));
    let frame = reader.finish().map_err(parquet)?;

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

/// Reads every column of numbers, truth values or text; others (lists, dates) are left out.
pub(super) fn read_columns(path: &Path) -> Result<Columns, TableError> {
    let parquet = |source| TableError::Parquet { path: path.to_owned(), source };
    let (reader, schema) = open(path)?;
    let readable = schema.iter_values().filter(|field| is_readable(&field.dtype));
    let wanted: Vec<String> = readable.map(|field| field.name.to_string()).collect();
    let frame = reader.with_columns(Some(wanted.clone())).finish().map_err(parquet)?;
    let mut table = Columns::new(path, wanted);
    let mut rows = vec![Vec::with_capacity(table.names.len()); frame.height()];
    for column in frame.columns() {
        let wanted = match column.dtype() {
            kind if kind.is_unsigned_integer() => DataType::UInt64,
            kind if kind.is_integer() => DataType::Int64,
            kind if kind.is_primitive_numeric() => DataType::Float64,
            _ => DataType::String,
        };
        let cast = column.strict_cast(&wanted).map_err(parquet)?;
        for (row, cells) in rows.iter_mut().enumerate() {
            cells.push(match cast.get(row).map_err(parquet)? {
                AnyValue::UInt64(integer) => Cell::Integer(integer.into()),
                AnyValue::Int64(integer) => Cell::Integer(integer.into()),
                AnyValue::Float64(number) => Cell::Number(number),
                AnyValue::String(text) => Cell::Text(text.to_owned()),
                _ => Cell::Empty,
            });
        }
    }
    rows.into_iter().for_each(|cells| table.push(cells));
    Ok(table)
}

/// What polars reads with the few features that it is compiled with.
fn is_readable(kind: &ArrowDataType) -> bool {
    match kind {
        ArrowDataType::Dictionary(_, values, _) => is_readable(values),
        kind => matches!(
            kind,
            ArrowDataType::Boolean
                | ArrowDataType::Int32
                | ArrowDataType::Int64
                | ArrowDataType::UInt32
                | ArrowDataType::UInt64
                | ArrowDataType::Float32
                | ArrowDataType::Float64
                | ArrowDataType::Utf8
                | ArrowDataType::LargeUtf8
                | ArrowDataType::Utf8View
        ),
    }
}

/// A file's reader and what columns it has.
fn open(path: &Path) -> Result<(ParquetReader<File>, Arc<ArrowSchema>), TableError> {
    let parquet = |source| TableError::Parquet { path: path.to_owned(), source };
    let file = File::open(path).map_err(|source| TableError::Open { path: path.to_owned(), source })?;
    let mut reader = ParquetReader::new(file).read_parallel(ParallelStrategy::None);
    let metadata = reader.get_metadata().map_err(parquet)?;
    if let Some(widened) = widened(metadata) {
        reader.set_metadata(Arc::new(widened));
    }
    let schema = reader.schema().map_err(parquet)?;
    Ok((reader, schema))
}

/// The metadata with integers of 8 and 16 bits as what they are stored as, 32 bits; none where there are no such columns.
///
/// Polars knows narrow integers only where it is compiled with features that nothing else here needs.
fn widened(metadata: &FileMetadata) -> Option<FileMetadata> {
    let schema = &metadata.schema_descr;
    let mut fields = schema.fields().to_vec();
    let mut narrow = false;
    for field in &mut fields {
        let ParquetType::PrimitiveType(field) = field else { continue };
        let logical = matches!(
            field.logical_type,
            Some(PrimitiveLogicalType::Integer(
                IntegerType::Int8 | IntegerType::Int16 | IntegerType::UInt8 | IntegerType::UInt16
            ))
        );
        let converted = matches!(
            field.converted_type,
            Some(
                PrimitiveConvertedType::Int8
                    | PrimitiveConvertedType::Int16
                    | PrimitiveConvertedType::Uint8
                    | PrimitiveConvertedType::Uint16
            )
        );
        if logical || converted {
            (field.logical_type, field.converted_type) = (None, None);
            narrow = true;
        }
    }
    narrow.then(|| FileMetadata {
        schema_descr: SchemaDescriptor::new(schema.name().into(), fields),
        // It holds the writer's schema, narrow integers and all.
        key_value_metadata: None,
        ..metadata.clone()
    })
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
