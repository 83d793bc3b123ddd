//! The parameters that a stage declared in `dvc.yaml`, and no others.
//!
//! The engine writes them to a file and names it in `RETRIAL_PARAMS`: one JSON object, from parameter file to declared
//! dotted key to value, for example `{"params.yaml": {"svvar.epochs": 20, "mnist1d": {"seed": 42}}}`.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::artifact::{self, ArtifactError};

#[derive(Debug, Error)]
pub enum ParameterError {
    #[error("parameter `{0}` is not declared by this stage: add it under `params:` in dvc.yaml")]
    Undeclared(String),
    #[error("{}: there is no parameter `{key}`", path.display())]
    Missing { path: PathBuf, key: String },
    #[error("{}: is not a mapping of parameters: {problem}", path.display())]
    Yaml { path: PathBuf, problem: String },
    #[error(
        "the parameter `{0}` is missing: let `retrial repro` start this stage, or set DVC_ROOT and DVC_STAGE as DVC does"
    )]
    NoParameters(String),
    #[error("parameter `{key}` has an unsuitable value: {source}")]
    Unsuitable { key: String, source: serde_json::Error },
    #[error(transparent)]
    File(#[from] ArtifactError),
}

/// Declared dotted key -> value.
#[derive(Debug, Clone)]
pub struct Parameters {
    values: Option<Map<String, Value>>,
    /// Where they stand, if that is a whole parameter file and not what a stage declared.
    file: Option<PathBuf>,
}

impl Parameters {
    /// Reads the engine's file; keys of all parameter files are taken together.
    pub fn read(path: &Path) -> Result<Self, ParameterError> {
        let files: Map<String, Value> = artifact::read_json(path)?;
        let mut declared = Map::new();
        for (_, values) in files {
            if let Value::Object(values) = values {
                declared.extend(values);
            }
        }
        Ok(Self::from_map(declared))
    }

    pub fn from_map(declared: Map<String, Value>) -> Self {
        Self { values: Some(declared), file: None }
    }

    /// All parameters of a study's file (YAML), for commands that are no stage.
    pub fn of_study(path: &Path) -> Result<Self, ParameterError> {
        let text = std::fs::read(path).map_err(|source| ArtifactError::Read { path: path.to_owned(), source })?;
        let values = serde_yaml::from_slice(&text)
            .map_err(|error| ParameterError::Yaml { path: path.to_owned(), problem: error.to_string() })?;
        Ok(Self { values: Some(values), file: Some(path.to_owned()) })
    }

    /// Of a stage that was started by hand.
    pub fn none() -> Self {
        Self { values: None, file: None }
    }

    /// The value at a dotted key: declared itself, or inside a declared mapping.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<T, ParameterError> {
        let Some(declared) = &self.values else { return Err(ParameterError::NoParameters(key.to_owned())) };
        let value = find(declared, key).ok_or_else(|| match &self.file {
            None => ParameterError::Undeclared(key.to_owned()),
            Some(path) => ParameterError::Missing { path: path.clone(), key: key.to_owned() },
        })?;
        serde_json::from_value(value.clone())
            .map_err(|source| ParameterError::Unsuitable { key: key.to_owned(), source })
    }
}

fn find<'a>(declared: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    if let Some(value) = declared.get(key) {
        return Some(value);
    }
    // The longest declared prefix wins, then the rest of the key walks down.
    key.match_indices('.').map(|(at, _)| at).rev().find_map(|at| {
        let above = declared.get(&key[..at])?;
        key[at + 1..].split('.').try_fold(above, |value, part| value.get(part))
    })
}
