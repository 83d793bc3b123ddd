//! Parameters: the files, the overlays of one invocation (`--preset`, `--set`), and the values that a stage declares.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use super::error::{Complaint, ManifestError};
use super::files::Files;
use super::yaml::{self, Map, Node, Value};
use crate::path::RepoPath;

/// The parameter file that `params:` means when it names none, beside the dvc.yaml; the root's takes overlays.
pub const DEFAULT_FILE: &str = "params.yaml";

/// What one invocation changes in params.yaml.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay {
    pub preset: Option<String>,
    /// `key=value`, the value in YAML.
    pub set: Vec<String>,
}

impl Overlay {
    pub fn is_empty(&self) -> bool {
        self.preset.is_none() && self.set.is_empty()
    }
}

/// The parameter files as this invocation sees them: the root's params.yaml with the overlay, and the dotted keys in which
/// that differs from the file.
#[derive(Debug, Clone)]
pub struct Parameters {
    files: Files,
    overlaid: Vec<String>,
    /// What has been read; the root's params.yaml is here from the start.
    known: RefCell<BTreeMap<RepoPath, Option<Rc<Node>>>>,
}

/// A parameter that a stage declares: one key of a file, or (no key) the whole file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Declared {
    /// The file, relative to the repository.
    pub file: RepoPath,
    /// The file as dvc.yaml writes it, relative to the stage's folder.
    pub written: String,
    pub key: Option<String>,
    pub line: u32,
    /// Whether a stage makes the file, so that it has no values before that has run.
    pub made: bool,
}

/// Parameter file as dvc.yaml writes it -> declared key -> value, in dvc.lock's order: params.yaml first, then by path; keys
/// sorted.
pub type Values = Vec<(String, BTreeMap<String, Node>)>;

/// The file that `RETRIAL_PARAMS` names: parameter file -> declared key -> value.
pub fn to_json(values: &Values) -> String {
    use serde_json::Value as Json;
    let whole = values.iter().map(|(file, values)| {
        let values = values.iter().map(|(key, value)| (key.clone(), value.to_json()));
        (file.clone(), Json::Object(values.collect()))
    });
    Json::Object(whole.collect()).to_string()
}

impl Parameters {
    /// The parameters of the study at `root`, with the overlay.
    pub fn load(root: &Path, overlay: &Overlay) -> Result<Self, ManifestError> {
        Self::of(Files::Below(root.to_owned()), overlay)
    }

