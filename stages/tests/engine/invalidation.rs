//! What runs again after which change, and what does not.

use crate::project::{Project, STUDY, names};

const ALL: &[&str] = &["data", "other", "report", "train@0", "train@1", "train@2"];

#[test]
fn a_second_run_does_nothing() {
    let project = Project::with(STUDY);
    assert_eq!(project.repro(&[]).executed, names(ALL));
    let before = project.snapshot();
    let second = project.repro(&[]);
    assert_eq!((second.executed, second.cached, second.skipped), (vec![], vec![], names(ALL)));
    assert_eq!(project.run(&["status"]).stdout, "Everything is up to date.\n");
    assert_eq!(project.snapshot(), before);
}

#[test]
fn a_changed_parameter_runs_its_dependents_and_going_back_runs_nothing() {
    let project = Project::with(STUDY);
    project.repro(&[]);
    let (before, digest) = (project.snapshot(), project.digest());

    let params = project.read("params.yaml");
    project.write("params.yaml", &params.replace("0.001", "0.002"));
    let status = project.run(&["status"]).stdout;
    assert!(
        status.contains(
            "train@0: will run\n    command cmd is modified\n    parameter params.yaml:rate: 0.001 -> 0.002\n"
        ),
        "{status}"
    );
    assert!(status.contains("report: waits for train@0, train@1, train@2\n"), "{status}");
    let changed = project.repro(&[]);
    assert_eq!(changed.executed, names(&["report", "train@0", "train@1", "train@2"]));
    assert_eq!(changed.skipped, names(&["data", "other"]));
    assert_ne!(project.digest(), digest);

    project.write("params.yaml", &params);
    let back = project.repro(&[]);
    assert_eq!(back.executed, Vec::<String>::new());
    assert_eq!(back.cached, names(&["report", "train@0", "train@1", "train@2"]));
    assert_eq!(project.snapshot(), before);
}

/// DVC compares with Python's `==`, for which the first three are equal, and leaves a parameter named `size` out of its key.
#[test]
fn the_types_of_parameters_count_and_so_does_one_named_size() {
    let project = Project::with(&[(
        "dvc.yaml",
        "stages:\n  read: {cmd: cp params.yaml copy, params: [flag, size], outs: [copy]}\n",
    )]);
    for parameters in
        ["flag: 1\nsize: 3", "flag: true\nsize: 3", "flag: 1.0\nsize: 3", "flag: '1'\nsize: 3", "flag: 1\nsize: 4"]
    {
        project.write("params.yaml", parameters);
        assert_eq!(project.repro(&[]).executed, names(&["read"]), "{parameters}");
        assert_eq!(project.read("copy"), parameters);
    }
}

#[test]
fn a_run_whose_outputs_did_not_change_stops_there() {
    let project = Project::with(&[
        ("input", "one\n"),
        (
            "dvc.yaml",
            "stages:
  first: {cmd: wc -l < input > count, deps: [input], outs: [count]}
  second: {cmd: cp count copy, deps: [count], outs: [copy]}
",
        ),
    ]);
    project.repro(&[]);
    project.write("input", "two\n");
    let summary = project.repro(&[]);
    assert_eq!((summary.executed, summary.skipped), (names(&["first"]), names(&["second"])));
}

#[test]
fn outputs_that_were_edited_or_deleted_come_back() {
    let project = Project::with(STUDY);
    project.repro(&[]);
    let before = project.snapshot();
    project.write("out/1.txt", "edited\n");
    std::fs::remove_file(project.path("report.txt")).unwrap();
    let json = project.run(&["status", "--json"]).json();
    assert_eq!(json["train@1"], serde_json::json!([{"changed outs": {"out/1.txt": "modified"}}]));
    let summary = project.repro(&[]);
    assert_eq!((summary.executed, summary.cached), (vec![], names(&["report", "train@1"])));
    assert_eq!(project.snapshot(), before);
}

