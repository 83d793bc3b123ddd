//! Waits until something that a study reads has changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use thiserror::Error;

use crate::config;
use crate::digest::{DigestError, ignore};
use crate::graph::Graph;
use crate::manifest;
use crate::manifest::params::DEFAULT_FILE;
use crate::path::RepoPath;

/// How long nothing must happen before a change is over: editors and checkouts write in several steps.
const QUIET: Duration = Duration::from_millis(200);

/// A change that goes on and on is looked at after this.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Error)]
pub enum WatchError {
    #[error("files cannot be watched: {0}")]
    Watch(#[from] notify::Error),
    #[error(
        "{}: cannot be watched: {source}; where there are too many folders, allow more (fs.inotify.max_user_watches)",
        path.display()
    )]
    Folder { path: PathBuf, source: notify::Error },
    #[error(transparent)]
    Ignored(#[from] DigestError),
}

/// What a run reads, and what it makes.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Files, and folders with all that is in them.
    read: BTreeSet<RepoPath>,
    made: BTreeSet<RepoPath>,
    /// The study cannot be read: any file that may describe one can mend it.
    unknown: bool,
}

impl Inputs {
    /// Those of these stages, and of the files that describe them.
    pub fn of(graph: &Graph, wanted: &BTreeSet<usize>) -> Self {
        let own = [manifest::FILE, DEFAULT_FILE, config::FILE, ignore::FILE].map(RepoPath::file);
        let mut inputs = Self { read: own.into(), ..Self::default() };
        for stage in &graph.stages {
            inputs.read.insert(stage.file.clone());
            inputs.made.insert(stage.lock());
        }
        for stage in wanted.iter().map(|&stage| &graph.stages[stage]) {
            inputs.made.extend(stage.outputs.iter().map(|output| output.path.clone()));
            inputs.read.extend(stage.dependencies.iter().map(|dependency| dependency.path.clone()));
            inputs.read.extend(stage.parameters.iter().map(|declared| declared.file.clone()));
        }
        inputs.read.retain(|path| !inputs.made.contains(path));
        inputs
    }

    /// Where the study cannot be read; `earlier` is what it read before.
    pub fn unknown(earlier: Self, here: &RepoPath) -> Self {
        let mut inputs = Self { unknown: true, ..earlier };
        inputs.read.extend([RepoPath::file(manifest::FILE), here.child(manifest::FILE)]);
        inputs
    }

    pub fn len(&self) -> usize {
        self.read.len()
    }

    pub fn is_empty(&self) -> bool {
        self.read.is_empty()
    }

    /// Whether a change of this path may change what a run does.
    fn concern(&self, path: &RepoPath) -> bool {
        // Nor is a folder around outputs, when it appears; what else is in it speaks for itself.
        if self.made.iter().any(|output| path.is_in(output) || output.is_in(path)) {
            return false;
        }
        (self.unknown && describes(path)) || self.read.iter().any(|input| path.is_in(input) || input.is_in(path))
    }

    /// The folders in which such changes can be seen: those that inputs lie in (or would, as far as there are any), and those
    /// below a folder that is read whole. Outputs and what `.dvcignore` hides are left out.
    fn folders(&self, root: &Path) -> Result<BTreeSet<RepoPath>, DigestError> {
        let mut folders = BTreeSet::new();
        let mut ignored = ignore::Ignored::new(root);
        for input in &self.read {
            let mut above = input.parent();
            while !above.within(root).is_dir() {
                above = above.parent();
            }
            folders.insert(above);
            let mut open = vec![input.clone()];
            while let Some(folder) = open.pop() {
                let is_made = self.made.contains(&folder);
                if is_made || !folder.within(root).is_dir() || ignored.inside(&folder)?.is_none() {
                    continue;
                }
                let entries = std::fs::read_dir(folder.within(root)).into_iter().flatten().flatten();
                let inside = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
                let names = inside.filter_map(|entry| entry.file_name().into_string().ok());
                open.extend(names.filter(|name| !ignore::is_hidden(name, true)).map(|name| folder.child(&name)));
                folders.insert(folder);
            }
        }
        Ok(folders)
    }
}

/// Whether parameters, variables or rules may be written in such a file.
fn describes(path: &RepoPath) -> bool {
    let extension = path.name().rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|extension| ["yaml", "yml", "json", "toml", "dvc", "dvcignore"].contains(&extension))
}

/// Changes below a folder, from the moment at which one first looks at them.
pub struct Watch {
    root: PathBuf,
    watcher: RecommendedWatcher,
    events: Receiver<notify::Result<Event>>,
}

impl Watch {
    pub fn new(root: &Path) -> Result<Self, WatchError> {
        let (sender, events) = channel();
        Ok(Self { root: root.to_owned(), watcher: notify::recommended_watcher(sender)?, events })
    }

    /// Sees to it that no change of these inputs is missed from now on. Folders that have appeared since are new to it.
    pub fn look_at(&mut self, inputs: &Inputs) -> Result<(), WatchError> {
        for folder in inputs.folders(&self.root)? {
            let path = folder.within(&self.root);
            match self.watcher.watch(&path, RecursiveMode::NonRecursive) {
                Ok(()) => (),
                // It has gone in between, which its parent tells.
                Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) => (),
                Err(source) => return Err(WatchError::Folder { path, source }),
            }
        }
        Ok(())
    }

    /// Blocks until an input has changed and all is quiet again: what has changed, in order. `None`: the user wants to stop.
    pub fn wait(&mut self, inputs: &Inputs, asked: &AtomicBool) -> Result<Option<Vec<RepoPath>>, WatchError> {
        let mut ignored = ignore::Ignored::new(&self.root);
        let mut changed = BTreeSet::new();
        let mut first = None;
        let mut last = Instant::now();
        loop {
            if asked.load(Ordering::Relaxed) {
                return Ok(None);
            }
            match self.events.recv_timeout(QUIET / 4) {
                Ok(event) => {
                    let before = changed.len();
                    changed.extend(self.changes(&event?, inputs, &mut ignored)?);
                    if changed.len() > before {
                        first.get_or_insert_with(Instant::now);
                    }
                    last = Instant::now();
                }
                Err(RecvTimeoutError::Timeout) => (),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
            let over = |first: Instant| last.elapsed() >= QUIET || first.elapsed() >= PATIENCE;
            if first.is_some_and(over) {
                return Ok(Some(changed.into_iter().collect()));
            }
        }
    }

    /// The inputs that an event speaks of: it was written, made, moved or removed, and is not hidden.
    fn changes(
        &self,
        event: &Event,
        inputs: &Inputs,
        ignored: &mut ignore::Ignored,
    ) -> Result<Vec<RepoPath>, WatchError> {
        if event.need_rescan() {
            return Ok(vec![RepoPath::root()]);
        }
        if matches!(event.kind, EventKind::Access(_) | EventKind::Other) {
            return Ok(Vec::new());
        }
        let mut changes = Vec::new();
        for path in &event.paths {
            let inside = path.strip_prefix(&self.root).ok().and_then(Path::to_str);
            let Some(Ok(inside)) = inside.map(|inside| RepoPath::root().join(inside)) else { continue };
            let hidden_part = inside.as_str().split('/').any(|part| ignore::is_hidden(part, true));
            if hidden_part || !inputs.concern(&inside) {
                continue;
            }
            let rules = ignored.inside(&inside.parent())?;
            if rules.is_some_and(|rules| !rules.hide(path, path.is_dir())) {
                changes.push(inside);
            }
        }
        Ok(changes)
    }
}
