//! From a file back to raw data and commits: which run made these bytes, from what, and so on.
//!
//! The way back follows digests, not names: a run's recipe has the digests of what it read, so the history is that of the
//! run which made the bytes, even if the work tree has moved on since.

mod makers;
mod source;

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::digest::{Content, Member, folder_of};
use crate::error::Error;
use crate::fingerprint::{Ingredient, Kind};
use crate::history::Repository;
use crate::manifest::Stage;
use crate::path::RepoPath;
use crate::plan::Workspace;
use crate::store::Entry;
use makers::Makers;
pub use source::{Origin, Source};

/// What stood at a path when it was read, by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Bytes {
    pub path: RepoPath,
    pub sha256: String,
}

/// Bytes and where they come from.
#[derive(Debug, Serialize)]
pub struct Node {
    #[serde(flatten)]
    pub bytes: Bytes,
    #[serde(flatten)]
    pub from: From,
    /// What they were made from, in order of path; each is a node of its own.
    pub dependencies: Vec<Bytes>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum From {
    /// The run of a stage.
    Run(Box<Made>),
    /// A folder of outputs of several stages, and perhaps other files: the dependencies.
    Parts(usize),
    /// No stage made it.
    Source(Source),
    /// A folder that a run has read and of whose files there is no record.
    Unknown,
}

/// A run, as far as it says where bytes come from.
#[derive(Debug, Serialize)]
pub struct Made {
    /// The output that the bytes are, or are inside of.
    pub output: String,
    pub stage: String,
    pub key: String,
    pub finished: String,
    /// The lock that vouched for it, where it was not this engine that ran the stage.
    pub adopted: Option<String>,
    pub commit: Option<String>,
    /// How many files differed from the commit.
    pub uncommitted: u64,
    pub command: String,
    /// `file:key` -> JSON.
    pub parameters: BTreeMap<String, String>,
    /// `module a::b` or `crate c` -> digest.
    pub code: BTreeMap<String, String>,
    pub environment: BTreeMap<String, String>,
}

/// A file's whole history.
#[derive(Debug, Serialize)]
pub struct Lineage {
    pub file: RepoPath,
    /// Of what is there now; `None` where nothing is.
    pub sha256: Option<String>,
    pub standing: Standing,
    /// The stage whose output it is by dvc.yaml, where no run on record made it.
    pub declared_by: Option<String>,
    /// The file's own node first; each node before those that it depends on.
    pub nodes: Vec<Node>,
}

/// How what is at the traced path now relates to the first node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It is these bytes.
    Same,
    /// A run wrote something else there: the node is the newest run's.
    Changed,
    /// It is gone: the node is the newest run's.
    Gone,
    /// The same bytes were made as this path.
    Elsewhere(String),
}

/// Traces what is at `path`; `None` where nothing is there and no run ever made it. `stages` are those of dvc.yaml, as far as
/// it can be read.
pub fn trace(
    workspace: &mut Workspace,
    repository: Option<&Repository>,
    stages: &[Stage],
    path: &RepoPath,
) -> Result<Option<Lineage>, Error> {
    let runs = workspace.store.records.all()?;
    let makers = Makers::new(&runs);
    let content = workspace.content(path)?;
    let now = content.as_ref().map(|content| content.sha256.clone());
    let (standing, start) = match &now {
        Some(sha256) => standing(&makers, path, sha256),
        None => match makers.newest(path) {
            Some(sha256) => (Standing::Gone, Bytes { path: path.clone(), sha256 }),
            None => return Ok(None),
        },
    };
    let mut tracer = Tracer { workspace, makers, source: source::Sources::new(repository), folders: HashMap::new() };
    if let Some(Content { sha256, members: Some(members), .. }) = content {
        tracer.folders.insert(sha256, members);
    }
    let nodes = tracer.walk(start)?;
    let no_run = matches!(nodes.first(), Some(Node { from: From::Source(_), .. }));
    let makes = |stage: &&Stage| no_run && stage.outputs.iter().any(|output| path.is_in(&output.path));
    let declared_by = stages.iter().find(makes).map(|stage| stage.name.clone());
    Ok(Some(Lineage { file: path.clone(), sha256: now, standing, declared_by, nodes }))
}

/// Whose history to tell of bytes at a path.
fn standing(makers: &Makers, path: &RepoPath, sha256: &str) -> (Standing, Bytes) {
    let here = |sha256: String| Bytes { path: path.clone(), sha256 };
    if makers.find(path, sha256, None).is_none() {
        if let Some(made) = makers.newest(path) {
            return (Standing::Changed, here(made));
        }
        if let Some(elsewhere) = makers.elsewhere(sha256) {
            let standing = Standing::Elsewhere(elsewhere.as_str().to_owned());
            return (standing, Bytes { path: elsewhere, sha256: sha256.to_owned() });
        }
    }
    (Standing::Same, here(sha256.to_owned()))
}

/// A node that is still to be traced, and the run that read it.
struct Open {
    bytes: Bytes,
    reader: Option<usize>,
    /// These files of the folder only: those that no run made.
    part: Option<Vec<Member>>,
}

struct Tracer<'a, 'b> {
    workspace: &'a mut Workspace<'b>,
    makers: Makers<'a>,
    source: source::Sources<'a>,
    /// The files of folders, by the folders' digests.
    folders: HashMap<String, Vec<Member>>,
}

