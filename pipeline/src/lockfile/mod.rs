//! `dvc.lock`, schema 2.0, byte for byte as DVC writes it: which content each stage of the committed parameters read and
//! wrote.
//!
//! DVC and retrial take turns on one lock without a line changing for it: an entry that says the same keeps its bytes and
//! its place, a new one is written as DVC would and stands where dvc.yaml has its stage, so that branches that add stages
//! merge.

mod emit;
mod parse;
mod scalar;

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use thiserror::Error;

use crate::digest::Content;
use crate::manifest::params::{DEFAULT_FILE, Values};
use crate::manifest::yaml::{self, Map, Node, Value};
use crate::manifest::{Command, Stage};
use crate::store::Artifact;

pub use emit::document;

pub const FILE: &str = "dvc.lock";

#[derive(Debug, Error)]
pub enum LockError {
    #[error("{}:{line}: is not a lock of schema 2.0 (it {what}): repair it or remove it", path.display())]
    Content { path: PathBuf, line: u32, what: String },
    #[error(
        "{}:{line}: holds a merge conflict: take one side (`git checkout --ours {}`) and run `repro`, which brings it up to date",
        path.display(),
        path.display()
    )]
    Conflict { path: PathBuf, line: u32 },
    #[error("{}: cannot be read or written: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
}

/// The lock beside one dvc.yaml.
#[derive(Debug, Default)]
pub struct Lock {
    text: String,
    /// Everything but the entries, in the file's order; `stages` is empty here.
    top: Map,
    entries: IndexMap<String, Entry>,
    /// Where the entries stand in the text, if they can be moved and replaced one by one.
    block: Option<Range<usize>>,
}

/// What the lock says of one stage.
#[derive(Debug)]
struct Entry {
    map: Map,
    line: u32,
    /// Its lines in the text; `None` once it says something else than they do.
    place: Option<Range<usize>>,
    id: Option<u64>,
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

/// The text of the lock at `path`; empty where there is none.
pub fn read(path: &Path) -> Result<String, LockError> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|source| LockError::File { path: path.to_owned(), source }),
    }
}

/// Writes the lock at `path`: whole or not at all.
pub fn write(path: &Path, text: &str) -> Result<(), LockError> {
    // Always the same name: whoever writes has the work tree's lock, and what a kill leaves is written over.
    let new = path.with_file_name(".dvc.lock-new");
    let attempt = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(&new)?;
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    attempt().map_err(|source| {
        let _ = std::fs::remove_file(&new);
        LockError::File { path: path.to_owned(), source }
    })
}

impl Lock {
    /// Reads a lock; `path` is what complaints call it.
    pub fn parse(text: &str, path: &Path) -> Result<Self, LockError> {
        parse::parse(text, path)
    }

    /// What the lock says of a stage.
    pub fn entry(&self, stage: &str) -> Option<&Map> {
        self.entries.get(stage).map(|entry| &entry.map)
    }

    /// The outputs of each stage; what is not understood is passed over.
    pub fn outputs(&self) -> impl Iterator<Item = (&str, Vec<Locked>)> {
        self.entries.iter().map(|(name, entry)| {
            let outs = match entry.map.get("outs").map(|outs| &outs.node.value) {
                Some(Value::List(items)) => items.as_slice(),
                _ => &[],
            };
            (name.as_str(), outs.iter().filter_map(locked).collect())
        })
    }

    /// Replaces the entry of `stage`, or adds one.
    pub fn set(&mut self, stage: &Stage, dependencies: &[Content], parameters: &Values, outputs: &[Artifact]) {
        let mut map = Map::new();
        let mut add = |key: &str, value: Value| {
            map.insert(key.to_owned(), yaml::Entry::new(0, Node::new(value, 0)));
        };
        add("cmd", command(&stage.command));
        let read = stage.dependencies.iter().zip(dependencies);
        let read: Vec<_> = read.map(|(dependency, content)| (dependency.written.as_str(), content)).collect();
        if !read.is_empty() {
            add("deps", contents(read));
        }
        if !parameters.is_empty() {
            add("params", values(parameters));
        }
        let written = stage.outputs.iter().filter_map(|output| {
            let artifact = outputs.iter().find(|artifact| artifact.path == output.path.as_str())?;
            Some((output.written.as_str(), &artifact.content))
        });
        let written: Vec<_> = written.collect();
        if !written.is_empty() {
            add("outs", contents(written));
        }
        let name = stage.name_in_file();
        match self.entries.get_mut(name) {
            Some(entry) if says_the_same(&entry.map, &map) => {}
            Some(entry) => *entry = Entry { map, line: entry.line, place: None, id: None },
            None => {
                self.entries.insert(name.to_owned(), Entry { map, line: 0, place: None, id: None });
            }
        }
    }

