//! What can be wrong with the files that describe a study: one sentence with file and line.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::digest::DigestError;

/// Something wrong at a line of the file at hand; [`Complaint::in_file`] says which file.
#[derive(Debug, Clone, PartialEq)]
pub struct Complaint {
    pub line: u32,
    pub what: String,
}

impl Complaint {
    pub fn at(line: u32, what: String) -> Self {
        Self { line, what }
    }

    pub fn in_file(self, file: &Path) -> ManifestError {
        ManifestError::Content { file: file.to_owned(), line: self.line, what: self.what }
    }
}

#[derive(Debug, Error)]
pub enum ManifestError {
    #[error("{}:{line}: {what}", file.display())]
    Content { file: PathBuf, line: u32, what: String },
    #[error("{}: cannot be read: {source}", file.display())]
    Read { file: PathBuf, source: std::io::Error },
    #[error("no dvc.yaml here or in a folder above {}: run this inside a study", start.display())]
    NoManifest { start: PathBuf },
    #[error(transparent)]
    Ignore(#[from] DigestError),
    #[error("{what}")]
    Overlay { what: String },
}
