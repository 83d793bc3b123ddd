//! `trace`: where a file comes from.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::process::ExitCode;

use super::{Context, OverlayArgs, print, print_json};
use crate::error::Error;
use crate::history::Repository;
use crate::lineage::{self, Bytes, From, Lineage, Made, Node, Origin, Source, Standing};
use crate::manifest::{Overlay, Parameters};

/// Follow a file back to raw data and commits: which run made these bytes, from what, and so on
///
/// The run is found by the SHA-256 of what is there now; what it read, by the digests in its record. So this is the
/// history of the run that made the bytes, even if the work tree has moved on. What was shown before is only named.
#[derive(Debug, clap::Args)]
pub(super) struct Trace {
    /// An output, a file inside one, or any other file or folder
    file: String,
    /// {file, sha256, standing, declared_by, nodes: [{path, sha256, run | parts | source | unknown, dependencies: [{path, sha256}]}]}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &Context, arguments: &Trace) -> Result<ExitCode, Error> {
    let path = context.path(&arguments.file)?;
    // A trace needs the records; dvc.yaml may be broken or have moved on.
    let parameters = Parameters::load(&context.root, &Overlay::default())?;
    let mut workspace = context.workspace(parameters, &OverlayArgs::none())?;
    let repository = Repository::open(&context.root).ok();
    let stages = context.load(&OverlayArgs::none()).map(|(_, graph)| graph.stages).unwrap_or_default();
    let Some(lineage) = lineage::trace(&mut workspace, repository.as_ref(), &stages, &path)? else {
        return Err(Error::Input(format!("{path}: does not exist, and no run on record made it")));
    };
    if arguments.json {
        print_json(&lineage)?;
    } else {
        print(&to_text(&lineage, context.study.name));
    }
    workspace.store.records.remember(&mut workspace.memo)?;
    Ok(ExitCode::SUCCESS)
}

fn to_text(lineage: &Lineage, program: &str) -> String {
    let mut text = match &lineage.standing {
        Standing::Same => String::new(),
        Standing::Changed => format!(
            "{} is not what a run made: it was changed since. This is the history of what the newest run made there.\n",
            lineage.file
        ),
        Standing::Gone => format!("{} is gone. This is the history of what the newest run made there.\n", lineage.file),
        Standing::Elsewhere(path) => format!("No run made {}, but its bytes were made as {path}.\n", lineage.file),
    };
    if let Some(stage) = &lineage.declared_by {
        let _ =
            writeln!(text, "Stage {stage} makes it, but no run on record did: `{program} repro {stage}` records one.");
    }
    let nodes: HashMap<&Bytes, &Node> = lineage.nodes.iter().map(|node| (&node.bytes, node)).collect();
    let Some(first) = lineage.nodes.first() else { return text };
    let mut shown: HashSet<&Bytes> = HashSet::new();
    // What is still to be drawn, with what stands before its branch and before all below it.
    let mut open = vec![(&first.bytes, String::new(), String::new())];
    while let Some((bytes, branch, below)) = open.pop() {
        let Some(node) = nodes.get(bytes) else { continue };
        if !shown.insert(bytes) {
            let _ = writeln!(text, "{branch}{}  (see above)", bytes.path);
            continue;
        }
        let (head, details) = describe(node);
        let _ = writeln!(text, "{branch}{head}");
        let guide = if node.dependencies.is_empty() { "   " } else { "│  " };
        for line in details {
            let _ = writeln!(text, "{below}{guide}  {line}");
        }
        let last = node.dependencies.len().saturating_sub(1);
        for (at, bytes) in node.dependencies.iter().enumerate().rev() {
            let (fork, guide) = if at == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            open.push((bytes, format!("{below}{fork}"), format!("{below}{guide}")));
        }
    }
    text
}

/// One line on where bytes come from, and the lines below it.
fn describe(node: &Node) -> (String, Vec<String>) {
    let path = &node.bytes.path;
    match &node.from {
        From::Run(made) => (format!("{path}  {}", maker(made, path.as_str())), recipe(made)),
        From::Parts(files) => (format!("{path}  folder of {}", counted(*files, "file")), Vec::new()),
        From::Source(source) => (format!("{path}  {}", origin(source)), Vec::new()),
        From::Unknown => {
            let what = "folder that has changed since it was read; which files it had then is not on record";
            (format!("{path}  {what}"), Vec::new())
        }
    }
}

fn maker(made: &Made, path: &str) -> String {
    let mut text = format!("stage {}, run {} of {}", made.stage, short(&made.key), made.finished);
    if made.output != path {
        let _ = write!(text, ", in its output {}", made.output);
    }
    match (&made.adopted, &made.commit) {
        (Some(lock), _) => {
            let _ = write!(text, ", adopted from {lock}");
        }
        (None, None) => text.push_str(", at no commit"),
        (None, Some(commit)) => {
            let _ = write!(text, ", at commit {}", short(commit));
            if made.uncommitted > 0 {
                let _ = write!(text, " with {}", counted_u64(made.uncommitted, "uncommitted file"));
            }
        }
    }
    text
}

fn recipe(made: &Made) -> Vec<String> {
    let mut lines: Vec<String> = made.command.lines().map(|line| format!("$ {line}")).collect();
    lines.extend(made.parameters.iter().map(|(name, value)| format!("{} = {value}", name.replacen(':', ": ", 1))));
    lines.extend(made.environment.iter().map(|(name, value)| match value.strip_prefix('=') {
        Some(value) => format!("environment: {name} = {value}"),
        None => format!("environment: {name} is not set"),
    }));
    if !made.code.is_empty() {
        let modules = made.code.keys().filter(|name| name.starts_with("module ")).count();
        let crates = made.code.len() - modules;
        lines.push(format!("code: {}, {}", counted(modules, "module"), counted(crates, "crate")));
    }
    lines
}

fn origin(source: &Source) -> String {
    let mut text = source.files.map(|files| format!("folder of {}, ", counted(files, "file"))).unwrap_or_default();
    let commit = source.commit.as_ref().map(|commit| format!("{} ({})", short(&commit.id), commit.summary));
    let commit = commit.unwrap_or_default();
    let _ = match (source.origin, &source.dvc_file) {
        (_, Some(dvc_file)) => write!(text, "kept by DVC: {dvc_file}, last changed by commit {commit}"),
        (Origin::Committed, _) => write!(text, "last changed by commit {commit}"),
        (Origin::Modified, _) if commit.is_empty() => write!(text, "added to git, not committed"),
        (Origin::Modified, _) => match source.files {
            Some(_) => write!(text, "{} not as commit {commit} has them", source.differing),
            None => write!(text, "modified since commit {commit}"),
        },
        (Origin::Untracked, _) => write!(text, "not tracked by git"),
        (Origin::Ignored, _) => write!(text, "ignored by git"),
        (Origin::Unversioned, _) => write!(text, "in no git repository"),
    };
    match source.same_now {
        Some(true) => {}
        Some(false) => text.push_str("; it has changed since it was read"),
        None => text.push_str("; it is gone"),
    }
    text
}

fn short(id: &str) -> &str {
    id.get(..10).unwrap_or(id)
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn counted_u64(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
