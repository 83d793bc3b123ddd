//! Files and folders -> what is in them: SHA-256 for retrial's keys and store, MD5 for DVC's lock and cache.

mod file;
mod folder;
pub mod ignore;
mod md5;
mod memo;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::path::RepoPath;

pub use file::{FileDigest, copy_and_digest, digest_file};
pub use folder::{dvc_listing, folder_of};
pub use ignore::Ignored;
pub use md5::Md5;
pub use memo::{Memo, Seen};

#[derive(Debug, Error)]
pub enum DigestError {
    #[error("{}: cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}: has a name that is not UTF-8: rename it", path.display())]
    Name { path: PathBuf },
    #[error("{}: is neither a file nor a folder", path.display())]
    Special { path: PathBuf },
    #[error("{}: can't stand inside of data, as under DVC: move it to a folder above", path.display())]
    Ignore { path: PathBuf },
    #[error("{}:{line}: {what}: git's manual on gitignore says what patterns can be", path.display())]
    Pattern { path: PathBuf, line: usize, what: String },
}

/// What a path holds, file or folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Of the bytes; of a folder: of its sorted list of (path, SHA-256).
    pub sha256: String,
    /// As DVC computes it; of a folder it ends in `.dir`.
    pub md5: String,
    /// Bytes, of a folder all files together.
    pub size: u64,
    #[serde(default)]
    pub executable: bool,
    /// The files of a folder, sorted by path; `None` for a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Member>>,
}

impl Content {
    /// Equal bytes in files of the same names. An empty folder is no empty file, though both have the digest of nothing.
    pub fn holds_same(&self, other: &Self) -> bool {
        self.sha256 == other.sha256 && self.members.is_some() == other.members.is_some()
    }

    /// What a key says of it: the digest.
    pub fn in_key(&self) -> &str {
        if self.members.as_ref().is_some_and(Vec::is_empty) { "empty folder" } else { &self.sha256 }
    }
}

/// A file in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Relative to the folder, `/` between parts.
    pub path: String,
    pub sha256: String,
    pub md5: String,
    pub size: u64,
    #[serde(default)]
    pub executable: bool,
}

impl Content {
    pub fn of_file(digest: FileDigest, executable: bool) -> Self {
        Self { sha256: digest.sha256, md5: digest.md5, size: digest.size, executable, members: None }
    }

    /// The SHA-256 of the file or folder at `inside`, a path below this folder.
    pub fn digest_at(&self, inside: &str) -> Option<String> {
        let members = self.members.as_ref()?;
        if let Ok(at) = members.binary_search_by(|member| member.path.as_str().cmp(inside)) {
            return Some(members[at].sha256.clone());
        }
        let below = |member: &Member| {
            let path = member.path.strip_prefix(inside)?.strip_prefix('/')?.to_owned();
            Some(Member { path, ..member.clone() })
        };
        let below: Vec<Member> = members.iter().filter_map(below).collect();
        (!below.is_empty()).then(|| folder_of(below).sha256)
    }

    /// Each stored file: its path below the output (`None`: the output itself), SHA-256, MD5 and executable bit.
    pub fn files(&self) -> Vec<(Option<&str>, &str, &str, bool)> {
        match &self.members {
            None => vec![(None, &self.sha256, &self.md5, self.executable)],
            Some(members) => members
                .iter()
                .map(|member| {
                    (Some(member.path.as_str()), member.sha256.as_str(), member.md5.as_str(), member.executable)
                })
                .collect(),
        }
    }
}

/// What a path of the repository of `ignored` holds now; `None` where nothing is. Symbolic links are followed.
pub fn content(ignored: &mut Ignored, path: &RepoPath, memo: &mut Memo) -> Result<Option<Content>, DigestError> {
    let full = path.within(&ignored.root);
    let read_error = |source| DigestError::Read { path: full.clone(), source };
    let metadata = match std::fs::metadata(&full) {
        Ok(metadata) => metadata,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(source) => return Err(read_error(source)),
    };
    if metadata.is_dir() {
        let rules = ignored.inside(path)?;
        return folder::content(&full, rules, memo).map(Some);
    }
    if !metadata.is_file() {
        return Err(DigestError::Special { path: full });
    }
    let digest = memo.digest(&full, &metadata)?;
    Ok(Some(Content::of_file(digest, file::is_executable(&metadata))))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}
