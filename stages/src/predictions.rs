//! Tables of predictions: what a trained network takes each row of the test part for, so that two methods can be compared
//! row by row.

use std::path::Path;

use crate::table::{self, Column, TableError};

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
    let text = |name, cell: fn(&Prediction) -> &str| Column::Text(name, predictions.iter().map(cell).collect());
    let number = |name, cell: fn(&Prediction) -> u32| Column::U32(name, predictions.iter().map(cell).collect());
    let columns = [
        text("experiment", |prediction| &prediction.experiment),
        text("protocol", |prediction| &prediction.protocol),
        text("method", |prediction| &prediction.method),
        Column::U64("seed", predictions.iter().map(|prediction| prediction.seed).collect()),
        number("epoch", |prediction| prediction.epoch),
        number("row", |prediction| prediction.row),
        number("label", |prediction| prediction.label.into()),
        number("predicted", |prediction| prediction.predicted.into()),
    ];
    table::write_columns(path, &columns)
}
