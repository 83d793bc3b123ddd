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
    /// How many of the files the commit does not have, or not so.
    pub differing: usize,
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
        let differing = number.unwrap_or(1);
        let mut source =
            Source { origin: Origin::Unversioned, files: number, differing, commit: None, dvc_file: None, same_now };
        let Some(repository) = self.repository else { return Ok(Some(source)) };
        let read_at = reader.and_then(|run| repository.find(run.provenance["git"]["commit"].as_str()?));
        let starts: Vec<Oid> = read_at.into_iter().chain(repository.head()).collect();
        for &start in &starts {
            source.differing = source.differing.min(differing_from(repository, start, bytes, members)?);
            if source.differing == 0 {
                source.origin = Origin::Committed;
                source.commit = describe_last_change(repository, start, &bytes.path)?;
                return Ok(Some(source));
            }
        }
        if members.is_none() && same_now != Some(true) && now.is_some_and(|now| now.members.is_some()) {
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

/// How many of these files (the file itself, or those of the folder) a commit does not have with these bytes.
fn differing_from(
    repository: &Repository,
    commit: Oid,
    bytes: &Bytes,
    members: Option<&[Member]>,
) -> Result<usize, HistoryError> {
    let differs = |path: &RepoPath, sha256: &str| -> Result<usize, HistoryError> {
        let file = repository.file(commit, path)?;
        Ok(usize::from(file.is_none_or(|file| hex(&Sha256::digest(&file)) != sha256)))
    };
    let Some(members) = members else { return differs(&bytes.path, &bytes.sha256) };
    let mut differing = 0;
    for member in members {
        differing += bytes.path.join(&member.path).map_or(Ok(1), |path| differs(&path, &member.sha256))?;
    }
    Ok(differing)
}
