//! What a stage of dvc.yaml holds, checked key by key: a mapping of the file -> a [`Stage`].

use indexmap::IndexMap;

use super::error::Complaint;
use super::params::{DEFAULT_FILE, Declared};
use super::size;
use super::yaml::{Map, Node, Value, python_text};
use crate::lockfile;
use crate::path::RepoPath;

/// A stage after `${…}`, `foreach` and `matrix`: what runs, what it reads, what it writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// As DVC addresses it from the root: `train`, `train@svvar-0` for an instance of `foreach` or `matrix`, and
    /// `sub/dvc.yaml:train` for a stage of another file than the root's.
    pub name: String,
    /// The dvc.yaml that it stands in, and where that starts to speak of it.
    pub file: RepoPath,
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

impl Stage {
    /// What it is called in its own dvc.yaml and dvc.lock.
    pub fn name_in_file(&self) -> &str {
        let own = self.name.strip_prefix(self.file.as_str()).and_then(|rest| rest.strip_prefix(':'));
        own.unwrap_or(&self.name)
    }

    /// The dvc.lock beside its dvc.yaml.
    pub fn lock(&self) -> RepoPath {
        self.file.parent().child(lockfile::FILE)
    }
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

    /// What runs in a shell of its own, as under DVC: each line of a text, but each text of a list as it is.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let whole = matches!(self, Command::Many(_));
        let lines = self.texts().iter().flat_map(move |text| {
            let (lines, whole) = if whole { ("", Some(text.as_str())) } else { (text.as_str(), None) };
            lines.lines().chain(whole)
        });
        lines.map(str::trim).filter(|line| !line.is_empty())
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
    /// One, and more as they are free: it asks for each as make's children do, and gives it back.
    Any,
}

impl Threads {
    /// What is kept for it of the `capacity` threads that a run may keep busy.
    pub fn held(self, capacity: usize) -> usize {
        match self {
            Threads::Unsaid | Threads::Any => 1,
            Threads::Number(threads) => threads.clamp(1, capacity),
            Threads::All => capacity,
        }
    }

    /// The most that it may come to keep busy of them.
    pub fn most(self, capacity: usize) -> usize {
        match self {
            Threads::Any => capacity,
            others => others.held(capacity),
        }
    }
}

/// What lives under `meta.retrial`, which DVC ignores.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extension {
    pub threads: Threads,
    /// Seconds that it may take where it was never run: for the estimate of the time left, and for nothing else.
    pub time: Option<f64>,
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

