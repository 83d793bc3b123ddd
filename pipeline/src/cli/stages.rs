//! `stages`: the stages of the study, resolved.

use std::process::ExitCode;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{Context, OverlayArgs, print, print_json};
use crate::error::Error;
use crate::manifest::{Output, OutputKind, Stage};

/// List the stages as they stand after `${…}`, foreach and matrix
#[derive(Debug, clap::Args)]
pub(super) struct Stages {
    #[command(flatten)]
    overlay: OverlayArgs,
    /// [{name, cmd, wdir, deps, params, outs, metrics, plots, frozen, always_changed}]
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &Context, arguments: &Stages) -> Result<ExitCode, Error> {
    let (_, graph) = context.load(&arguments.overlay)?;
    if arguments.json {
        let all: Vec<Value> = graph.stages.iter().map(to_json).collect();
        print_json(&all)?;
    } else {
        print(&graph.stages.iter().map(|stage| format!("{}\n", stage.name)).collect::<String>());
    }
    Ok(ExitCode::SUCCESS)
}

fn to_json(stage: &Stage) -> Value {
    let mut params: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for declared in &stage.parameters {
        params.entry(&declared.written).or_default().extend(declared.key.as_deref());
    }
    let outputs = |kind: OutputKind| -> Vec<Value> {
        stage.outputs.iter().filter(|output| output.kind == kind).map(output_json).collect()
    };
    json!({
        "name": stage.name,
        "cmd": stage.command.texts(),
        "wdir": stage.folder.to_string(),
        "deps": stage.dependencies.iter().map(|dependency| &dependency.written).collect::<Vec<_>>(),
        "params": params,
        "outs": outputs(OutputKind::Out),
        "metrics": outputs(OutputKind::Metric),
        "plots": outputs(OutputKind::Plot),
        "frozen": stage.frozen,
        "always_changed": stage.always_changed,
    })
}

/// A plain path, or a mapping where a flag is not the default.
fn output_json(output: &Output) -> Value {
    if output.cache && !output.persist {
        return json!(output.written);
    }
    json!({ "path": output.written, "cache": output.cache, "persist": output.persist })
}
