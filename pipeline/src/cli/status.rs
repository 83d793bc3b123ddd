//! `status`: what would run, and why.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::{Context, OverlayArgs, print, print_json};
use crate::error::Error;
use crate::execute::{self, tidy};
use crate::fingerprint::{Change, Ingredient, Kind};
use crate::graph::Graph;
use crate::manifest::Stage;
use crate::manifest::params::Declared;
use crate::plan::{self, Assessment, Standing, Workspace};
use crate::reason::{self, Missing, OutputChange, Reason};

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
    let mut workspace = context.workspace(parameters, &arguments.overlay)?;
    show(&mut workspace, &graph, &wanted, false, arguments.json)
}

/// How a stage that is not up to date stands.
enum Finding {
    Restore(Reason),
    Run(Reason),
    /// Something that it needs does not exist.
    CannotRun(Reason, Missing),
    /// Its inputs are not settled: a stage upstream has to run first.
    Waits(Vec<String>),
    /// It is told to.
    Forced,
}

pub(super) fn show(
    workspace: &mut Workspace,
    graph: &Graph,
    wanted: &BTreeSet<usize>,
    force: bool,
    json: bool,
) -> Result<ExitCode, Error> {
    execute::check_locks(workspace, graph)?;
    let findings = findings(workspace, graph, wanted, force)?;
    let whole = wanted.len() == graph.stages.len();
    let left_over = if whole { tidy::left_over(workspace, &graph.stages)?.remove } else { Vec::new() };
    if json {
        let words = |(index, finding): &(usize, Finding)| {
            let stage = &graph.stages[*index];
            (stage.name.clone(), Value::Array(words(&workspace.root, stage, finding)))
        };
        print_json(&findings.iter().map(words).collect::<Map<String, Value>>())?;
    } else if findings.is_empty() && left_over.is_empty() {
        print("Everything is up to date.");
    } else {
        let left_over = left_over.iter().map(|path| format!("{path}: will be removed, no stage makes it any more\n"));
        let stages = findings.iter().map(|(index, finding)| sentence(&graph.stages[*index].name, finding));
        print(&stages.chain(left_over).collect::<String>());
    }
    let remembered = workspace.store.records.remember(&mut workspace.memo);
    remembered?;
    Ok(ExitCode::SUCCESS)
}

fn findings(
    workspace: &mut Workspace,
    graph: &Graph,
    wanted: &BTreeSet<usize>,
    force: bool,
) -> Result<Vec<(usize, Finding)>, Error> {
    let mut unsettled = BTreeSet::new();
    let mut findings = Vec::new();
    for &index in graph.order.iter().filter(|index| wanted.contains(index)) {
        let stage = &graph.stages[index];
        if force && !stage.frozen {
            findings.push((index, Finding::Forced));
            continue;
        }
        let waits = graph.upstream[index].iter().filter(|above| unsettled.contains(*above));
        let waits: Vec<String> = waits.map(|&above| graph.stages[above].name.clone()).collect();
        let finding =
            if waits.is_empty() || stage.frozen { find(workspace, stage)? } else { Some(Finding::Waits(waits)) };
        if let Some(finding) = finding {
            unsettled.insert(index);
            findings.push((index, finding));
        }
    }
    Ok(findings)
}

/// How a stage stands whose inputs are settled; `None` if it is up to date.
fn find(workspace: &mut Workspace, stage: &Stage) -> Result<Option<Finding>, Error> {
    let assessment = match plan::assess(workspace, stage) {
        Ok(assessment) => assessment,
        Err(error) => {
            let missing = reason::missing(workspace, stage)?;
            if missing.is_empty() {
                return Err(error);
            }
            let reason = reason::of_the_rest(workspace, stage, &missing)?;
            let fine = stage.frozen && reason.outputs.is_empty();
            return Ok((!fine).then_some(Finding::CannotRun(reason, missing)));
        }
    };
    Ok(match &assessment.standing {
        standing if standing.is_fresh() => None,
        Standing::Stale => Some(Finding::Run(reason::reason(workspace, stage, &assessment)?)),
        Standing::Gone => Some(Finding::CannotRun(reason::reason(workspace, stage, &assessment)?, Missing::default())),
        _ => Some(Finding::Restore(reason::reason(workspace, stage, &assessment)?)),
    })
}

/// Why a stage is to be restored or to run, as `status` says it.
pub(super) fn explain(workspace: &mut Workspace, stage: &Stage, assessment: &Assessment) -> Result<String, Error> {
    let reason = reason::reason(workspace, stage, assessment)?;
    let finding = match assessment.standing {
        Standing::Stale => Finding::Run(reason),
        Standing::Gone => Finding::CannotRun(reason, Missing::default()),
        _ => Finding::Restore(reason),
    };
    Ok(sentence(&stage.name, &finding))
}

