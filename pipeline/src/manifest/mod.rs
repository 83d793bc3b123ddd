//! `dvc.yaml` and `params.yaml` -> typed, located, validated stages.
//!
//! ```text
//! text ─ yaml ─ expand (foreach, matrix) ─ interpolate (${…}) ─ schema ─ Vec<Stage>
//! ```

mod error;
mod expand;
mod interpolate;
pub mod params;
pub mod schema;
mod size;
pub mod yaml;

use std::path::Path;

pub use error::{Complaint, ManifestError};
use interpolate::{Place, Scope, interpolate};
pub use params::{Overlay, Parameters};
pub use schema::{Command, Dependency, Output, OutputKind, Stage};
use yaml::{Entry, Map, Node, Value};

/// The file that describes a study.
pub const FILE: &str = "dvc.yaml";

const TOP_KEYS: &[&str] = &["stages", "vars", "params", "metrics", "plots", "artifacts", "datasets"];

/// The stages of the study at `root`, in the order of dvc.yaml.
pub fn load(root: &Path, parameters: &Parameters) -> Result<Vec<Stage>, ManifestError> {
    let tree = params::read_file(root, FILE)?.ok_or_else(|| ManifestError::NoManifest { start: root.to_owned() })?;
    let mut names = parameters.names();
    let here = |complaint: Complaint| complaint.in_file(Path::new(FILE));
    let Value::Map(top) = &tree.value else {
        return Err(here(Complaint::at(tree.line, "dvc.yaml needs a mapping with `stages`".to_owned())));
    };
    schema::check_keys(top, TOP_KEYS, "dvc.yaml").map_err(here)?;
    if let Some(vars) = top.get("vars") {
        add_vars(root, &vars.node, &mut names)?;
    }
    let Some(stages) = top.get("stages") else { return Ok(Vec::new()) };
    let Value::Map(written) = &stages.node.value else {
        let what = format!("`stages` needs a mapping of names to stages, not {}", stages.node.kind());
        return Err(here(Complaint::at(stages.line, what)));
    };
    let mut all = Vec::new();
    for (name, entry) in written {
        all.extend(stage_instances(root, name, entry, &names)?);
    }
    Ok(all)
}

fn stage_instances(root: &Path, name: &str, entry: &Entry, names: &Map) -> Result<Vec<Stage>, ManifestError> {
    let here = |complaint: Complaint| complaint.in_file(Path::new(FILE));
    let Value::Map(map) = &entry.node.value else {
        let what = format!("stage `{name}` needs a mapping, not {}", entry.node.kind());
        return Err(here(Complaint::at(entry.line, what)));
    };
    schema::check_stage_keys(map, name).map_err(here)?;
    let global = Scope::new(names);
    let body = match (map.get("foreach"), map.get("do")) {
        (Some(_), Some(body)) => match &body.node.value {
            Value::Map(map) => map,
            _ => return Err(here(Complaint::at(body.line, "`do` needs a mapping".to_owned()))),
        },
        (Some(foreach), None) => return Err(here(Complaint::at(foreach.line, "`foreach` needs a `do`".to_owned()))),
        (None, Some(body)) => return Err(here(Complaint::at(body.line, "`do` needs a `foreach`".to_owned()))),
        (None, None) => map,
    };
    schema::check_stage_keys(body, name).map_err(here)?;
    let mut own = Map::new();
    if let Some(vars) = body.get("vars") {
        add_vars(root, &vars.node, &mut own)?;
    }
    let scope = global.inside(&own);
    let mut stages = Vec::new();
    for instance in expand::instances(map, &scope).map_err(here)? {
        let scope = scope.inside(&instance.names);
        let full_name = match &instance.suffix {
            Some(suffix) => format!("{name}@{suffix}"),
            None => name.to_owned(),
        };
        let done = interpolate_stage(body, &scope).map_err(here)?;
        stages.push(schema::stage(full_name, entry.line, &done).map_err(here)?);
    }
    Ok(stages)
}

fn interpolate_stage(body: &Map, scope: &Scope) -> Result<Map, Complaint> {
    let mut done = Map::new();
    for (key, entry) in body {
        // `matrix` was used up by the expansion; `desc` and `vars` are not for the stage's scope.
        if matches!(key.as_str(), "matrix" | "vars" | "desc") {
            continue;
        }
        let place = if key == "cmd" { Place::Command } else { Place::Elsewhere };
        let node = interpolate(&entry.node, scope, place)?;
        done.insert(key.clone(), Entry { line: entry.line, node, named: entry.named });
    }
    Ok(done)
}

/// `vars`: mappings add names, texts name files whose top level adds names (`file:key` picks some).
fn add_vars(root: &Path, vars: &Node, names: &mut Map) -> Result<(), ManifestError> {
    let here = |complaint: Complaint| complaint.in_file(Path::new(FILE));
    let Value::List(items) = &vars.value else {
        return Err(here(Complaint::at(vars.line, format!("`vars` needs a list, not {}", vars.kind()))));
    };
    for item in items {
        match &item.value {
            Value::Map(map) => names.extend(map.clone()),
            Value::Text(written) => {
                let (file, keys) = written.split_once(':').map_or((written.as_str(), None), |(f, k)| (f, Some(k)));
                let Some(Node { value: Value::Map(map), .. }) = params::read_file(root, file)? else {
                    let what = format!("`vars` names {file}, which does not exist or holds no mapping");
                    return Err(here(Complaint::at(item.line, what)));
                };
                match keys {
                    None => names.extend(map),
                    Some(keys) => {
                        for key in keys.split(',') {
                            let Some(entry) = map.get(key) else {
                                let what = format!("`vars` names the key `{key}`, which {file} lacks");
                                return Err(here(Complaint::at(item.line, what)));
                            };
                            names.insert(key.to_owned(), entry.clone());
                        }
                    }
                }
            }
            _ => {
                let what = format!("an entry of `vars` needs to be a mapping or a file's name, not {}", item.kind());
                return Err(here(Complaint::at(item.line, what)));
            }
        }
    }
    Ok(())
}
