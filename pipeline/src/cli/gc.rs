//! `gc`: removes what nothing needs from the store.

use std::process::ExitCode;

use serde_json::json;

use super::fsck::bytes;
use super::{Context, OverlayArgs, print, print_json};
use crate::error::Error;
use crate::history::scope::{InUse, Scope, in_use};
use crate::manifest::{Overlay, Parameters};
use crate::store::collect::{Collected, collect};

/// Remove from the store what nothing needs; a scope says which runs to forget first
///
/// Without a scope only objects that no run on record needs are removed: what a killed process left, and what stood in the
/// way of an output and was kept. With a scope, runs that are out of use are forgotten first. In use is what the
/// work tree needs (every scope includes -w): runs whose outputs its dvc.lock names or that stand in it, and for each
/// stage the run that `repro` would find with params.yaml or one of its presets, else the newest with these parameters.
/// Runs that failed are never in use.
/// DVC's cache is never touched.
#[derive(Debug, clap::Args)]
pub(super) struct Gc {
    /// Keep what the work tree needs, and forget the rest
    #[arg(short, long)]
    workspace: bool,
    /// Keep also what the dvc.lock of every branch's last commit names
    #[arg(short, long)]
    all_branches: bool,
    /// Keep also what the dvc.lock of every tagged commit names
    #[arg(short = 'T', long)]
    all_tags: bool,
    /// Keep also what the dvc.lock of every commit names
    #[arg(short = 'A', long)]
    all_commits: bool,
    /// Keep also the N newest runs of every stage
    #[arg(long, value_name = "N")]
    keep: Option<usize>,
    /// Show what would go, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// {dry_run, runs: {dropped: [{stage, key}], kept}, objects: {removed, kept}, bytes: {removed, shared, kept}, …}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &Context, arguments: &Gc) -> Result<ExitCode, Error> {
    let parameters = Parameters::load(&context.root, &Overlay::default())?;
    let mut workspace = context.workspace(parameters, &OverlayArgs::none())?;
    let _lock = context.lock(&workspace.store)?;
    let found = match scope(arguments) {
        None => None,
        Some(scope) => {
            let runs = workspace.store.records.all()?;
            Some(in_use(&mut workspace, scope, &runs)?)
        }
    };
    let keep = |run: &crate::store::Entry| found.as_ref().is_none_or(|found| found.runs.contains(&run.id));
    let collected = collect(&mut workspace.store, &context.root, keep, arguments.dry_run)?;
    let notes = found.map(|InUse { notes, .. }| notes).unwrap_or_default();
    if arguments.json {
        print_json(&to_json(&collected, &notes, arguments.dry_run))?;
    } else {
        print(&to_text(&collected, &notes, arguments.dry_run));
    }
    Ok(ExitCode::SUCCESS)
}

fn scope(arguments: &Gc) -> Option<Scope> {
    let Gc { workspace, all_branches, all_tags, all_commits, keep, .. } = *arguments;
    let any = workspace || all_branches || all_tags || all_commits || keep.is_some();
    let scope =
        Scope { branches: all_branches, tags: all_tags, commits: all_commits, newest: keep.unwrap_or_default() };
    any.then_some(scope)
}

fn to_text(collected: &Collected, notes: &[String], dry: bool) -> String {
    let (removed, dropped) = if dry { ("Would remove", "Would forget") } else { ("Removed", "Forgot") };
    let mut text = String::new();
    if !collected.runs_dropped.is_empty() {
        text += &format!("{dropped} {} runs; {} stay.\n", collected.runs_dropped.len(), collected.runs_kept);
    }
    text += &format!("{removed} {} objects, {}", collected.objects_removed, bytes(collected.bytes_removed));
    if collected.bytes_shared > 0 {
        text += &format!(
            " (of which {} stay on disk under another name, as in DVC's cache)",
            bytes(collected.bytes_shared)
        );
    }
    text += &format!("; {} objects, {} stay.\n", collected.objects_kept, bytes(collected.bytes_kept));
    if collected.leftovers > 0 {
        text += &format!("{removed} {} half-written files.\n", collected.leftovers);
    }
    if collected.damaged > 0 {
        text += &format!("{removed} {} damaged objects that were set aside.\n", collected.damaged);
    }
    for note in notes {
        text += &format!("note: {note}\n");
    }
    text
}

fn to_json(collected: &Collected, notes: &[String], dry: bool) -> serde_json::Value {
    let run = |(stage, key): &(String, String)| json!({ "stage": stage, "key": key });
    json!({
        "dry_run": dry,
        "runs": {
            "dropped": collected.runs_dropped.iter().map(run).collect::<Vec<_>>(),
            "kept": collected.runs_kept,
        },
        "objects": { "removed": collected.objects_removed, "kept": collected.objects_kept },
        "bytes": {
            "removed": collected.bytes_removed,
            "shared": collected.bytes_shared,
            "kept": collected.bytes_kept,
        },
        "leftovers": collected.leftovers,
        "damaged": collected.damaged,
        "notes": notes,
    })
}
