//! A table as another program wrote it: named columns of cells, before anybody has said what they mean.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// What stands in one cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Empty,
    Integer(i128),
    Number(f64),
    Text(String),
    /// Of a file without types, as CSV is: a number where one is wanted.
    Untyped(String),
}

impl Cell {
    /// What stands between two commas.
    pub fn untyped(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() { Self::Empty } else { Self::Untyped(text.to_owned()) }
    }

    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(integer) => Some(*integer as f64),
            Self::Number(number) => Some(*number),
            Self::Untyped(text) => text.parse().ok(),
            Self::Empty | Self::Text(_) => None,
        }
    }

    /// A whole number, which programs that know missing values often write as 3.0.
    pub fn whole(&self) -> Option<i128> {
        // Beyond 2⁵³ a float no longer tells neighbours apart.
        let exact = |number: f64| (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i128);
        match self {
            Self::Integer(integer) => Some(*integer),
            Self::Number(number) => exact(*number),
            Self::Untyped(text) => text.parse().ok().or_else(|| text.parse().ok().and_then(exact)),
            Self::Empty | Self::Text(_) => None,
        }
    }

    /// As a name: what groups rows. Whole numbers are the same name whatever type they have.
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Empty => None,
            Self::Integer(integer) => Some(integer.to_string()),
            Self::Number(number) => Some(number.to_string()),
            Self::Text(text) | Self::Untyped(text) => Some(text.clone()),
        }
    }
}

/// Rows of cells under column names, and where each row stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    /// What was read: a file, or a folder of them.
    pub path: PathBuf,
    pub names: Vec<String>,
    /// Each as long as `names`.
    pub rows: Vec<Vec<Cell>>,
    /// By row.
    places: Vec<Place>,
    files: Vec<PathBuf>,
}

/// Where a row stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    file: usize,
    /// Counted from 1.
    number: u64,
    /// Whether that counts lines of text, or rows.
    line: bool,
}

/// A table lacks what is asked of it.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ColumnError {
    #[error("{}: there is no column `{column}`; there are {known}", path.display())]
    Missing { path: PathBuf, column: String, known: String },
    #[error("{place}: `{column}` is {found}, not {wanted}")]
    Cell { place: String, column: String, found: String, wanted: &'static str },
}

impl Columns {
    pub fn new(path: &Path, names: Vec<String>) -> Self {
        let (rows, places) = Default::default();
        Self { path: path.to_owned(), names, rows, places, files: vec![path.to_owned()] }
    }

    /// Adds a row that stands on that line of the text.
    pub fn push_line(&mut self, line: u64, cells: Vec<Cell>) {
        self.rows.push(cells);
        self.places.push(Place { file: 0, number: line, line: true });
    }

    /// Adds a row of a file that has no lines.
    pub fn push(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
        self.places.push(Place { file: 0, number: self.rows.len() as u64, line: false });
    }

    /// The rows of several tables, whose columns may differ: cells that a row has not are empty. `path` is where they lie.
    pub fn joined(path: &Path, tables: Vec<Self>) -> Self {
        let mut all = Self::new(path, Vec::new());
        all.files.clear();
        for table in &tables {
            for name in &table.names {
                if all.find(name).is_none() {
                    all.names.push(name.clone());
                }
            }
        }
        for table in tables {
            let from: Vec<Option<usize>> = all.names.iter().map(|name| table.find(name)).collect();
            let file = all.files.len();
            all.files.push(table.path);
            all.places.extend(table.places.iter().map(|place| Place { file, ..*place }));
            let cell = |row: &[Cell], at: &Option<usize>| at.map_or(Cell::Empty, |at| row[at].clone());
            all.rows.extend(table.rows.iter().map(|row| from.iter().map(|at| cell(row, at)).collect()));
        }
        all
    }

    pub fn find(&self, column: &str) -> Option<usize> {
        self.names.iter().position(|name| name == column)
    }

    /// The position of a column that has to be there.
    pub fn need(&self, column: &str) -> Result<usize, ColumnError> {
        self.find(column).ok_or_else(|| ColumnError::Missing {
            path: self.path.clone(),
            column: column.to_owned(),
            known: self.names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        })
    }

    /// "runs.csv:12", or "runs.parquet, row 11".
    pub fn place(&self, row: usize) -> String {
        let Place { file, number, line } = self.places[row];
        let file = self.files[file].display();
        if line { format!("{file}:{number}") } else { format!("{file}, row {number}") }
    }

    /// A cell as a name; `row` counts from 0.
    pub fn text(&self, row: usize, column: usize) -> Result<String, ColumnError> {
        self.rows[row][column].name().ok_or_else(|| self.wrong(row, column, "text"))
    }

    /// A cell as a whole number that is not negative and fits; `row` counts from 0.
    pub fn natural<N: TryFrom<i128>>(&self, row: usize, column: usize) -> Result<N, ColumnError> {
        let whole = self.rows[row][column].whole().and_then(|whole| N::try_from(whole).ok());
        whole.ok_or_else(|| self.wrong(row, column, "a whole number from 0"))
    }

    /// A complaint about one cell; `row` counts from 0.
    pub fn wrong(&self, row: usize, column: usize, wanted: &'static str) -> ColumnError {
        let found = match &self.rows[row][column] {
            Cell::Empty => "empty".to_owned(),
            Cell::Text(text) => format!("the text `{text}`"),
            other => format!("`{}`", other.name().unwrap_or_default()),
        };
        ColumnError::Cell { place: self.place(row), column: self.names[column].clone(), found, wanted }
    }
}
