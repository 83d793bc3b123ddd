//! Two states of a study -> parameters, metrics and findings in which they differ.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Held, Repository, State};
use crate::error::Error;
use crate::manifest::OutputKind;
use crate::manifest::params::{DEFAULT_FILE, read_file};
use crate::path::RepoPath;
use crate::store::{Archive, Objects};
use crate::study::{Artifacts, Difference, Study};

/// A value of a file that differs; `None` on the side that lacks it.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    pub file: String,
    /// Dotted.
    pub key: String,
    pub old: Option<Value>,
    pub new: Option<Value>,
}

#[derive(Debug, Default)]
pub struct Comparison {
    pub parameters: Vec<Changed>,
    pub metrics: Vec<Changed>,
    pub findings: Vec<Difference>,
    /// Sentences on what could not be compared.
    pub notes: Vec<String>,
}

/// Where files of a state come from.
pub struct Sources<'a> {
    pub repository: &'a Repository,
    pub archive: &'a Archive,
    pub objects: &'a Objects,
}

pub fn compare(old: &State, new: &State, sources: &Sources, study: &Study) -> Result<Comparison, Error> {
    let mut comparison = Comparison::default();
    for file in parameter_files(old).union(&parameter_files(new)) {
        let values = |state: &State| -> Result<Leaves, Error> {
            let tree = read_file(state.folder(), file.as_str()).map_err(|error| named(state, error))?;
            Ok(tree.map(|tree| leaves(&tree.to_json())).unwrap_or_default())
        };
        comparison.parameters.extend(differences(file.as_str(), &values(old)?, &values(new)?));
    }
    let notes = RefCell::new(BTreeSet::new());
    for path in metric_files(old).union(&metric_files(new)) {
        let sides = [metrics(old, path, sources, &notes)?, metrics(new, path, sources, &notes)?];
        if let [Some(old), Some(new)] = sides {
            let moved = |changed: &Changed| change(changed).is_none_or(|change| change.as_f64() != Some(0.0));
            comparison.metrics.extend(differences(path.as_str(), &old, &new).into_iter().filter(moved));
        }
    }
    let reader = |state: &State, path: &str| -> Result<Option<Vec<u8>>, crate::study::ProgramError> {
        let path = RepoPath::root().join(path)?;
        match state.read(&path, sources.repository, sources.archive, sources.objects)? {
            Held::Bytes(bytes) => Ok(Some(bytes)),
            Held::Nothing => Ok(None),
            Held::Folder => Err(format!("{path} of {} is a folder", state.name).into()),
            Held::Lost => Err(lost(state, &path).into()),
        }
    };
    let (read_old, read_new) = (|path: &str| reader(old, path), |path: &str| reader(new, path));
    let found = (study.findings.differences)(&Artifacts { read: &read_old }, &Artifacts { read: &read_new });
    match found {
        Ok(found) => comparison.findings = found,
        Err(error) => {
            notes.borrow_mut().insert(format!("{} are not compared: {error}", study.findings.name));
        }
    }
    comparison.notes = notes.into_inner().into_iter().collect();
    Ok(comparison)
}

fn named(state: &State, error: impl std::fmt::Display) -> Error {
    if state.commit.is_none() {
        return Error::Input(error.to_string());
    }
    Error::Input(format!("at {}: {error}", state.name))
}

fn lost(state: &State, path: &RepoPath) -> String {
    format!("{path} of {} is neither in the store nor in DVC's cache", state.name)
}

fn parameter_files(state: &State) -> BTreeSet<RepoPath> {
    let declared = state.stages.iter().flat_map(|stage| &stage.parameters).map(|declared| declared.file.clone());
    declared.chain([RepoPath::file(DEFAULT_FILE)]).collect()
}

fn metric_files(state: &State) -> BTreeSet<RepoPath> {
    let outputs = state.stages.iter().flat_map(|stage| &stage.outputs);
    outputs.filter(|output| output.kind == OutputKind::Metric).map(|output| output.path.clone()).collect()
}

/// The metrics in a file; `None`, and a note, where they can't be had.
fn metrics(
    state: &State,
    path: &RepoPath,
    sources: &Sources,
    notes: &RefCell<BTreeSet<String>>,
) -> Result<Option<Leaves>, Error> {
    let note = |text: String| {
        notes.borrow_mut().insert(text);
        Ok(None)
    };
    match state.read(path, sources.repository, sources.archive, sources.objects)? {
        Held::Bytes(bytes) => state.provide(path, &bytes)?,
        Held::Nothing => return Ok(Some(Leaves::new())),
        Held::Folder => return note(format!("{path} is a folder, whose metrics are not compared")),
        Held::Lost => return note(lost(state, path)),
    }
    match read_file(state.folder(), path.as_str()) {
        Ok(tree) => {
            let mut leaves = tree.map(|tree| leaves(&tree.to_json())).unwrap_or_default();
            // As under DVC: a list is no metric.
            leaves.retain(|_, value| !value.is_array() && !value.is_object());
            Ok(Some(leaves))
        }
        Err(error) => note(named(state, error).to_string()),
    }
}

/// Dotted key -> value that is no mapping.
type Leaves = BTreeMap<String, Value>;

fn leaves(tree: &Value) -> Leaves {
    let mut leaves = Leaves::new();
    let mut open = vec![(String::new(), tree)];
    while let Some((name, value)) = open.pop() {
        match value {
            Value::Object(map) if !map.is_empty() => {
                let dotted = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
                open.extend(map.iter().map(|(key, value)| (dotted(key), value)));
            }
            value if name.is_empty() && value.is_object() => {}
            value => {
                leaves.insert(name, value.clone());
            }
        }
    }
    leaves
}

fn differences(file: &str, old: &Leaves, new: &Leaves) -> Vec<Changed> {
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changed = |key: &&String| old.get(*key) != new.get(*key);
    let of = |key: &String| Changed {
        file: file.to_owned(),
        key: key.clone(),
        old: old.get(key).cloned(),
        new: new.get(key).cloned(),
    };
    keys.into_iter().filter(changed).map(of).collect()
}

/// How far a number moved; `None` where one of the two is no number.
pub fn change(changed: &Changed) -> Option<Value> {
    let (old, new) = (changed.old.as_ref()?, changed.new.as_ref()?);
    if let (Some(old), Some(new)) = (old.as_i64(), new.as_i64()) {
        return new.checked_sub(old).map(Value::from);
    }
    Some(Value::from(new.as_f64()? - old.as_f64()?))
}
