//! Which runs on record are in use: by the work tree, by its parameters and presets, by branches, tags or commits.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use git2::Oid;

use super::{Repository, resolve};
use crate::error::Error;
use crate::lockfile::{self, Lock};
use crate::manifest::{self, Overlay, Parameters, Stage};
use crate::path::RepoPath;
use crate::plan::Workspace;
use crate::store::{Entry, Outcome};

/// Whose runs to keep, beyond the work tree's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope {
    pub branches: bool,
    pub tags: bool,
    pub commits: bool,
    /// The newest runs of each stage.
    pub newest: usize,
}

/// The runs in use, and sentences on what could not be read.
#[derive(Debug, Default)]
pub struct InUse {
    pub runs: HashSet<i64>,
    pub notes: Vec<String>,
}

/// The runs
///
/// 1. whose outputs a dvc.lock of the work tree or of the scope's commits names,
/// 2. whose outputs stand in the work tree, as far as the engine put them there,
/// 3. that `repro` would find now, with params.yaml or with one of its presets; where it would find none, the newest run of
///    the stage with these parameters,
/// 4. that are among the newest of their stage, as many as the scope says.
///
/// Of a run that failed there is nothing to use.
pub fn in_use(workspace: &mut Workspace, scope: Scope, runs: &[Entry]) -> Result<InUse, Error> {
    let runs: Vec<&Entry> = runs.iter().filter(|run| run.outcome == Outcome::Success).collect();
    let mut found = InUse::default();
    let mut locked = HashSet::new();
    let stages = manifest::load(&workspace.root, &workspace.parameters)?;
    let locks: BTreeSet<RepoPath> = stages.iter().map(Stage::lock).collect();
    for path in locks {
        let text = lockfile::read(&path.within(&workspace.root))?;
        locked.extend(md5s(&Lock::parse(&text, Path::new(path.as_str()))?));
    }
    if scope.branches || scope.tags || scope.commits {
        let repository = Repository::open(&workspace.root)?;
        let commits = commits(&repository, scope)?;
        lock_in_commits(&repository, &commits, &mut locked, &mut found.notes)?;
    }
    let placed = workspace.store.records.all_placed()?;
    found.runs.extend(named_by_locks(&runs, locked));
    let stands = |run: &Entry| {
        let mut outputs = run.outputs.iter().flatten().peekable();
        outputs.peek().is_some() && outputs.all(|it| placed.get(&it.path) == Some(&it.content.sha256))
    };
    found.runs.extend(runs.iter().filter(|run| stands(run)).map(|run| run.id));
    let presets = workspace.parameters.presets();
    for preset in presets.into_iter().map(Some).chain([None]) {
        let overlay = Overlay { preset, set: Vec::new() };
        let parameters = Parameters::load(&workspace.root, &overlay)?;
        found.runs.extend(resolve::runs_that_repro_finds(workspace, parameters, &runs, &placed)?);
    }
    found.runs.extend(newest(&runs, scope.newest));
    Ok(found)
}

fn commits(repository: &Repository, scope: Scope) -> Result<BTreeSet<Oid>, Error> {
    let mut commits: BTreeSet<Oid> = BTreeSet::new();
    if scope.branches {
        commits.extend(repository.branches()?);
    }
    if scope.tags {
        commits.extend(repository.tags()?);
    }
    if scope.commits {
        commits.extend(repository.all_commits()?);
    }
    Ok(commits)
}

fn lock_in_commits(
    repository: &Repository,
    commits: &BTreeSet<Oid>,
    locked: &mut HashSet<String>,
    notes: &mut Vec<String>,
) -> Result<(), Error> {
    for (commit, blob) in repository.files_called(lockfile::FILE, commits)? {
        let text = String::from_utf8_lossy(&repository.bytes(blob)?).into_owned();
        match Lock::parse(&text, Path::new(lockfile::FILE)) {
            Ok(lock) => locked.extend(md5s(&lock)),
            Err(error) => notes.push(format!("nothing is kept for commit {commit}: {error}")),
        }
    }
    Ok(())
}

fn md5s(lock: &Lock) -> HashSet<String> {
    lock.outputs().flat_map(|(_, outputs)| outputs).map(|output| output.md5).collect()
}

/// The runs all of whose outputs are named; for an output of which there is no such run, the newest that gave it.
fn named_by_locks(runs: &[&Entry], mut locked: HashSet<String>) -> Vec<i64> {
    let md5s = |run: &Entry| -> Vec<String> {
        run.outputs.iter().flatten().map(|artifact| artifact.content.md5.clone()).collect()
    };
    let all: HashSet<String> = locked.clone();
    let whole = |run: &&&Entry| !md5s(run).is_empty() && md5s(run).iter().all(|md5| all.contains(md5));
    let mut used: Vec<i64> = Vec::new();
    for run in runs.iter().filter(whole) {
        used.push(run.id);
        for md5 in md5s(run) {
            locked.remove(&md5);
        }
    }
    for run in runs.iter().rev() {
        for md5 in md5s(run) {
            if locked.remove(&md5) {
                used.push(run.id);
            }
        }
    }
    used
}

fn newest(runs: &[&Entry], number: usize) -> Vec<i64> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut newest = Vec::new();
    for run in runs.iter().rev() {
        let count = counts.entry(&run.stage).or_default();
        *count += 1;
        if *count <= number {
            newest.push(run.id);
        }
    }
    newest
}
