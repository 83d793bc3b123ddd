//! `status`: what would run, and why.

use std::collections::BTreeSet;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::{Context, OverlayArgs, print, print_json};
use crate::error::Error;
use crate::fingerprint::{Change, Kind};
use crate::graph::Graph;
use crate::manifest::Stage;
use crate::plan::{self, Assessment, OutputChange, Reason, Standing, Workspace};

/// Show what `repro` would run or restore, and why
#[derive(Debug, clap::Args)]
pub(super) struct Status {
    /// Stages (or their outputs) to look at with all that they rest on; default: everything
    targets: Vec<String>,
    #[command(flatten)]
    overlay: OverlayArgs,
    /// {stage: [{"changed deps": {path: "modified"}}, …]}, in DVC's words
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &Context, arguments: &Status) -> Result<ExitCode, Error> {
    let (parameters, graph) = context.load(&arguments.overlay)?;
    let wanted = graph.select(&arguments.targets, false)?;
    graph.check_dependencies(&context.root)?;
    let mut workspace = context.workspace(parameters, &arguments.overlay)?;
    show(&mut workspace, &graph, &wanted, arguments.json)
}

/// How a stage that is not up to date stands.
enum Finding {
    Restore(Reason),
    Run(Reason),
    /// Its inputs are not settled: a stage upstream has to run first.
    Waits(Vec<String>),
}

pub(super) fn show(
    workspace: &mut Workspace,
    graph: &Graph,
    wanted: &BTreeSet<usize>,
    json: bool,
) -> Result<ExitCode, Error> {
    let findings = findings(workspace, graph, wanted)?;
    if json {
        let all: Map<String, Value> = findings.iter().map(|(stage, finding)| (stage.clone(), words(finding))).collect();
        print_json(&all)?;
    } else if findings.is_empty() {
        print("Everything is up to date.");
    } else {
        print(&findings.iter().map(|(stage, finding)| sentence(stage, finding)).collect::<String>());
    }
    let remembered = workspace.store.records.remember(&mut workspace.memo);
    remembered?;
    Ok(ExitCode::SUCCESS)
}

fn findings(
    workspace: &mut Workspace,
    graph: &Graph,
    wanted: &BTreeSet<usize>,
) -> Result<Vec<(String, Finding)>, Error> {
    let mut unsettled = BTreeSet::new();
    let mut findings = Vec::new();
    for &index in graph.order.iter().filter(|index| wanted.contains(index)) {
        let stage = &graph.stages[index];
        let waits: Vec<usize> =
            graph.upstream[index].iter().copied().filter(|above| unsettled.contains(above)).collect();
        if !waits.is_empty() && !stage.frozen {
            unsettled.insert(index);
            let names = waits.iter().map(|&above| graph.stages[above].name.clone()).collect();
            findings.push((stage.name.clone(), Finding::Waits(names)));
            continue;
        }
        let assessment = plan::assess(workspace, stage)?;
        match &assessment.standing {
            Standing::Fresh(_) => {}
            Standing::Stored(_) => {
                unsettled.insert(index);
                let reason = plan::reason(workspace, stage, &assessment)?;
                findings.push((stage.name.clone(), Finding::Restore(reason)));
            }
            Standing::Stale => {
                unsettled.insert(index);
                let reason = plan::reason(workspace, stage, &assessment)?;
                findings.push((stage.name.clone(), Finding::Run(reason)));
            }
        }
    }
    Ok(findings)
}

/// Why a stage is to be restored or to run, as `status` says it.
pub(super) fn explain(
    workspace: &mut Workspace,
    stage: &Stage,
    assessment: &Assessment,
    stored: bool,
) -> Result<String, Error> {
    let reason = plan::reason(workspace, stage, assessment)?;
    Ok(sentence(&stage.name, &if stored { Finding::Restore(reason) } else { Finding::Run(reason) }))
}

fn sentence(stage: &str, finding: &Finding) -> String {
    let (what, reason) = match finding {
        Finding::Waits(names) => return format!("{stage}: waits for {}\n", grouped(names)),
        Finding::Restore(reason) => ("will be restored", reason),
        Finding::Run(reason) => ("will run", reason),
    };
    let mut text = format!("{stage}: {what}");
    match reason {
        Reason::NeverRan => text.push_str(": it has not run yet\n"),
        Reason::AlwaysChanged => text.push_str(": it always does\n"),
        Reason::Changed(changes) => {
            text.push('\n');
            for line in changes.iter().flat_map(change_lines) {
                text.push_str(&format!("    {line}\n"));
            }
        }
        Reason::Outputs(outputs) => {
            text.push('\n');
            for (path, change) in outputs {
                text.push_str(&format!("    output {path} is {}\n", output_word(*change)));
            }
        }
    }
    text
}

