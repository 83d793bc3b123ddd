//! Tables of predictions, looked up by run and epoch: what each run took each row of the test part for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::table::columns::ColumnError;
use crate::table::{self, TableError};

/// What a table of predictions has.
const COLUMNS: [&str; 8] = ["experiment", "protocol", "method", "seed", "epoch", "row", "label", "predicted"];

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
        let table = table::read_file(path)?;
        let mut at = [0; COLUMNS.len()];
        for (position, column) in at.iter_mut().zip(COLUMNS) {
            *position = table.need(column)?;
        }
        let [experiment, protocol, method, seed, epoch, row, label, predicted] = at;
        let run = |at: usize| -> Result<_, ColumnError> {
            let (experiment, protocol) = (table.text(at, experiment)?, table.text(at, protocol)?);
            Ok((experiment, protocol, table.text(at, method)?, table.natural::<u64>(at, seed)?))
        };
        let mut start = 0;
        // Rows of one run mostly stand together, so its name is looked up once for all of them.
        while start < table.rows.len() {
            let same = |at: usize| {
                [experiment, protocol, method, seed, epoch]
                    .iter()
                    .all(|&column| table.rows[at][column] == table.rows[start][column])
            };
            let end = (start..table.rows.len()).find(|&at| !same(at)).unwrap_or(table.rows.len());
            let seen = self.runs.entry(run(start)?).or_default().entry(table.natural(start, epoch)?).or_default();
            for at in start..end {
                seen.insert(table.natural(at, row)?, (table.natural(at, label)?, table.natural(at, predicted)?));
            }
            start = end;
        }
        Ok(())
    }
}
