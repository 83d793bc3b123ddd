//! What a stage of dvc.yaml holds, checked key by key: a mapping of the file -> a [`Stage`].

use super::error::Complaint;
use super::params::{DEFAULT_FILE, Declared};
use super::size;
use super::yaml::{Map, Node, Value, python_text};
use crate::path::RepoPath;

/// A stage after `${…}`, `foreach` and `matrix`: what runs, what it reads, what it writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// `train`, or `train@svvar-0` for an instance of `foreach` or `matrix`.
    pub name: String,
    /// Where dvc.yaml starts to speak of it.
    pub line: u32,
    pub command: Command,
    pub folder: RepoPath,
    pub dependencies: Vec<Dependency>,
    pub parameters: Vec<Declared>,
    pub outputs: Vec<Output>,
    pub frozen: bool,
    pub always_changed: bool,
    pub extension: Extension,
}

/// `cmd`: one text, or a list of them. dvc.lock keeps the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    One(String),
    Many(Vec<String>),
}

impl Command {
    pub fn texts(&self) -> &[String] {
        match self {
            Command::One(text) => std::slice::from_ref(text),
            Command::Many(texts) => texts,
        }
    }

    /// Each line runs in a shell of its own, as under DVC.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.texts().iter().flat_map(|text| text.lines()).map(str::trim).filter(|line| !line.is_empty())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// As dvc.yaml writes it, relative to the stage's folder.
    pub written: String,
    pub path: RepoPath,
    pub line: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub written: String,
    pub path: RepoPath,
    pub line: u32,
    pub kind: OutputKind,
    /// Kept in the object store (`cache: false` leaves it to git).
    pub cache: bool,
    /// Not removed before the stage runs.
    pub persist: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutputKind {
    Out,
    Metric,
    Plot,
}

/// How many threads a stage keeps busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Threads {
    /// It does not say: counted as one, and left to itself.
    #[default]
    Unsaid,
    Number(usize),
    All,
}

impl Threads {
    /// Of the `capacity` threads that a run may keep busy.
    pub fn of(self, capacity: usize) -> usize {
        match self {
            Threads::Unsaid => 1,
            Threads::Number(threads) => threads.clamp(1, capacity),
            Threads::All => capacity,
        }
    }
}

/// What lives under `meta.retrial`, which DVC ignores.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extension {
    pub threads: Threads,
    /// Bytes of memory that it needs; nothing said counts as none.
    pub memory: u64,
    pub gpus: usize,
    /// Groups of which only one stage runs at a time.
    pub mutex: Vec<String>,
    /// Environment variables whose values are part of the key.
    pub environment: Vec<String>,
    /// The command reads its parameters from the file named in `RETRIAL_PARAMS` (`params: env`).
    pub reads_parameter_file: bool,
}

const STAGE_KEYS: &[&str] = &[
    "cmd",
    "wdir",
    "deps",
    "params",
    "outs",
    "metrics",
    "plots",
    "frozen",
    "always_changed",
    "desc",
    "meta",
    "vars",
    "foreach",
    "do",
    "matrix",
];

/// Complains about a key of `map` that `known` lacks, with the likeliest one meant.
pub fn check_keys(map: &Map, known: &[&str], place: &str) -> Result<(), Complaint> {
    for (key, entry) in map {
        if !known.contains(&key.as_str()) {
            let hint = nearest(key, known).map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
            return Err(Complaint::at(entry.line, format!("{place} has an unknown key `{key}`{hint}")));
        }
    }
    Ok(())
}

pub fn check_stage_keys(map: &Map, name: &str) -> Result<(), Complaint> {
    check_keys(map, STAGE_KEYS, &format!("stage `{name}`"))
}

