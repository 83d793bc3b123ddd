//! A data set as it is trained on: single precision, in two parts, in one file.
//!
//! The file is in the safetensors format: `train.x` and `test.x` (F32, examples × features), `train.y` and `test.y` (U8,
//! examples), and the number of classes in the metadata as `classes`.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensorError, SafeTensors};
use thiserror::Error;

use super::mnist1d::{self, Mnist1d};
use crate::artifact::{self, ArtifactError};

#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    pub features: usize,
    pub classes: usize,
    pub train: Part,
    pub test: Part,
}

/// Examples and their classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// (examples × features), row-major.
    pub x: Vec<f32>,
    /// The class of each example, below the data set's number of classes.
    pub y: Vec<u8>,
}

impl Part {
    /// The number of examples.
    pub fn len(&self) -> usize {
        self.y.len()
    }

    pub fn is_empty(&self) -> bool {
        self.y.is_empty()
    }
}

#[derive(Debug, Error)]
pub enum DatasetError {
    #[error("{}: is not a data set: {problem}", path.display())]
    Invalid { path: PathBuf, problem: Problem },
    #[error(transparent)]
    File(#[from] ArtifactError),
}

/// Why a file, or a value that is to be written to one, is not a data set.
#[derive(Debug, Error)]
pub enum Problem {
    #[error("it is not in the safetensors format ({0})")]
    Format(#[from] SafeTensorError),
    #[error("`classes`, in its metadata, must be a number from 1 to 256")]
    Classes,
    #[error("it has no tensor `{0}`")]
    Missing(&'static str),
    #[error("tensor `{name}` is {dtype} {shape:?}, but {expected} is needed")]
    Kind { name: &'static str, dtype: Dtype, shape: Vec<usize>, expected: &'static str },
    #[error("`train.x` has {train} features and `test.x` has {test}")]
    Features { train: usize, test: usize },
    #[error("`{x}` has {examples} rows, but `{y}` has {labels}")]
    Rows { x: &'static str, examples: usize, y: &'static str, labels: usize },
    #[error("`{name}` has {class} in row {row}, but there are {classes} classes, counted from 0")]
    Class { name: &'static str, class: u8, row: usize, classes: usize },
    #[error("`{name}` has {value} in row {row}")]
    NotFinite { name: &'static str, value: f32, row: usize },
}

/// How many classes there can be, a class being a byte.
const CLASSES: RangeInclusive<usize> = 1..=256;

/// The names of a part's tensors.
struct Names {
    x: &'static str,
    y: &'static str,
}

const TRAIN: Names = Names { x: "train.x", y: "train.y" };
const TEST: Names = Names { x: "test.x", y: "test.y" };

impl From<&Mnist1d> for Dataset {
    fn from(made: &Mnist1d) -> Self {
        let part = |x: &[f64], y: &[u8]| Part { x: x.iter().map(|&value| value as f32).collect(), y: y.to_vec() };
        Self {
            features: made.t.len(),
            classes: mnist1d::CLASSES,
            train: part(&made.x, &made.y),
            test: part(&made.x_test, &made.y_test),
        }
    }
}

impl Dataset {
    /// Writes the data set to a file: the same bytes for the same content.
    pub fn write(&self, path: &Path) -> Result<(), DatasetError> {
        let bytes = self.to_bytes().map_err(|problem| DatasetError::Invalid { path: path.to_owned(), problem })?;
        Ok(artifact::write(path, &bytes)?)
    }

    /// Reads a data set from a file. What it returns is sound: shapes agree, classes are in range, numbers are finite.
    pub fn read(path: &Path) -> Result<Self, DatasetError> {
        let bytes = std::fs::read(path).map_err(|source| ArtifactError::Read { path: path.to_owned(), source })?;
        Self::from_bytes(&bytes).map_err(|problem| DatasetError::Invalid { path: path.to_owned(), problem })
    }

    fn to_bytes(&self) -> Result<Vec<u8>, Problem> {
        if !CLASSES.contains(&self.classes) {
            return Err(Problem::Classes);
        }
        let parts = [(TRAIN, &self.train), (TEST, &self.test)];
        for (names, part) in &parts {
            self.check(names, part)?;
        }
        let x =
            parts.each_ref().map(|(_, part)| part.x.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
        let mut tensors = Vec::new();
        for ((names, part), x) in parts.iter().zip(&x) {
            tensors.push((names.x, TensorView::new(Dtype::F32, vec![part.len(), self.features], x)?));
            tensors.push((names.y, TensorView::new(Dtype::U8, vec![part.len()], &part.y)?));
        }
        // One entry of metadata only: the format's writer does not sort them.
        let metadata = HashMap::from([("classes".to_owned(), self.classes.to_string())]);
        Ok(safetensors::serialize(tensors, Some(metadata))?)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Problem> {
        let (_, header) = SafeTensors::read_metadata(bytes)?;
        let classes = header.metadata().as_ref().and_then(|metadata| metadata.get("classes")?.parse().ok());
        let classes = classes.filter(|classes| CLASSES.contains(classes)).ok_or(Problem::Classes)?;

        let file = SafeTensors::deserialize(bytes)?;
        let (train, features) = read_part(&file, &TRAIN)?;
        let (test, test_features) = read_part(&file, &TEST)?;
        if features != test_features {
            return Err(Problem::Features { train: features, test: test_features });
        }
        let read = Self { features, classes, train, test };
        read.check(&TRAIN, &read.train)?;
        read.check(&TEST, &read.test)?;
        Ok(read)
    }

    fn check(&self, names: &Names, part: &Part) -> Result<(), Problem> {
        if let Some(row) = part.y.iter().position(|&class| usize::from(class) >= self.classes) {
            return Err(Problem::Class { name: names.y, class: part.y[row], row, classes: self.classes });
        }
        if let Some(at) = part.x.iter().position(|value| !value.is_finite()) {
            let row = at.checked_div(self.features).unwrap_or(0);
            return Err(Problem::NotFinite { name: names.x, value: part.x[at], row });
        }
        Ok(())
    }
}

/// A part and its number of features.
fn read_part(file: &SafeTensors, names: &Names) -> Result<(Part, usize), Problem> {
    let x = tensor(file, names.x, Dtype::F32, 2, "F32 (examples × features)")?;
    let y = tensor(file, names.y, Dtype::U8, 1, "U8 (examples)")?;
    let (examples, labels) = (x.shape()[0], y.shape()[0]);
    if examples != labels {
        return Err(Problem::Rows { x: names.x, examples, y: names.y, labels });
    }
    let (words, _) = x.data().as_chunks();
    let part = Part { x: words.iter().map(|word| f32::from_le_bytes(*word)).collect(), y: y.data().to_vec() };
    Ok((part, x.shape()[1]))
}

fn tensor<'data>(
    file: &SafeTensors<'data>,
    name: &'static str,
    dtype: Dtype,
    dimensions: usize,
    expected: &'static str,
) -> Result<TensorView<'data>, Problem> {
    let found = file.tensor(name).map_err(|_| Problem::Missing(name))?;
    if found.dtype() != dtype || found.shape().len() != dimensions {
        return Err(Problem::Kind { name, dtype: found.dtype(), shape: found.shape().to_vec(), expected });
    }
    Ok(found)
}
