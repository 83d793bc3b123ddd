//! DVC itself on studies that retrial keeps, and the other way round. `.ci/run` installs it and runs these.

use std::fs;
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::lock::MIXED;
use crate::metrics;
use crate::project::{Action, Project};

/// Of everything that a lock can hold.
const STUDY: &[(&str, &str)] = &[
    (
        "params.yaml",
        "lr: 1e-05
big: 1e20
text: 'yes'
opt: {zeta: 1, alpha: [3, {deep: null}], '010': 'on: off', empty: [], none: {}, size: 2}
classes: {0: cat, 1: dog, 10: none}
shared: &s [1, 2]
again: {a: *s, b: *s}
",
    ),
    ("extra.json", "{\"j\": [1, 2.0, \"é😀\"], \"deep\": {\"k\": true, \"list\": [1]}, \"unused\": 1}"),
    ("extra.toml", "[zeta]\nx = 1\ny = [1.5, 'a']\n[alpha]\nb = true\n[[alpha.many]]\nk = 1e-7\n"),
    ("whole.yaml", "b: [x, '# y']\na: .inf\n"),
    ("sub/in.txt", "1\n"),
    (
        "dvc.yaml",
        "stages:
  source:
    cmd: echo ${lr} ${big} > source.txt && echo \"quoted 'text'#1\" >> source.txt
    params: [text, lr, big]
    outs: [source.txt]
  tree:
    cmd:
      - mkdir -p tree/deep && cp source.txt 'tree/deep/é b' && cp source.txt tree/run.sh
      - chmod +x tree/run.sh && cp tree/run.sh tool && echo a very long line of words that goes on until it is folded
    deps: [source.txt]
    params: [opt.alpha, opt, classes, shared, again]
    outs: [tree, tool]
  score:
    wdir: sub
    cmd: |
      cat ../tree/run.sh | wc -c > kept.txt

      echo '{\"loss\": 0.5}' > score.json
    deps: [in.txt, ../tree]
    params:
      - ../extra.json: [j, deep.list, deep]
      - ../extra.toml: [alpha, zeta.y, zeta]
      - ../whole.yaml:
    outs: [./kept.txt: {persist: true}]
    metrics: [score.json: {cache: false}]
  plain:
    cmd: cat sub/score.json part/inner.txt > plain.txt
    deps: [sub/score.json, part/inner.txt]
    outs: [plain.txt]
",
    ),
    (
        "part/dvc.yaml",
        "stages:
  inner:
    cmd: cat ../source.txt > inner.txt
    deps: [../source.txt]
    params: [own]
    outs: [inner.txt]
",
    ),
    ("part/params.yaml", "own: [1, {a: 1.0}]\n"),
];

const LOCKS: [&str; 2] = ["dvc.lock", "part/dvc.lock"];

fn study() -> Project {
    let project = Project::with(STUDY);
    dvc(&project, &["init", "-q"]);
    project
}

