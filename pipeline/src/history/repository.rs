//! The study in its git repository: what a commit holds below the study's folder, and which commit last changed a path.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid, Tree};
use serde::Serialize;

use super::HistoryError;
use crate::path::RepoPath;

/// A git repository, seen from the folder of a study inside it.
pub struct Repository {
    git: git2::Repository,
    /// The study's folder, from the top of the repository.
    below: PathBuf,
}

/// A commit, as tables name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Commit {
    pub id: String,
    pub summary: String,
    /// Seconds since 1970.
    pub time: i64,
}

/// A file of a commit: its path below the study's folder.
pub struct Blob {
    pub path: RepoPath,
    pub id: Oid,
}

/// The files that git tracks.
#[derive(Debug, Default)]
pub struct Tracked(BTreeSet<RepoPath>);

impl Tracked {
    /// Whether `path`, or a file below it, is tracked.
    pub fn holds(&self, path: &RepoPath) -> bool {
        let from_here = self.0.range(path.clone()..);
        // Names such as `path-2` may stand between a folder and what is inside it.
        from_here.take_while(|file| file.as_str().starts_with(path.as_str())).any(|file| file.is_in(path))
    }
}

/// The mode of a symbolic link, whose content is where it leads.
const LINK: i32 = 0o120_000;

fn failed(what: &'static str) -> impl FnOnce(git2::Error) -> HistoryError {
    move |source| HistoryError::Git { what, source }
}

impl Repository {
    pub fn open(root: &Path) -> Result<Self, HistoryError> {
        let none = || HistoryError::NoRepository { root: root.to_owned() };
        let git = git2::Repository::discover(root).map_err(|_| none())?;
        let top = git.workdir().and_then(|top| top.canonicalize().ok()).ok_or_else(none)?;
        let real = root.canonicalize().map_err(|_| none())?;
        let below = real.strip_prefix(top).map_err(|_| none())?.to_owned();
        Ok(Self { git, below })
    }

    /// The commit that `revision` means, as git reads it.
    pub fn commit(&self, revision: &str) -> Result<Oid, HistoryError> {
        let no_commit = |source| HistoryError::NoCommit { revision: revision.to_owned(), source };
        let object = self.git.revparse_single(revision).map_err(no_commit)?;
        Ok(object.peel_to_commit().map_err(no_commit)?.id())
    }

    /// The commit that is checked out; `None` before the first.
    pub fn head(&self) -> Option<Oid> {
        self.git.head().ok()?.peel_to_commit().ok().map(|commit| commit.id())
    }

    /// Where the commit is in this repository (it may have been made in another clone).
    pub fn find(&self, id: &str) -> Option<Oid> {
        let id = Oid::from_str(id).ok()?;
        self.git.find_commit(id).ok().map(|commit| commit.id())
    }

    pub fn describe(&self, commit: Oid) -> Result<Commit, HistoryError> {
        let commit = self.git.find_commit(commit).map_err(failed("a commit cannot be read"))?;
        let summary = commit.summary_bytes().unwrap_or_default();
        Ok(Commit {
            id: commit.id().to_string(),
            summary: String::from_utf8_lossy(summary).into_owned(),
            time: commit.time().seconds(),
        })
    }

    /// The commits that branches (local and remote-tracking) point to.
    pub fn branches(&self) -> Result<Vec<Oid>, HistoryError> {
        let branches = self.git.branches(None).map_err(failed("the branches cannot be listed"))?;
        let tips = branches.flatten().filter_map(|(branch, _)| branch.get().peel_to_commit().ok());
        Ok(tips.map(|commit| commit.id()).collect())
    }

    /// The commits that tags point to.
    pub fn tags(&self) -> Result<Vec<Oid>, HistoryError> {
        let tags = self.git.references_glob("refs/tags/*").map_err(failed("the tags cannot be listed"))?;
        Ok(tags.flatten().filter_map(|tag| tag.peel_to_commit().ok()).map(|commit| commit.id()).collect())
    }

    /// Every commit that HEAD, a branch or a tag leads to.
    pub fn all_commits(&self) -> Result<Vec<Oid>, HistoryError> {
        let what = "the commits cannot be listed";
        let mut walk = self.git.revwalk().map_err(failed(what))?;
        for tip in self.branches()?.into_iter().chain(self.tags()?).chain(self.head()) {
            walk.push(tip).map_err(failed(what))?;
        }
        walk.map(|commit| commit.map_err(failed(what))).collect()
    }

    /// The content of a file at a commit; `None` where the commit has no such file. Symbolic links are followed as far as
    /// the commit has what they lead to.
    pub fn file(&self, commit: Oid, path: &RepoPath) -> Result<Option<Vec<u8>>, HistoryError> {
        const MOST_LINKS: usize = 8;
        let mut path = path.clone();
        for _ in 0..MOST_LINKS {
            let Some((id, ObjectType::Blob, mode)) = self.entry(commit, &path)? else { return Ok(None) };
            let bytes = self.bytes(id)?;
            if mode != LINK {
                return Ok(Some(bytes));
            }
            let folder = path.ancestors().next().unwrap_or_default();
            let leads_to = std::str::from_utf8(&bytes).ok().and_then(|target| folder.join(target).ok());
            let Some(leads_to) = leads_to else { return Ok(None) };
            path = leads_to;
        }
        Ok(None)
    }

