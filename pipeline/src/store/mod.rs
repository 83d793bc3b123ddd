//! The content-addressed store: `.retrial/` at the root of a study.
//!
//! ```text
//! .retrial/objects/ab/cdef…   files by SHA-256, read-only
//! .retrial/objects/tmp        objects that are being written
//! .retrial/objects/damaged    objects whose bytes were wrong, for whoever wants to look
//! .retrial/runs.sqlite        run records, the stat memo, which outputs the engine put into the work tree
//! .retrial/progress/KEY       what the stage of that key would go on from after a kill
//! .retrial/tmp                parameter files of running stages
//! .retrial/lock               held by the one process that changes the work tree
//! ```

mod archive;
pub mod check;
pub mod collect;
mod entries;
mod dvc_cache;
mod lock;
mod objects;
mod place;
mod records;

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;

pub use archive::Archive;
pub use dvc_cache::Taken;
pub use entries::Entry;
pub use lock::WorkTreeLock;
pub use objects::{Objects, remove};
pub use place::Link;
pub use records::{Artifact, Logged, Outcome, Records, Run, Took};

use crate::digest::DigestError;

#[derive(Debug, Error)]
pub enum StoreError {
    #[error("{}: {what}: {source}", path.display())]
    File { path: PathBuf, what: &'static str, source: std::io::Error },
    #[error("{}: the run records cannot be used: {source}{}", path.display(), hint(source))]
    Database { path: PathBuf, source: rusqlite::Error },
    #[error(
        "{}: the run records are damaged ({source}): move this file and those beside it that start with its name away; \
         all stored outputs stay, and stages run again unless dvc.lock vouches for them",
        path.display()
    )]
    Damaged { path: PathBuf, source: rusqlite::Error },
    #[error("{}: the run records were written by a newer retrial: update it, or move the file away", path.display())]
    TooNew { path: PathBuf },
    #[error("{}: is a file, where the store needs a folder: move it away", path.display())]
    NoFolder { path: PathBuf },
    #[error(transparent)]
    Digest(#[from] DigestError),
}

/// What to do about a database that can't be used.
fn hint(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => ": free some space and run again, nothing is lost",
        Some(ErrorCode::SystemIoFailure) => ": is the disk full? Nothing is lost: run again when it can be written to",
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            ": can its folder be written to, and is there space?"
        }
        _ => "",
    }
}

impl StoreError {
    pub(crate) fn database(path: &Path) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
        let path = path.to_owned();
        move |source| match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::Damaged { path: path.clone(), source }
            }
            _ => StoreError::Database { path: path.clone(), source },
        }
    }

    pub(crate) fn file(path: &Path, what: &'static str) -> impl FnOnce(std::io::Error) -> StoreError {
        let path = path.to_owned();
        move |source| StoreError::File { path, what, source }
    }
}

/// One study's store, opened.
pub struct Store {
    /// `.retrial`
    pub folder: PathBuf,
    pub objects: Objects,
    pub records: Records,
}

impl Store {
    /// Opens the store of the study at `root`, making it if need be.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let folder = root.join(".retrial");
        if folder.is_file() {
            return Err(StoreError::NoFolder { path: folder });
        }
        std::fs::create_dir_all(&folder).map_err(StoreError::file(&folder, "cannot be made"))?;
        // The store ignores itself, so that no study has to.
        let ignore = folder.join(".gitignore");
        if !ignore.exists() {
            std::fs::write(&ignore, "*\n").map_err(StoreError::file(&ignore, "cannot be written"))?;
        }
        let objects = Objects::open(folder.join("objects"), root)?;
        let records = Records::open(&folder.join("runs.sqlite"))?;
        Ok(Self { folder, objects, records })
    }

    /// Whether a study at `root` has a store yet.
    pub fn exists(root: &Path) -> bool {
        root.join(".retrial/runs.sqlite").exists()
    }
}

/// Where stages keep what they would go on from, each run in a folder named by its key.
pub fn progress(store: &Path) -> PathBuf {
    store.join("progress")
}
