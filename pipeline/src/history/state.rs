//! The study at a commit, or as it is in the work tree: its stages, what its locks say, and its files.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use git2::Oid;

use super::{HistoryError, Repository};
use crate::error::Error;
use crate::lockfile::{self, Lock, LockError, Locked};
use crate::manifest::{self, ManifestError, Output, Overlay, Parameters, Stage};
use crate::path::RepoPath;
use crate::store::{Archive, Objects};

/// The study as one commit, or the work tree, has it.
pub struct State {
    /// As tables call it: the revision as it was written, or `workspace`.
    pub name: String,
    pub stages: Vec<Stage>,
    /// `None`: the work tree.
    pub commit: Option<Oid>,
    /// Whether there is a dvc.lock at all.
    pub has_lock: bool,
    locked: HashMap<String, Vec<Locked>>,
    /// Where its dvc.yaml files and its parameter files stand.
    folder: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

/// What a state has at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    Bytes(Vec<u8>),
    Nothing,
    Folder,
    /// The lock names it, but its bytes are nowhere at hand.
    Lost,
}

/// What a manifest can name besides itself: files for `vars` and `params`.
const TEXTS: &[&str] = &["yaml", "yml", "json", "toml", "py", "dvcignore", "lock"];

impl State {
    pub fn of_work_tree(root: &Path, stages: Vec<Stage>) -> Result<Self, Error> {
        let (has_lock, locked) = locked(root, &stages)?;
        Ok(Self {
            name: "workspace".to_owned(),
            stages,
            commit: None,
            has_lock,
            locked,
            folder: root.to_owned(),
            _temporary: None,
        })
    }

    /// The study at a commit. A commit without a dvc.yaml has no stages.
    pub fn at(repository: &Repository, revision: &str) -> Result<Self, Error> {
        let commit = repository.commit(revision)?;
        let temporary = tempfile::Builder::new().prefix("retrial-commit-").tempdir();
        let temporary = temporary.map_err(|source| laid_out(&std::env::temp_dir(), source))?;
        let folder = temporary.path().to_owned();
        for blob in repository.files(commit, &RepoPath::root())? {
            let extension = blob.path.as_str().rsplit(['.', '/']).next().unwrap_or_default();
            if TEXTS.contains(&extension) {
                let bytes = repository.file(commit, &blob.path)?.unwrap_or_default();
                lay_out(&blob.path.within(&folder), &bytes)?;
            }
        }
        let at_revision = |error: String| {
            let what = error.replace(&format!("{}/", folder.display()), "");
            Error::History(HistoryError::Content { revision: revision.to_owned(), what })
        };
        let stages = match load(&folder) {
            Ok(stages) => stages,
            Err(ManifestError::NoManifest { .. }) => Vec::new(),
            Err(error) => return Err(at_revision(error.to_string())),
        };
        // A parameter file may have any name.
        for file in stages.iter().flat_map(|stage| &stage.parameters).map(|declared| &declared.file) {
            if !file.within(&folder).exists()
                && let Some(bytes) = repository.file(commit, file)?
            {
                lay_out(&file.within(&folder), &bytes)?;
            }
        }
        let (has_lock, locked) = locked(&folder, &stages).map_err(|error| at_revision(error.to_string()))?;
        Ok(Self {
            name: revision.to_owned(),
            stages,
            commit: Some(commit),
            has_lock,
            locked,
            folder,
            _temporary: Some(temporary),
        })
    }

    /// Where parameter files, and what [`State::provide`] has put there, can be read.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the lock says of an output.
    pub fn locked(&self, stage: &Stage, output: &Output) -> Option<&Locked> {
        self.locked.get(&stage.name)?.iter().find(|locked| locked.written == output.written)
    }

    /// What is at `path`: of the work tree, its file; of a commit, the file that git has, else the output that the lock
    /// names.
    pub fn read(
        &self,
        path: &RepoPath,
        repository: &Repository,
        archive: &Archive,
        objects: &Objects,
    ) -> Result<Held, Error> {
        let Some(commit) = self.commit else {
            if path.within(&self.folder).is_dir() {
                return Ok(Held::Folder);
            }
            return match fs::read(path.within(&self.folder)) {
                Ok(bytes) => Ok(Held::Bytes(bytes)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Held::Nothing),
                Err(error) => Err(Error::State(format!("{path}: cannot be read: {error}"))),
            };
        };
        if let Some(bytes) = repository.file(commit, path)? {
            return Ok(Held::Bytes(bytes));
        }
        let outputs = self.stages.iter().flat_map(|stage| stage.outputs.iter().map(move |output| (stage, output)));
        let locked =
            outputs.filter(|(_, output)| output.path == *path).find_map(|(stage, out)| self.locked(stage, out));
        let Some(locked) = locked else { return Ok(Held::Nothing) };
        if locked.md5.ends_with(".dir") {
            return Ok(Held::Folder);
        }
        Ok(archive.read(objects, &locked.md5).map_or(Held::Lost, Held::Bytes))
    }

    /// Makes sure that a file which [`State::read`] gave stands in [`State::folder`].
    pub fn provide(&self, path: &RepoPath, bytes: &[u8]) -> Result<(), HistoryError> {
        if self.commit.is_none() { Ok(()) } else { lay_out(&path.within(&self.folder), bytes) }
    }
}

fn load(folder: &Path) -> Result<Vec<Stage>, ManifestError> {
    let parameters = Parameters::load(folder, &Overlay::default())?;
    manifest::load(folder, &parameters)
}

/// Whether there is a dvc.lock beside any dvc.yaml below `root`, and what they say of the stages, by name.
fn locked(root: &Path, stages: &[Stage]) -> Result<(bool, HashMap<String, Vec<Locked>>), LockError> {
    let mut locked = HashMap::new();
    let mut found = false;
    let paths: BTreeSet<RepoPath> = stages.iter().map(Stage::lock).collect();
    for path in paths {
        let text = lockfile::read(&path.within(root))?;
        found |= !text.is_empty();
        let lock = Lock::parse(&text, Path::new(path.as_str()))?;
        let mut outputs: HashMap<&str, Vec<Locked>> = lock.outputs().collect();
        let own = stages.iter().filter(|stage| stage.lock() == path);
        locked.extend(own.filter_map(|stage| Some((stage.name.clone(), outputs.remove(stage.name_in_file())?))));
    }
    Ok((found, locked))
}

fn laid_out(folder: &Path, source: std::io::Error) -> HistoryError {
    HistoryError::Temporary { folder: folder.to_owned(), source }
}

fn lay_out(target: &Path, bytes: &[u8]) -> Result<(), HistoryError> {
    let folder = target.parent().unwrap_or(target);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(target, bytes));
    written.map_err(|source| laid_out(target, source))
}
