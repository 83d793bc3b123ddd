//! `checkout`: the outputs of a commit, back in the work tree.

use std::process::ExitCode;

use serde_json::json;

use super::{Context, OverlayArgs, print, print_json};
use crate::checkout::{Missing, Outcome, Target, checkout};
use crate::error::Error;
use crate::history::{Repository, State, Tracked};
use crate::path::RepoPath;

/// Bring back the outputs of a commit, as its dvc.lock names them, from the store or DVC's cache
///
/// The bytes are checked against the lock. Files that git tracks, dvc.lock among them, are left to git: after
/// `git checkout REV`, `checkout` without a commit brings the outputs that belong to the work tree's dvc.lock. Outputs
/// of other commits that retrial had put into the work tree go (the store keeps them). Exit code 1: an output could not
/// be brought back.
#[derive(Debug, clap::Args)]
pub(super) struct Checkout {
    /// A commit, branch or tag; default: the work tree's dvc.lock
    #[arg(value_name = "REV")]
    revision: Option<String>,
    /// Only these stages, outputs, or outputs in these folders
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// {added: [path], modified: [path], deleted: [path], missing: [{path, stage, why}]}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &Context, arguments: &Checkout) -> Result<ExitCode, Error> {
    let repository = Repository::open(&context.root).ok();
    let (parameters, graph) = context.load(&OverlayArgs::none())?;
    let mut targets: Vec<&String> = arguments.targets.iter().collect();
    let mut revision = arguments.revision.as_ref();
    // As git does: what is no commit may be a path.
    if let Some(first) = revision
        && repository.as_ref().is_none_or(|repository| repository.commit(first).is_err())
    {
        targets.insert(0, first);
        revision = None;
    }
    let state = match (revision, &repository) {
        (Some(revision), Some(repository)) => State::at(repository, revision)?,
        _ => State::of_work_tree(&context.root, graph.stages)?,
    };
    let tracked = repository.map_or_else(|| Ok(Tracked::default()), |repository| repository.tracked())?;
    let to_target = |written: &&String| Target { written: (*written).clone(), path: context.path(written).ok() };
    let targets: Vec<Target> = targets.iter().map(to_target).collect();
    let mut workspace = context.workspace(parameters, &OverlayArgs::none())?;
    let _lock = context.lock(&workspace.store)?;
    let outcome = checkout(&mut workspace, &state, &targets, &tracked)?;
    if arguments.json {
        print_json(&to_json(&outcome))?;
    } else {
        print(&to_text(context, &outcome, revision.map(String::as_str)));
    }
    Ok(ExitCode::from(u8::from(!outcome.missing.is_empty())))
}

/// A command with more stages than this is no help: all of them, then.
const MOST_NAMES: usize = 4;

fn to_text(context: &Context, outcome: &Outcome, revision: Option<&str>) -> String {
    let mut text = String::new();
    for (letter, paths) in [('A', &outcome.added), ('M', &outcome.modified), ('D', &outcome.deleted)] {
        for path in paths {
            let slash = if path.within(&context.root).is_dir() { "/" } else { "" };
            text.push_str(&format!("{letter}\t{path}{slash}\n"));
        }
    }
    for Missing { path, stage, why } in &outcome.missing {
        text.push_str(&format!("missing\t{path} of stage {stage}: {why}\n"));
    }
    if !outcome.missing.is_empty() {
        let program = context.study.name;
        let there = revision.map(|revision| format!("git checkout {revision} && ")).unwrap_or_default();
        let mut stages: Vec<&str> = outcome.missing.iter().map(|missing| missing.stage.as_str()).collect();
        stages.dedup();
        let stages = if stages.len() <= MOST_NAMES { format!(" {}", stages.join(" ")) } else { String::new() };
        text.push_str(&format!("To make what is missing: {there}{program} repro{stages}\n"));
        if context.root.join(".dvc").is_dir() {
            text.push_str(&format!("To fetch it from DVC's remote: {there}dvc pull, then {program} checkout\n"));
        }
    }
    text
}

fn to_json(outcome: &Outcome) -> serde_json::Value {
    let paths = |paths: &[RepoPath]| paths.iter().map(|path| path.as_str().to_owned()).collect::<Vec<_>>();
    let missing = |it: &Missing| json!({ "path": it.path, "stage": it.stage, "why": it.why });
    json!({
        "added": paths(&outcome.added),
        "modified": paths(&outcome.modified),
        "deleted": paths(&outcome.deleted),
        "missing": outcome.missing.iter().map(missing).collect::<Vec<_>>(),
    })
}