    /// The file's text. A new entry stands behind that of the nearest stage above it in dvc.yaml, whose order `names` has;
    /// the others stay where they are, also those of stages that are gone (DVC keeps them too).
    pub fn to_text<'a>(&'a self, names: impl Iterator<Item = &'a str>) -> String {
        if self.entries.is_empty() {
            return self.text.clone();
        }
        let is_new = |entry: &Entry| entry.line == 0;
        let mut behind: HashMap<Option<&str>, Vec<&'a str>> = HashMap::new();
        let mut above = None;
        for name in names {
            match self.entries.get(name) {
                Some(entry) if is_new(entry) => behind.entry(above).or_default().push(name),
                Some(_) => above = Some(name),
                None => {}
            }
        }
        let mut order: Vec<&str> = behind.remove(&None).unwrap_or_default();
        for (name, _) in self.entries.iter().filter(|(_, entry)| !is_new(entry)) {
            order.push(name);
            order.extend(behind.remove(&Some(name.as_str())).unwrap_or_default());
        }
        let order: Vec<_> = order.into_iter().filter_map(|name| Some((name, self.entries.get(name)?))).collect();
        self.spliced(&order).unwrap_or_else(|| self.written_anew(&order))
    }

    /// The old text with the entries that changed or are new in their places.
    fn spliced(&self, order: &[(&str, &Entry)]) -> Option<String> {
        let block = self.block.clone()?;
        // Anchors are numbered through the whole file.
        if self.entries.values().any(|entry| emit::shares(&entry.map)) {
            return None;
        }
        let mut text = self.text[..block.start].to_owned();
        for (name, entry) in order {
            match &entry.place {
                Some(place) => text.push_str(&self.text[place.clone()]),
                None => text.push_str(&emit::block(&single(name, entry), 2)),
            }
        }
        text.push_str(&self.text[block.end..]);
        Some(text)
    }

    fn written_anew(&self, order: &[(&str, &Entry)]) -> String {
        let mut top = self.top.clone();
        let top_level = |value: Value| yaml::Entry::new(0, Node::new(value, 0));
        top.entry("schema".to_owned()).or_insert_with(|| top_level(Value::Text("2.0".to_owned())));
        let stages = order.iter().flat_map(|(name, entry)| single(name, entry)).collect();
        top.insert("stages".to_owned(), top_level(Value::Map(stages)));
        document(&top)
    }
}

fn locked(out: &Node) -> Option<Locked> {
    let text = |key: &str| match &out.child(key)?.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    let size = match out.child("size").map(|size| &size.value) {
        Some(Value::Int(size)) => u64::try_from(*size).ok(),
        _ => None,
    };
    let executable = out.child("isexec").is_some_and(|flag| flag.value == Value::Bool(true));
    Some(Locked { written: text("path")?, md5: text("md5")?, size, executable })
}

fn single(name: &str, entry: &Entry) -> Map {
    let node = Node { value: Value::Map(entry.map.clone()), line: entry.line, id: entry.id };
    Map::from([(name.to_owned(), yaml::Entry::new(entry.line, node))])
}

/// Equal but for executable bits, whose change alone is no change, as under DVC.
fn says_the_same(old: &Map, new: &Map) -> bool {
    let files = |map: &Map, key: &str| {
        let mut value = map.get(key)?.node.value.clone();
        if let Value::List(items) = &mut value {
            for item in items {
                if let Value::Map(file) = &mut item.value {
                    file.shift_remove("isexec");
                }
            }
        }
        Some(value)
    };
    let others = |map: &Map| map.iter().filter(|(key, _)| *key != "deps" && *key != "outs").count();
    let plain = |key: &str| old.get(key) == new.get(key);
    others(old) == others(new)
        && plain("cmd")
        && plain("params")
        && files(old, "deps") == files(new, "deps")
        && files(old, "outs") == files(new, "outs")
}

/// `cmd` as an entry has it.
pub fn command(command: &Command) -> Value {
    match command {
        Command::One(text) => Value::Text(text.clone()),
        Command::Many(texts) => Value::List(texts.iter().map(|text| Node::text(text, 0)).collect()),
    }
}

/// The list under `deps` or `outs`, sorted by path as written.
fn contents(mut paths: Vec<(&str, &Content)>) -> Value {
    paths.sort_by_key(|(path, _)| *path);
    let entry = |(path, content): (&str, &Content)| {
        let number = |number: u64| Value::Int(number.into());
        let mut fields = vec![
            ("path", Value::Text(path.to_owned())),
            ("hash", Value::Text("md5".to_owned())),
            ("md5", Value::Text(content.md5.clone())),
            ("size", number(content.size)),
        ];
        if let Some(members) = &content.members {
            fields.push(("nfiles", number(members.len() as u64)));
        }
        if content.executable {
            fields.push(("isexec", Value::Bool(true)));
        }
        Node::new(map(fields), 0)
    };
    Value::List(paths.into_iter().map(entry).collect())
}

/// `params` as an entry has them: the files as dvc.yaml writes them, params.yaml first, then sorted; keys sorted.
pub fn values(parameters: &Values) -> Value {
    let mut files: Vec<(&str, Value)> = Vec::new();
    // The same list may be a parameter of several stages; in the lock each stage has its own.
    let mut ids = HashMap::new();
    for (file, values) in parameters {
        let values = values.iter().map(|(key, node)| {
            let mut node = node.clone();
            renew(&mut node, &mut ids);
            // DVC can't read a lock in which this key is not text, whatever it is in its file.
            (key.clone(), yaml::Entry::new(0, node))
        });
        files.push((file, Value::Map(values.collect())));
    }
    files.sort_by_key(|(file, _)| (*file != DEFAULT_FILE, *file));
    map(files)
}

/// Gives every list and mapping an identity of its own, the same where it was the same.
fn renew(node: &mut Node, ids: &mut HashMap<u64, Option<u64>>) {
    if let Some(id) = node.id {
        node.id = *ids.entry(id).or_insert_with(yaml::fresh_id);
    }
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| renew(item, ids)),
        Value::Map(map) => map.values_mut().for_each(|entry| renew(&mut entry.node, ids)),
        _ => {}
    }
}

fn map(fields: Vec<(&str, Value)>) -> Value {
    let entry = |(key, value): (&str, Value)| (key.to_owned(), yaml::Entry::new(0, Node::new(value, 0)));
    Value::Map(fields.into_iter().map(entry).collect())
}
