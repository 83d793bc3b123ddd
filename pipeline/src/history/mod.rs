//! What the study was at a commit, beside what it is in the work tree.

pub mod compare; // parameters, metrics and conclusions that differ between two states
mod resolve; // the runs that `repro` would find now
mod past; // what an output has held before
mod repository; // git, seen from the study's folder
pub mod scope; // which runs the work tree, branches, tags or commits use
mod state; // the stages, locks and files of a commit or of the work tree

use std::path::PathBuf;

use thiserror::Error;

pub use past::{Past, past};
pub use repository::{Blob, Commit, Repository, Tracked};
pub use state::{Held, State};

#[derive(Debug, Error)]
pub enum HistoryError {
    #[error("{}: is in no git repository, which this command reads", root.display())]
    NoRepository { root: PathBuf },
    #[error("`{revision}` is no commit of this repository: {}", source.message())]
    NoCommit { revision: String, source: git2::Error },
    #[error("{what}: {}", source.message())]
    Git { what: &'static str, source: git2::Error },
    #[error("{}: the files of a commit cannot be laid out: {source}", folder.display())]
    Temporary { folder: PathBuf, source: std::io::Error },
    /// Something that a file of the commit says; a complete sentence.
    #[error("at {revision}: {what}")]
    Content { revision: String, what: String },
}

impl HistoryError {
    /// Whether what was asked for is at fault.
    pub fn is_input(&self) -> bool {
        matches!(self, Self::NoRepository { .. } | Self::NoCommit { .. } | Self::Content { .. })
    }
}
