//! `retrial audit` through the binary: amended criteria, unexpected verdicts, protocols side by side.

use std::path::Path;

use stages::table::{self, Observation};

use crate::project::Project;

const CLAIM: &str = "\
source: {title: A study}
claims:
  - id: C-1
    statement: a is worse than b.
    experiment: study
    comparison: {a: a, b: b, metric: val_loss, at: last, direction: higher}
    margin: 0.02
    alpha: 0.05
    protocols: [{protocol: as-run}]
";

/// A study whose one stage judges a table of ten seeds; a's loss is higher by `effect` and a little spread.
fn study(effect: f64) -> Project {
    let project = Project::with(&[
        (
            "dvc.yaml",
            "stages:\n  verdicts:\n    cmd: retrial stage verdicts --claims claims --runs runs --out artifacts/verdicts.json\n    \
             deps: [claims, runs]\n    outs: [artifacts/verdicts.json]\n",
        ),
        ("claims/study.yaml", CLAIM),
    ]);
    write_runs(&project.path("runs/all.parquet"), effect);
    project
}

fn write_runs(path: &Path, effect: f64) {
    let row = |method: &str, seed: u64, value: f64| Observation {
        experiment: "study".into(),
        protocol: "as-run".into(),
        method: method.into(),
        seed,
        epoch: 1,
        metric: "val_loss".into(),
        value,
    };
    let spread = |seed: u64| [0.01, -0.02, 0.015, 0.0, -0.01][seed as usize % 5];
    let rows: Vec<_> =
        (0..10).flat_map(|seed| [row("a", seed, 1.0 + effect + spread(seed)), row("b", seed, 1.0)]).collect();
    table::write_parquet(path, &rows).unwrap();
}