    pub fn bytes(&self, blob: Oid) -> Result<Vec<u8>, HistoryError> {
        Ok(self.git.find_blob(blob).map_err(failed("a file cannot be read"))?.content().to_vec())
    }

    /// The files of a commit at or below `path`, sorted by path.
    pub fn files(&self, commit: Oid, path: &RepoPath) -> Result<Vec<Blob>, HistoryError> {
        let what = "a tree cannot be read";
        let mut files = Vec::new();
        let mut open = Vec::new();
        match self.entry(commit, path)? {
            Some((id, ObjectType::Tree, _)) => open.push((path.clone(), id)),
            Some((id, ObjectType::Blob, _)) => files.push(Blob { path: path.clone(), id }),
            _ => {}
        }
        while let Some((folder, id)) = open.pop() {
            let tree = self.git.find_tree(id).map_err(failed(what))?;
            for entry in &tree {
                // Names that are no UTF-8 can be no path of a study.
                let Some(path) = std::str::from_utf8(entry.name_bytes()).ok().and_then(|name| folder.join(name).ok())
                else {
                    continue;
                };
                match entry.kind() {
                    Some(ObjectType::Tree) => open.push((path, entry.id())),
                    Some(ObjectType::Blob) => files.push(Blob { path, id: entry.id() }),
                    _ => {}
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// The files called `name` in these commits, in any folder of the study, each content once, with a commit that has it.
    pub fn files_called(&self, name: &str, commits: &BTreeSet<Oid>) -> Result<Vec<(Oid, Oid)>, HistoryError> {
        let mut found = Vec::new();
        // Most commits share most of their folders.
        let mut seen: HashSet<Oid> = HashSet::new();
        for &commit in commits {
            let mut open = match self.entry(commit, &RepoPath::root())? {
                Some((id, ObjectType::Tree, _)) => vec![id],
                _ => Vec::new(),
            };
            while let Some(id) = open.pop() {
                if !seen.insert(id) {
                    continue;
                }
                let tree = self.git.find_tree(id).map_err(failed("a tree cannot be read"))?;
                for entry in &tree {
                    match entry.kind() {
                        Some(ObjectType::Tree) => open.push(entry.id()),
                        Some(ObjectType::Blob) if entry.name_bytes() == name.as_bytes() && seen.insert(entry.id()) => {
                            found.push((commit, entry.id()));
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(found)
    }

    /// The commit, from `start` backwards, that last changed what is at `path`; `None` where `start` has nothing there.
    pub fn last_change(&self, start: Oid, path: &RepoPath) -> Result<Option<Oid>, HistoryError> {
        let Some((content, ..)) = self.entry(start, path)? else { return Ok(None) };
        let mut at = start;
        loop {
            let commit = self.git.find_commit(at).map_err(failed("a commit cannot be read"))?;
            let mut same = None;
            // In a shallow clone the history ends where a parent is missing.
            for parent in commit.parents() {
                if self.entry(parent.id(), path)?.is_some_and(|(id, ..)| id == content) {
                    same = Some(parent.id());
                    break;
                }
            }
            match same {
                Some(parent) => at = parent,
                None => return Ok(Some(at)),
            }
        }
    }

    /// The paths that git tracks, as its index has them.
    pub fn tracked(&self) -> Result<Tracked, HistoryError> {
        let index = self.git.index().map_err(failed("the index cannot be read"))?;
        let below = |entry: git2::IndexEntry| {
            let path = Path::new(std::str::from_utf8(&entry.path).ok()?).strip_prefix(&self.below).ok()?.to_owned();
            RepoPath::root().join(path.to_str()?).ok()
        };
        Ok(Tracked(index.iter().filter_map(below).collect()))
    }

    /// Whether git is told to pass `path` over.
    pub fn ignores(&self, path: &RepoPath) -> bool {
        self.git.is_path_ignored(self.full(path)).unwrap_or(false)
    }

    fn full(&self, path: &RepoPath) -> PathBuf {
        if path.is_root() { self.below.clone() } else { self.below.join(path.as_str()) }
    }

    /// What a commit has at `path`: its name in git, its kind, its mode.
    fn entry(&self, commit: Oid, path: &RepoPath) -> Result<Option<(Oid, ObjectType, i32)>, HistoryError> {
        let tree = self.tree(commit)?;
        let full = self.full(path);
        if full.as_os_str().is_empty() {
            return Ok(Some((tree.id(), ObjectType::Tree, 0)));
        }
        match tree.get_path(&full) {
            Ok(entry) => Ok(entry.kind().map(|kind| (entry.id(), kind, entry.filemode()))),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(failed("a tree cannot be read")(error)),
        }
    }

    fn tree(&self, commit: Oid) -> Result<Tree<'_>, HistoryError> {
        let commit = self.git.find_commit(commit).map_err(failed("a commit cannot be read"))?;
        commit.tree().map_err(failed("a tree cannot be read"))
    }
}
