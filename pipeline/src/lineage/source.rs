//! A file or folder that no stage makes: which commit last changed it, and whether it was read as that commit has it.

use std::cell::OnceCell;

use git2::Oid;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Bytes;
use crate::digest::{Content, Member, hex};
use crate::error::Error;
use crate::history::{Commit, HistoryError, Repository, Tracked};
use crate::path::RepoPath;
use crate::store::Entry;

/// Bytes that no stage makes, as they were when they were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    pub origin: Origin,
    /// Of a folder: how many files it had.
    pub files: Option<usize>,
    /// The last commit that changed what git has there.
    pub commit: Option<Commit>,
    /// The file by which DVC keeps what git ignores.
    pub dvc_file: Option<String>,
    /// `None`: it is gone from the work tree.
    pub same_now: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Read as the commit has it.
    Committed,
    /// Git tracks it, but it was read with changes that no known commit has.
    Modified,
    Untracked,
    Ignored,
    /// There is no git repository.
    Unversioned,
}

/// The files of the bytes that are described, where those are a folder.
pub struct Files<'a> {
    pub members: Option<&'a [Member]>,
    /// Whether they are all that the folder had.
    pub whole: bool,
}

impl Files<'_> {
    /// Whether what is there now is what was read.
    fn are_in(&self, bytes: &Bytes, now: &Content) -> bool {
        let (false, Some(members), Some(now)) = (self.whole, self.members, &now.members) else {
            return now.sha256 == bytes.sha256;
        };
        let same = |member: &Member| {
            let at = now.binary_search_by(|other| other.path.cmp(&member.path));
            at.is_ok_and(|at| now[at].sha256 == member.sha256)
        };
        members.iter().all(same)
    }
}

pub struct Sources<'a> {
    repository: Option<&'a Repository>,
    tracked: OnceCell<Tracked>,
}

impl<'a> Sources<'a> {
    pub fn new(repository: Option<&'a Repository>) -> Self {
        Self { repository, tracked: OnceCell::new() }
    }

    /// Where `bytes` come from, which `reader` has read (nobody: they are what is there now). `None`: the bytes are of a
    /// folder of which nothing is known but its digest.
    pub fn describe(
        &self,
        bytes: &Bytes,
        files: &Files,
        reader: Option<&Entry>,
        now: Option<&Content>,
    ) -> Result<Option<Source>, Error> {
        let members = files.members;
        let same_now = now.map(|now| files.are_in(bytes, now));
        let number = members.map(<[Member]>::len);
        let mut source = Source { origin: Origin::Unversioned, files: number, commit: None, dvc_file: None, same_now };
        let Some(repository) = self.repository else { return Ok(Some(source)) };
        let read_at = reader.and_then(|run| repository.find(run.provenance["git"]["commit"].as_str()?));
        let starts: Vec<Oid> = read_at.into_iter().chain(repository.head()).collect();
        for &start in &starts {
            if holds(repository, start, bytes, members)? {
                source.origin = Origin::Committed;
                source.commit = describe_last_change(repository, start, &bytes.path)?;
                return Ok(Some(source));
            }
        }
        let is_folder = |path: &RepoPath| path.is_root() || now.is_some_and(|now| now.members.is_some());
        if members.is_none() && same_now != Some(true) && is_folder(&bytes.path) {
            return Ok(None);
        }
        for &start in &starts {
            source.commit = describe_last_change(repository, start, &bytes.path)?;
            if source.commit.is_some() {
                break;
            }
        }
        source.origin = if source.commit.is_some() || self.tracked(repository)?.holds(&bytes.path) {
            Origin::Modified
        } else if repository.ignores(&bytes.path) {
            Origin::Ignored
        } else {
            Origin::Untracked
        };
        if source.origin != Origin::Modified
            && let Ok(dvc_file) = RepoPath::root().join(&format!("{}.dvc", bytes.path))
            && let Some(&start) = starts.first()
            && let Some(commit) = describe_last_change(repository, start, &dvc_file)?
        {
            source.commit = Some(commit);
            source.dvc_file = Some(dvc_file.as_str().to_owned());
        }
        Ok(Some(source))
    }

    fn tracked(&self, repository: &Repository) -> Result<&Tracked, HistoryError> {
        if self.tracked.get().is_none() {
            let _ = self.tracked.set(repository.tracked()?);
        }
        Ok(self.tracked.get_or_init(Tracked::default))
    }
}

fn describe_last_change(repository: &Repository, start: Oid, path: &RepoPath) -> Result<Option<Commit>, HistoryError> {
    let last = repository.last_change(start, path)?;
    last.map(|commit| repository.describe(commit)).transpose()
}

/// Whether a commit has exactly these bytes at this path: the file, or every file of the folder.
fn holds(
    repository: &Repository,
    commit: Oid,
    bytes: &Bytes,
    members: Option<&[Member]>,
) -> Result<bool, HistoryError> {
    let digest = |bytes: &[u8]| hex(&Sha256::digest(bytes));
    let Some(members) = members else {
        return Ok(repository.file(commit, &bytes.path)?.is_some_and(|file| digest(&file) == bytes.sha256));
    };
    for member in members {
        let Ok(path) = bytes.path.join(&member.path) else { return Ok(false) };
        if repository.file(commit, &path)?.is_none_or(|file| digest(&file) != member.sha256) {
            return Ok(false);
        }
    }
    Ok(!members.is_empty())
}
