//! `retrial doctor`: is this machine fit for a study?

use std::collections::BTreeMap;

use crate::project::Project;

#[test]
fn this_machine_passes() {
    let project = Project::with(&[("dvc.yaml", "stages: {}\n")]);
    project.commit();
    let ran = project.run(&["doctor", "--json"]);
    let findings = ran.json();
    let states: BTreeMap<&str, &str> = findings
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            assert!(finding["words"].as_str().unwrap().len() > 5, "{finding}");
            (finding["subject"].as_str().unwrap(), finding["state"].as_str().unwrap())
        })
        .collect();
    for subject in ["cores", "subnormal numbers", "git", "space for the store", "matrix products", "same bytes"] {
        assert_eq!(states.get(subject), Some(&"pass"), "{subject}: {findings}");
    }
    for subject in ["instruction sets", "file system"] {
        assert!(["pass", "note"].contains(&states[subject]), "{subject}: {findings}");
    }
    assert_eq!(ran.code, 0);

    // One line for each; and nothing of it stays behind.
    let text = project.run(&["doctor"]);
    assert_eq!((text.code, text.stdout.lines().count()), (0, states.len()), "{}", text.stdout);
    let names: Vec<_> = std::fs::read_dir(project.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}: .git and dvc.yaml");
}

#[test]
fn a_study_without_a_commit_is_noted() {
    let project = Project::with(&[("dvc.yaml", "stages: {}\n")]);
    let ran = project.run(&["doctor"]);
    assert!(ran.stdout.contains("note  git"), "there is no commit: {}", ran.stdout);
    assert_eq!(ran.code, 0, "that is no failure");
}

#[test]
fn a_device_that_is_not_there_is_refused() {
    let project = Project::with(&[("dvc.yaml", "stages: {}\n")]);
    for (device, sentence) in [
        ("cuda:0", "this build of retrial does not know cuda:0: say `cargo run --features cuda -- …`"),
        ("metal", "--features metal"),
        ("cuda:x", "there is no device `cuda:x`; there are cpu, cuda:N"),
    ] {
        let ran = project.run(&["doctor", "--device", device]);
        assert_eq!(ran.code, 2, "{device}");
        assert!(ran.stderr.contains(sentence) && ran.stdout.is_empty(), "{device}: {}", ran.stderr);
    }
}
