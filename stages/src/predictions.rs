//! Tables of predictions: what a trained network takes each row of the test part for, so that two methods can be compared
//! row by row.

use std::path::Path;

use polars::prelude::*;

use crate::table::{self, TableError};

/// One row of the test part, as one run saw it at one epoch. `epoch` counts from 1, `row` from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prediction {
    pub experiment: String,
    pub protocol: String,
    pub method: String,
    pub seed: u64,
    pub epoch: u32,
    pub row: u32,
    pub label: u8,
    pub predicted: u8,
}

/// Writes them, in their order, as one Parquet file, in bytes that depend on nothing else.
pub fn write_parquet(path: &Path, predictions: &[Prediction]) -> Result<(), TableError> {
    let text = |name: &str, cell: fn(&Prediction) -> &str| {
        let cells: Vec<&str> = predictions.iter().map(cell).collect();
        Column::new(name.into(), cells)
    };
    let number = |name: &str, cell: fn(&Prediction) -> u32| {
        let cells: Vec<u32> = predictions.iter().map(cell).collect();
        Column::new(name.into(), cells)
    };
    let seeds: Vec<u64> = predictions.iter().map(|prediction| prediction.seed).collect();
    let columns = vec![
        text("experiment", |prediction| &prediction.experiment),
        text("protocol", |prediction| &prediction.protocol),
        text("method", |prediction| &prediction.method),
        Column::new("seed".into(), seeds),
        number("epoch", |prediction| prediction.epoch),
        number("row", |prediction| prediction.row),
        number("label", |prediction| prediction.label.into()),
        number("predicted", |prediction| prediction.predicted.into()),
    ];
    table::write_columns(path, columns)
}
