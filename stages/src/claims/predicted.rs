//! Tables of predictions, looked up by run and epoch: what each run took each row of the test part for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use polars::prelude::*;

use crate::table::{self, TableError};

/// Experiment, protocol, method, seed -> epoch -> row -> (label, predicted class).
#[derive(Debug, Default)]
pub struct Predicted {
    runs: BTreeMap<(String, String, String, u64), BTreeMap<u32, Seen>>,
}

/// Row -> (label, predicted class).
pub type Seen = BTreeMap<u32, (u32, u32)>;

impl Predicted {
    /// Adds what a run predicts for one row; the last word on a row counts.
    pub fn add(&mut self, run: (&str, &str, &str, u64), epoch: u32, row: u32, seen: (u32, u32)) {
        let (experiment, protocol, method, seed) = run;
        let run = (experiment.to_owned(), protocol.to_owned(), method.to_owned(), seed);
        self.runs.entry(run).or_default().entry(epoch).or_default().insert(row, seen);
    }

    pub fn of(&self, run: (&str, &str, &str, u64), epoch: u32) -> Option<&Seen> {
        let (experiment, protocol, method, seed) = run;
        let run = (experiment.to_owned(), protocol.to_owned(), method.to_owned(), seed);
        self.runs.get(&run)?.get(&epoch)
    }

    /// The predictions in Parquet files, or in all `*.parquet` files of folders: the columns `experiment`, `protocol`,
    /// `method`, `seed`, `epoch`, `row`, `label` and `predicted`.
    pub fn read(paths: &[PathBuf]) -> Result<Self, TableError> {
        let mut predicted = Self::default();
        for path in paths {
            for file in table::files(path)? {
                predicted.read_file(&file)?;
            }
        }
        Ok(predicted)
    }

    fn read_file(&mut self, path: &Path) -> Result<(), TableError> {
        let open = |source| TableError::Open { path: path.to_owned(), source };
        let parquet = |source| TableError::Parquet { path: path.to_owned(), source };
        let file = std::fs::File::open(path).map_err(open)?;
        let frame = ParquetReader::new(file).read_parallel(ParallelStrategy::None).finish().map_err(parquet)?;
        let column = |name: &'static str, wanted: &DataType| {
            let wrong = |source| TableError::Column { path: path.to_owned(), column: name, source };
            let column = frame.column(name).map_err(wrong)?;
            if column.null_count() > 0 {
                let row = column.is_null().iter().position(|null| null == Some(true)).unwrap_or(0) + 1;
                return Err(TableError::Empty { path: path.to_owned(), column: name, row });
            }
            column.strict_cast(wanted).map_err(wrong)
        };
        let texts = |name: &'static str| {
            let column = column(name, &DataType::String)?;
            let cells = column.str().map_err(parquet)?;
            Ok::<_, TableError>(cells.iter().flatten().map(str::to_owned).collect::<Vec<_>>())
        };
        let numbers = |name: &'static str| {
            let column = column(name, &DataType::UInt64)?;
            let cells = column.u64().map_err(parquet)?;
            Ok::<_, TableError>(cells.iter().flatten().collect::<Vec<u64>>())
        };
        let small = |name: &'static str| {
            let column = column(name, &DataType::UInt32)?;
            let cells = column.u32().map_err(parquet)?;
            Ok::<_, TableError>(cells.iter().flatten().collect::<Vec<u32>>())
        };
        let (experiments, protocols, methods) = (texts("experiment")?, texts("protocol")?, texts("method")?);
        let (seeds, epochs, rows) = (numbers("seed")?, small("epoch")?, small("row")?);
        let (labels, predicted) = (small("label")?, small("predicted")?);
        let mut start = 0;
        // Rows of one run mostly stand together, so its name is looked up once for all of them.
        while start < seeds.len() {
            let same = |row: usize| {
                (&experiments[row], &protocols[row], &methods[row], seeds[row], epochs[row])
                    == (&experiments[start], &protocols[start], &methods[start], seeds[start], epochs[start])
            };
            let end = (start..seeds.len()).find(|&row| !same(row)).unwrap_or(seeds.len());
            let run = (experiments[start].clone(), protocols[start].clone(), methods[start].clone(), seeds[start]);
            let seen = self.runs.entry(run).or_default().entry(epochs[start]).or_default();
            seen.extend((start..end).map(|row| (rows[row], (labels[row], predicted[row]))));
            start = end;
        }
        Ok(())
    }
}
