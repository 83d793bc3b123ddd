//! Checks without training, held against what is known of the published experiments; and budget curves.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use stages::checks::budget_curve::{Budget, budget};
use stages::checks::check;
use stages::checks::finding::{Check, Finding};
use stages::claims::read::parse;
use stages::claims::schema::Claim;
use stages::methods::method::Hyperparameters;
use stages::parameters::Parameters;
use stages::protocols::EXPERIMENTS;
use stages::protocols::differences::side_by_side;
use stages::protocols::protocol::{self, Name};
use stages::protocols::sides::SideBySide;
use stages::protocols::tuning::Tuning;
use stages::search::journal::{self, Recorded};
use stages::search::study::{Direction, Ending, Study};

fn parameters() -> Parameters {
    Parameters::of_study(&Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("params.yaml")).unwrap()
}

fn findings(experiment: &str, tunings: &[Tuning], claims: &[&Claim]) -> Vec<Finding> {
    check(protocol::find(EXPERIMENTS, experiment).unwrap(), &parameters(), tunings, claims).unwrap()
}

/// The concerns of one check, in their order.
fn concerns(findings: &[Finding], check: Check) -> Vec<(Vec<&str>, &str)> {
    let of = findings.iter().filter(|finding| finding.check == check && finding.concern);
    of.map(|finding| (finding.protocols.iter().map(String::as_str).collect(), finding.sentence.as_str())).collect()
}

#[test]
fn published_optima_at_the_ends_of_what_was_searched_are_named() {
    let edges = |experiment: &str| -> Vec<String> {
        let findings = findings(experiment, &[], &[]);
        concerns(&findings, Check::SearchEdge).into_iter().map(|(_, sentence)| sentence.to_owned()).collect()
    };
    assert_eq!(
        edges("svdgrad"),
        [
            "the published optimum of svd is at an end of what was searched: k 9 in {1, …, 10} and lr 0.0096 in [1e-5, 0.01]"
        ]
    );
    let gwd = edges("gwd");
    assert_eq!(gwd.len(), 3, "{gwd:?}");
    assert!(
        gwd[2].contains("gwd is at an end") && gwd[2].ends_with("alpha 9.58560558961666 in [0.001, 10.0]"),
        "{gwd:?}"
    );
    assert!(gwd[0].contains("baseline") && gwd[0].contains("weight_decay 0.0871"), "{gwd:?}");
    assert_eq!(edges("svvar"), [""; 0]);
    // Its params.yaml holds values for runs by hand, which nobody published.
    assert_eq!(edges("iwsva"), [""; 0]);
}

#[test]
fn tunings_that_ended_at_an_end_are_counted() {
    let tuning = |experiment: &str, seed: u64, lr: f64, k: f64| Tuning {
        experiment: experiment.into(),
        protocol: Name::Controlled,
        method: "svd".into(),
        seed,
        best: Some(Hyperparameters::from([("lr", lr), ("k", k)])),
        value: Some(1.0),
    };
    let tunings = [
        tuning("svdgrad", 0, 0.001, 5.0),
        tuning("svdgrad", 1, 1.2e-5, 5.0),
        tuning("svdgrad", 2, 0.001, 10.0),
        // Ranges of the logarithm: 0.008 is near the end of [1e-5, 0.01], 0.002 a sixth of the way from it.
        tuning("svdgrad", 3, 0.008, 3.0),
        tuning("svdgrad", 4, 0.002, 8.0),
        tuning("gwd", 0, 0.001, 10.0),
    ];
    let findings = findings("svdgrad", &tunings, &[]);
    let edges = concerns(&findings, Check::SearchEdge);
    let (protocols, sentence) = &edges[1];
    assert_eq!(protocols, &["controlled"]);
    assert!(sentence.starts_with("3 of 5 tunings of svd ended at an end"), "{sentence}");
}

