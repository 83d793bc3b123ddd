//! What dvc.lock vouches for where no run is on record: after `dvc repro`, or in a fresh clone after `dvc fetch`.
//!
//! The lock says of a stage which command it ran, with which bytes and parameters, and which bytes came out. Where all of that
//! is as it is now, and the bytes are in the work tree or in DVC's cache, the stage need not run: it is adopted, and its
//! record says so. What a lock can't know (code, environment) rules that out, and so does every doubt.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::digest::Content;
use crate::error::Error;
use crate::execute::outputs;
use crate::fingerprint::{Ingredient, Kind};
use crate::lockfile::{self, Lock};
use crate::manifest::yaml::{Map, Node, Value};
use crate::manifest::{Output, Stage};
use crate::plan::{Assessment, Workspace};
use crate::store::{Artifact, Outcome, Run, Taken};

/// What the lock says of one output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    pub path: String,
    pub md5: String,
    pub executable: bool,
    /// The work tree holds it; else DVC's cache does.
    pub here: bool,
}

/// The locks that have been asked, each read at most once in an invocation.
#[derive(Debug, Default)]
pub struct Vouchers {
    locks: HashMap<PathBuf, Lock>,
}

impl Vouchers {
    fn lock(&mut self, root: &Path, path: &Path) -> Result<&Lock, Error> {
        if !self.locks.contains_key(path) {
            let lock = Lock::parse(&lockfile::read(&root.join(path))?, path)?;
            self.locks.insert(path.to_owned(), lock);
        }
        Ok(&self.locks[path])
    }

    /// Whether the lock speaks of a stage at all.
    pub fn know(&mut self, root: &Path, stage: &Stage) -> Result<bool, Error> {
        let lock = self.lock(root, Path::new(stage.lock().as_str()))?;
        Ok(lock.entry(stage.name_in_file()).is_some())
    }
}

/// What the lock promises of a stage's outputs, in the stage's order, if it vouches for them.
pub fn vouched(
    workspace: &mut Workspace,
    stage: &Stage,
    assessment: &Assessment,
) -> Result<Option<Vec<Promise>>, Error> {
    let known =
        |kind: Kind| matches!(kind, Kind::Command | Kind::Folder | Kind::Dependency | Kind::Parameter | Kind::Output);
    // The lock describes the committed parameters, and nothing but what DVC knows.
    if !workspace.overlay.is_empty() || !assessment.recipe.ingredients().iter().all(|Ingredient(kind, ..)| known(*kind))
    {
        return Ok(None);
    }
    let lock = workspace.vouchers.lock(&workspace.root, Path::new(stage.lock().as_str()))?;
    let Some(promised) = lock.entry(stage.name_in_file()).and_then(|entry| promised(entry, stage, assessment)) else {
        return Ok(None);
    };
    kept(workspace, stage, &promised)
}

/// The MD5 and the executable bit of each output that the lock names, in the stage's order, whatever it says of all else.
pub fn locked(workspace: &mut Workspace, stage: &Stage) -> Result<Option<Vec<(String, bool)>>, Error> {
    let lock = workspace.vouchers.lock(&workspace.root, Path::new(stage.lock().as_str()))?;
    Ok(lock.entry(stage.name_in_file()).and_then(|entry| outputs_in(entry, stage)))
}

/// What the lock promises, if the work tree or DVC's cache holds all of it.
pub fn kept(
    workspace: &mut Workspace,
    stage: &Stage,
    promised: &[(String, bool)],
) -> Result<Option<Vec<Promise>>, Error> {
    let mut promises = Vec::with_capacity(promised.len());
    for (output, (md5, executable)) in stage.outputs.iter().zip(promised) {
        let here = workspace.content(&output.path)?.is_some_and(|content| content.md5 == *md5);
        if !here && !may_be_restored(workspace, stage, output, md5) {
            return Ok(None);
        }
        let path = output.path.as_str().to_owned();
        promises.push(Promise { path, md5: md5.clone(), executable: *executable, here });
    }
    Ok(Some(promises))
}

/// Whether an output that the work tree lacks may come from DVC's cache. Not a persistent one, since what it held before is an
/// input; and not one of a stage with a folder of its own, which the lock does not name: only the outputs that lie there
/// tell that it is the same one.
fn may_be_restored(workspace: &Workspace, stage: &Stage, output: &Output, md5: &str) -> bool {
    output.cache && !output.persist && stage.folder == stage.file.parent() && workspace.store.objects.dvc_has(md5)
}

