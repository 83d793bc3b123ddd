//! Tables in text files: CSV with a header line, and JSON lines, one object a row.

use std::collections::HashSet;
use std::path::Path;

use serde_json::{Map, Value};

use super::TableError;
use super::columns::{Cell, Columns};
use crate::search::number::without_bare_words;

/// Reads a CSV file with a header line; quotes are as in RFC 4180, an empty cell is no value.
pub fn read_csv(path: &Path) -> Result<Columns, TableError> {
    let error = |source: csv::Error| csv_error(path, &source);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_path(path).map_err(error)?;
    let names: Vec<String> = reader.headers().map_err(error)?.iter().map(str::to_owned).collect();
    if let Some(twice) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)).map(|(_, name)| name) {
        let problem = format!("two columns are called `{twice}`: rename one");
        return Err(TableError::Line { path: path.to_owned(), line: 1, problem });
    }
    let mut table = Columns::new(path, names);
    for record in reader.records() {
        let record = record.map_err(error)?;
        let line = record.position().map_or(0, csv::Position::line);
        table.push_line(line, record.iter().map(Cell::untyped).collect());
    }
    Ok(table)
}

fn csv_error(path: &Path, error: &csv::Error) -> TableError {
    let path = path.to_owned();
    let line = error.position().map_or(1, csv::Position::line);
    let problem = match error.kind() {
        csv::ErrorKind::Io(source) => {
            let source = std::io::Error::new(source.kind(), source.to_string());
            return TableError::Open { path, source };
        }
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("this row has {len} cells, but the header names {expected_len} columns")
        }
        csv::ErrorKind::Utf8 { .. } => "this row is not UTF-8 text".to_owned(),
        _ => error.to_string(),
    };
    TableError::Line { path, line, problem }
}

/// Reads JSON lines: every line an object, its keys the columns. A key that a row lacks is an empty cell, as null is.
/// Numbers that JSON has no word for may be Python's bare words or text: NaN, "nan", "-inf".
pub fn read_json_lines(path: &Path) -> Result<Columns, TableError> {
    let text = std::fs::read_to_string(path).map_err(|source| TableError::Open { path: path.to_owned(), source })?;
    let mut rows: Vec<(u64, Map<String, Value>)> = Vec::new();
    let (mut names, mut known) = (Vec::new(), HashSet::new());
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let row: Map<String, Value> = serde_json::from_str(&without_bare_words(text)).map_err(|error| {
            TableError::Line { path: path.to_owned(), line, problem: format!("this is no JSON object: {error}") }
        })?;
        for key in row.keys() {
            if known.insert(key.clone()) {
                names.push(key.clone());
            }
        }
        rows.push((line, row));
    }
    let mut table = Columns::new(path, names.clone());
    for (line, row) in rows {
        table.push_line(line, names.iter().map(|name| cell(row.get(name))).collect());
    }
    Ok(table)
}

fn cell(value: Option<&Value>) -> Cell {
    match value {
        None | Some(Value::Null) => Cell::Empty,
        Some(Value::String(text)) => match text.parse::<f64>() {
            Ok(number) if !number.is_finite() => Cell::Number(number),
            _ => Cell::Text(text.clone()),
        },
        Some(Value::Number(number)) => match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => Cell::Integer(integer.into()),
            (None, Some(integer)) => Cell::Integer(integer.into()),
            (None, None) => number.as_f64().map_or(Cell::Empty, Cell::Number),
        },
        Some(other) => Cell::Text(other.to_string()),
    }
}
