//! `examples/python`: a study whose stages are plain Python, from an empty clone to its verdict.

use std::path::Path;

use crate::project::{Project, names};

fn copied() -> Project {
    let project = Project::new();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("examples/python");
    for file in [".gitignore", "dvc.yaml", "params.yaml", "train.py", "claims/ridge.yaml"] {
        project.write(file, &std::fs::read_to_string(example.join(file)).unwrap());
    }
    project
}

#[test]
fn a_study_in_python_comes_to_its_verdict() {
    let project = copied();
    let first = project.repro(&[]);
    assert_eq!(first.executed, names(&["train@least-squares", "train@ridge", "verdicts"]));
    assert!(project.repro(&[]).executed.is_empty());
    let verdict = |project: &Project| {
        let answer = project.run(&["audit", "--json"]).json();
        answer["claims"][0]["protocols"][0].clone()
    };
    let found = verdict(&project);
    assert_eq!((&found["verdict"], &found["evidence"]["seeds"]), (&"supported".into(), &12.into()));
    // The protocols that the program knows are others' experiments.
    let ran = project.run(&["audit", "--protocols"]);
    assert!(ran.code == 1 && ran.stderr.contains("speaks of none of the experiments"), "{}", ran.stderr);

    // The same numbers by hand.
    let arguments = ["compare", "results", "--metric", "test_error", "--a", "ridge", "--b", "least-squares"];
    let compared =
        project.run(&[&arguments[..], &["--direction", "lower", "--margin", "0.1", "--json"]].concat()).json();
    assert_eq!(compared["verdict"], found["verdict"]);
    for (ours, judges) in [("difference", "difference"), ("p_t", "p_t"), ("ci95", "interval"), ("dz", "dz")] {
        assert_eq!(compared[ours], found["evidence"][judges], "{ours}");
    }

    // With hardly a penalty the two are hardly different, and Python has seen the changed parameter.
    let changed = project.repro(&["--set", "penalty=0.0001"]);
    assert!(changed.executed.contains(&"verdicts".to_owned()), "{changed:?}");
    assert_eq!(verdict(&project)["verdict"], "no-difference");
    let back = project.repro(&[]);
    assert!(back.executed.is_empty(), "{back:?}");
    assert_eq!(verdict(&project)["verdict"], "supported");
}
