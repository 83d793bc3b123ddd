//! The real MLflow, TensorBoard, RO-Crate validator and Python's csv on our exports. Needs the packages that `.ci/run` installs:
//! EXPORTS_PYTHON names the Python that has them (without it `python3`).

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};

use crate::{export, observed, study};

fn python(kind: &str, path: &Path) -> Json {
    let python = std::env::var("EXPORTS_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/open_exports.py");
    let output = Command::new(python).arg(script).arg(kind).arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// As Python writes it: JSON has no words for what is not finite.
fn number(value: f64) -> Json {
    if value.is_finite() { json!(value) } else { json!(value.to_string().to_lowercase()) }
}

/// Run -> metric -> step and value.
type Curves = BTreeMap<String, BTreeMap<String, Vec<(u32, Json)>>>;

fn curves(
    project: &crate::project::Project,
    name: fn(&stages::table::Observation) -> String,
    as_kept: fn(f64) -> f64,
) -> Json {
    let mut curves = Curves::new();
    for row in observed(project) {
        let curve = curves.entry(name(&row)).or_default().entry(row.metric).or_default();
        curve.push((row.epoch, number(as_kept(row.value))));
    }
    curves.values_mut().flat_map(BTreeMap::values_mut).for_each(|curve| curve.sort_by_key(|(epoch, _)| *epoch));
    json!(curves)
}

#[test]
#[ignore = "needs MLflow"]
fn mlflow_opens_its_store() {
    let project = study();
    export(&project, &["export", "--mlflow", "store"]);
    let found = python("mlflow", &project.path("store"));
    assert_eq!(found["experiments"], json!(["a/b é", "svvar"]));
    assert!(found["note"].as_str().unwrap().contains("C-svvar-1"));
    let name = |row: &stages::table::Observation| format!("{} {} {}", row.protocol, row.method, row.seed);
    assert_eq!(found["curves"], curves(&project, name, |value| value));
    assert_eq!(
        found["params"]["controlled baseline-at-svvar 3"],
        json!({"lr": "0.003", "method": "baseline-at-svvar", "protocol": "controlled", "seed": "3"})
    );
    // MLflow's own search, by a parameter and a metric.
    assert_eq!(found["searched"], json!(["as-run svvar 0"]));
}

#[test]
#[ignore = "needs TensorBoard"]
fn tensorboard_reads_its_events() {
    let project = study();
    export(&project, &["export", "--tensorboard", "board"]);
    let name = |row: &stages::table::Observation| match row.experiment.as_str() {
        "svvar" => format!("svvar/{}/{}/{}", row.protocol, row.method, row.seed),
        _ => "a%2Fb%20é/%2E.%2Fp/m/18446744073709551615".to_owned(),
    };
    assert_eq!(python("tensorboard", &project.path("board")), curves(&project, name, |value| f64::from(value as f32)));
}

#[test]
#[ignore = "needs the RO-Crate validator"]
fn a_crate_is_valid() {
    let project = study();
    export(&project, &["export", "--ro-crate", "crate.zip"]);
    let found = python("ro-crate", &project.path("crate.zip"));
    assert_eq!(found["required"], json!([]));
    // What is recommended besides is told of people, as far as the citation file tells it.
    let recommended = found["recommended"].as_array().unwrap().iter().map(|issue| issue.as_str().unwrap());
    let of_people =
        |issue: &&str| ["author", "publisher", "rganization", "Person"].iter().any(|word| issue.contains(word));
    assert_eq!(recommended.filter(|issue| !of_people(issue)).collect::<Vec<_>>(), Vec::<&str>::new());
    assert_eq!(found["files"].as_array().unwrap().len(), 9);
}

#[test]
#[ignore = "needs Python"]
fn pythons_csv_reads_every_number() {
    let project = study();
    export(&project, &["export", "--csv", "out"]);
    let found = python("csv", &project.path("out/runs"));
    let rows = found.as_array().unwrap();
    let mut expected: Vec<Json> = stages::table::read(&project.path("artifacts/runs"))
        .unwrap()
        .into_iter()
        .map(|row| {
            json!([row.experiment, row.protocol, row.method, row.seed, row.epoch, row.metric, number(row.value)])
        })
        .collect();
    let mut rows = rows.clone();
    for rows in [&mut rows, &mut expected] {
        rows.sort_by_key(Json::to_string);
    }
    assert_eq!(rows, expected);
}
