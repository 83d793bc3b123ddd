//! Paths of a study: relative to its root, `/` between parts, no `.`, no `..`: what a key may hold on any machine.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;

/// A path inside the repository, relative to its root. The empty path is the root itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct RepoPath(String);

#[derive(Debug, Error, PartialEq)]
pub enum PathError {
    #[error("`{0}` is outside the repository: use a path inside it")]
    Outside(String),
    #[error("a path is empty")]
    Empty,
}

impl RepoPath {
    pub fn root() -> Self {
        Self::default()
    }

    /// A file's path as the program writes it itself: relative to the repository, without `.` and `..`.
    pub fn file(path: &str) -> Self {
        Self(path.to_owned())
    }

    /// The path that `written` means in the folder `self`.
    pub fn join(&self, written: &str) -> Result<Self, PathError> {
        if written.trim().is_empty() {
            return Err(PathError::Empty);
        }
        if Path::new(written).is_absolute() || written.contains('\0') {
            return Err(PathError::Outside(written.to_owned()));
        }
        let mut parts: Vec<&str> = self.0.split('/').filter(|part| !part.is_empty()).collect();
        for part in written.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop().ok_or_else(|| PathError::Outside(written.to_owned()))?;
                }
                part => parts.push(part),
            }
        }
        Ok(Self(parts.join("/")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub fn within(&self, root: &Path) -> PathBuf {
        root.join(&self.0)
    }

    /// Whether `self` is `other` or lies below it.
    pub fn is_in(&self, other: &RepoPath) -> bool {
        other.is_root() || self.0.strip_prefix(&other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The last part.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The folder that it lies in.
    pub fn parent(&self) -> RepoPath {
        RepoPath(self.0.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned())
    }

    /// The path of `name` in the folder `self`.
    pub fn child(&self, name: &str) -> RepoPath {
        RepoPath(if self.0.is_empty() { name.to_owned() } else { format!("{}/{name}", self.0) })
    }

    /// What `self` is called from the folder `above`; `None` if it is not below it.
    pub fn below(&self, above: &RepoPath) -> Option<&str> {
        if above.is_root() {
            return (!self.is_root()).then_some(&self.0);
        }
        self.0.strip_prefix(&above.0)?.strip_prefix('/')
    }

    /// The folders above, the nearest first, without the root.
    pub fn ancestors(&self) -> impl Iterator<Item = RepoPath> + '_ {
        self.0.rmatch_indices('/').map(|(at, _)| RepoPath(self.0[..at].to_owned()))
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "." } else { &self.0 })
    }
}
