//! dvc.lock as a file that people commit and merge.

use std::process::Command;

use crate::project::Project;

const PARAMETERS: &str = "lr: 1e-05\nopt: {name: adam, on: true, none: null, many: [1, 2.0, x]}\n";

pub const MIXED: &[(&str, &str)] = &[
    ("params.yaml", PARAMETERS),
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
fn it_is_in_dvcs_schema() {
    let project = Project::with(MIXED);
    project.repro(&[]);
    let lock = project.read("dvc.lock");
    assert!(
        lock.contains(
            "    params:
      params.yaml:
        lr: 1e-05
        opt:
          name: adam
          on: true
          none:
          many:
          - 1
          - 2.0
          - x
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

fn stages(names: &[&str]) -> String {
    let stage = |name: &&str| format!("  {name}: {{cmd: echo {name} > {name}.txt, outs: [{name}.txt]}}\n");
    format!("stages:\n{}", names.iter().map(stage).collect::<String>())
}

fn entries(lock: &str) -> Vec<&str> {
    lock.lines()
        .filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'))
        .filter(|name| !name.starts_with(' '))
        .collect()
}

/// What says the same keeps its bytes and its place; what is new stands where dvc.yaml has it.
#[test]
fn lines_change_only_where_a_stage_did() {
    let project = Project::with(&[("dvc.yaml", &stages(&["a", "b", "c"]))]);
    project.repro(&[]);
    let lock = project.read("dvc.lock");
    assert_eq!(entries(&lock), ["a", "b", "c"]);
    // A person's comment, an entry whose stage is gone, another order, another spelling, and what the schema does not know.
    let (head, last) = lock.split_at(lock.find("  c:").unwrap());
    let gone = "  gone:\n    cmd: 'it is  gone'\n    params: {params.yaml: {lr: 1.50e-3}}\n";
    let edited = head.replace("  a:\n", &format!("{last}{gone}  a: # the first\n")) + "extra: {x: 1}\n";
    project.write("dvc.lock", &edited);
    project.write("dvc.yaml", &stages(&["new", "a", "b", "more", "c"]));
    project.repro(&[]);
    let now = project.read("dvc.lock");
    let entry = |name: &str| {
        let text = last.replace("  c:", &format!("  {name}:")).replace("echo c", &format!("echo {name}"));
        let text = text.replace("c.txt", &format!("{name}.txt"));
        let md5 = |name: &str| {
            let out = now.split_once(&format!("path: {name}.txt")).unwrap().1;
            out.split_once("md5: ").unwrap().1.lines().next().unwrap().to_owned()
        };
        text.replace(&md5("c"), &md5(name)).replace("size: 2", &format!("size: {}", name.len() + 1))
    };
    let expected = edited.replace("stages:\n", &format!("stages:\n{}", entry("new")));
    let expected = expected.replace("extra:", &format!("{}extra:", entry("more")));
    assert_eq!(now, expected);
}

/// Layouts that no tool writes, and entries that refer to one another, are written anew: nothing is lost by it.
#[test]
fn a_lock_of_another_layout_is_written_anew() {
    for lock in [
        "{schema: '2.0', stages: {gone: {cmd: echo}, b: {cmd: x}}}",
        "schema: '2.0'\nstages:\n    gone: &g\n        cmd: echo\n    b: *g\n",
        "schema: '2.0'\nstages:\n  gone: {cmd: &c echo}\n  b: {cmd: *c}\n",
    ] {
        let project = Project::with(&[("dvc.yaml", &stages(&["a", "b"])), ("dvc.lock", lock)]);
        project.repro(&[]);
        let now = project.read("dvc.lock");
        assert_eq!(entries(&now), ["a", "gone", "b"], "{now}");
        assert!(now.contains("  gone:\n    cmd: echo\n  b:\n    cmd: echo b > b.txt\n    outs:\n"), "{now}");
    }
}

#[test]
fn branches_that_each_add_a_stage_merge() {
    let project = Project::with(&[("dvc.yaml", &stages(&["a", "m", "z"])), (".gitignore", "*.txt\n")]);
    let git = |arguments: &[&str]| {
        let set = ["-c", "user.name=x", "-c", "user.email=x"];
        let output = Command::new("git").args(set).args(arguments).current_dir(project.root()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    };
    let commit = |names: &[&str]| {
        project.write("dvc.yaml", &stages(names));
        project.repro(&[]);
        git(&["add", "."]);
        git(&["commit", "-qm", "x"]);
    };
    commit(&["a", "m", "z"]);
    git(&["checkout", "-qb", "other"]);
    commit(&["a", "b", "m", "z"]);
    git(&["checkout", "-q", "-"]);
    commit(&["a", "m", "n", "z"]);
    git(&["merge", "-q", "other", "-m", "x"]);
    assert_eq!(entries(&project.read("dvc.lock")), ["a", "b", "m", "n", "z"]);
    let merged = project.read("dvc.lock");
    assert_eq!(project.repro(&[]).executed, Vec::<String>::new());
    assert_eq!(project.read("dvc.lock"), merged);
}

#[test]
fn a_broken_lock_is_named_with_its_line_and_nothing_runs() {
    let project = Project::with(&[("dvc.yaml", &stages(&["a"]))]);
    for (lock, sentence) in [
        (
            "schema: '2.0'\nstages:\n<<<<<<< HEAD\n  a: {cmd: x}\n=======\n>>>>>>> other\n",
            "dvc.lock:3: holds a merge conflict: take one side (`git checkout --ours dvc.lock`) and run `repro`",
        ),
        ("schema: '1.0'\nstages: {}\n", "dvc.lock:1: is not a lock of schema 2.0 (it has another `schema` than '2.0')"),
        ("stages: {}\n", "dvc.lock:1: is not a lock of schema 2.0 (it has no `schema`)"),
        ("schema: '2.0'\nstages: [a]\n", "dvc.lock:2: is not a lock of schema 2.0 (it has a list under `stages`"),
        (
            "schema: '2.0'\nstages:\n  a: 1\n",
            "dvc.lock:3: is not a lock of schema 2.0 (it has a number as the entry of `a`)",
        ),
        ("schema: '2.0'\nstages:\n  a: [\n", "dvc.lock:4: is not a lock of schema 2.0 (it is not valid YAML"),
    ] {
        project.write("dvc.lock", lock);
        let ran = project.run(&["repro"]);
        assert_eq!(ran.code, 2, "{lock}");
        assert!(ran.stderr.contains(sentence), "{lock}\n{}", ran.stderr);
        assert!(!project.exists("a.txt"));
    }
}
