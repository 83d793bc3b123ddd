//! `log`: who made what, when, by which commit.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::{Context, print, print_json, terminal};
use crate::error::Error;
use crate::progress::{bytes, duration};
use crate::store::{Logged, Outcome, Store};
use crate::study::Terminal;

/// List the runs on record, the newest first, also those that failed
///
/// A line says when a run ended, of which stage, how, how long it took, how much memory its largest process had, its key,
/// and the commit. Times are universal time.
#[derive(Debug, clap::Args)]
pub(super) struct Log {
    /// Only runs of this stage; with its name, also what the newest run printed
    stage: Option<String>,
    /// How many runs
    #[arg(short = 'n', long, default_value_t = 20)]
    number: u32,
    /// [{stage, key, outcome, finished, outputs, provenance, log}]
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &Context, arguments: &Log) -> Result<ExitCode, Error> {
    if !Store::exists(&context.root) {
        return Err(Error::State(format!("nothing has run here yet: `{} repro` does", context.study.name)));
    }
    let store = Store::open(&context.root)?;
    let runs = store.records.newest(arguments.stage.as_deref(), arguments.number)?;
    if runs.is_empty()
        && let Some(stage) = &arguments.stage
    {
        return Err(Error::Input(format!("no run of a stage `{stage}` is on record")));
    }
    if arguments.json {
        let all: Vec<Value> = runs.iter().map(to_json).collect();
        print_json(&all)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = table(&runs, terminal());
    if let (Some(_), Some(newest)) = (&arguments.stage, runs.first()) {
        text.push('\n');
        if let Some(why) = newest.run.provenance["why"].as_str() {
            text.push_str(&format!("{}: {why}\n", newest.run.stage));
        }
        text.push_str(&newest.run.log);
    }
    print(&text);
    Ok(ExitCode::SUCCESS)
}

/// One line a run: when, which stage, how it ended, how long it took, the most memory of a process, its key, its commit.
fn table(runs: &[Logged], terminal: Terminal) -> String {
    let rows: Vec<[String; 7]> = runs.iter().map(row).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    // On a narrow terminal names give way, down to what tells most of them apart.
    let others: usize = [0, 2, 3, 4, 5].into_iter().map(|column| width(column) + 2).sum::<usize>() + 12;
    let names = width(1).min(terminal.width.saturating_sub(others).max(20));
    let mut text = String::new();
    for (row, logged) in rows.iter().zip(runs) {
        let [finished, stage, outcome, seconds, memory, key, commit] = row;
        let (start, end) = match (terminal.colour, logged.run.outcome) {
            (true, Outcome::Failed) => ("\x1b[1;31m", "\x1b[0m"),
            (true, Outcome::Interrupted) => ("\x1b[1;33m", "\x1b[0m"),
            _ => ("", ""),
        };
        let (outcomes, times, sizes) = (width(2), width(3), width(4));
        let stage = shortened(stage, names);
        text.push_str(&format!(
            "{finished}  {stage:<names$}  {start}{outcome:<outcomes$}{end}  {seconds:>times$}  {memory:>sizes$}  {key}  {commit}\n"
        ));
    }
    text
}

fn row(logged: &Logged) -> [String; 7] {
    let provenance = &logged.run.provenance;
    let outcome = match (logged.run.outcome, &provenance["exit"]) {
        (Outcome::Failed, exit) => match (exit["status"].as_i64(), exit["signal"].as_i64()) {
            (Some(status @ 1..), _) => format!("failed ({status})"),
            (_, Some(signal)) => format!("failed (signal {signal})"),
            _ => "failed".to_owned(),
        },
        (outcome, _) => outcome.word().to_owned(),
    };
    let commit = match (provenance["git"]["commit"].as_str(), provenance["git"]["uncommitted"]["files"].as_u64()) {
        _ if !provenance["adopted"].is_null() => "adopted from dvc.lock".to_owned(),
        (None, _) => "no commit".to_owned(),
        (Some(commit), None) => start_of(commit),
        (Some(commit), Some(1)) => format!("{} and 1 changed file", start_of(commit)),
        (Some(commit), Some(files)) => format!("{} and {files} changed files", start_of(commit)),
    };
    [
        logged.finished.clone(),
        logged.run.stage.clone(),
        outcome,
        provenance["seconds"].as_f64().map(duration).unwrap_or_default(),
        provenance["usage"]["peak_memory"].as_u64().map(bytes).unwrap_or_default(),
        start_of(&logged.key),
        commit,
    ]
}

/// Enough of a hash to know it by.
fn start_of(hash: &str) -> String {
    hash.chars().take(10).collect()
}

/// The end of a long name tells instances of one stage apart: its middle gives way.
fn shortened(name: &str, width: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= width {
        return name.to_owned();
    }
    let head = (width - 1) / 2;
    let tail = width - 1 - head;
    letters[..head].iter().chain(&['…']).chain(&letters[letters.len() - tail..]).collect()
}

fn to_json(logged: &Logged) -> Value {
    let run = &logged.run;
    let outputs: BTreeMap<_, _> =
        run.outputs.iter().map(|artifact| (&artifact.path, &artifact.content.sha256)).collect();
    json!({
        "stage": run.stage,
        "key": logged.key,
        "outcome": run.outcome,
        "finished": logged.finished,
        "outputs": outputs,
        "provenance": run.provenance,
        "log": run.log,
    })
}