#[test]
fn a_criterion_changed_after_results_is_marked() {
    let project = study(0.2);
    let conclusion = |project: &Project| {
        let ran = project.run(&["repro"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(ran.stdout, project.run(&["audit"]).stdout);
        ran.stdout
    };
    let amended = |project: &Project| project.run(&["audit", "--json"]).json()["claims"][0]["amended"].clone();
    let first = conclusion(&project);
    assert!(first.contains("C-1    as-run    supported  +0.1990 [") && !first.contains("amended"), "{first}");
    let digest = project.run(&["audit", "--json"]).json()["claims"][0]["criterion"].clone();

    // What does not decide a verdict may be mended.
    project.write("claims/study.yaml", &CLAIM.replace("is worse", "is much worse"));
    assert!(!conclusion(&project).contains("amended"));

    for (from, to) in [
        ("alpha: 0.05", "alpha: 0.2"),
        ("margin: 0.02", "margin: 0.01"),
        ("at: last", "at: best"),
        ("direction: higher", "direction: different"),
        ("[{protocol: as-run}]", "[{protocol: as-run, metric: val_loss}]"),
    ] {
        project.write("claims/study.yaml", &CLAIM.replace(from, to));
        let shown = conclusion(&project);
        assert!(shown.contains(", amended") && shown.contains("judged by an amended criterion"), "{to}: {shown}");
        let amended = amended(&project);
        assert_eq!(amended["first"], digest, "{to}");
        assert!(amended["now"] != digest && amended["first_judged"].as_str().unwrap().starts_with("20"), "{amended}");
        project.run(&["audit", "--markdown", "summary.md"]);
        assert!(project.read("summary.md").contains("judged by an amended criterion"));
        assert!(shown.contains("does not say so") && amended["owned"] == false, "{to}: {shown}");
    }

    // Owned up to, it is amended still, and says why.
    let digest = digest.as_str().unwrap();
    let owned = format!("alpha: 0.2\n    amendments: [{{date: 2026-01-31, was: {digest}, why: A slip of the pen.}}]");
    project.write("claims/study.yaml", &CLAIM.replace("alpha: 0.05", &owned));
    let shown = conclusion(&project).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains("was amended on 2026-01-31, its file says: A slip of the pen."), "{shown}");
    assert!(!shown.contains("does not say so") && amended(&project)["owned"] == true, "{shown}");
    // An entry about another criterion is none about this change.
    project.write("claims/study.yaml", &CLAIM.replace("alpha: 0.05", &owned.replace(digest, &"0".repeat(64))));
    assert!(conclusion(&project).contains("does not say so") && amended(&project)["owned"] == false);

    // Taken back, it is the first criterion again.
    project.write("claims/study.yaml", CLAIM);
    assert!(!conclusion(&project).contains("amended"));
    assert!(amended(&project).is_null());
}

#[test]
fn a_criterion_changed_before_results_is_not() {
    let project = study(0.2);
    // No row is of the claim's experiment yet: there is nothing to look at.
    project.write("claims/study.yaml", &CLAIM.replace("experiment: study", "experiment: later"));
    assert!(project.run(&["repro"]).stdout.contains("untestable"));
    project.write("claims/study.yaml", &CLAIM.replace("alpha: 0.05", "alpha: 0.01"));
    let shown = project.run(&["repro"]).stdout;
    assert!(shown.contains("supported") && !shown.contains("amended"), "{shown}");
}

#[test]
fn a_verdict_that_is_not_expected_is_named() {
    let project = study(0.2);
    let expect = |verdict: &str| {
        let claim = CLAIM.replace("{protocol: as-run}", &format!("{{protocol: as-run, expect: {verdict}}}"));
        project.write("claims/study.yaml", &claim);
        project.repro(&[]);
        project.run(&["audit"])
    };
    let table = expect("supported");
    assert_eq!(table.code, 0, "{}", table.stdout);
    let table = expect("no-difference");
    assert_eq!(table.code, 1);
    let note = "as-run: expected no difference, found supported";
    assert!(table.stdout.contains(note), "{}", table.stdout);
}

#[test]
fn protocols_are_shown_side_by_side_with_what_changes_a_verdict() {
    let project = Project::new();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for file in ["dvc.yaml", "params.yaml"] {
        project.write(file, &std::fs::read_to_string(repository.join(file)).unwrap());
    }
    // Before there are verdicts there are protocols.
    let shown = project.run(&["audit", "--protocols"]).stdout;
    let start = shown.lines().find(|line| line.starts_with("start of svvar")).unwrap();
    let cells: Vec<&str> = start.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    assert_eq!(cells, ["start of svvar", "the trained weights of", "fresh weights", "fresh weights"], "{shown}");
    assert!(shown.contains("the same under all: ") && shown.contains("epochs of a final run: 20"), "{shown}");

    let under = |protocol: &str, verdict: &str, metric: &str| {
        let evidence = serde_json::json!({
            "comparison": {"a": "svvar", "b": "baseline", "metric": metric, "at": "last", "direction": "higher"},
            "seeds": 20, "failed_seeds": [], "mean_a": 0.5, "sd_a": 0.1, "mean_b": 0.5, "sd_b": 0.1, "difference": 0.1,
            "interval": [0.0, 0.2], "p_t": 0.01, "p_sign_flip": null, "p_holm": 0.01, "p_equivalence": 0.5, "dz": null,
            "further_seeds": null, "pairs": [],
        });
        serde_json::json!({
            "protocol": protocol, "verdict": verdict, "reason": "", "evidence": evidence, "reproduced": null, "controls": [],
        })
    };
    let protocols = [
        under("as-run", "supported", "val_loss"),
        under("as-stated", "contradicted", "val_loss"),
        under("controlled", "no-difference", "test_loss"),
    ];
    let claim = serde_json::json!({
        "id": "C-1", "statement": "", "experiment": "svvar", "source": {"title": "t"}, "alpha": 0.05, "margin": 0.1,
        "published": null, "protocols": protocols, "disagreements": [], "defects": [],
    });
    project.write("artifacts/verdicts.json", &serde_json::json!({ "claims": [claim] }).to_string());
    let changes = project.run(&["audit", "--protocols", "--json"]).json()["changes"].clone();
    assert_eq!(
        changes[0],
        "C-1: supported under as-run, contradicted under as-stated: they differ in start of svvar alone, so that changes \
         the verdict."
    );
    let several = changes[1].as_str().unwrap();
    assert!(several.contains("start of svvar and the metric, none of which is switched by itself"), "{several}");
    assert_eq!(changes.as_array().unwrap().len(), 3);
}
