//! What can go wrong, and with which exit code it ends the program.

use thiserror::Error;

use crate::digest::DigestError;
use crate::graph::GraphError;
use crate::history::HistoryError;
use crate::lockfile::LockError;
use crate::manifest::ManifestError;
use crate::store::StoreError;

#[derive(Debug, Error)]
pub enum Error {
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Graph(#[from] GraphError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Digest(#[from] DigestError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    History(#[from] HistoryError),
    /// Bad input found outside a parser: a complete sentence.
    #[error("{0}")]
    Input(String),
    /// Something is not as the command needs it, through nobody's bad input: a complete sentence.
    #[error("{0}")]
    State(String),
    #[error("interrupted")]
    Interrupted,
    /// A stage program or a study's own command failed.
    #[error("{0}")]
    Program(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// 2 for bad input, 130 for an interruption, 1 for the rest.
    pub fn exit_code(&self) -> u8 {
        match self {
            // A lock that can't be written, on a full disk say, is nobody's bad input.
            Error::Lock(LockError::File { .. }) => 1,
            Error::Manifest(_) | Error::Graph(_) | Error::Lock(_) | Error::Input(_) => 2,
            Error::History(error) => {
                if error.is_input() {
                    2
                } else {
                    1
                }
            }
            Error::Store(_) | Error::Digest(_) | Error::State(_) | Error::Program(_) => 1,
            Error::Interrupted => 130,
        }
    }
}