/// Reads a stage from its interpolated mapping.
pub fn stage(name: String, line: u32, map: &Map) -> Result<Stage, Complaint> {
    let folder = match map.get("wdir") {
        Some(entry) => path_at(&RepoPath::root(), &text(&entry.node, "wdir")?, entry.line)?,
        None => RepoPath::root(),
    };
    let Some(cmd) = map.get("cmd") else {
        return Err(Complaint::at(line, format!("stage `{name}` has no `cmd`")));
    };
    let mut outputs = Vec::new();
    for (key, kind) in [("outs", OutputKind::Out), ("metrics", OutputKind::Metric), ("plots", OutputKind::Plot)] {
        for item in items(map, key)? {
            outputs.push(output(item, kind, &folder)?);
        }
    }
    let dependencies = items(map, "deps")?
        .iter()
        .map(|item| {
            let written = text(item, "an entry of `deps`")?;
            let path = path_at(&folder, &written, item.line)?;
            Ok(Dependency { written, path, line: item.line })
        })
        .collect::<Result<_, Complaint>>()?;
    Ok(Stage {
        command: command(&cmd.node)?,
        dependencies,
        parameters: parameters(items(map, "params")?, &folder)?,
        outputs,
        frozen: flag(map, "frozen", false)?,
        always_changed: flag(map, "always_changed", false)?,
        extension: extension(map)?,
        folder,
        name,
        line,
    })
}

fn command(node: &Node) -> Result<Command, Complaint> {
    let command = match &node.value {
        Value::List(items) => {
            Command::Many(items.iter().map(|item| text(item, "an entry of `cmd`")).collect::<Result<_, _>>()?)
        }
        _ => Command::One(text(node, "cmd")?),
    };
    if command.lines().next().is_none() {
        return Err(Complaint::at(node.line, "has an empty `cmd`".to_owned()));
    }
    Ok(command)
}

fn output(item: &Node, kind: OutputKind, folder: &RepoPath) -> Result<Output, Complaint> {
    const FLAGS: &[&str] = &["cache", "persist", "push", "remote", "desc", "type", "labels", "meta"];
    const PLOT_FLAGS: &[&str] = &[
        "cache", "persist", "push", "remote", "desc", "type", "labels", "meta", "x", "y", "x_label", "y_label",
        "title", "template", "header",
    ];
    let (written, flags) = match &item.value {
        Value::Map(map) => match (map.first(), map.len()) {
            (Some((written, entry)), 1) => match &entry.node.value {
                Value::Map(flags) => (written.clone(), Some(flags)),
                Value::Null => (written.clone(), None),
                _ => {
                    let what = format!("output `{written}` needs a mapping of flags after its name");
                    return Err(Complaint::at(item.line, what));
                }
            },
            _ => return Err(Complaint::at(item.line, "an output needs one name, with its flags below it".to_owned())),
        },
        _ => (text(item, "an output")?, None),
    };
    let line = item.line;
    let mut cache = true;
    let mut persist = false;
    if let Some(flags) = flags {
        let known = if kind == OutputKind::Plot { PLOT_FLAGS } else { FLAGS };
        check_keys(flags, known, &format!("output `{written}`"))?;
        cache = flag(flags, "cache", true)?;
        persist = flag(flags, "persist", false)?;
    }
    let path = path_at(folder, &written, line)?;
    if path.is_root() {
        return Err(Complaint::at(line, format!("output `{written}` is the repository itself")));
    }
    if let Some(engine) = [".git", ".dvc", ".retrial"].iter().find(|own| path.as_str().split('/').next() == Some(own)) {
        return Err(Complaint::at(line, format!("output `{written}` lies in {engine}, which is not for outputs")));
    }
    Ok(Output { written, path, line, kind, cache, persist })
}

fn parameters(items: &[Node], folder: &RepoPath) -> Result<Vec<Declared>, Complaint> {
    let mut declared = Vec::new();
    let declare = |written: &str, key: Option<String>, line: u32| {
        let file = path_at(folder, written, line)?.as_str().to_owned();
        Ok(Declared { file, written: written.to_owned(), key, line })
    };
    for item in items {
        match &item.value {
            Value::Map(files) => {
                for (file, entry) in files {
                    match &entry.node.value {
                        Value::Null => declared.push(declare(file, None, entry.line)?),
                        Value::List(keys) if keys.is_empty() => declared.push(declare(file, None, entry.line)?),
                        Value::List(keys) => {
                            for key in keys {
                                let name = text(key, "a parameter's name")?;
                                declared.push(declare(file, Some(name), key.line)?);
                            }
                        }
                        _ => {
                            let what = format!("parameters of `{file}` need a list of keys, not {}", entry.node.kind());
                            return Err(Complaint::at(entry.line, what));
                        }
                    }
                }
            }
            _ => declared.push(declare(DEFAULT_FILE, Some(text(item, "a parameter's name")?), item.line)?),
        }
    }
    Ok(declared)
}