    /// Reads the root's params.yaml (nothing where there is none) and lays the overlay over it.
    pub fn of(files: Files, overlay: &Overlay) -> Result<Self, ManifestError> {
        let default = RepoPath::file(DEFAULT_FILE);
        let found = files.tree(&default)?;
        let exists = found.is_some();
        let mut effective = found.unwrap_or_else(|| Node::new(Value::Map(Map::new()), 1));
        let mut overlaid = Vec::new();
        if let Some(name) = &overlay.preset {
            let Some(preset) = effective.at("presets").and_then(|presets| presets.child(name)).cloned() else {
                let known = match effective.at("presets").map(|presets| &presets.value) {
                    Some(Value::Map(presets)) => presets.keys().cloned().collect::<Vec<_>>().join(", "),
                    _ => "none".to_owned(),
                };
                let what =
                    format!("--preset {name}: params.yaml has no such preset under `presets:` (it has: {known})");
                return Err(ManifestError::Overlay { what });
            };
            lay_over(&mut effective, &preset, "", &mut overlaid)
                .map_err(|complaint| complaint.in_file(Path::new(DEFAULT_FILE)))?;
        }
        for assignment in &overlay.set {
            set(&mut effective, assignment, &mut overlaid)?;
        }
        let known = BTreeMap::from([(default, exists.then(|| Rc::new(effective)))]);
        Ok(Self { files, overlaid, known: RefCell::new(known) })
    }

    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The names under `presets:` of the root's params.yaml.
    pub fn presets(&self) -> Vec<String> {
        let known = self.known.borrow();
        let root = known.get(&RepoPath::file(DEFAULT_FILE)).and_then(Option::as_ref);
        match root.and_then(|root| root.at("presets")).map(|presets| &presets.value) {
            Some(Value::Map(presets)) => presets.keys().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// The root's params.yaml, the overlay applied.
    pub fn whole(&self) -> serde_json::Value {
        let known = self.known.borrow();
        let root = known.get(&RepoPath::file(DEFAULT_FILE)).and_then(Option::as_ref);
        root.map_or(serde_json::Value::Null, |root| root.to_json())
    }

    /// The value of a dotted key of the root's params.yaml, the overlay applied.
    pub fn value(&self, key: &str) -> Option<serde_json::Value> {
        let known = self.known.borrow();
        let root = known.get(&RepoPath::file(DEFAULT_FILE))?.as_ref()?;
        root.at(key).map(Node::to_json)
    }

    /// Whether this invocation changes the declared parameter.
    pub fn is_overlaid(&self, declared: &Declared) -> bool {
        let touches = |changed: &str| match &declared.key {
            None => true,
            Some(key) => below(changed, key) || below(key, changed),
        };
        declared.file.as_str() == DEFAULT_FILE && self.overlaid.iter().any(|changed| touches(changed))
    }

    /// The values of what a stage of the dvc.yaml `manifest` declares.
    pub fn values(&self, declared: &[Declared], manifest: &Path) -> Result<Values, ManifestError> {
        let mut files: BTreeMap<&str, BTreeMap<String, Node>> = BTreeMap::new();
        for parameter in declared {
            let tree = self.holding(parameter, manifest)?;
            let values = files.entry(&parameter.written).or_default();
            match (&parameter.key, &tree.value) {
                (Some(key), _) => values.extend(tree.at(key).map(|node| (key.clone(), node.clone()))),
                (None, Value::Map(map)) => {
                    values.extend(map.iter().map(|(key, entry)| (key.clone(), entry.node.clone())));
                }
                (None, _) => {}
            }
        }
        let mut values: Values = files.into_iter().map(|(file, values)| (file.to_owned(), values)).collect();
        values.sort_by_key(|(file, _)| file != DEFAULT_FILE);
        Ok(values)
    }

    /// Complains about a declared parameter that is not there; those that a stage makes can't be yet.
    pub fn check(&self, declared: &[Declared], manifest: &Path) -> Result<(), ManifestError> {
        declared.iter().filter(|parameter| !parameter.made).try_for_each(|parameter| {
            self.holding(parameter, manifest)?;
            Ok(())
        })
    }

    /// The file of a declared parameter, which holds it.
    fn holding(&self, parameter: &Declared, manifest: &Path) -> Result<Rc<Node>, ManifestError> {
        let complain = |what: String| Err(Complaint::at(parameter.line, what).in_file(manifest));
        let file = &parameter.file;
        // What a stage makes may have changed since it was read last.
        let tree = if parameter.made { self.files.tree(file)?.map(Rc::new) } else { self.tree(file)? };
        let Some(tree) = tree else {
            return complain(format!("declares parameters of {file}, which does not exist"));
        };
        match &parameter.key {
            Some(key) if tree.at(key).is_none() => {
                complain(format!("declares the parameter `{key}`, which {file} lacks"))
            }
            None if tree.is_scalar() => complain(format!("declares {file}, which holds no mapping")),
            _ => Ok(tree),
        }
    }

    /// What a parameter file holds for this invocation; read once.
    pub fn tree(&self, file: &RepoPath) -> Result<Option<Rc<Node>>, ManifestError> {
        if let Some(known) = self.known.borrow().get(file) {
            return Ok(known.clone());
        }
        let tree = self.files.tree(file)?.map(Rc::new);
        self.known.borrow_mut().insert(file.clone(), tree.clone());
        Ok(tree)
    }
}

/// What a file of the repository at `root` holds; `None` where there is none.
pub fn read_file(root: &Path, file: &str) -> Result<Option<Node>, ManifestError> {
    Files::Below(root.to_owned()).tree(&RepoPath::file(file))
}

fn below(key: &str, ancestor: &str) -> bool {
    key.strip_prefix(ancestor).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Mappings are laid over key by key, anything else is replaced whole. A preset may only change what exists, so that a
/// misspelt key is an error and not a parameter that nobody reads.
fn lay_over(base: &mut Node, over: &Node, prefix: &str, changed: &mut Vec<String>) -> Result<(), Complaint> {
    match (&mut base.value, &over.value) {
        (Value::Map(base), Value::Map(over)) => {
            for (key, entry) in over {
                let dotted = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                let Some(old) = find_mut(base, key) else {
                    return Err(Complaint::at(
                        entry.line,
                        format!("presets a parameter that does not exist: `{dotted}`"),
                    ));
                };
                lay_over(old, &entry.node, &dotted, changed)?;
            }
        }
        (old, new) if old != new => {
            changed.push(prefix.to_owned());
            *base = over.clone();
        }
        _ => {}
    }
    Ok(())
}

/// The value at a dotted key.
fn find_mut<'a>(map: &'a mut Map, dotted: &str) -> Option<&'a mut Node> {
    let (first, rest) = dotted.split_once('.').map_or((dotted, None), |(first, rest)| (first, Some(rest)));
    let node = &mut map.get_mut(first)?.node;
    let Some(rest) = rest else { return Some(node) };
    match &mut node.value {
        Value::Map(inner) => find_mut(inner, rest),
        _ => None,
    }
}

fn set(tree: &mut Node, assignment: &str, changed: &mut Vec<String>) -> Result<(), ManifestError> {
    let overlay_error = |what: String| ManifestError::Overlay { what: format!("--set {assignment}: {what}") };
    let Some((key, text)) = assignment.split_once('=') else {
        return Err(overlay_error("write it as key=value".to_owned()));
    };
    let value = yaml::parse(text).map_err(|complaint| overlay_error(format!("the value {}", complaint.what)))?;
    let found = match &mut tree.value {
        Value::Map(map) => find_mut(map, key),
        _ => None,
    };
    let Some(node) = found else {
        return Err(overlay_error(format!("params.yaml has no parameter `{key}`")));
    };
    if node.value != value.value {
        changed.push(key.to_owned());
        *node = value;
    }
    Ok(())
}