/// One line for each change; of a parameter that is a mapping, for each value inside it.
fn change_lines(change: &Change) -> Vec<String> {
    let (kind, name) = (change.kind.word(), &change.name);
    match (&change.was, &change.is) {
        (Some(was), Some(is)) if change.kind == Kind::Parameter => {
            let value = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
            let mut differences = Vec::new();
            compare(name, Some(&value(was)), Some(&value(is)), &mut differences);
            differences.into_iter().map(|difference| format!("{kind} {difference}")).collect()
        }
        (Some(was), Some(is)) if change.kind == Kind::Environment => vec![format!("{kind} {name}: {was} -> {is}")],
        (Some(_), Some(_)) => vec![format!("{kind} {name} is modified")],
        (None, _) => vec![format!("{kind} {name} is new")],
        (_, None) => vec![format!("{kind} {name} is gone")],
    }
}

/// The values in which two JSON values differ, each with its dotted name.
fn compare(name: &str, was: Option<&Value>, is: Option<&Value>, differences: &mut Vec<String>) {
    match (was, is) {
        (Some(Value::Object(was)), Some(Value::Object(is))) => {
            let keys: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
            for key in keys {
                compare(&format!("{name}.{key}"), was.get(key), is.get(key), differences);
            }
        }
        (was, is) if was != is => {
            let text = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
            differences.push(format!("{name}: {} -> {}", text(was), text(is)));
        }
        _ => {}
    }
}

/// Names of stages, the instances of one `foreach` or `matrix` together where there are many.
fn grouped(names: &[String]) -> String {
    if names.len() <= 3 {
        return names.join(", ");
    }
    let mut groups: Vec<(&str, usize)> = Vec::new();
    for name in names.iter().map(|name| name.split('@').next().unwrap_or(name)) {
        match groups.last_mut() {
            Some((group, count)) if *group == name => *count += 1,
            _ => groups.push((name, 1)),
        }
    }
    let texts = groups.into_iter().map(|(name, n)| if n > 1 { format!("{name} ×{n}") } else { name.to_owned() });
    texts.collect::<Vec<_>>().join(", ")
}

fn output_word(change: OutputChange) -> &'static str {
    match change {
        OutputChange::Deleted => "deleted",
        OutputChange::Modified => "modified",
        OutputChange::NotStored => "not in cache",
    }
}

/// DVC's vocabulary; `changed code`, `changed environment` and `waits for` are ours.
fn words(finding: &Finding) -> Value {
    let reason = match finding {
        Finding::Waits(names) => return json!([{ "waits for": names }]),
        Finding::Restore(reason) | Finding::Run(reason) => reason,
    };
    match reason {
        Reason::NeverRan => json!(["new"]),
        Reason::AlwaysChanged => json!(["always changed"]),
        Reason::Outputs(outputs) => {
            let outputs: Map<String, Value> =
                outputs.iter().map(|(path, change)| (path.clone(), output_word(*change).into())).collect();
            json!([{ "changed outs": outputs }])
        }
        Reason::Changed(changes) => {
            let mut list = Vec::new();
            for (kinds, words) in [
                (&[Kind::Dependency, Kind::Parameter][..], "changed deps"),
                (&[Kind::Output], "changed outs"),
                (&[Kind::Environment], "changed environment"),
                (&[Kind::Code], "changed code"),
                (&[Kind::Commit], "changed commit"),
            ] {
                let mut group = Map::new();
                for change in changes.iter().filter(|change| kinds.contains(&change.kind)) {
                    let word = match (&change.was, &change.is) {
                        (Some(_), Some(_)) => "modified",
                        (None, _) => "new",
                        (_, None) => "deleted",
                    };
                    match change.name.split_once(':').filter(|_| change.kind == Kind::Parameter) {
                        Some((file, key)) => {
                            group.entry(file).or_insert_with(|| json!({}))[key] = word.into();
                        }
                        None => {
                            group.insert(change.name.clone(), word.into());
                        }
                    }
                }
                if !group.is_empty() {
                    list.push(json!({ words: group }));
                }
            }
            if changes.iter().any(|change| matches!(change.kind, Kind::Command | Kind::Folder)) {
                list.push("changed command".into());
            }
            Value::Array(list)
        }
    }
}