fn dvc(project: &Project, arguments: &[&str]) -> String {
    let output = Command::new("dvc").args(arguments).current_dir(project.root()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "dvc {arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn git(project: &Project, arguments: &[&str]) {
    let set = ["-c", "user.name=x", "-c", "user.email=x"];
    let output = Command::new("git").args(set).args(arguments).current_dir(project.root()).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn assert_content(project: &Project) {
    assert_eq!(dvc(project, &["status"]).trim(), "Data and pipelines are up to date.");
    assert_eq!(project.run(&["status"]).stdout, "Everything is up to date.\n");
}

/// The entries of both locks as texts, sorted.
fn entries(project: &Project) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    let locks = LOCKS.map(|path| project.read(path));
    for line in locks.iter().flat_map(|lock| lock.lines().skip(2)) {
        match entries.last_mut() {
            Some(entry) if line.starts_with("   ") => *entry += &format!("{line}\n"),
            _ => entries.push(format!("{line}\n")),
        }
    }
    entries.sort();
    entries
}

#[test]
#[ignore = "needs dvc on the PATH: .ci/run installs it and runs this"]
fn dvc_finds_everything_up_to_date_and_can_bring_outputs_back() {
    let project = Project::with(MIXED);
    dvc(&project, &["init", "-q"]);
    project.repro(&[]);
    assert_content(&project);
    let before = project.snapshot();
    fs::remove_dir_all(project.path("made")).unwrap();
    fs::remove_file(project.path("a-b.txt")).unwrap();
    dvc(&project, &["checkout"]);
    let outputs = |snapshot: Vec<(String, Vec<u8>)>| -> Vec<_> {
        snapshot.into_iter().filter(|(path, _)| path.starts_with("made/") || path == "a-b.txt").collect()
    };
    assert_eq!(outputs(project.snapshot()), outputs(before));
}

/// Whoever ran last, the other has nothing to do, and no byte of the lock changes.
#[test]
#[ignore = "needs dvc on the PATH: .ci/run installs it and runs this"]
fn dvc_and_retrial_take_turns_on_one_lock() {
    let (project, other) = (study(), study());
    project.repro(&[]);
    dvc(&other, &["repro", "-q"]);
    assert_eq!(entries(&project), entries(&other));
    let idle = |project: &Project| {
        let locks = LOCKS.map(|path| project.read(path));
        assert_eq!(project.run(&["status"]).stdout, "Everything is up to date.\n");
        let summary = project.repro(&[]);
        assert_eq!((summary.executed, summary.cached), (vec![], vec![]));
        let text = dvc(project, &["repro"]);
        assert!(!text.contains("Running stage"), "{text}");
        assert_eq!(LOCKS.map(|path| project.read(path)), locks);
    };
    idle(&project);
    idle(&other);
    let steps: &[&[(&str, &str, &str)]] = &[
        &[("params.yaml", "1e-05", "2.5e-07"), ("params.yaml", "zeta: 1", "zeta: [1.5]"), ("sub/in.txt", "1", "2")],
        &[
            ("dvc.yaml", "  plain:\n", "  more:\n    cmd: echo more > more.txt\n    outs: [more.txt]\n  plain:\n"),
            ("extra.json", "[1]", "[]"),
            ("dvc.yaml", "of words", "of many words"),
        ],
    ];
    for (number, edits) in steps.iter().enumerate() {
        for (project, retrial) in [(&project, number % 2 == 0), (&other, number % 2 == 1)] {
            for (path, from, to) in *edits {
                project.write(path, &project.read(path).replacen(from, to, 1));
            }
            if retrial {
                assert!(!project.repro(&[]).executed.is_empty());
            } else {
                dvc(project, &["repro", "-q"]);
            }
            idle(project);
        }
        assert_eq!(entries(&project), entries(&other));
    }
}

/// A colleague has only DVC, or only its cache.
#[test]
#[ignore = "needs dvc on the PATH: .ci/run installs it and runs this"]
fn outputs_travel_through_dvcs_remote() {
    let project = study();
    let remote = tempfile::tempdir().unwrap();
    dvc(&project, &["remote", "add", "-q", "-d", "there", remote.path().to_str().unwrap()]);
    project.write(".gitignore", "/source.txt\n/tree\n/tool\n/plain.txt\n/sub/kept.txt\n/part/inner.txt\n");
    project.repro(&[]);
    assert!(dvc(&project, &["metrics", "show", "--json"]).contains("0.5"));
    dvc(&project, &["push", "-q"]);
    git(&project, &["add", "."]);
    git(&project, &["commit", "-qm", "one"]);
    let clone = |how: &str| {
        let clone = Project::new();
        git(&clone, &["pull", "-q", project.root().to_str().unwrap(), "HEAD"]);
        dvc(&clone, &[how, "-q"]);
        clone
    };
    let outputs = ["source.txt", "tree/run.sh", "tree/deep/é b", "tool", "plain.txt", "sub/kept.txt", "part/inner.txt"];
    let pulled = clone("pull");
    let summary = pulled.repro(&[]);
    assert_eq!((summary.executed, summary.cached), (vec![], vec![]));
    // Of a stage with a folder of its own the cache alone is not enough: it runs, and comes out the same.
    let fetched = clone("fetch");
    let summary = fetched.repro(&[]);
    assert_eq!((summary.executed, summary.cached.len()), (vec!["score".to_owned()], 4));
    for clone in [&pulled, &fetched] {
        assert_content(clone);
        for output in outputs.into_iter().chain(LOCKS) {
            assert_eq!(clone.read(output), project.read(output), "{output}");
        }
    }

    // What changed, as DVC tells it.
    project.write("params.yaml", &project.read("params.yaml").replace("1e-05", "1e-06"));
    project.write("dvc.yaml", &project.read("dvc.yaml").replace("0.5", "0.25"));
    project.repro(&[]);
    let changes: Value = serde_json::from_str(&dvc(&project, &["params", "diff", "--json"])).unwrap();
    assert_eq!(changes["params.yaml"]["lr"], json!({"old": 1e-05, "new": 1e-06, "diff": 1e-06 - 1e-05}));
    let changes: Value = serde_json::from_str(&dvc(&project, &["metrics", "diff", "--json"])).unwrap();
    assert_eq!(changes["sub/score.json"]["loss"], json!({"old": 0.5, "new": 0.25, "diff": -0.25}));
    // Its collection takes nothing that is in use.
    dvc(&project, &["gc", "-w", "-f", "-q"]);
    assert_content(&project);
    for output in ["source.txt", "tool", "plain.txt"] {
        fs::remove_file(project.path(output)).unwrap();
    }
    dvc(&project, &["checkout", "-q"]);
    assert_content(&project);
}

const SITUATIONS: &[(&str, &str)] = &[
    ("d", "1\n"),
    ("in/a", "1\n"),
    ("sub/d", "1\n"),
    ("p.yaml", "x: 1\ny: 2\n"),
    ("params.yaml", "lr: 0.1\nopt: {a: 1, b: 2}\n"),
    (".gitignore", "*.o\n"),
    (
        "dvc.yaml",
        "stages:
  dep: {cmd: cat d > dep.o, deps: [d], outs: [dep.o]}
  dir: {cmd: cp -r in dir.o, deps: [in], outs: [dir.o]}
  par:
    cmd: echo hi > par.o
    params: [lr, opt.a, p.yaml: [x]]
    outs: [par.o]
  whole:
    cmd: cat p.yaml > whole.o
    params: [p.yaml: ]
    metrics: [whole.o: {cache: false}]
  folder: {wdir: sub, cmd: cat d > x.o, deps: [d], outs: [x.o]}
  frozen: {cmd: cat d > frozen.o, deps: [d], outs: [frozen.o], frozen: false}
  always: {cmd: cat d > always.o, deps: [d], outs: [always.o], always_changed: true}
  neither: {cmd: echo hi}
  alone: {cmd: echo hi > alone.o, outs: [alone.o]}
  down: {cmd: cat dep.o > down.o, deps: [dep.o], outs: [down.o]}
",
    ),
];

/// Where both speak of the same thing, `status --json` is what DVC's is, word for word.
#[test]
#[ignore = "needs dvc on the PATH: .ci/run installs it and runs this"]
fn status_speaks_dvcs_language() {
    let project = Project::with(SITUATIONS);
    dvc(&project, &["init", "-q"]);
    let compare = |project: &Project, what: &str| {
        let mut theirs: Map<String, Value> = serde_json::from_str(&dvc(project, &["status", "--json"])).unwrap();
        let ours = project.run(&["status", "--json"]);
        assert_eq!(ours.code, 0, "{what}: {}", ours.stderr);
        let Value::Object(mut ours) = ours.json() else { panic!("{what}") };
        // DVC compares a stage that waits with what is there before.
        if ours.get("down").is_some_and(|words| words[0].get("waits for").is_some()) {
            ours.remove("down");
            theirs.remove("down");
        }
        assert_eq!(Value::Object(ours), Value::Object(theirs), "{what}");
    };
    compare(&project, "nothing has run");
    project.repro(&[]);
    compare(&project, "all has run");
    project.write("dvc.yaml", &project.read("dvc.yaml").replace("frozen: false", "frozen: true"));
    let edit = |path: &'static str, from: &'static str, to: &'static str| {
        Box::new(move |project: &Project| {
            let text = project.read(path);
            assert!(text.contains(from), "{path} lacks {from}");
            project.write(path, &text.replacen(from, to, 1));
        })
    };
    let write = |path: &'static str, text: &'static str| Box::new(move |project: &Project| project.write(path, text));
    let remove = |paths: &'static [&'static str]| {
        Box::new(move |project: &Project| {
            for path in paths {
                let path = project.path(path);
                if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
            }
        })
    };
    let situations: Vec<(&str, Action)> = vec![
        ("a changed dependency", write("d", "2\n")),
        ("a deleted dependency", remove(&["d"])),
        ("a changed folder", write("in/a", "2\n")),
        ("a new file in a folder", write("in/c", "2\n")),
        ("a deleted folder", remove(&["in"])),
        ("a dependency in a folder", write("sub/d", "2\n")),
        ("a changed parameter and one that is gone", write("params.yaml", "lr: 0.2\nopt: {b: 2}\n")),
        ("keys of a whole file", write("p.yaml", "x: 1\nz: 3\n")),
        ("a deleted parameter file", remove(&["p.yaml"])),
        ("an edited output", write("par.o", "edited\n")),
        ("an edited output that others read", write("dep.o", "edited\n")),
        ("deleted outputs", remove(&["dir.o", "sub/x.o", "frozen.o", "alone.o", "whole.o"])),
        ("a changed command", edit("dvc.yaml", "cmd: cat d > dep.o", "cmd: cat  d > dep.o")),
        ("a new dependency", edit("dvc.yaml", "deps: [in]", "deps: [in, d]")),
        ("a new dependency that does not exist", edit("dvc.yaml", "deps: [in]", "deps: [in, none]")),
        ("a new output", edit("dvc.yaml", "outs: [par.o]", "outs: [par.o, more.o]")),
        ("a new parameter", edit("dvc.yaml", "[lr, opt.a", "[lr, opt.b, opt.a")),
        ("a new parameter that does not exist", edit("dvc.yaml", "[lr, opt.a", "[lr, none, opt.a")),
        ("a new parameter file", edit("dvc.yaml", "cmd: cat d > dep.o,", "cmd: cat d > dep.o, params: [lr],")),
        (
            "several things at once",
            Box::new(|project: &Project| {
                project.write("params.yaml", "lr: 0.3\nopt: {a: 1}\n");
                project.write("par.o", "edited\n");
                project.write("dvc.yaml", &project.read("dvc.yaml").replace("echo hi > par.o", "echo ho > par.o"));
            }),
        ),
    ];
    for (what, change) in situations {
        let copy = project.copy();
        change(&copy);
        compare(&copy, what);
    }
    // Of what dvc.yaml no longer names DVC says nothing; for retrial it is a change.
    project.write("dvc.yaml", &project.read("dvc.yaml").replace("[lr, opt.a", "[lr"));
    let words = project.run(&["status", "--json"]).json()["par"].clone();
    assert_eq!(words, json!([{"changed deps": {"params.yaml": {"opt.a": "deleted"}}}]));
}

