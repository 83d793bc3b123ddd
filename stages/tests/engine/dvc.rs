//! dvc.lock and DVC's cache: DVC itself must be content.

use std::process::Command;

use crate::project::Project;

const MIXED: &[(&str, &str)] = &[
    ("params.yaml", "lr: 1e-05\nopt: {name: adam, on: true, none: null, many: [1, 2.0, x]}\n"),
    ("in/b", "2\n"),
    ("in/a x", "1\n"),
    ("in/sub/é", "3\n"),
    ("in/sub.txt", "4\n"),
    ("in/empty", ""),
    (
        "dvc.yaml",
        "stages:
  make:
    cmd: cp -r in/. made && chmod +x made/b && echo ${lr} > score.json
    deps: [in]
    params: [opt, lr, opt.name]
    outs: [made]
    metrics: [score.json: {cache: false}]
  next:
    cmd:
      - cat made/b > a-b.txt
      - 'echo two_#_lines >> a-b.txt'
    deps: [made/b]
    outs: [a-b.txt]
",
    ),
];

/// The MD5 of the folder was computed with Python from the same files by DVC's rule.
#[test]
fn the_lock_is_in_dvcs_schema() {
    let project = Project::with(MIXED);
    project.repro(&[]);
    let lock = project.read("dvc.lock");
    assert!(
        lock.contains(
            "    params:
      params.yaml:
        lr: 0.00001
        opt:
          many:
          - 1
          - 2.0
          - x
          name: adam
          none: null
          on: true
        opt.name: adam
    outs:
    - path: made
      hash: md5
      md5: 38912f6f93dbe78ca7dec213ba5153e4.dir
      size: 8
      nfiles: 5
    - path: score.json
"
        ),
        "{lock}"
    );
}

#[test]
#[ignore = "needs dvc on the PATH: .ci/run installs it and runs this"]
fn dvc_finds_everything_up_to_date_and_can_bring_outputs_back() {
    let project = Project::with(MIXED);
    let dvc = |arguments: &[&str]| {
        let output = Command::new("dvc").args(arguments).current_dir(project.root()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        text
    };
    dvc(&["init", "-q"]);
    project.repro(&[]);
    assert_eq!(dvc(&["status"]).trim(), "Data and pipelines are up to date.");
    let before = project.snapshot();
    std::fs::remove_dir_all(project.path("made")).unwrap();
    std::fs::remove_file(project.path("a-b.txt")).unwrap();
    dvc(&["checkout"]);
    let outputs = |snapshot: Vec<(String, Vec<u8>)>| -> Vec<_> {
        snapshot.into_iter().filter(|(path, _)| path.starts_with("made/") || path == "a-b.txt").collect()
    };
    assert_eq!(outputs(project.snapshot()), outputs(before));
    // What DVC changes, retrial sees, and the other way round.
    project.write("in/b", "5\n");
    project.repro(&[]);
    assert_eq!(dvc(&["status"]).trim(), "Data and pipelines are up to date.");
}
