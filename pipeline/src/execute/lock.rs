//! Keeps dvc.lock true: read before anything runs, written once at the end, and left alone where nothing changed.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::digest::{Content, hex};
use crate::error::Error;
use crate::graph::Graph;
use crate::lockfile::{self, FILE, Lock};
use crate::manifest::params::Values;
use crate::plan::{Assessment, Workspace};
use crate::store::Artifact;

/// The name under which the records keep what the lock was last written from.
const NOTE: &str = "dvc.lock";

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

/// dvc.lock as it was before the run.
pub(super) struct Before {
    text: String,
    /// What the records say that it was written from, if it is still the text that was written.
    source: Option<String>,
}

impl Before {
    /// Reads the lock; a broken one is found here, before anything runs.
    pub fn read(workspace: &Workspace) -> Result<Self, Error> {
        let text = lockfile::read(&workspace.root.join(FILE))?;
        let written = workspace.store.records.note(NOTE)?;
        let source = written.and_then(|note| note.strip_prefix(&digest(&text)).map(str::to_owned));
        if source.is_none() {
            Lock::parse(&text, Path::new(FILE))?;
        }
        Ok(Self { text, source })
    }

    /// Writes the entries of the stages that are done.
    pub fn update(self, workspace: &mut Workspace, graph: &Graph, mut settled: Vec<Settled>) -> Result<(), Error> {
        settled.sort_by_key(|done| done.index);
        let source = source(graph, &settled);
        if self.source.as_ref() == Some(&source) {
            return Ok(());
        }
        let mut lock = Lock::parse(&self.text, Path::new(FILE))?;
        for done in &settled {
            lock.set(&graph.stages[done.index], &done.dependencies, &done.parameters, &done.outputs);
        }
        let text = lock.to_text(graph.stages.iter().map(|stage| stage.name.as_str()));
        if text != self.text {
            lockfile::write(&workspace.root.join(FILE), &text)?;
        }
        Ok(workspace.store.records.set_note(NOTE, &(digest(&text) + &source))?)
    }
}

/// Everything that the entries follow from: equal sources give equal texts.
fn source(graph: &Graph, settled: &[Settled]) -> String {
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