#[test]
fn search_spaces_without_the_baseline_are_named() {
    for (experiment, arms) in
        [("iwsva", vec!["iwsva"]), ("svvar", vec!["svvar"]), ("svdgrad", vec!["svd"]), ("gwd", vec!["decorr", "gwd"])]
    {
        let findings = findings(experiment, &[], &[]);
        let nesting = concerns(&findings, Check::Nesting);
        assert_eq!(nesting.len(), arms.len(), "{nesting:?}");
        for (arm, (_, sentence)) in arms.iter().zip(&nesting) {
            assert!(sentence.starts_with(&format!("what is searched for {arm} does not contain")), "{sentence}");
        }
    }
    // A rank as large as the largest weight matrix allows leaves the gradient alone.
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("params.yaml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("params.yaml");
    std::fs::write(&path, text.replace("k: {type: int, low: 1, high: 10}", "k: {type: int, low: 1, high: 128}"))
        .unwrap();
    let wide = Parameters::of_study(&path).unwrap();
    let findings = check(protocol::find(EXPERIMENTS, "svdgrad").unwrap(), &wide, &[], &[]).unwrap();
    assert_eq!(concerns(&findings, Check::Nesting), []);
    assert!(findings.iter().any(|finding| finding.sentence.contains("contains the baseline, k = 128, the full rank")));
}

#[test]
fn unequal_budgets_and_leaks_are_named() {
    let (iwsva, gwd) = (findings("iwsva", &[], &[]), findings("gwd", &[], &[]));
    let budgets = concerns(&iwsva, Check::Budget);
    assert_eq!(
        budgets[0].1,
        "15 trials each search 1 parameter of baseline and 2 parameters of iwsva: equal trials are no equal chances"
    );
    assert_eq!(budgets[1].0, ["as-run"]);
    assert!(budgets[1].1.starts_with("trials were trained for 5 epochs, final runs for 25"), "{budgets:?}");
    assert_eq!(budgets.len(), 2);
    let budgets = concerns(&gwd, Check::Budget);
    assert!(budgets[0].1.starts_with("30 trials each search 2 parameters of baseline, 3 parameters of decorr and 4"));
    assert_eq!(budgets[1].0, ["as-run", "as-stated"]);
    assert!(budgets[1].1.starts_with("trials were trained for 25 epochs, final runs for 100"), "{budgets:?}");

    assert_eq!(concerns(&gwd, Check::Selection), []);
    for experiment in ["iwsva", "svvar", "svdgrad"] {
        let findings = findings(experiment, &[], &[]);
        let leaks = concerns(&findings, Check::Selection);
        assert_eq!(leaks.len(), 1);
        assert_eq!(leaks[0].0, ["as-run", "as-stated"], "{experiment}");
        assert!(leaks[0].1.contains("by the loss on the test part"), "{}", leaks[0].1);
    }
}

#[test]
fn reported_accuracies_have_to_be_counts() {
    let cases = [
        // The published ones, and as percentages.
        ("a: 0.705, b: 0.7025", 800, [false, false]),
        ("a: 70.50, b: 71.25, scale: 0.01", 800, [false, false]),
        ("a: 68.60, b: 67.60, scale: 0.01", 1000, [false, false]),
        // 70.55 % of 800 lies between 564 and 565.
        ("a: 70.55, b: 70.62, scale: 0.01", 800, [true, false]),
        ("a: 0.333, b: 0.334", 3, [false, true]),
        ("a: 0.5, b: 1", 7, [true, false]),
        ("a: 68.6, b: 0", 1000, [true, false]),
    ];
    for (published, of, expected) in cases {
        let text = format!(
            "
source: {{title: A study}}
claims:
  - id: C-1
    statement: gwd is better.
    experiment: gwd
    comparison: {{a: gwd, b: baseline, metric: test_accuracy, at: best, direction: higher, of: {of}}}
    margin: 0.01
    published: {{{published}, verdict: better}}
    protocols: [{{protocol: as-run}}]
"
        );
        let source = parse(Path::new("claims/test.yaml"), &text).unwrap();
        let findings = findings("gwd", &[], &[&source.file.claims[0]]);
        let grim: Vec<&Finding> = findings.iter().filter(|finding| finding.check == Check::Grim).collect();
        let found: Vec<bool> = grim.iter().map(|finding| finding.concern).collect();
        assert_eq!(found, expected, "{published} of {of}: {grim:?}");
        if of == 800 && expected[0] {
            assert!(grim[0].sentence.ends_with("564 of them are 0.705, 565 are 0.70625"), "{}", grim[0].sentence);
        }
    }
}

/// A tuning whose trials came to these scores, in this order; none: failed.
fn recorded(name: &str, direction: Direction, scores: &[Option<f64>]) -> Recorded {
    let mut study = Study::new(direction);
    for score in scores {
        study.begin();
        study.tell(score.map_or(Ending::Failed, Ending::Value));
    }
    Recorded { name: name.into(), attributes: Default::default(), study }
}

#[test]
fn budget_curves_cross_where_the_better_method_changes() {
    let folder = tempfile::tempdir().unwrap();
    let some = |scores: &[f64]| scores.iter().copied().map(Some).collect::<Vec<_>>();
    // Losses. `steady` is always good, `lucky` once very good: 2 trials are enough for it to come out ahead.
    let journals = [
        ("a/0.log", recorded("e controlled lucky, tuning 0", Direction::Minimize, &some(&[9.0, 1.0, 9.0, 9.0]))),
        ("a/1.log", recorded("e controlled lucky, tuning 1", Direction::Minimize, &some(&[9.0, 9.0, 9.0, 1.0]))),
        ("b/0.log", recorded("e controlled steady, tuning 0", Direction::Minimize, &some(&[5.0, 5.0, 5.0, 5.0]))),
        ("b/1.log", recorded("e controlled steady, tuning 1", Direction::Minimize, &some(&[6.0, 6.0, 6.0, 6.0]))),
        ("c/0.log", recorded("e as-run steady, tuning 0", Direction::Maximize, &[None, Some(0.5), Some(0.7)])),
        ("other.log", recorded("f controlled steady, tuning 0", Direction::Minimize, &some(&[1.0]))),
    ];
    for (path, recorded) in &journals {
        let path = folder.path().join("tuning").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, journal::text(recorded)).unwrap();
    }
    let out = folder.path().join("budget.json");
    let stage = |experiment: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retrial"));
        command.args(["stage", "budget", experiment, "--journals"]).arg(folder.path().join("tuning"));
        command.arg("--out").arg(&out).output().unwrap()
    };
    let output = stage("e");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let written: Budget = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    let [as_run, controlled] = written.protocols.as_slice() else { panic!("{written:?}") };

    let [lucky, steady] = controlled.methods.as_slice() else { panic!("{controlled:?}") };
    assert_eq!((lucky.method.as_str(), lucky.tunings.as_slice()), ("lucky", &[0, 1][..]));
    // One of four trials is the good one: n trials miss it with chance 1 - n/4.
    let expected: Vec<f64> = lucky.points.iter().map(|point| point.expected.unwrap()).collect();
    assert_eq!(expected, [7.0, 5.0, 3.0, 1.0]);
    assert_eq!(lucky.points[2].expected_sd, Some(0.0));
    let in_order: Vec<f64> = lucky.points.iter().map(|point| point.in_order.unwrap()).collect();
    assert_eq!(in_order, [9.0, 5.0, 5.0, 1.0]);
    assert_eq!(steady.points[0].expected, Some(5.5));
    assert!((steady.points[3].expected_sd.unwrap() - 0.5_f64.sqrt()).abs() < 1e-15);
    assert_eq!(controlled.crossings.len(), 1);
    assert_eq!(controlled.crossings[0].sentence, "steady beats lucky only below 2 trials");

    // Two of three trials have a score: one trial may have none.
    let points = &as_run.methods[0].points;
    assert_eq!((points[0].expected, points[0].in_order), (None, None));
    assert!((points[1].expected.unwrap() - (0.5 + 2.0 * 0.7) / 3.0).abs() < 1e-15);
    assert_eq!((points[2].expected, points[2].expected_sd), (Some(0.7), None));

    let nothing = String::from_utf8(stage("g").stderr).unwrap();
    assert!(nothing.contains("there is no journal of g"), "{nothing}");
    let named = |name: &str| (Path::new("x.log").to_owned(), recorded(name, Direction::Minimize, &[Some(1.0)]));
    let message = |names: &[&str]| {
        budget("e", &names.iter().map(|name| named(name)).collect::<Vec<_>>()).unwrap_err().to_string()
    };
    assert!(message(&["my study"]).contains("x.log: the study is called `my study`"));
    assert!(message(&["e p m, tuning 1", "e p m, tuning 1"]).contains("this is the tuning of x.log"));
}

