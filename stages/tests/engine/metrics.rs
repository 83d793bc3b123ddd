//! What the study writes for `dvc metrics` and `dvc plots`.

use serde_json::Value;

use crate::project::Project;

/// Two methods over four seeds; one run has failed.
const RUNS: &str = "\
experiment,protocol,method,seed,epoch,metric,value
e,as-run,a,2,1,val_loss,4
e,as-run,a,1,1,val_loss,2
e,as-run,a,1,2,val_loss,1.5
e,as-run,a,2,2,val_loss,NaN
e,as-run,b,1,1,val_loss,1
e,as-run,b,2,1,val_loss,1.25
e,as-run,b,1,3,val_loss,NaN
e,controlled,a,1,1,test_loss,0.5
e,controlled,a,2,1,test_loss,0.5
e,controlled,a,3,1,test_loss,0.75
e,controlled,b,1,1,test_loss,0.25
e,controlled,b,2,1,test_loss,0.125
e,controlled,b,3,1,test_loss,0.25
";

const CLAIMS: &str = "\
source: {title: t}
claims:
  - id: C-1
    statement: a is worse.
    experiment: e
    comparison: {a: a, b: b, metric: test_loss, at: last, direction: higher}
    margin: 0.1
    protocols: [{protocol: as-run}, {protocol: controlled}]
  - id: C/2
    statement: a is as published.
    experiment: e
    published_inside: [{method: a, metric: test_loss, value: 0.6}, {method: b, metric: test_loss, value: 9}]
    protocols: [{protocol: controlled}]
";

const STAGES: &str = "\
stages:
  verdicts:
    cmd: retrial stage verdicts --claims claims --runs runs.csv --out verdicts.json --metrics metrics
    deps: [claims, runs.csv]
    outs: [verdicts.json, metrics]
  curves:
    cmd: retrial stage curves e --runs runs.csv --out curves
    deps: [runs.csv]
    outs: [curves]
metrics: [metrics]
plots:
  - e, as-run:
      x: epoch
      y: {curves/as-run.csv: [a, b]}
      y_label: mean validation loss
";

pub fn study() -> Project {
    Project::with(&[("runs.csv", RUNS), ("claims/c.yaml", CLAIMS), ("dvc.yaml", STAGES), (".gitignore", "/curves\n")])
}

#[test]
fn metrics_are_numbers_of_the_verdicts_and_curves_are_means() {
    let project = study();
    project.repro(&[]);
    let json = |path: &str| -> Value { serde_json::from_str(&project.read(path)).unwrap() };
    let verdicts = json("verdicts.json");
    let evidence = &verdicts["claims"][0]["protocols"][1]["evidence"];
    let metrics = json("metrics/C-1/controlled.json");
    assert_eq!(metrics["difference"], evidence["difference"]);
    assert_eq!([&metrics["low"], &metrics["high"]], [&evidence["interval"][0], &evidence["interval"][1]]);
    assert_eq!((&metrics["p"], &metrics["seeds"]), (&evidence["p_holm"], &3.into()));
    assert_eq!(metrics["verdict"], verdicts["claims"][0]["protocols"][1]["verdict"]);
    assert_eq!(project.read("metrics/C-1/as-run.json"), "{\n  \"verdict\": \"untestable\"\n}\n");
    let inside = json("metrics/C%2F2/controlled.json");
    assert_eq!((&inside["inside"], &inside["published"]), (&1.into(), &2.into()));

    // Without a finite value there is no mean.
    assert_eq!(project.read("curves/as-run.csv"), "epoch,a,b\n1,3.0,1.125\n2,1.5,\n3,,\n");
    assert!(!project.exists("curves/controlled.csv"));
    let ran = project.run(&["stage", "curves", "e", "--runs", "runs.csv", "--metric", "none", "--out", "x"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("hold no `none` of experiment `e`"), "{}", ran.stderr);
}