fn sentence(stage: &str, finding: &Finding) -> String {
    let (what, reason) = match finding {
        Finding::Waits(names) => return format!("{stage}: waits for {}\n", grouped(names)),
        Finding::Forced => return format!("{stage}: will run: it is told to\n"),
        Finding::Restore(reason) => ("will be restored", reason),
        Finding::Run(reason) => ("will run", reason),
        Finding::CannotRun(reason, _) => ("cannot run", reason),
    };
    let mut lines = Vec::new();
    if let Finding::CannotRun(_, missing) = finding {
        lines.extend(missing.dependencies.iter().map(|path| format!("dependency {path} does not exist")));
        let named = |declared: &Declared| match &declared.key {
            Some(key) => format!("parameter {}:{key} does not exist", declared.file),
            None => format!("parameter file {} does not exist", declared.file),
        };
        lines.extend(missing.parameters.iter().map(named));
    }
    let mut text = format!("{stage}: {what}");
    match (reason.never_ran, reason.always) {
        (_, true) => text.push_str(": it always does"),
        (true, false) if lines.is_empty() => text.push_str(": it has not run yet"),
        _ => {}
    }
    if !reason.never_ran && !reason.always {
        lines.extend(reason.changes.iter().filter(|change| !is_missing(finding, change)).flat_map(change_lines));
        lines.extend(reason.outputs.iter().map(|(path, change)| format!("output {path} is {}", output_word(*change))));
    }
    text.push('\n');
    for line in lines {
        text.push_str(&format!("    {line}\n"));
    }
    text
}

/// Whether a change is that something is not there which has been named already.
fn is_missing(finding: &Finding, change: &Change) -> bool {
    let Finding::CannotRun(_, missing) = finding else { return false };
    let parameter = |declared: &Declared| match &declared.key {
        Some(key) => change.name == format!("{}:{key}", declared.file),
        None => change.name.strip_prefix(declared.file.as_str()).is_some_and(|rest| rest.starts_with(':')),
    };
    match change.kind {
        Kind::Dependency => missing.dependencies.iter().any(|path| path.as_str() == change.name),
        Kind::Parameter => missing.parameters.iter().any(parameter),
        _ => false,
    }
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

/// What `dvc status --json` says of a stage in the same state; `changed environment`, `changed code` and `waits for` are ours,
/// and so is what dvc.yaml no longer names.
fn words(root: &Path, stage: &Stage, finding: &Finding) -> Vec<Value> {
    let none = Missing::default();
    let (reason, missing) = match finding {
        Finding::Waits(names) => return vec![json!({ "waits for": names })],
        Finding::Forced => return vec!["forced".into()],
        Finding::Restore(reason) | Finding::Run(reason) => (reason, &none),
        Finding::CannotRun(reason, missing) => (reason, missing),
    };
    let mut words = Vec::new();
    let mut add = |key: &str, group: Map<String, Value>| {
        if !group.is_empty() {
            words.push(json!({ key: group }));
        }
    };
    let changed = |kind: Kind| reason.changes.iter().filter(move |change| change.kind == kind);
    // A frozen stage does not look at what it reads.
    if !stage.frozen {
        add("changed deps", inputs(root, reason, missing));
    }
    let mut outputs: Map<String, Value> =
        reason.outputs.iter().map(|(path, change)| (path.clone(), output_word(*change).into())).collect();
    if !reason.never_ran {
        for change in changed(Kind::Output).filter(|change| change.was.is_some()) {
            let word = if change.is.is_some() { "modified" } else { "deleted" };
            outputs.entry(change.name.clone()).or_insert(word.into());
        }
    }
    add("changed outs", outputs);
    let own = |kind: Kind| changed(kind).map(|change| (change.name.clone(), change_word(change).into())).collect();
    let [environment, code, commit]: [Map<_, _>; 3] = [Kind::Environment, Kind::Code, Kind::Commit].map(own);
    if reason.always {
        words.push("always changed".into());
    }
    if reason.never_ran {
        return words;
    }
    if changed(Kind::Command).chain(changed(Kind::Folder)).next().is_some() {
        words.push("changed command".into());
    }
    for (key, group) in [("changed environment", environment), ("changed code", code), ("changed commit", commit)] {
        if !group.is_empty() {
            words.push(json!({ key: group }));
        }
    }
    words
}

/// Dependencies and parameters. For DVC a dependency that it has not seen yet is modified, and so it is for us.
fn inputs(root: &Path, reason: &Reason, missing: &Missing) -> Map<String, Value> {
    let mut inputs = Map::new();
    let knows = |file: &str| {
        let of_file = |name: &str| name.strip_prefix(file).is_some_and(|rest| rest.starts_with(':'));
        reason.earlier.ingredients().iter().any(|Ingredient(kind, name, _)| *kind == Kind::Parameter && of_file(name))
    };
    let parameter = |inputs: &mut Map<String, Value>, file: &str, key: &str, word: &str| {
        if !root.join(file).exists() {
            inputs.insert(file.to_owned(), "deleted".into());
        } else if !knows(file) {
            inputs.insert(file.to_owned(), "new".into());
        } else if let Some(Value::Object(keys)) = inputs.get_mut(file) {
            keys.insert(key.to_owned(), word.into());
        } else {
            inputs.insert(file.to_owned(), json!({ key: word }));
        }
    };
    for change in &reason.changes {
        match (change.kind, change.name.split_once(':')) {
            (Kind::Dependency, _) => {
                let word = if change.is.is_some() { "modified" } else { "deleted" };
                inputs.insert(change.name.clone(), word.into());
            }
            (Kind::Parameter, Some((file, key))) => parameter(&mut inputs, file, key, change_word(change)),
            _ => {}
        }
    }
    for path in &missing.dependencies {
        inputs.insert(path.to_string(), "deleted".into());
    }
    for declared in &missing.parameters {
        parameter(&mut inputs, declared.file.as_str(), declared.key.as_deref().unwrap_or_default(), "deleted");
    }
    inputs
}

fn change_word(change: &Change) -> &'static str {
    match (&change.was, &change.is) {
        (Some(_), Some(_)) => "modified",
        (None, _) => "new",
        (_, None) => "deleted",
    }
}
