//! What can go wrong when a crate is read.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

#[derive(Debug, Error)]
pub enum Error {
    #[error("{}: cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{}:{line}:{column}: {message}", path.display())]
    Syntax { path: PathBuf, line: usize, column: usize, message: String },
    #[error("{}:{line}: module `{module}` has no file; looked for {tried:?}", path.display())]
    NoModuleFile { path: PathBuf, line: usize, module: String, tried: Vec<PathBuf> },
    #[error(
        "{}:{line}: cannot tell which file this includes: write its path as a literal, or as `concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/…\")`",
        path.display()
    )]
    Include { path: PathBuf, line: usize },
    #[error("{}: is not a readable manifest: {message}", path.display())]
    Manifest { path: PathBuf, message: String },
    #[error("no Cargo.lock at {} or above it", path.display())]
    NoLock { path: PathBuf },
    #[error("{}: does not list `{package}`; cargo writes it when it builds", path.display())]
    NotLocked { path: PathBuf, package: String },
    #[error("the crate has no module `{0}`")]
    NoSuchModule(String),
    #[error("the crate depends on no crate `{0}`")]
    NoSuchCrate(String),
    #[error("the environment variable {0} is not set: cargo sets it for build scripts")]
    Environment(&'static str),
}
