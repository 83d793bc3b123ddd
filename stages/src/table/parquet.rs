//! Parquet: how tables are written, and how those of any program are read.

use std::fs::File;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::{Arc, Once};

use parquet::basic::{ConvertedType, LogicalType, Repetition};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnDescriptor, ColumnPath, Type};

use super::columns::{Cell, Columns};
use super::{Observation, TableError};
use crate::artifact;

/// A column to be written: its name, and a cell for each row.
pub(crate) enum Column<'a> {
    Text(&'static str, Vec<&'a str>),
    U64(&'static str, Vec<u64>),
    U32(&'static str, Vec<u32>),
    F64(&'static str, Vec<f64>),
}

/// Writes `rows`, in their order, as one Parquet file.
pub fn write(path: &Path, rows: &[Observation]) -> Result<(), TableError> {
    let text = |name, cell: fn(&Observation) -> &str| Column::Text(name, rows.iter().map(cell).collect());
    let columns = [
        text("experiment", |row| &row.experiment),
        text("protocol", |row| &row.protocol),
        text("method", |row| &row.method),
        Column::U64("seed", rows.iter().map(|row| row.seed).collect()),
        Column::U32("epoch", rows.iter().map(|row| row.epoch).collect()),
        text("metric", |row| &row.metric),
        Column::F64("value", rows.iter().map(|row| row.value).collect()),
    ];
    write_columns(path, &columns)
}

/// Writes columns of equal length as one Parquet file.
///
/// The same columns give the same bytes: no compression (so no codec's version matters), no statistics, one row group, and
/// no metadata but the schema and our name.
pub(crate) fn write_columns(path: &Path, columns: &[Column]) -> Result<(), TableError> {
    let bytes = encode(columns).map_err(|source| TableError::Parquet { path: path.to_owned(), source })?;
    Ok(artifact::write(path, &bytes)?)
}

fn encode(columns: &[Column]) -> Result<Vec<u8>, ParquetError> {
    let fields = columns.iter().map(|column| Ok(Arc::new(column.field()?))).collect::<Result<_, ParquetError>>()?;
    let schema = Arc::new(Type::group_type_builder("table").with_fields(fields).build()?);
    let mut properties = WriterProperties::builder()
        .set_created_by("retrial".to_owned())
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true);
    for column in columns {
        // Measurements hardly repeat.
        if let Column::F64(name, _) = column {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(*name), false);
        }
    }
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build()))?;
    let mut group = writer.next_row_group()?;
    for column in columns {
        match column {
            Column::Text(_, cells) => {
                let cells: Vec<ByteArray> = cells.iter().map(|&cell| cell.into()).collect();
                write_next::<ByteArrayType>(&mut group, &cells)?;
            }
            // Parquet's unsigned integers are stored as the signed ones of the same bits.
            Column::U64(_, cells) => {
                let cells: Vec<i64> = cells.iter().map(|cell| cell.cast_signed()).collect();
                write_next::<Int64Type>(&mut group, &cells)?;
            }
            Column::U32(_, cells) => {
                let cells: Vec<i32> = cells.iter().map(|cell| cell.cast_signed()).collect();
                write_next::<Int32Type>(&mut group, &cells)?;
            }
            Column::F64(_, cells) => write_next::<DoubleType>(&mut group, cells)?,
        }
    }
    group.close()?;
    writer.into_inner()
}

fn write_next<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    cells: &[T::T],
) -> Result<(), ParquetError> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<T>().write_batch(cells, None, None)?;
        column.close()?;
    }
    Ok(())
}

impl Column<'_> {
    fn field(&self) -> Result<Type, ParquetError> {
        use parquet::basic::Type as Physical;
        let (name, physical, logical) = match self {
            Self::Text(name, _) => (name, Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Self::U64(name, _) => (name, Physical::INT64, Some(LogicalType::integer(64, false))),
            Self::U32(name, _) => (name, Physical::INT32, Some(LogicalType::integer(32, false))),
            Self::F64(name, _) => (name, Physical::DOUBLE, None),
        };
        let field = Type::primitive_type_builder(name, physical);
        field.with_repetition(Repetition::REQUIRED).with_logical_type(logical).build()
    }
}

/// Reads every column of numbers, truth values or text; others (lists, dates, decimals) are left out. No value is an empty cell.
pub(super) fn read_columns(path: &Path) -> Result<Columns, TableError> {
    let file = File::open(path).map_err(|source| TableError::Open { path: path.to_owned(), source })?;
    let decoded = without_panics(|| decode(path, file));
    decoded.map_err(|source| TableError::Parquet { path: path.to_owned(), source })
}

