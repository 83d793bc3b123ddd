//! Parameters: the files, the overlays of one invocation (`--preset`, `--set`), and the values that a stage declares.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::{Complaint, ManifestError};
use super::yaml::{self, Map, Node, Value};

/// The parameter file that `params:` means when it names none.
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

/// params.yaml as this invocation sees it, and the dotted keys in which that differs from the file.
#[derive(Debug, Clone)]
pub struct Parameters {
    root: PathBuf,
    effective: Node,
    overlaid: Vec<String>,
    others: BTreeMap<String, Node>,
}

/// A parameter that a stage declares: one key of a file, or (no key) the whole file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Declared {
    pub file: String,
    /// The file as dvc.yaml writes it, relative to the stage's folder.
    pub written: String,
    pub key: Option<String>,
    pub line: u32,
}

/// Parameter file -> declared key -> value, in dvc.lock's order: params.yaml first, then by path; keys sorted.
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
    /// Reads params.yaml of the study at `root` (nothing where there is none) and lays the overlay over it.
    pub fn load(root: &Path, overlay: &Overlay) -> Result<Self, ManifestError> {
        let mut effective = read_file(root, DEFAULT_FILE)?.unwrap_or_else(|| Node::new(Value::Map(Map::new()), 1));
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
        Ok(Self { root: root.to_owned(), effective, overlaid, others: BTreeMap::new() })
    }

    /// What `${…}` sees of params.yaml.
    pub fn names(&self) -> Map {
        match &self.effective.value {
            Value::Map(map) => map.clone(),
            _ => Map::new(),
        }
    }

    /// The names under `presets:`.
    pub fn presets(&self) -> Vec<String> {
        match self.effective.at("presets").map(|presets| &presets.value) {
            Some(Value::Map(presets)) => presets.keys().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// Whether this invocation changes the declared parameter.
    pub fn is_overlaid(&self, declared: &Declared) -> bool {
        let touches = |changed: &str| match &declared.key {
            None => true,
            Some(key) => below(changed, key) || below(key, changed),
        };
        declared.file == DEFAULT_FILE && self.overlaid.iter().any(|changed| touches(changed))
    }

    /// The values of what a stage of the dvc.yaml `manifest` declares.
    pub fn values(&mut self, declared: &[Declared], manifest: &Path) -> Result<Values, ManifestError> {
        let mut files: BTreeMap<&str, BTreeMap<String, Node>> = BTreeMap::new();
        for parameter in declared {
            let complain = |what: String| Complaint::at(parameter.line, what).in_file(manifest);
            let tree = self.file(&parameter.file)?;
            let Some(tree) = tree else {
                return Err(complain(format!("declares parameters of {}, which does not exist", parameter.file)));
            };
            let values = files.entry(&parameter.file).or_default();
            match (&parameter.key, &tree.value) {
                (Some(key), _) => {
                    let Some(node) = tree.at(key) else {
                        return Err(complain(format!(
                            "declares the parameter `{key}`, which {} lacks",
                            parameter.file
                        )));
                    };
                    values.insert(key.clone(), node.clone());
                }
                (None, Value::Map(map)) => {
                    values.extend(map.iter().map(|(key, entry)| (key.clone(), entry.node.clone())));
                }
                (None, _) => return Err(complain(format!("declares {}, which holds no mapping", parameter.file))),
            }
        }
        let mut values: Values = files.into_iter().map(|(file, values)| (file.to_owned(), values)).collect();
        values.sort_by_key(|(file, _)| file != DEFAULT_FILE);
        Ok(values)
    }

    fn file(&mut self, file: &str) -> Result<Option<&Node>, ManifestError> {
        if file == DEFAULT_FILE {
            return Ok(Some(&self.effective));
        }
        if !self.others.contains_key(file) {
            let Some(node) = read_file(&self.root, file)? else { return Ok(None) };
            self.others.insert(file.to_owned(), node);
        }
        Ok(self.others.get(file))
    }
}

/// A YAML or JSON file (JSON is YAML); `None` where there is none.
pub fn read_file(root: &Path, file: &str) -> Result<Option<Node>, ManifestError> {
    let text = match std::fs::read_to_string(root.join(file)) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ManifestError::Read { file: file.into(), source }),
    };
    yaml::parse(&text).map(Some).map_err(|complaint| complaint.in_file(Path::new(file)))
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
