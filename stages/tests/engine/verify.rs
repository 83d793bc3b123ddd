//! `verify`: a second run, byte by byte.

use serde_json::json;

use crate::project::{Project, STUDY};

#[test]
fn deterministic_stages_come_out_the_same_and_the_work_tree_stays() {
    let project = Project::with(STUDY);
    project.repro(&[]);
    let before = project.snapshot();
    let ran = project.run(&["verify", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.json()["same"], json!(["data", "train@0", "train@1", "train@2", "report", "other"]));
    assert_eq!(project.snapshot(), before);
    let sample = project.run(&["verify", "--json", "--sample", "2"]).json();
    assert_eq!(sample["same"].as_array().unwrap().len(), 2);
}

#[test]
fn the_first_difference_is_named() {
    let project = Project::with(&[
        ("counter", "0"),
        (
            "dvc.yaml",
            "stages:
  steady: {cmd: echo 1 > steady, outs: [steady]}
  random: {cmd: mkdir -p dir && echo 1 > dir/a && (printf 'same '; head -c 8 /dev/urandom) > dir/b, outs: [dir]}
  greedy: {cmd: cat counter > greedy, outs: [greedy]}
  late: {cmd: cat steady > late, deps: [steady], outs: [late]}
",
        ),
    ]);
    project.repro(&[]);
    project.write("late", "edited");
    let ran = project.run(&["verify", "--json"]);
    assert_eq!(ran.code, 1);
    let found = ran.json();
    assert_eq!(found["same"], json!(["steady"]));
    assert_eq!((&found["different"][0]["stage"], &found["different"][0]["path"]), (&json!("random"), &json!("dir/b")));
    assert!(found["different"][0]["byte"].as_u64().unwrap() >= 5, "{found}");
    assert_eq!(found["failed"][0]["stage"], "greedy", "it reads a file that it does not declare");
    assert_eq!(found["not_fresh"], json!(["late"]));
}

#[test]
fn links_to_folders_are_no_part_of_what_is_compared() {
    let project = Project::with(&[
        ("in/a", "1\n"),
        ("elsewhere/b", "2\n"),
        ("dvc.yaml", "stages: {a: {cmd: mkdir out && cat in/a > out/a && ln -s . out/self, deps: [in], outs: [out]}}"),
    ]);
    std::os::unix::fs::symlink(".", project.path("in/self")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", project.path("in/way")).unwrap();
    project.repro(&[]);
    let ran = project.run(&["verify", "--json"]);
    assert_eq!((ran.code, &ran.json()["same"]), (0, &json!(["a"])), "{}", ran.stderr);
}
