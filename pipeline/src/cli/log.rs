//! `log`: who made what, when, by which commit.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::{Context, print, print_json};
use crate::error::Error;
use crate::progress::duration;
use crate::store::{Logged, Store};

/// List the runs on record, the newest first
#[derive(Debug, clap::Args)]
pub(super) struct Log {
    /// Only runs of this stage; with its name, also what the newest run printed
    stage: Option<String>,
    /// How many runs
    #[arg(short = 'n', long, default_value_t = 20)]
    number: u32,
    /// [{stage, key, finished, outputs, provenance, log}]
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
    let width = runs.iter().map(|logged| logged.run.stage.chars().count()).max().unwrap_or(0);
    let mut text: String = runs.iter().map(|logged| line(logged, width)).collect();
    if let (Some(_), Some(newest)) = (&arguments.stage, runs.first()) {
        text.push('\n');
        text.push_str(&newest.run.log);
    }
    print(&text);
    Ok(ExitCode::SUCCESS)
}

fn line(logged: &Logged, width: usize) -> String {
    let provenance = &logged.run.provenance;
    let seconds = provenance["seconds"].as_f64().map(duration).unwrap_or_default();
    let commit = match (provenance["git"]["commit"].as_str(), provenance["git"]["uncommitted"]["files"].as_u64()) {
        (None, _) => "no commit".to_owned(),
        (Some(commit), None) => commit.chars().take(10).collect(),
        (Some(commit), Some(files)) => format!("{} and {files} changed files", &commit[..commit.len().min(10)]),
    };
    let (stage, finished) = (&logged.run.stage, &logged.finished);
    format!("{finished}  {stage:<width$}  {seconds:>12}  {}  {commit}\n", &logged.key[..logged.key.len().min(10)])
}

fn to_json(logged: &Logged) -> Value {
    json!({
        "stage": logged.run.stage,
        "key": logged.key,
        "finished": logged.finished,
        "outputs": logged.run.outputs.iter().map(|artifact| (&artifact.path, &artifact.content.sha256)).collect::<std::collections::BTreeMap<_, _>>(),
        "provenance": logged.run.provenance,
        "log": logged.run.log,
    })
}
