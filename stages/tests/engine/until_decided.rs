//! `retrial repro --until-decided`: seeds are added only where a claim is open, and only until it is not.

use crate::project::Project;

/// Two arms of svvar in small, from the shipped parameters; `claim` is what is asked about them.
fn study(claim: &str) -> Project {
    let parameters = "\
mnist1d: {samples: 500, seed: 42}
svvar:
  hidden: [16]
  batch: 128
  epochs: 3
  published: {baseline: {lr: 0.0042}, svvar: {lr: 0.0021, strength: 0.0422}}
  seeds: [\"0-3\"]
";
    let pipeline = "\
stages:
  mnist1d:
    cmd: retrial stage mnist1d --out data.safetensors
    params: [mnist1d]
    outs: [data.safetensors]
  train:
    matrix: {method: [baseline, svvar], seeds: \"${svvar.seeds}\"}
    cmd: >-
      retrial stage train svvar --protocol as-run --method ${item.method} --seeds ${item.seeds} --data data.safetensors
      --out runs/${item.method}-${item.seeds}.parquet
    deps: [data.safetensors]
    params: [svvar.hidden, svvar.batch, svvar.epochs, svvar.published]
    outs: [\"runs/${item.method}-${item.seeds}.parquet\"]
  verdicts:
    cmd: retrial stage verdicts --claims claims --runs runs --out artifacts/verdicts.json
    deps: [claims, runs]
    outs: [artifacts/verdicts.json]
";
    Project::with(&[
        ("params.yaml", parameters),
        ("dvc.yaml", pipeline),
        (
            "claims/study.yaml",
            &format!(
                "source: {{title: t}}\nclaims:\n  - id: C-1\n    statement: s\n    experiment: svvar\n{claim}    protocols: \
                 [{{protocol: as-run}}]\n"
            ),
        ),
    ])
}

#[test]
fn seeds_are_added_until_the_claim_is_decided() {
    // As run, svvar goes on from the trained baseline: its training loss is lower in every seed.
    let claim =
        "    comparison: {a: svvar, b: baseline, metric: train_loss, at: last, direction: lower}\n    margin: 0.02\n";
    let project = study(claim);
    let before = project.repro(&[]);
    assert!(before.executed.iter().any(|stage| stage == "train@svvar-0-3"), "{:?}", before.executed);
    let lock = project.read("dvc.lock");

    let ran = project.run(&["repro", "--until-decided", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let summary = ran.summary();
    assert!(summary.executed.iter().any(|stage| stage == "train@svvar-4-7"), "{:?}", summary.executed);
    assert!(!summary.executed.iter().any(|stage| stage.ends_with("-0-3")), "{:?}", summary.executed);
    assert!(ran.stderr.contains("--set 'svvar.seeds=[\"0-3\", \"4-7\"]'"), "{}", ran.stderr);
    let verdict = &project.run(&["audit", "--json"]).json()["claims"][0]["protocols"][0];
    assert_eq!(verdict["sequential"]["verdict"], "supported");
    // It stopped in the block in which it was decided.
    let (seeds, decided) =
        (verdict["evidence"]["seeds"].as_u64().unwrap(), verdict["sequential"]["seeds"].as_u64().unwrap());
    assert!(seeds.is_multiple_of(4) && (seeds - 3..=seeds).contains(&decided) && seeds <= 40, "{seeds} {decided}");
    assert_eq!(project.read("dvc.lock"), lock);
}

#[test]
fn no_more_seeds_are_run_than_allowed() {
    // Not to be settled with so few seeds: a bet wins twice what was put in at the most, on one side or the other.
    let claim = "    comparison: {a: svvar, b: {value: 0.1}, metric: val_accuracy, at: last, direction: higher}\n    margin: 1.0e-9\n";
    let project = study(claim);
    let ran = project.run(&["repro", "--until-decided", "--max-seeds", "5"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("[\"0-3\", \"4\"]") && !ran.stderr.contains("5-"), "{}", ran.stderr);
    let protocols = project.run(&["audit", "--json"]).json()["claims"][0]["protocols"].clone();
    assert_eq!(
        (&protocols[0]["evidence"]["seeds"], &protocols[0]["sequential"]["verdict"]),
        (&5.into(), &"undecided".into())
    );
    let wrong = project.run(&["repro", "--max-seeds", "6"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("--until-decided"), "{}", wrong.stderr);
}