/// The MD5 and the executable bit of each output, if the entry says of everything else what is so now.
fn promised(entry: &Map, stage: &Stage, assessment: &Assessment) -> Option<Vec<(String, bool)>> {
    if entry.keys().any(|key| !["cmd", "deps", "params", "outs"].contains(&key.as_str())) {
        return None;
    }
    let value = |key: &str| entry.get(key).map(|entry| &entry.node);
    if !same(value("cmd"), lockfile::command(&stage.command)) {
        return None;
    }
    let no_parameters = assessment.parameters.is_empty() && value("params").is_none();
    if !no_parameters && !same(value("params"), lockfile::values(&assessment.parameters)) {
        return None;
    }
    let read = files(value("deps"))?;
    let is_read = |(dependency, content): (&crate::manifest::Dependency, &Content)| {
        read.get(dependency.written.as_str()).is_some_and(|(md5, _)| *md5 == content.md5)
    };
    if read.len() != stage.dependencies.len() || !stage.dependencies.iter().zip(&assessment.dependencies).all(is_read) {
        return None;
    }
    outputs_in(entry, stage)
}

fn outputs_in(entry: &Map, stage: &Stage) -> Option<Vec<(String, bool)>> {
    let written = files(entry.get("outs").map(|entry| &entry.node))?;
    if written.len() != stage.outputs.len() {
        return None;
    }
    let promise = |output: &Output| {
        let (md5, executable) = written.get(output.written.as_str())?;
        Some(((*md5).to_owned(), *executable))
    };
    stage.outputs.iter().map(promise).collect()
}

/// Equal as keys see it: 1, 1.0 and true are three values, and the order of a mapping is none.
fn same(locked: Option<&Node>, now: Value) -> bool {
    let text = Node::to_key;
    locked.is_some_and(|locked| text(locked) == text(&Node::new(now, 0)))
}

/// Path -> MD5 and executable bit, of `deps` or `outs`; `None` where an entry is not what DVC 3 writes of a local file (one
/// without `hash` has an MD5 of another kind).
fn files(list: Option<&Node>) -> Option<HashMap<&str, (&str, bool)>> {
    let Some(list) = list else { return Some(HashMap::new()) };
    let Value::List(items) = &list.value else { return None };
    let text = |node: &'_ Node, key: &str| match &node.child(key)?.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    let mut files = HashMap::with_capacity(items.len());
    for item in items {
        let Value::Map(fields) = &item.value else { return None };
        if fields.keys().any(|key| !["path", "hash", "md5", "size", "nfiles", "isexec"].contains(&key.as_str()))
            || text(item, "hash")? != "md5"
        {
            return None;
        }
        let (Value::Text(path), Value::Text(md5)) = (&fields.get("path")?.node.value, &fields.get("md5")?.node.value)
        else {
            return None;
        };
        let executable = fields.get("isexec").is_some_and(|entry| entry.node.value == Value::Bool(true));
        files.insert(path.as_str(), (md5.as_str(), executable)).is_none().then_some(())?;
    }
    Some(files)
}

/// How an adoption went.
#[derive(Debug)]
pub enum Adopted {
    /// The work tree holds all outputs, the store has them, and the records know the stage.
    Whole(Vec<Artifact>),
    /// An object of DVC's cache was damaged.
    Damaged(PathBuf),
    /// Something has changed meanwhile.
    Not,
}

/// Puts the promised outputs into the store and into the work tree, and writes a run record that says where they are from.
pub fn adopt(
    workspace: &mut Workspace,
    stage: &Stage,
    assessment: &Assessment,
    promises: &[Promise],
) -> Result<Adopted, Error> {
    let mut artifacts = Vec::with_capacity(promises.len());
    for (output, promise) in stage.outputs.iter().zip(promises) {
        let mut content = if promise.here {
            outputs::keep(workspace, output)?
        } else {
            match workspace.store.objects.take_from_dvc(&promise.md5)? {
                Taken::Whole(content) => content,
                Taken::Damaged(path) => return Ok(Adopted::Damaged(path)),
                Taken::Missing => return Ok(Adopted::Not),
            }
        };
        if content.md5 != promise.md5 {
            return Ok(Adopted::Not);
        }
        if content.members.is_none() {
            content.executable = promise.executable;
        }
        artifacts.push(Artifact { path: promise.path.clone(), content });
    }
    artifacts.sort_by(|a, b| a.path.cmp(&b.path));
    if !outputs::restore(workspace, stage, &artifacts)? {
        return Ok(Adopted::Not);
    }
    // What a frozen stage once read is not what lies here now: a record would say so.
    if stage.frozen {
        return Ok(Adopted::Whole(artifacts));
    }
    let finished = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let run = Run {
        stage: stage.name.clone(),
        outcome: Outcome::Success,
        recipe: assessment.recipe.clone(),
        outputs: artifacts.clone(),
        provenance: json!({ "adopted": stage.lock(), "finished": finished }),
        log: String::new(),
    };
    workspace.store.records.remember_folders(&assessment.dependencies)?;
    workspace.store.records.add(&assessment.key, &run)?;
    Ok(Adopted::Whole(artifacts))
}
