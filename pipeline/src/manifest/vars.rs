//! What `${…}` can name: the params.yaml beside a dvc.yaml, then its `vars`, then those of a stage.
//!
//! Nothing can be defined twice; mappings grow together. A file can be named once whole, or several times for different keys.

use std::collections::BTreeMap;

use super::error::Complaint;
use super::interpolate::check_plain;
use super::params::{DEFAULT_FILE, Parameters};
use super::yaml::{Entry, Map, Node, Value};
use super::{ManifestError, in_file};
use crate::path::RepoPath;

/// Names and the files that they came from.
#[derive(Debug, Clone, Default)]
pub struct Names {
    pub map: Map,
    /// File -> the keys that were taken from it; `None`: all.
    loaded: BTreeMap<RepoPath, Option<Vec<String>>>,
}

impl Names {
    /// The names of the dvc.yaml `manifest` with this `vars` section.
    pub fn of_file(manifest: &RepoPath, vars: Option<&Entry>, parameters: &Parameters) -> Result<Self, ManifestError> {
        let mut names = Self::default();
        let folder = manifest.parent();
        if let Some(tree) = parameters.tree(&folder.child(DEFAULT_FILE))? {
            let Value::Map(map) = &tree.value else {
                let what = format!("holds {}, where a mapping of names to values belongs", tree.kind());
                return Err(in_file(&folder.child(DEFAULT_FILE))(Complaint::at(tree.line, what)));
            };
            names.map = map.clone();
            names.loaded.insert(folder.child(DEFAULT_FILE), None);
        }
        if let Some(entry) = vars {
            names.add(&entry.node, &folder, &Map::new(), parameters, manifest)?;
        }
        Ok(names)
    }

    /// Adds a `vars` section of `manifest`. Its files are named relative to `folder`, and `reserved` names are not for it.
    pub fn add(
        &mut self,
        vars: &Node,
        folder: &RepoPath,
        reserved: &Map,
        parameters: &Parameters,
        manifest: &RepoPath,
    ) -> Result<(), ManifestError> {
        let here = in_file(manifest);
        check_plain(vars, "`vars`").map_err(&here)?;
        let Value::List(items) = &vars.value else { return Ok(()) };
        for item in items {
            match &item.value {
                Value::Map(map) => self.merge(map, reserved, item.line).map_err(&here)?,
                Value::Text(written) => self.load(written, item.line, folder, reserved, parameters, manifest)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Adds what `file`, `file:key` or `file:key,key` names.
    fn load(
        &mut self,
        written: &str,
        line: u32,
        folder: &RepoPath,
        reserved: &Map,
        parameters: &Parameters,
        manifest: &RepoPath,
    ) -> Result<(), ManifestError> {
        let complain = |what: String| in_file(manifest)(Complaint::at(line, what));
        let (name, keys) = written.split_once(':').unwrap_or((written, ""));
        let path = folder.join(name).map_err(|error| complain(error.to_string()))?;
        let keys: Vec<&str> = keys.split(',').filter(|key| !key.is_empty()).collect();
        match self.loaded.get(&path) {
            None => {}
            Some(None) if keys.is_empty() => return Ok(()),
            Some(Some(taken)) if !keys.is_empty() && !keys.iter().any(|key| taken.iter().any(|taken| taken == key)) => {
            }
            Some(_) => return Err(complain(format!("`vars` names `{written}`, some of which is there already"))),
        }
        let tree = parameters.tree(&path)?;
        let Some(tree) = tree else {
            return Err(complain(format!("`vars` names {path}, which does not exist")));
        };
        let Value::Map(map) = &tree.value else {
            return Err(complain(format!("`vars` names {path}, which holds {} and no mapping", tree.kind())));
        };
        if keys.is_empty() {
            self.merge(map, reserved, line).map_err(in_file(manifest))?;
            self.loaded.insert(path, None);
            return Ok(());
        }
        let mut chosen = Map::new();
        for key in &keys {
            let Some(entry) = map.get(*key) else {
                return Err(complain(format!("`vars` names the key `{key}`, which {path} lacks")));
            };
            chosen.insert((*key).to_owned(), entry.clone());
        }
        self.merge(&chosen, reserved, line).map_err(in_file(manifest))?;
        let taken = self.loaded.entry(path).or_insert_with(|| Some(Vec::new()));
        taken.get_or_insert_default().extend(keys.into_iter().map(str::to_owned));
        Ok(())
    }

    fn merge(&mut self, more: &Map, reserved: &Map, line: u32) -> Result<(), Complaint> {
        if let Some(key) = more.keys().find(|key| reserved.contains_key(*key)) {
            return Err(Complaint::at(line, format!("`vars` defines `{key}`, which means something else here")));
        }
        merge(&mut self.map, more, "", line)
    }
}

fn merge(into: &mut Map, more: &Map, prefix: &str, line: u32) -> Result<(), Complaint> {
    for (key, entry) in more {
        let dotted = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match (into.get_mut(key).map(|old| &mut old.node.value), &entry.node.value) {
            (None, _) => {
                into.insert(key.clone(), entry.clone());
            }
            (Some(Value::Map(old)), Value::Map(new)) => merge(old, new, &dotted, line)?,
            (Some(_), _) => {
                return Err(Complaint::at(line, format!("`vars` defines `{dotted}`, which is defined already")));
            }
        }
    }
    Ok(())
}