/// Reads a stage of the dvc.yaml `file` from its interpolated mapping.
pub fn stage(file: &RepoPath, name: &str, line: u32, map: &Map) -> Result<Stage, Complaint> {
    let base = file.parent();
    let name = if base.is_root() { name.to_owned() } else { format!("{file}:{name}") };
    let folder = match map.get("wdir") {
        Some(entry) => path_at(&base, &text(&entry.node, "wdir")?, entry.line)?,
        None => base,
    };
    let Some(cmd) = map.get("cmd") else {
        return Err(Complaint::at(line, format!("stage `{name}` has no `cmd`")));
    };
    let mut all = Vec::new();
    for (key, kind) in [("outs", OutputKind::Out), ("metrics", OutputKind::Metric), ("plots", OutputKind::Plot)] {
        all.extend(outputs(items(map, key)?, kind, &folder)?);
    }
    let dependencies = items(map, "deps")?
        .iter()
        .map(|item| {
            let written = text(item, "an entry of `deps`")?;
            let path = data_at(&folder, &written, item.line)?;
            Ok(Dependency { written, path, line: item.line })
        })
        .collect::<Result<_, Complaint>>()?;
    Ok(Stage {
        command: command(&cmd.node)?,
        dependencies,
        parameters: parameters(items(map, "params")?, &folder)?,
        outputs: all,
        frozen: flag(map, "frozen", false)?,
        always_changed: flag(map, "always_changed", false)?,
        extension: extension(map)?,
        folder,
        name,
        file: file.clone(),
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

/// The outputs of one list. A path that stands there twice is one output, with the flags of both.
fn outputs(items: &[Node], kind: OutputKind, folder: &RepoPath) -> Result<Vec<Output>, Complaint> {
    let mut flagged: IndexMap<String, (u32, Map)> = IndexMap::new();
    for item in items {
        match &item.value {
            Value::Map(paths) => {
                for (written, entry) in paths {
                    let (_, flags) = flagged.entry(written.clone()).or_insert_with(|| (entry.line, Map::new()));
                    if let Value::Map(more) = &entry.node.value {
                        flags.extend(more.clone());
                    }
                }
            }
            _ => {
                flagged.entry(text(item, "an output")?).or_insert_with(|| (item.line, Map::new()));
            }
        }
    }
    let output = |(written, (line, flags)): (String, (u32, Map))| {
        let path = data_at(folder, &written, line)?;
        if path.is_root() {
            return Err(Complaint::at(line, format!("output `{written}` is the repository itself")));
        }
        if path.name() == crate::lockfile::FILE {
            return Err(Complaint::at(line, format!("output `{written}` is the engine's own: name another path")));
        }
        let first = path.as_str().split('/').next();
        if let Some(engine) = [".git", ".dvc", ".retrial"].iter().find(|own| first == Some(own)) {
            return Err(Complaint::at(line, format!("output `{written}` lies in {engine}, which is not for outputs")));
        }
        let (cache, persist) = (flag(&flags, "cache", true)?, flag(&flags, "persist", false)?);
        Ok(Output { written, path, line, kind, cache, persist })
    };
    flagged.into_iter().map(output).collect()
}

/// The declared parameters, file by file. A file that is declared whole once is declared whole.
fn parameters(items: &[Node], folder: &RepoPath) -> Result<Vec<Declared>, Complaint> {
    let mut files: IndexMap<String, (u32, Option<Vec<&Node>>)> = IndexMap::new();
    for item in items {
        let Value::Map(map) = &item.value else {
            let (_, keys) = files.entry(DEFAULT_FILE.to_owned()).or_insert_with(|| (item.line, Some(Vec::new())));
            keys.iter_mut().for_each(|keys| keys.push(item));
            continue;
        };
        for (file, entry) in map {
            let (_, keys) = files.entry(file.clone()).or_insert_with(|| (entry.line, Some(Vec::new())));
            match &entry.node.value {
                Value::Null => *keys = None,
                Value::List(more) if more.is_empty() => *keys = None,
                Value::List(more) => keys.iter_mut().for_each(|keys| keys.extend(more)),
                _ => {
                    let what = format!("parameters of `{file}` need a list of keys, not {}", entry.node.kind());
                    return Err(Complaint::at(entry.line, what));
                }
            }
        }
    }
    let mut declared = Vec::new();
    for (written, (line, keys)) in files {
        let file = data_at(folder, &written, line)?;
        let parameter = |key: Option<String>, line| Declared {
            file: file.clone(),
            written: written.clone(),
            key,
            line,
            made: false,
        };
        match keys {
            None => declared.push(parameter(None, line)),
            Some(keys) => {
                for key in keys {
                    declared.push(parameter(Some(text(key, "a parameter's name")?), key.line));
                }
            }
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
    const KEYS: &[&str] = &["threads", "time", "memory", "gpus", "mutex", "environment", "params"];
    check_keys(own, KEYS, "`meta.retrial`")?;
    if let Some(entry) = own.get("threads") {
        extension.threads = match &entry.node.value {
            Value::Int(threads @ 1..) => Threads::Number(usize::try_from(*threads).unwrap_or(usize::MAX)),
            Value::Text(all) if all == "all" => Threads::All,
            Value::Text(any) if any == "any" => Threads::Any,
            _ => return Err(Complaint::at(entry.line, "`threads` needs a number from 1, `all` or `any`".to_owned())),
        };
    }
    if let Some(entry) = own.get("time") {
        extension.time = Some(size::seconds("time", &entry.node)?);
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

/// The path of data: of a dependency, an output or a parameter file.
fn data_at(folder: &RepoPath, written: &str, line: u32) -> Result<RepoPath, Complaint> {
    let complain = |what: &str| Err(Complaint::at(line, format!("`{written}` {what}")));
    if written.contains("://") {
        return complain("is not a path: fetch remote data in a stage, and name the file that it makes");
    }
    let path = path_at(folder, written, line)?;
    if path.name() == super::FILE || path.name().ends_with(".dvc") {
        return complain("describes a study for DVC: it can be neither read nor made by a stage");
    }
    Ok(path)
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