impl Tracer<'_, '_> {
    /// Depth first, each bytes once. A stack of its own: pipelines may be longer than the thread's stack is deep.
    fn walk(&mut self, start: Bytes) -> Result<Vec<Node>, Error> {
        let mut nodes = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let mut open = vec![Open { bytes: start, reader: None, part: None }];
        while let Some(next) = open.pop() {
            if !seen.insert(next.bytes.clone()) {
                continue;
            }
            let (node, below) = self.node(next)?;
            nodes.push(node);
            open.extend(below.into_iter().rev());
        }
        Ok(nodes)
    }

    fn node(&mut self, open: Open) -> Result<(Node, Vec<Open>), Error> {
        let Open { bytes, reader, part } = open;
        let read_by = reader.map(|run| self.makers.run(run));
        if let Some((run, output)) = self.makers.find(&bytes.path, &bytes.sha256, reader) {
            let entry = self.makers.run(run);
            let dependencies: Vec<Bytes> = dependencies(entry);
            let open = |bytes: &Bytes| Open { bytes: bytes.clone(), reader: Some(run), part: None };
            let below = dependencies.iter().map(open).collect();
            return Ok((Node { bytes, from: From::Run(Box::new(made(entry, output))), dependencies }, below));
        }
        let members = if part.is_none() { self.folder(&bytes)? } else { None };
        if let Some(members) = &members {
            let parts = self.parts(&bytes.path, members, reader);
            if !parts.is_empty() {
                let dependencies: Vec<Bytes> = parts.iter().map(|part| part.bytes.clone()).collect();
                return Ok((Node { bytes, from: From::Parts(members.len()), dependencies }, parts));
            }
        }
        let now = self.workspace.content(&bytes.path)?;
        let whole = part.is_none();
        let files = source::Files { members: part.as_deref().or(members.as_deref()), whole };
        let source = self.source.describe(&bytes, &files, read_by, now.as_ref())?;
        let from = source.map_or(From::Unknown, From::Source);
        Ok((Node { bytes, from, dependencies: Vec::new() }, Vec::new()))
    }

    /// The files that a folder had under this digest: from the records, or from the work tree if it still has it.
    fn folder(&mut self, bytes: &Bytes) -> Result<Option<Vec<Member>>, Error> {
        if let Some(members) = self.folders.get(&bytes.sha256) {
            return Ok(Some(members.clone()));
        }
        let recorded = match self.workspace.store.records.folder(&bytes.sha256)? {
            Some(members) => Some(members),
            None => {
                self.workspace.content(&bytes.path)?.filter(|now| now.sha256 == bytes.sha256).and_then(|it| it.members)
            }
        };
        if let Some(members) = &recorded {
            self.folders.insert(bytes.sha256.clone(), members.clone());
        }
        Ok(recorded)
    }

    /// A folder around outputs, as these outputs and the rest of its files. Empty where it holds no output.
    fn parts(&self, folder: &RepoPath, members: &[Member], reader: Option<usize>) -> Vec<Open> {
        let whole = folder_of(members.to_vec());
        let mut rest: Vec<&Member> = members.iter().collect();
        let mut parts = Vec::new();
        for output in self.makers.outputs_in(folder) {
            let Some(sha256) = output.below(folder).and_then(|inside| whole.digest_at(inside)) else { continue };
            if self.makers.find(&output, &sha256, reader).is_some() {
                rest.retain(|member| !folder.join(&member.path).is_ok_and(|path| path.is_in(&output)));
                parts.push(Open { bytes: Bytes { path: output, sha256 }, reader, part: None });
            }
        }
        if parts.is_empty() || rest.is_empty() {
            return parts;
        }
        match rest.as_slice() {
            [file] => parts.extend(folder.join(&file.path).map(|path| {
                let bytes = Bytes { path, sha256: file.sha256.clone() };
                Open { bytes, reader, part: None }
            })),
            files => {
                let files: Vec<Member> = files.iter().copied().cloned().collect();
                let bytes = Bytes { path: folder.clone(), sha256: folder_of(files.clone()).sha256 };
                parts.push(Open { bytes, reader, part: Some(files) });
            }
        }
        parts
    }
}

fn dependencies(run: &Entry) -> Vec<Bytes> {
    let ingredients = run.recipe.iter().flat_map(|recipe| recipe.ingredients());
    let read = ingredients.filter(|entry| entry.0 == Kind::Dependency);
    let bytes = |Ingredient(_, path, sha256): &Ingredient| {
        Some(Bytes { path: RepoPath::root().join(path).ok()?, sha256: sha256.clone() })
    };
    read.filter_map(bytes).collect()
}

fn made(run: &Entry, output: &str) -> Made {
    let of = |kind: Kind| -> BTreeMap<String, String> {
        let ingredients = run.recipe.iter().flat_map(|recipe| recipe.ingredients());
        let chosen = ingredients.filter(|entry| entry.0 == kind);
        chosen.map(|Ingredient(_, name, value)| (name.clone(), value.clone())).collect()
    };
    let git = &run.provenance["git"];
    Made {
        output: output.to_owned(),
        stage: run.stage.clone(),
        key: run.key.clone(),
        finished: run.finished.clone(),
        adopted: run.provenance["adopted"].as_str().map(str::to_owned),
        commit: git["commit"].as_str().map(str::to_owned),
        uncommitted: git["uncommitted"]["files"].as_u64().unwrap_or(0),
        command: of(Kind::Command).remove("cmd").unwrap_or_default(),
        parameters: of(Kind::Parameter),
        code: of(Kind::Code),
        environment: of(Kind::Environment),
    }
}
