//! Keeps each dvc.lock true: read before anything runs, written once at the end, and left alone where nothing changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::digest::{Content, hex};
use crate::error::Error;
use crate::graph::Graph;
use crate::lockfile::{self, Lock};
use crate::manifest::Stage;
use crate::manifest::params::Values;
use crate::path::RepoPath;
use crate::plan::{Assessment, Workspace};
use crate::store::Artifact;

/// A stage that is done: what its entry in the lock says.
pub(super) struct Settled {
    index: usize,
    key: String,
    dependencies: Vec<Content>,
    parameters: Values,
    outputs: Vec<Artifact>,
}

impl Settled {
    pub fn new(index: usize, assessment: Assessment, outputs: Vec<Artifact>) -> Self {
        let Assessment { key, dependencies, parameters, .. } = assessment;
        Self { index, key: key.as_str().to_owned(), dependencies, parameters, outputs }
    }
}

/// The dvc.lock files before the run, one beside each dvc.yaml: what the records say that each was written from, if it was still
/// the text that had been written.
pub(super) struct Before {
    sources: BTreeMap<RepoPath, Option<String>>,
}

impl Before {
    /// Reads the locks; a broken one is found here, before anything runs.
    pub fn read(workspace: &Workspace, graph: &Graph) -> Result<Self, Error> {
        let locks: BTreeSet<RepoPath> = graph.stages.iter().map(Stage::lock).collect();
        let mut sources = BTreeMap::new();
        for path in locks {
            let text = lockfile::read(&path.within(&workspace.root))?;
            let written = workspace.store.records.note(path.as_str())?;
            let source = written.and_then(|note| note.strip_prefix(&digest(&text)).map(str::to_owned));
            if source.is_none() {
                Lock::parse(&text, Path::new(path.as_str()))?;
            }
            sources.insert(path, source);
        }
        Ok(Self { sources })
    }

    /// Writes the entries of the stages that are done.
    pub fn update(self, workspace: &mut Workspace, graph: &Graph, mut settled: Vec<Settled>) -> Result<(), Error> {
        settled.sort_by_key(|done| done.index);
        for (path, before) in self.sources {
            let done = settled.iter().filter(|done| graph.stages[done.index].lock() == path);
            let done: Vec<&Settled> = done.collect();
            if !done.is_empty() {
                update(workspace, graph, &path, before, &done)?;
            }
        }
        Ok(())
    }
}

fn update(
    workspace: &mut Workspace,
    graph: &Graph,
    path: &RepoPath,
    before: Option<String>,
    settled: &[&Settled],
) -> Result<(), Error> {
    let source = source(graph, settled);
    if before.as_ref() == Some(&source) {
        return Ok(());
    }
    // Somebody may have written to it meanwhile: a merge, or DVC.
    let now = lockfile::read(&path.within(&workspace.root))?;
    let mut lock = Lock::parse(&now, Path::new(path.as_str()))?;
    for done in settled {
        lock.set(&graph.stages[done.index], &done.dependencies, &done.parameters, &done.outputs);
    }
    let own = graph.stages.iter().filter(|stage| stage.lock() == *path);
    let text = lock.to_text(own.map(Stage::name_in_file));
    if text != now {
        lockfile::write(&path.within(&workspace.root), &text)?;
    }
    Ok(workspace.store.records.set_note(path.as_str(), &(digest(&text) + &source))?)
}

/// Everything that the entries follow from: equal sources give equal texts.
fn source(graph: &Graph, settled: &[&Settled]) -> String {
    let mut hasher = Sha256::new();
    for done in settled {
        hasher.update(format!("{}\0{}\0", graph.stages[done.index].name, done.key));
        for output in &done.outputs {
            hasher.update(format!("{}\0{}\0", output.path, output.content.sha256));
        }
        hasher.update("\n");
    }
    hex(&hasher.finalize())
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text))
}
