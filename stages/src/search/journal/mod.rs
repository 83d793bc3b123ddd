//! Optuna's journal file: a study as the operations that made it, one JSON object a line.
//!
//! `optuna.load_study` and optuna-dashboard open these files as they are. The same study gives the same bytes: there is no
//! time, host or process in them. Optuna wants to know when a trial began, so trial n begins n milliseconds into the year
//! 2000 and takes one. The lines of n trials are the beginning of those of n + 1.

mod read;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use thiserror::Error;

pub use read::parse;
pub use write::{header, text, trial};

use super::study::Study;

/// One study of a journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    pub name: String,
    /// The study's user attributes.
    pub attributes: BTreeMap<String, Json>,
    pub study: Study,
}

/// Operations, by Optuna's codes.
mod operation {
    pub const CREATE_STUDY: u64 = 0;
    pub const DELETE_STUDY: u64 = 1;
    pub const STUDY_USER_ATTRIBUTE: u64 = 2;
    pub const STUDY_SYSTEM_ATTRIBUTE: u64 = 3;
    pub const CREATE_TRIAL: u64 = 4;
    pub const PARAMETER: u64 = 5;
    pub const STATE: u64 = 6;
    pub const INTERMEDIATE_VALUE: u64 = 7;
    pub const TRIAL_USER_ATTRIBUTE: u64 = 8;
    pub const TRIAL_SYSTEM_ATTRIBUTE: u64 = 9;
    pub const DISCARD_TRIALS: u64 = 10;
}

/// Where Optuna keeps the values that a trial was given beforehand.
const FIXED_PARAMETERS: &str = "fixed_params";

#[derive(Debug, Error)]
pub enum JournalError {
    #[error("{}: cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}:{line}: {problem}", path.display())]
    Line { path: PathBuf, line: usize, problem: String },
    #[error("{}: holds no study", .0.display())]
    Empty(PathBuf),
    #[error("{}: holds no study `{name}`; it holds {}", path.display(), known.join(", "))]
    Unknown { path: PathBuf, name: String, known: Vec<String> },
    #[error("{}: holds several studies: say which with --study: {}", path.display(), known.join(", "))]
    Several { path: PathBuf, known: Vec<String> },
}

/// The study of that name, or the only one.
pub fn read(path: &Path, name: Option<&str>) -> Result<Recorded, JournalError> {
    let owned = || path.to_owned();
    let bytes = std::fs::read(path).map_err(|source| JournalError::Read { path: owned(), source })?;
    let mut studies = parse(&bytes, path)?;
    let known: Vec<String> = studies.iter().map(|study| study.name.clone()).collect();
    match (name, known.len()) {
        (_, 0) => Err(JournalError::Empty(owned())),
        (None, 1) => Ok(studies.swap_remove(0)),
        (None, _) => Err(JournalError::Several { path: owned(), known }),
        (Some(name), _) => match known.iter().position(|known| known == name) {
            Some(at) => Ok(studies.swap_remove(at)),
            None => Err(JournalError::Unknown { path: owned(), name: name.to_owned(), known }),
        },
    }
}
