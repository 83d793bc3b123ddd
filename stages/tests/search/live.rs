//! The real Optuna and its dashboard on our files, and we on theirs. Needs both packages: OPTUNA_PYTHON names the Python that
//! has them (without it `python3`).

use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;
use stages::search::importance::importance;
use stages::search::journal;
use stages::search::sampler::Version;

use crate::goldens::goldens;
use crate::journal::recorded;
use crate::project::Project;

fn python(script: &str, arguments: &[&Path]) -> Json {
    let python = std::env::var("OPTUNA_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/search").join(script);
    let output = Command::new(python).arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[ignore = "needs Optuna and optuna-dashboard"]
fn optuna_and_its_dashboard_open_our_journals() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    for name in [
        "s10_gated_conditional_pruned_default",
        "s12_mixed_default",
        "s15_nan_fail_default",
        "s16_nan_inter_pruned_univariate",
        "s18_inf_values_maximize",
    ] {
        let golden = goldens("5.0").into_iter().find(|golden| golden.name == name).unwrap();
        let written = recorded(&golden, Version::V5_0);
        std::fs::write(folder.path().join(format!("{name}.log")), journal::text(&written)).unwrap();
        expected.push((golden, written));
    }
    let read = python("open_journals.py", &[folder.path()]);
    for (golden, written) in expected {
        let study = &read[&golden.name];
        assert_eq!(study["attributes"]["seed"], golden.seed());
        let trials = study["trials"].as_array().unwrap();
        assert_eq!(trials.len(), golden.trials.len());
        for (trial, (parameters, state, value, reports, _)) in trials.iter().zip(&golden.trials) {
            let parameters = serde_json::to_value(parameters).unwrap();
            assert_eq!((&trial["params"], &trial["state"]), (&parameters, &state.as_str().into()), "{}", golden.name);
            assert_eq!((&trial["value"], trial["reports"].as_array()), (value, Some(reports)), "{}", golden.name);
        }
        for (name, share) in importance(&written.study).unwrap().shares {
            assert!((study["importances"][&name].as_f64().unwrap() - share).abs() < 1e-9, "{} {name}", golden.name);
        }
        assert_eq!(study["dashboard"], golden.trials.len());
    }
}

#[test]
#[ignore = "needs Optuna"]
fn studies_that_optuna_makes_are_replayed() {
    let project = Project::with(&[("dvc.yaml", "stages: {}\n")]);
    let made = python("make_journals.py", &[project.root()]);
    let studies = made.as_array().unwrap();
    assert_eq!(studies.len(), 6);
    for study in studies {
        let mut arguments = vec!["search", "replay", "--json"];
        arguments.extend(study["arguments"].as_array().unwrap().iter().map(|argument| argument.as_str().unwrap()));
        let ran = project.run(&arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.json()["suggestions"].as_u64().unwrap() >= 80);
    }
}
