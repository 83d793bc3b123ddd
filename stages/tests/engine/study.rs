//! The study that ships, in small: from an empty clone to its verdicts.

use std::path::Path;

use crate::project::Project;

/// A clone's inputs, without anything that was ever made from them.
pub fn clone() -> Project {
    let project = Project::new();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let claims = std::fs::read_dir(repository.join("claims")).unwrap();
    let claims = claims.map(|entry| format!("claims/{}", entry.unwrap().file_name().to_str().unwrap()));
    for file in claims.chain(["dvc.yaml", "params.yaml"].map(str::to_owned)) {
        project.write(&file, &std::fs::read_to_string(repository.join(&file)).unwrap());
    }
    project
}

fn smoke(project: &Project, threads: &str) -> String {
    let arguments = ["repro", "--preset", "smoke", "--jobs", threads];
    let output = project.command(&arguments).env("RAYON_NUM_THREADS", threads).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    stdout
}

#[test]
fn it_ends_with_a_verdict_and_the_same_bytes_on_any_number_of_threads() {
    let one = clone();
    let table = smoke(&one, "1");
    for word in ["C-iwsva-2", "C-svvar-1", "C-svdgrad-1", "C-gwd-4", "as-run", "as-stated", "controlled"] {
        assert!(table.contains(word), "{word}: {table}");
    }
    assert_eq!(one.run(&["audit"]).stdout, table);
    assert_eq!(one.run(&["audit", "--json"]).json()["claims"][0]["id"], "C-gwd-1");
    assert!(one.read("artifacts/report/index.html").contains("C-svvar-1"));

    let three = clone();
    smoke(&three, "3");
    let digest = |project: &Project| project.run(&["digest", "--preset", "smoke", "--list"]).stdout;
    assert_eq!(digest(&one), digest(&three));

    let again = one.repro(&["--preset", "smoke"]);
    assert!(again.executed.is_empty() && again.cached.is_empty() && !again.skipped.is_empty());
}

#[test]
fn before_there_are_verdicts_audit_says_how_to_get_them() {
    let ran = clone().run(&["audit"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("run `retrial repro` first"), "{}", ran.stderr);
}

/// DVC runs a stage's command with these two variables, and knows nothing of parameter files.
#[test]
fn a_native_stage_that_dvc_starts_writes_the_same_bytes() {
    let (ours, dvcs) = (clone(), clone());
    ours.repro(&["mnist1d"]);
    let arguments = ["stage", "mnist1d", "--out", "data/mnist1d/canonical.safetensors"];
    let by_hand = dvcs.run(&arguments);
    assert_eq!(by_hand.code, 1);
    assert!(by_hand.stderr.contains("the parameter `mnist1d` is missing"), "{}", by_hand.stderr);
    let status = dvcs.command(&arguments).env("DVC_ROOT", dvcs.root()).env("DVC_STAGE", "mnist1d").status().unwrap();
    assert!(status.success());
    let bytes = |project: &Project| std::fs::read(project.path("data/mnist1d/canonical.safetensors")).unwrap();
    assert!(bytes(&ours) == bytes(&dvcs));
}

/// Each stage's key holds the code that it can reach, and no more.
#[test]
fn a_stage_is_made_of_the_code_that_it_uses() {
    let project = clone();
    let parts = |stage: &str| -> Vec<String> {
        project.repro(&[stage, "--preset", "smoke"]);
        let records = rusqlite::Connection::open(project.path(".retrial/runs.sqlite")).unwrap();
        let recipe: String =
            records.query_row("SELECT recipe FROM run WHERE stage = ?1", [stage], |row| row.get(0)).unwrap();
        let ingredients: Vec<(String, String, String)> = serde_json::from_str(&recipe).unwrap();
        ingredients.into_iter().filter(|(kind, ..)| kind == "code").map(|(_, name, _)| name).collect()
    };
    let has = |parts: &[String], name: &str| parts.iter().any(|part| part == name);
    let data = parts("mnist1d");
    assert!(
        has(&data, "module data::mnist1d") && has(&data, "module random::numpy") && has(&data, "crate safetensors")
    );
    assert!(!has(&data, "module train") && !has(&data, "crate parquet") && !has(&data, "crate clap_builder"));
    let baseline = parts("train-svvar-baseline@baseline-0-2");
    assert!(has(&baseline, "module train") && has(&baseline, "module methods::baseline"));
    assert!(!has(&baseline, "module methods::svvar") && !has(&baseline, "module linalg::polar"));
    assert!(!has(&baseline, "module report::page") && !has(&baseline, "module claims::judge"));
    let svvar = parts("train-svvar@as-stated-svvar-0-2");
    assert!(has(&svvar, "module methods::svvar") && has(&svvar, "module linalg::polar"));
}
