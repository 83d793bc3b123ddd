//! MLflow's file store: `EXPERIMENT ID/RUN ID/` with a file for each metric, parameter and tag.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::runs::Run;
use super::{ExportError, Files};
use crate::claims::verdict::Verdicts;

/// What the store says of a run that has come to its end.
const FINISHED: u8 = 3;

/// The longest name that MLflow allows.
const LONGEST: usize = 250;

/// A store with one experiment for each of ours. Every time in it is 0.
pub fn files(runs: &[Run], verdicts: Option<&Verdicts>) -> Result<Files, ExportError> {
    let mut files = Files::default();
    let mut experiments: BTreeMap<&str, String> = BTreeMap::new();
    for run in runs {
        let id = experiments.entry(&run.experiment).or_insert_with(|| experiment_id(&run.experiment)).clone();
        add_run(&mut files, run, &id)?;
    }
    for (name, id) in experiments {
        let meta = [
            ("artifact_location", json!(format!("mlflow-artifacts:/{id}"))),
            ("creation_time", json!(0)),
            ("experiment_id", json!(id)),
            ("last_update_time", json!(0)),
            ("lifecycle_stage", json!("active")),
            ("name", json!(name)),
        ];
        files.add(format!("{id}/meta.yaml"), yaml(&meta));
        if let Some(note) = verdicts.and_then(|verdicts| note(verdicts, name)) {
            files.add(format!("{id}/tags/mlflow.note.content"), note);
        }
    }
    Ok(files)
}

fn add_run(files: &mut Files, run: &Run, experiment: &str) -> Result<(), ExportError> {
    let id: String = run.digest()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let name = format!("{} {} {}", run.protocol, run.method, run.seed);
    let meta = [
        ("artifact_uri", json!(format!("mlflow-artifacts:/{experiment}/{id}/artifacts"))),
        ("deleted_time", json!(null)),
        ("end_time", json!(0)),
        ("entry_point_name", json!("")),
        ("experiment_id", json!(experiment)),
        ("lifecycle_stage", json!("active")),
        ("run_id", json!(id)),
        ("run_name", json!(name)),
        ("run_uuid", json!(id)),
        ("source_name", json!("")),
        ("source_type", json!(4)),
        ("source_version", json!("")),
        ("start_time", json!(0)),
        ("status", json!(FINISHED)),
        ("tags", json!([])),
        ("user_id", json!("")),
    ];
    let folder = format!("{experiment}/{id}");
    files.add(format!("{folder}/meta.yaml"), yaml(&meta));
    // A run without these three is none, for MLflow.
    for kind in ["artifacts", "metrics", "params"] {
        files.folders.insert(format!("{folder}/{kind}"));
    }
    let named = [("protocol", run.protocol.clone()), ("method", run.method.clone()), ("seed", run.seed.to_string())];
    let chosen = run.hyperparameters.iter().map(|(name, value)| (name.as_str(), value.to_string()));
    for (name, value) in named.into_iter().chain(chosen) {
        files.add(format!("{folder}/params/{name}"), value);
    }
    for (name, value) in [("mlflow.runName", name.as_str()), ("mlflow.source.name", "retrial")] {
        files.add(format!("{folder}/tags/{name}"), value);
    }
    for (metric, curve) in &run.curves {
        if !is_name(metric) {
            return Err(ExportError::MetricName(metric.clone()));
        }
        let mut lines = String::new();
        for (epoch, value) in curve {
            let _ = writeln!(lines, "0 {value:?} {epoch}");
        }
        files.add(format!("{folder}/metrics/{metric}"), lines);
    }
    Ok(())
}

/// MLflow's own are 18 digits that it draws; these follow from the name.
fn experiment_id(name: &str) -> String {
    const LEAST: u64 = 100_000_000_000_000_000;
    let digest: [u8; 32] = Sha256::digest(name).into();
    let start = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    (LEAST + start % (9 * LEAST)).to_string()
}

/// A metric's name is a path there, and must stay in its folder.
fn is_name(name: &str) -> bool {
    let allowed = |letter: char| letter.is_alphanumeric() || "_-. :/".contains(letter);
    let parts = |part: &str| !matches!(part, "" | "." | "..");
    name.chars().count() <= LONGEST && name.chars().all(allowed) && name.split('/').all(parts)
}

/// A mapping, a key a line; every JSON value is one of YAML.
fn yaml(fields: &[(&str, serde_json::Value)]) -> String {
    fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

/// The claims about an experiment, in Markdown, which MLflow shows above its runs.
fn note(verdicts: &Verdicts, experiment: &str) -> Option<String> {
    let mut note = String::new();
    for claim in verdicts.claims.iter().filter(|claim| claim.experiment == experiment) {
        let _ = writeln!(note, "**{}** {}\n", claim.id, claim.statement);
        for under in &claim.protocols {
            let _ = writeln!(note, "* {}: **{}**. {}", under.protocol, under.verdict.words(), under.reason);
        }
        note.push('\n');
    }
    (!note.is_empty()).then_some(note)
}