/// What the study's own stages write for DVC, DVC shows.
#[test]
#[ignore = "needs dvc on the PATH: .ci/run installs it and runs this"]
fn metrics_and_plots_of_a_study_are_shown() {
    let project = metrics::study();
    dvc(&project, &["init", "-q"]);
    project.repro(&[]);
    assert_content(&project);
    git(&project, &["add", "."]);
    git(&project, &["commit", "-qm", "one"]);
    let shown = |arguments: &[&str]| -> Value { serde_json::from_str(&dvc(&project, arguments)).unwrap() };
    let own = |path: &str| -> Value { serde_json::from_str(&project.read(path)).unwrap() };
    let before = own("metrics/C-1/controlled.json");
    let metrics = shown(&["metrics", "show", "--json"]);
    assert_eq!(metrics[""]["data"]["metrics/C-1/controlled.json"]["data"], before);
    assert_eq!(metrics[""]["data"].as_object().unwrap().len(), 3);

    project.write(
        "runs.csv",
        &project.read("runs.csv").replace("controlled,a,3,1,test_loss,0.75", "controlled,a,3,1,test_loss,0.5"),
    );
    project.repro(&[]);
    let after = own("metrics/C-1/controlled.json");
    let changes = shown(&["metrics", "diff", "--json"]);
    let change = &changes["metrics/C-1/controlled.json"]["difference"];
    assert_eq!((&change["old"], &change["new"]), (&before["difference"], &after["difference"]));
    assert_ne!(before["difference"], after["difference"]);

    let plots = shown(&["plots", "show", "--json"]);
    let points = plots["data"]["e, as-run"][0]["content"]["data"]["values"].as_array().unwrap();
    let point = |field: &str, epoch: &str| {
        let found = points.iter().find(|point| point["field"] == field && point["epoch"] == epoch).unwrap();
        found[field].clone()
    };
    assert_eq!([point("a", "1"), point("b", "1"), point("a", "2")], ["3.0", "1.125", "1.5"]);
}