#[test]
fn the_stage_writes_what_audit_shows() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::write(folder.path().join("dvc.yaml"), "stages: {}\n").unwrap();
    let params: Value = serde_yaml::from_str(&std::fs::read_to_string(root.join("params.yaml")).unwrap()).unwrap();
    let declared = folder.path().join("declared.json");
    std::fs::write(&declared, serde_json::json!({"params.yaml": params}).to_string()).unwrap();
    let retrial = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retrial"));
        command.current_dir(folder.path()).env("RETRIAL_PARAMS", &declared).args(arguments).output().unwrap()
    };
    let before = retrial(&["audit", "--checks"]);
    assert_eq!(before.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&before.stderr).contains("there are no checks yet"));
    let claims = root.join("claims/svvar.yaml");
    let stage = [
        "stage",
        "checks",
        "svdgrad",
        "gwd",
        "lowrank",
        "--claims",
        claims.to_str().unwrap(),
        "--out",
        "artifacts/checks.json",
    ];
    let output = retrial(&stage);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let shown = String::from_utf8(retrial(&["audit", "--checks"]).stdout).unwrap();
    assert!(shown.starts_with("svdgrad\n  search edge\n    the published optimum of svd is at an end"), "{shown}");
    assert!(shown.contains("\ngwd\n") && shown.contains(" of concern\n"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    assert!(!shown.contains("lies well inside"), "{shown}");
    let json: Value = serde_json::from_slice(&retrial(&["audit", "--checks", "--json"]).stdout).unwrap();
    assert_eq!(json["findings"][0]["check"], "search-edge");
    // The protocols, for a report that may not read params.yaml.
    let sides: Vec<SideBySide> = serde_json::from_value(json["protocols"].clone()).unwrap();
    let parameters = Parameters::of_study(&root.join("params.yaml")).unwrap();
    let expected =
        ["svdgrad", "gwd"].map(|name| side_by_side(protocol::find(EXPERIMENTS, name).unwrap(), &parameters).unwrap());
    assert_eq!(sides[..2], expected);
    assert_eq!((sides[2].experiment.as_str(), sides.len()), ("lowrank", 3));
}