fn extension(map: &Map) -> Result<Extension, Complaint> {
    let mut extension = Extension::default();
    let Some(Value::Map(own)) = map.get("meta").and_then(|meta| meta.node.child("retrial")).map(|node| &node.value)
    else {
        return Ok(extension);
    };
    const KEYS: &[&str] = &["threads", "memory", "gpus", "mutex", "environment", "params"];
    check_keys(own, KEYS, "`meta.retrial`")?;
    if let Some(entry) = own.get("threads") {
        extension.threads = match &entry.node.value {
            Value::Int(threads @ 1..) => Threads::Number(usize::try_from(*threads).unwrap_or(usize::MAX)),
            Value::Text(all) if all == "all" => Threads::All,
            _ => return Err(Complaint::at(entry.line, "`threads` needs a number from 1, or `all`".to_owned())),
        };
    }
    if let Some(entry) = own.get("memory") {
        extension.memory = size::bytes("memory", &entry.node)?;
    }
    if let Some(entry) = own.get("gpus") {
        extension.gpus = match entry.node.value {
            Value::Int(gpus @ 0..) => usize::try_from(gpus).unwrap_or(usize::MAX),
            _ => return Err(Complaint::at(entry.line, "`gpus` needs a number".to_owned())),
        };
    }
    match own.get("mutex") {
        Some(entry) if entry.node.is_scalar() => extension.mutex.push(text(&entry.node, "`mutex`")?),
        _ => {
            for item in items(own, "mutex")? {
                extension.mutex.push(text(item, "the name of a `mutex` group")?);
            }
        }
    }
    for item in items(own, "environment")? {
        extension.environment.push(text(item, "an environment variable's name")?);
    }
    if let Some(entry) = own.get("params") {
        if entry.node.value != Value::Text("env".to_owned()) {
            return Err(Complaint::at(entry.line, "`params` under `meta.retrial` can only be `env`".to_owned()));
        }
        extension.reads_parameter_file = true;
    }
    Ok(extension)
}

/// The entries of a list under `key`; none where the key is missing or empty.
fn items<'a>(map: &'a Map, key: &str) -> Result<&'a [Node], Complaint> {
    match map.get(key).map(|entry| (&entry.node.value, entry)) {
        None | Some((Value::Null, _)) => Ok(&[]),
        Some((Value::List(items), _)) => Ok(items),
        Some((_, entry)) => Err(Complaint::at(entry.line, format!("`{key}` needs a list, not {}", entry.node.kind()))),
    }
}

fn flag(map: &Map, key: &str, default: bool) -> Result<bool, Complaint> {
    match map.get(key).map(|entry| (&entry.node.value, entry)) {
        None => Ok(default),
        Some((Value::Bool(value), _)) => Ok(*value),
        Some((_, entry)) => Err(Complaint::at(entry.line, format!("`{key}` needs true or false"))),
    }
}

/// The text of a scalar; numbers and booleans count as they are written.
fn text(node: &Node, what: &str) -> Result<String, Complaint> {
    match node.value {
        Value::Null => Err(Complaint::at(node.line, format!("{what} is empty"))),
        _ => python_text(node)
            .ok_or_else(|| Complaint::at(node.line, format!("{what} needs to be text, not {}", node.kind()))),
    }
}

fn path_at(folder: &RepoPath, written: &str, line: u32) -> Result<RepoPath, Complaint> {
    folder.join(written).map_err(|error| Complaint::at(line, error.to_string()))
}

/// The known word within an edit or two of `word`.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let close = known.iter().map(|candidate| (edits(word, candidate), *candidate));
    close.filter(|(edits, _)| *edits <= 2).min().map(|(_, candidate)| candidate)
}

/// Levenshtein's distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let substitution = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