thread_local! {
    static IS_DECODING: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// The reader takes for granted that the parts of a file agree, and panics where a damaged one's do not: that is the file's
/// fault, and no reason for a message with a stack.
fn without_panics<T>(decode: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_DECODING.get() {
                usual(info);
            }
        }));
    });
    IS_DECODING.set(true);
    // What it was decoding into is dropped with it.
    let decoded = panic::catch_unwind(AssertUnwindSafe(decode));
    IS_DECODING.set(false);
    decoded.unwrap_or_else(|_| Err(ParquetError::General("its parts contradict one another".to_owned())))
}

fn decode(path: &Path, file: File) -> Result<Columns, ParquetError> {
    let reader = SerializedFileReader::new(file)?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let wanted: Vec<usize> = (0..schema.num_columns()).filter(|&at| is_readable(&schema.column(at))).collect();
    let mut table = Columns::new(path, wanted.iter().map(|&at| schema.column(at).name().to_owned()).collect());
    for number in 0..reader.num_row_groups() {
        let group = reader.get_row_group(number)?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        let mut columns = Vec::with_capacity(wanted.len());
        for &at in &wanted {
            let descriptor = schema.column(at);
            let cells = read_column(group.get_column_reader(at)?, &descriptor, rows)?;
            if cells.len() != rows {
                let problem = format!("column `{}` has {} of {rows} cells", descriptor.name(), cells.len());
                return Err(ParquetError::General(problem));
            }
            columns.push(cells.into_iter());
        }
        for _ in 0..rows {
            table.push(columns.iter_mut().filter_map(Iterator::next).collect());
        }
    }
    Ok(table)
}

/// Numbers, truth values and text; not lists, dates, decimals and bytes.
fn is_readable(column: &ColumnDescriptor) -> bool {
    use parquet::basic::Type as Physical;
    // A list, or a part of one or of a structure, is deeper than its own name.
    if column.max_rep_level() > 0 || column.path().parts().len() > 1 {
        return false;
    }
    match (column.physical_type(), column.converted_type()) {
        (Physical::BOOLEAN | Physical::FLOAT | Physical::DOUBLE, _) => true,
        (Physical::BYTE_ARRAY, ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON) => true,
        (Physical::INT32 | Physical::INT64, ConvertedType::NONE) => column.logical_type_ref().is_none(),
        (
            Physical::INT32 | Physical::INT64,
            ConvertedType::INT_8 | ConvertedType::INT_16 | ConvertedType::INT_32 | ConvertedType::INT_64,
        ) => true,
        (Physical::INT32 | Physical::INT64, _) => is_unsigned(column),
        _ => false,
    }
}

fn is_unsigned(column: &ColumnDescriptor) -> bool {
    use ConvertedType::{UINT_8, UINT_16, UINT_32, UINT_64};
    matches!(column.converted_type(), UINT_8 | UINT_16 | UINT_32 | UINT_64)
}

fn read_column(reader: ColumnReader, column: &ColumnDescriptor, rows: usize) -> Result<Vec<Cell>, ParquetError> {
    let unsigned = is_unsigned(column);
    let most = column.max_def_level();
    match reader {
        ColumnReader::BoolColumnReader(reader) => cells(reader, most, rows, |truth| Ok(Cell::Text(truth.to_string()))),
        ColumnReader::Int32ColumnReader(reader) => cells(reader, most, rows, |integer| {
            Ok(Cell::Integer(if unsigned { integer.cast_unsigned().into() } else { integer.into() }))
        }),
        ColumnReader::Int64ColumnReader(reader) => cells(reader, most, rows, |integer| {
            Ok(Cell::Integer(if unsigned { integer.cast_unsigned().into() } else { integer.into() }))
        }),
        ColumnReader::FloatColumnReader(reader) => cells(reader, most, rows, |number| Ok(Cell::Number(number.into()))),
        ColumnReader::DoubleColumnReader(reader) => cells(reader, most, rows, |number| Ok(Cell::Number(number))),
        ColumnReader::ByteArrayColumnReader(reader) => {
            cells(reader, most, rows, |text: ByteArray| Ok(Cell::Text(text.as_utf8()?.to_owned())))
        }
        // Not readable.
        ColumnReader::Int96ColumnReader(_) | ColumnReader::FixedLenByteArrayColumnReader(_) => Ok(Vec::new()),
    }
}

/// All cells of a column that is no list; those below the highest definition level are empty.
fn cells<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    most: i16,
    rows: usize,
    cell: impl Fn(T::T) -> Result<Cell, ParquetError>,
) -> Result<Vec<Cell>, ParquetError> {
    // The number of rows is what the file says, so nothing is reserved for it.
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    reader.read_records(rows, Some(&mut levels), None, &mut values)?;
    if most == 0 {
        return values.into_iter().map(cell).collect();
    }
    let mut values = values.into_iter();
    let next = |level| if level == most { values.next().map_or(Ok(Cell::Empty), &cell) } else { Ok(Cell::Empty) };
    levels.into_iter().map(next).collect()
}