#[test]
fn an_overlay_leaves_the_lock_alone_and_the_work_tree_as_a_fresh_clone_would_have_it() {
    let project = Project::with(STUDY);
    project.repro(&[]);
    let (lock, digest) = (project.read("dvc.lock"), project.digest());
    let small = project.repro(&["--preset", "small"]);
    assert_eq!(small.executed, names(&["report"]));
    assert!(!project.exists("out/1.txt"), "what no stage makes is out of the folder that `report` reads");
    assert_eq!(project.read("dvc.lock"), lock);
    let fresh = Project::with(STUDY);
    fresh.repro(&["--preset", "small"]);
    assert_eq!(fresh.read("report.txt"), project.read("report.txt"));
    assert!(!fresh.exists("dvc.lock"));

    let back = project.repro(&[]);
    assert_eq!((back.executed, back.cached), (vec![], names(&["report", "train@1", "train@2"])));
    assert_eq!(project.digest(), digest);
}

#[test]
fn a_preset_may_name_nested_parameters_by_dotted_keys() {
    let project = Project::with(crate::project::STUDY);
    project.write(
        "dvc.yaml",
        "stages:\n  one: {cmd: 'echo ${a.b} > out', params: [a.b], outs: [out], meta: {retrial: {params: env}}}\n",
    );
    assert_eq!(project.repro(&["--preset", "deep"]).executed, names(&["one"]));
    assert_eq!(project.read("out"), "2\n");
}

#[test]
fn a_target_runs_with_what_it_rests_on_and_nothing_else() {
    let project = Project::with(STUDY);
    assert_eq!(project.repro(&["train@1"]).executed, names(&["data", "train@1"]));
    assert_eq!(project.repro(&["out/2.txt"]).executed, names(&["train@2"]));
    assert_eq!(project.repro(&["train"]).executed, names(&["train@0"]));
    assert_eq!(project.repro(&["--force", "--single-item", "data"]).executed, names(&["data"]));
}

#[test]
fn a_failing_stage_stops_what_rests_on_it_and_its_old_outputs_can_be_had_again() {
    let project = Project::with(STUDY);
    project.repro(&[]);
    let good = project.read("dvc.yaml");
    let before = project.snapshot();
    project.write("dvc.yaml", &good.replace("yes ${size}", "echo half > data.txt; exit 3; yes ${size}"));
    let ran = project.run(&["repro", "--json", "--keep-going"]);
    assert_eq!(ran.code, 1);
    let summary = ran.summary();
    assert_eq!((summary.failed, summary.skipped), (names(&["data"]), names(&["other"])));
    assert!(ran.stderr.contains("Failed data: exited with status 3"), "{}", ran.stderr);
    assert!(ran.stderr.contains("Not run report"), "{}", ran.stderr);
    project.write("dvc.yaml", &good);
    assert_eq!(project.repro(&[]).executed, Vec::<String>::new());
    assert_eq!(project.snapshot(), before);
}

#[test]
fn a_declared_environment_variable_counts() {
    let project = Project::with(&[
        ("input", ""),
        (
            "dvc.yaml",
            "stages:
  greet:
    cmd: echo $GREETING > greeting
    outs: [greeting]
    deps: [input]
    meta: {retrial: {environment: [GREETING]}}
",
        ),
    ]);
    let with = |value: &str| {
        let output = project.command(&["repro", "--json"]).env("GREETING", value).output().unwrap();
        crate::project::Ran::from(output).summary()
    };
    assert_eq!(with("hello").executed, names(&["greet"]));
    assert_eq!(with("hello").skipped, names(&["greet"]));
    assert_eq!(with("bye").executed, names(&["greet"]));
    assert_eq!(with("hello").cached, names(&["greet"]));
}

