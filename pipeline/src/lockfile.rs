//! `dvc.lock`, schema 2.0, as DVC writes it: which content each stage of the committed parameters read and wrote.

use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};
use thiserror::Error;

use crate::digest::Content;
use crate::manifest::params::Values;
use crate::manifest::{Command, Stage};
use crate::store::Artifact;

pub const FILE: &str = "dvc.lock";

#[derive(Debug, Error)]
pub enum LockError {
    #[error("{FILE}:{line}: is not a lock of schema 2.0 ({what}): repair it or remove it")]
    Content { line: usize, what: String },
    #[error("{}: cannot be read or written: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
}

/// The lock of one study: stage name -> entry.
#[derive(Debug, Default, PartialEq)]
pub struct Lock {
    stages: Mapping,
}

/// What the lock says of one output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// As dvc.yaml writes it, relative to the stage's folder.
    pub written: String,
    /// Of a folder it ends in `.dir`.
    pub md5: String,
    pub size: Option<u64>,
    pub executable: bool,
}

/// The text of the lock at `root`; empty where there is none.
pub fn read(root: &Path) -> Result<String, LockError> {
    let path = root.join(FILE);
    match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|source| LockError::File { path, source }),
    }
}

impl Lock {
    pub fn parse(text: &str) -> Result<Self, LockError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let whole: Value = serde_yaml::from_str(text).map_err(|error| LockError::Content {
            line: error.location().map_or(1, |location| location.line()),
            what: error.to_string(),
        })?;
        let wrong = |what: &str| LockError::Content { line: 1, what: what.to_owned() };
        if whole.get("schema").and_then(Value::as_str) != Some("2.0") {
            return Err(wrong("`schema` is not '2.0'"));
        }
        let stages = match whole.get("stages") {
            None | Some(Value::Null) => Mapping::new(),
            Some(Value::Mapping(stages)) => stages.clone(),
            Some(_) => return Err(wrong("`stages` is no mapping")),
        };
        Ok(Self { stages })
    }

    /// The outputs of each stage; what is not understood is passed over.
    pub fn outputs(&self) -> impl Iterator<Item = (&str, Vec<Locked>)> {
        let of_stage = |entry: &Value| {
            let outs = entry.get("outs").and_then(Value::as_sequence).into_iter().flatten();
            let locked = |out: &Value| {
                Some(Locked {
                    written: out.get("path")?.as_str()?.to_owned(),
                    md5: out.get("md5")?.as_str()?.to_owned(),
                    size: out.get("size").and_then(Value::as_u64),
                    executable: out.get("isexec").and_then(Value::as_bool).unwrap_or(false),
                })
            };
            outs.filter_map(locked).collect()
        };
        self.stages.iter().filter_map(move |(name, entry)| Some((name.as_str()?, of_stage(entry))))
    }

    /// Replaces the entry of `stage`, or adds one.
    pub fn set(&mut self, stage: &Stage, dependencies: &[Content], parameters: &Values, outputs: &[Artifact]) {
        let mut entry = Mapping::new();
        let command = match &stage.command {
            Command::One(text) => Value::from(text.as_str()),
            Command::Many(texts) => texts.iter().map(String::as_str).collect(),
        };
        entry.insert("cmd".into(), command);
        let read = stage.dependencies.iter().zip(dependencies);
        let read: Vec<_> = read.map(|(dependency, content)| (dependency.written.as_str(), content)).collect();
        if !read.is_empty() {
            entry.insert("deps".into(), contents(read));
        }
        if !parameters.is_empty() {
            entry.insert("params".into(), values(parameters));
        }
        let written = stage.outputs.iter().filter_map(|output| {
            let artifact = outputs.iter().find(|artifact| artifact.path == output.path.as_str())?;
            Some((output.written.as_str(), &artifact.content))
        });
        let written: Vec<_> = written.collect();
        if !written.is_empty() {
            entry.insert("outs".into(), contents(written));
        }
        self.stages.insert(stage.name.as_str().into(), Value::Mapping(entry));
    }

    /// The file's text. Entries stand in the order of `names`, whatever order the stages finished in, and after them those
    /// of stages that are gone (DVC keeps them too).
    pub fn to_text<'a>(mut self, names: impl Iterator<Item = &'a str>) -> Result<String, LockError> {
        let mut ordered: Mapping =
            names.filter_map(|name| Some((Value::from(name), self.stages.remove(name)?))).collect();
        ordered.extend(self.stages);
        if ordered.is_empty() {
            return Ok(String::new());
        }
        let mut whole = Mapping::new();
        whole.insert("schema".into(), "2.0".into());
        whole.insert("stages".into(), Value::Mapping(ordered));
        serde_yaml::to_string(&whole)
            .map_err(|error| LockError::File { path: FILE.into(), source: std::io::Error::other(error) })
    }
}

/// Writes the lock: whole or not at all.
pub fn write(root: &Path, text: &str) -> Result<(), LockError> {
    // Always the same name: whoever writes has the work tree's lock, and what a kill leaves is written over.
    let new = root.join(".dvc.lock-new");
    let attempt = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(&new)?;
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, root.join(FILE))
    };
    attempt().map_err(|source| {
        let _ = std::fs::remove_file(&new);
        LockError::File { path: root.join(FILE), source }
    })
}

/// The list under `deps` or `outs`, sorted by path as written.
fn contents(mut paths: Vec<(&str, &Content)>) -> Value {
    paths.sort_by_key(|(path, _)| *path);
    let entry = |(path, content): (&str, &Content)| {
        let mut entry = Mapping::new();
        entry.insert("path".into(), path.into());
        entry.insert("hash".into(), "md5".into());
        entry.insert("md5".into(), content.md5.as_str().into());
        entry.insert("size".into(), content.size.into());
        if let Some(members) = &content.members {
            entry.insert("nfiles".into(), members.len().into());
        }
        if content.executable {
            entry.insert("isexec".into(), true.into());
        }
        Value::Mapping(entry)
    };
    paths.into_iter().map(entry).collect()
}

fn values(parameters: &Values) -> Value {
    let mut files = Mapping::new();
    for (file, values) in parameters {
        let values = values.iter().map(|(key, value)| (Value::from(key.as_str()), yaml(value)));
        files.insert(file.as_str().into(), Value::Mapping(values.collect()));
    }
    Value::Mapping(files)
}

fn yaml(value: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => (*value).into(),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => integer.into(),
            (None, Some(float)) => float.into(),
            (None, None) => number.to_string().into(),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => items.iter().map(yaml).collect(),
        Json::Object(map) => {
            Value::Mapping(map.iter().map(|(key, value)| (Value::from(key.as_str()), yaml(value))).collect())
        }
    }
}
