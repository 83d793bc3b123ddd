//! A frozen stage stays as it was: it never runs, and nothing is said of it that isn't so.

use std::fs;

use crate::project::{Project, names};

const THAWED: &str = "stages:
  first: {cmd: cp in first, deps: [in], outs: [first]}
  second: {cmd: cat first > second, deps: [first], outs: [second]}
";

/// Frozen after a run, with an input that has changed since.
fn frozen(more: &[(&str, &str)]) -> Project {
    let project = Project::with(&[("in", "one\n"), ("dvc.yaml", THAWED)]);
    for (path, text) in more {
        project.write(path, text);
    }
    project.repro(&[]);
    project.write("dvc.yaml", &THAWED.replace("outs: [first]", "outs: [first], frozen: true"));
    project.write("in", "two\n");
    project
}

#[test]
fn what_is_thawed_runs_with_what_has_changed_meanwhile() {
    let project = frozen(&[]);
    let lock = project.read("dvc.lock");
    let summary = project.repro(&[]);
    assert_eq!((summary.executed, summary.skipped), (vec![], names(&["first", "second"])));
    assert_eq!(project.read("dvc.lock"), lock, "the lock says of what the frozen output was made");

    project.write("dvc.yaml", THAWED);
    assert!(project.run(&["status"]).stdout.starts_with("first: will run\n    dependency in is modified\n"));
    assert_eq!(project.repro(&[]).executed, names(&["first", "second"]));
    assert_eq!(project.read("second"), "two\n");
}

#[test]
fn what_was_frozen_is_put_back_and_never_run() {
    for more in [&[][..], &[(".dvc/config", "")]] {
        let project = frozen(more);
        fs::remove_file(project.path("first")).unwrap();
        assert_eq!(project.run(&["status"]).stdout.lines().next(), Some("first: will be restored"));
        assert_eq!(project.repro(&[]).cached, names(&["first"]));
        assert_eq!(project.read("first"), "one\n");

        // A clone knows it only by dvc.lock: from DVC's cache, where there is one.
        fs::remove_file(project.path("first")).unwrap();
        fs::remove_dir_all(project.path(".retrial")).unwrap();
        let ran = project.run(&["repro", "--json"]);
        if more.is_empty() {
            assert_eq!((ran.code, project.exists("first")), (1, false), "{}", ran.stderr);
            assert!(
                ran.stderr.contains("first: is frozen and lacks its output first, which nobody has"),
                "{}",
                ran.stderr
            );
            assert!(project.run(&["status"]).stdout.starts_with("first: cannot run\n    output first is deleted\n"));
        } else {
            assert_eq!((ran.code, project.read("first").as_str()), (0, "one\n"), "{}", ran.stderr);
        }
    }
}