/// A stage that has gone leaves its output behind: as rubbish, or as somebody's new input.
#[test]
fn what_no_stage_makes_any_more_goes_unless_somebody_has_taken_it_over() {
    let project = Project::with(&[(
        "dvc.yaml",
        "stages:
  a: {cmd: mkdir -p d && echo a > d/a, outs: [d/a]}
  b: {cmd: mkdir -p d && echo b > d/b, outs: [d/b]}
  c: {cmd: mkdir -p d && echo c > d/c, outs: [d/c]}
  e: {cmd: mkdir -p d && echo e > d/e, outs: [d/e]}
",
    )]);
    project.repro(&[]);
    project.write("d/e", "edited\n");
    let git = std::process::Command::new("git").args(["add", "d/c"]).current_dir(project.root()).status().unwrap();
    assert!(git.success());
    project.write("dvc.yaml", "stages:\n  use: {cmd: cat d/b > used, deps: [d/b], outs: [used]}\n");
    project.repro(&[]);
    let left: Vec<bool> = ["d/a", "d/b", "d/c", "d/e"].map(|path| project.exists(path)).into();
    assert_eq!(left, [false, true, true, true], "an unclaimed output, an input, a file of git's, an edited file");
}

/// The explanation lists what was hashed, and the record says who ran what.
#[test]
fn why_and_log_explain_a_stage() {
    let project = Project::with(STUDY);
    project.repro(&[]);
    project.write("params.yaml", &project.read("params.yaml").replace("0.001", "0.002"));
    let why = project.run(&["why", "train@1"]).stdout;
    for line in [
        "train@1: will run\n    command cmd is modified\n    parameter params.yaml:rate: 0.001 -> 0.002\n",
        "    parameter   params.yaml:rate  0.002\n",
        "    output      out/1.txt  \n",
    ] {
        assert!(why.contains(line), "{line}\n{why}");
    }
    let json = project.run(&["why", "train@1", "--json"]).json();
    assert_eq!((&json[0]["standing"], &json[0]["changes"][1]["is"]), (&"stale".into(), &"0.002".into()));
    assert_eq!(
        json[0]["recipe"].as_array().unwrap().len(),
        why.lines().filter(|line| line.starts_with("    ")).count() - 2
    );

    assert_eq!(project.run(&["log"]).stdout.lines().count(), 6);
    let log = project.run(&["log", "data", "--json"]).json();
    assert_eq!(log[0]["stage"], "data");
    assert_eq!(log[0]["outputs"].as_object().unwrap().keys().collect::<Vec<_>>(), ["data.txt"]);
    assert_eq!(project.run(&["log", "nobody"]).code, 2);
}

/// What was made of either content must not be on record under one of them.
#[test]
fn an_input_that_changes_while_a_stage_runs_fails_it() {
    let project = Project::with(&[
        ("in/a", "1\n"),
        ("dvc.yaml", "stages:\n  a: {cmd: cat in/a > out; $DO_IT, deps: [in], outs: [out]}\n"),
    ]);
    let during = |command: &str| {
        let output = project.command(&["repro"]).env("DO_IT", command).output().unwrap();
        crate::project::Ran::from(output)
    };
    let ran = during("cp dvc.yaml in/a");
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("Failed a: its input in was changed while it ran: run it again"), "{}", ran.stderr);
    // A new file beside it, such as an interpreter's cache, is no such change.
    assert_eq!(during("touch in/cache").code, 0);
}

#[test]
fn parameters_that_change_while_a_command_reads_them_are_no_result() {
    let project = Project::with(&[
        ("params.yaml", "lr: 1\n"),
        ("dvc.yaml", "stages: {a: {cmd: 'sed -i s/1/2/ params.yaml && cat params.yaml > a', params: [lr], outs: [a]}}"),
    ]);
    let ran = project.run(&["repro"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("a: was run with parameters that were changed meanwhile"), "{}", ran.stderr);
    project.write("params.yaml", "lr: 1\n");
    assert!(project.run(&["status"]).stdout.starts_with("a: will run"));
}

#[test]
fn infinity_is_no_text() {
    let project = Project::with(&[
        ("params.yaml", "lr: inf\n"),
        ("dvc.yaml", "stages: {a: {cmd: cp params.yaml a, params: [lr], outs: [a]}}"),
    ]);
    project.repro(&[]);
    project.write("params.yaml", "lr: .inf\n");
    assert_eq!(project.repro(&[]).executed, names(&["a"]));
}
