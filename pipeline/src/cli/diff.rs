//! `diff`: parameters, metrics and verdicts that differ between two commits, or a commit and the work tree.

use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::table::table;
use super::{Context, OverlayArgs, print, print_json};
use crate::error::Error;
use crate::history::compare::{Changed, Comparison, Sources, change, compare};
use crate::history::{Repository, State};
use crate::store::{Archive, Store};
use crate::study::Finding;

/// Show which parameters, metrics and verdicts differ between two commits, or between a commit and the work tree
///
/// Metrics of a commit are read from git or, by what its dvc.lock says, from the store or DVC's cache.
#[derive(Debug, clap::Args)]
pub(super) struct Diff {
    /// The commit to compare with
    #[arg(default_value = "HEAD", value_name = "REV")]
    old: String,
    /// The other commit; default: the work tree
    #[arg(value_name = "REV")]
    new: Option<String>,
    /// {params: {file: {key: {old, new}}}, metrics: {file: {key: {old, new, diff}}}, verdicts: [..], notes: [..]}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &Context, arguments: &Diff) -> Result<ExitCode, Error> {
    let repository = Repository::open(&context.root)?;
    let old = State::at(&repository, &arguments.old)?;
    let new = match &arguments.new {
        Some(revision) => State::at(&repository, revision)?,
        None => State::of_work_tree(&context.root, context.load(&OverlayArgs::none())?.1.stages)?,
    };
    let store = Store::open(&context.root)?;
    let archive = Archive::open(&store.records)?;
    let sources = Sources { repository: &repository, archive: &archive, objects: &store.objects };
    let comparison = compare(&old, &new, &sources, context.study)?;
    let findings = context.study.findings.name;
    if arguments.json {
        print_json(&to_json(&comparison, findings))?;
    } else {
        print(&to_text(&comparison, &old.name, &new.name, findings));
    }
    Ok(ExitCode::SUCCESS)
}

fn to_text(comparison: &Comparison, old: &str, new: &str, findings: &str) -> String {
    let mut parts = Vec::new();
    let row = |changed: &Changed| {
        vec![changed.file.clone(), changed.key.clone(), cell(changed.old.as_ref()), cell(changed.new.as_ref())]
    };
    if !comparison.parameters.is_empty() {
        let rows = comparison.parameters.iter().map(row).collect();
        parts.push(table(&["Path", "Param", old, new], rows));
    }
    if !comparison.metrics.is_empty() {
        let with_change = |changed: &Changed| {
            let change = change(changed).map(|change| rounded(&change));
            row(changed).into_iter().chain([change.unwrap_or_else(|| "-".to_owned())]).collect()
        };
        let rows = comparison.metrics.iter().map(with_change).collect();
        parts.push(table(&["Path", "Metric", old, new, "Change"], rows));
    }
    if !comparison.findings.is_empty() {
        let words = |finding: &Option<Finding>| finding.as_ref().map_or_else(|| "-".to_owned(), |it| it.words.clone());
        let row = |found: &crate::study::Difference| vec![found.subject.clone(), words(&found.old), words(&found.new)];
        let rows = comparison.findings.iter().map(row).collect();
        let title: String =
            findings.chars().take(1).flat_map(char::to_uppercase).chain(findings.chars().skip(1)).collect();
        parts.push(table(&[&title, old, new], rows));
    }
    if parts.is_empty() && comparison.notes.is_empty() {
        parts.push(format!("No parameter, metric or other finding differs between {old} and {new}.\n"));
    }
    if !comparison.notes.is_empty() {
        parts.push(comparison.notes.iter().map(|note| format!("note: {note}\n")).collect());
    }
    parts.join("\n")
}

/// A value as a table shows it; text that could be taken for something else stands in quotes.
fn cell(value: Option<&Value>) -> String {
    match value {
        None => "-".to_owned(),
        Some(Value::String(text)) if serde_json::from_str::<Value>(text).is_err() && !text.is_empty() => text.clone(),
        Some(value) => value.to_string(),
    }
}

/// Without the last digits, in which the difference of two decimal fractions is no decimal fraction.
fn rounded(change: &Value) -> String {
    match change.as_f64().filter(|_| change.is_f64()) {
        Some(change) => format!("{change:.10e}").parse::<f64>().unwrap_or(change).to_string(),
        None => change.to_string(),
    }
}

fn to_json(comparison: &Comparison, findings: &str) -> Value {
    let values = |list: &[Changed], with_change: bool| {
        let mut files = Map::new();
        for changed in list {
            let mut entry = json!({ "old": changed.old, "new": changed.new });
            if with_change && let Some(change) = change(changed) {
                entry["diff"] = change;
            }
            files.entry(&changed.file).or_insert_with(|| json!({}))[&changed.key] = entry;
        }
        files
    };
    let data = |finding: &Option<Finding>| finding.as_ref().map(|finding| finding.data.clone());
    let found =
        |it: &crate::study::Difference| json!({ "subject": it.subject, "old": data(&it.old), "new": data(&it.new) });
    json!({
        "params": values(&comparison.parameters, false),
        "metrics": values(&comparison.metrics, true),
        findings: comparison.findings.iter().map(found).collect::<Vec<_>>(),
        "notes": comparison.notes,
    })
}
