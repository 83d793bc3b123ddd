//! `fsck`: checks the whole store.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::{Context, print, print_json};
use crate::error::Error;
use crate::store::Store;
use crate::store::check::{Fault, Need, Report, What, check};

/// Check every object and record of the store, byte by byte
///
/// Damaged objects are set aside, as they are when one is met in use, and taken out of DVC's cache where they are
/// linked into it. What the work tree or DVC's cache still holds is put back at once; the rest is made again when a run needs it.
/// Exit code 1: something was damaged or missing.
#[derive(Debug, clap::Args)]
pub(super) struct Fsck {
    /// {objects, bytes, runs, faults: [{sha256, what, needed_by: [{stage, path, key}], healed_from}], records, database, …}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &Context, arguments: &Fsck) -> Result<ExitCode, Error> {
    let store = Store::open(&context.root)?;
    let _lock = context.lock(&store)?;
    let report = check(&context.root, &store.objects, &store.records)?;
    if arguments.json {
        print_json(&to_json(&report, &context.root))?;
    } else {
        print(&to_text(&report, context));
    }
    Ok(ExitCode::from(u8::from(!report.is_sound())))
}

fn to_text(report: &Report, context: &Context) -> String {
    let mut text = String::new();
    for fault in &report.faults {
        text += &sentences(fault, context.study.name);
    }
    for (id, stage) in &report.records {
        text += &format!(
            "record {id} of stage {stage} cannot be read: the stage runs again when it is needed, and `{} gc` removes the record\n",
            context.study.name
        );
    }
    for line in &report.database {
        text += &format!(
            "runs.sqlite: {line}: move {}/.retrial/runs.sqlite* away; what it knew is then made again\n",
            context.root.display()
        );
    }
    for path in &report.dvc {
        text += &format!("{} was damaged too: it is taken out of DVC's cache\n", below(path, &context.root));
    }
    for path in &report.strangers {
        text += &format!("{} is no object: it is left alone\n", below(path, &context.root));
    }
    if report.leftovers > 0 {
        text += &format!("{} half-written files of killed processes were swept away\n", report.leftovers);
    }
    let healed = report.faults.iter().filter(|fault| fault.healed_from.is_some()).count();
    let (objects, runs) = (report.objects, report.runs);
    text += &format!("Checked {objects} objects, {}, and {runs} runs: ", bytes(report.bytes));
    text += &match (report.is_sound(), report.faults.len()) {
        (true, _) => "all is well.\n".to_owned(),
        (false, faults) => format!("{faults} objects at fault, {healed} of them put back.\n"),
    };
    text
}

fn sentences(fault: &Fault, program: &str) -> String {
    let what = match &fault.what {
        What::Damaged => "is damaged, and set aside".to_owned(),
        What::Truncated { size, expected } => format!("has {size} of {expected} bytes, and is set aside"),
        What::Missing => "is missing".to_owned(),
        What::Unreadable(why) => format!("cannot be read: {why}"),
    };
    let mut text = format!("object {} {what}\n", fault.sha256.get(..16).unwrap_or(&fault.sha256));
    let mut needs: Vec<(&str, &str)> = fault.needed_by.iter().map(|need| (&*need.stage, &*need.path)).collect();
    needs.sort_unstable();
    needs.dedup();
    for (stage, path) in &needs {
        text += &format!("    it is {path} of stage {stage}\n");
    }
    text += &match (&fault.healed_from, needs.first()) {
        (Some(place), _) => format!("    put back from {}\n", place.display()),
        (None, None) => "    no run on record needs it\n".to_owned(),
        (None, Some(_)) if matches!(fault.what, What::Unreadable(_)) => {
            "    let it be read, and check again\n".to_owned()
        }
        (None, Some((stage, _))) => {
            format!(
                "    `{program} repro` runs {stage} again when it needs it; `{program} gc -w` forgets runs out of use\n"
            )
        }
    };
    text
}

fn to_json(report: &Report, root: &Path) -> Value {
    let need = |need: &Need| json!({ "stage": need.stage, "path": need.path, "key": need.key });
    let fault = |fault: &Fault| {
        let (what, detail) = match &fault.what {
            What::Damaged => ("damaged", Value::Null),
            What::Truncated { size, expected } => ("truncated", json!({ "size": size, "expected": expected })),
            What::Missing => ("missing", Value::Null),
            What::Unreadable(why) => ("unreadable", json!(why)),
        };
        json!({
            "sha256": fault.sha256,
            "what": what,
            "detail": detail,
            "needed_by": fault.needed_by.iter().map(need).collect::<Vec<_>>(),
            "healed_from": fault.healed_from,
        })
    };
    let paths = |paths: &[std::path::PathBuf]| paths.iter().map(|path| below(path, root)).collect::<Vec<_>>();
    json!({
        "objects": report.objects,
        "bytes": report.bytes,
        "runs": report.runs,
        "faults": report.faults.iter().map(fault).collect::<Vec<_>>(),
        "records": report.records.iter().map(|(id, stage)| json!({ "id": id, "stage": stage })).collect::<Vec<_>>(),
        "database": report.database,
        "dvc": paths(&report.dvc),
        "strangers": paths(&report.strangers),
        "leftovers": report.leftovers,
        "set_aside": report.set_aside,
    })
}

fn below(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// `999 B`, `1.2 kB`, `3.4 GB`.
pub(super) fn bytes(number: u64) -> String {
    let mut value = number as f64;
    if number < 1000 {
        return format!("{number} B");
    }
    for unit in ["kB", "MB", "GB"] {
        value /= 1000.0;
        if value < 999.95 {
            return format!("{value:.1} {unit}");
        }
    }
    format!("{:.1} TB", value / 1000.0)
}
