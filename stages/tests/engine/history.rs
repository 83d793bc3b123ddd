//! History: trace, diff and checkout, in repositories with several commits.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::project::{Project, names};
use crate::upkeep::gc;

/// raw -> data -> train (×2, into folders) -> score.
pub const FILES: &[(&str, &str)] = &[
    (".gitignore", "/data.txt\n/out\n/score.json\n/notes.txt\n"),
    ("raw/words.txt", "a\nb\nc\nd\n"),
    ("params.yaml", "size: 3\nrate: 0.5\nopt: {name: adam, steps: 1}\npresets:\n  small: {size: 1, opt: {steps: 2}}\n"),
    (
        "dvc.yaml",
        r#"stages:
  data:
    cmd: head -n ${size} raw/words.txt > data.txt
    deps: [raw]
    params: [size]
    outs: [data.txt]
    meta: {retrial: {params: env}}
  train:
    matrix: {seed: [0, 1]}
    cmd: mkdir -p out/${item.seed} && (cat data.txt; echo ${item.seed} ${rate}) > out/${item.seed}/model
    deps: [data.txt]
    params: [rate]
    outs: ['out/${item.seed}']
  score:
    cmd: 'echo "{\"lines\": $(cat out/*/model | wc -l), \"rate\": ${rate}, \"by\": {\"name\": \"${opt.name}\"}}" > score.json'
    deps: [out]
    params: [rate]
    metrics: [score.json]
"#,
    ),
];

pub fn git(project: &Project, arguments: &[&str]) -> String {
    let who = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
    let output = Command::new("git").args(who).args(arguments).current_dir(project.root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Commits everything and returns the commit.
pub fn commit(project: &Project, message: &str) -> String {
    git(project, &["add", "--all"]);
    git(project, &["commit", "-q", "-m", message]);
    git(project, &["rev-parse", "HEAD"])
}

pub fn replace(project: &Project, file: &str, old: &str, new: &str) {
    let text = project.read(file);
    assert!(text.contains(old), "{text}");
    project.write(file, &text.replace(old, new));
}

/// A study with two commits after a run each, of rate 0.5 and 0.25, and these commits.
pub fn two_commits() -> (Project, [String; 2]) {
    let project = Project::with(FILES);
    commit(&project, "Raw data");
    project.repro(&[]);
    let first = commit(&project, "Rate 0.5");
    replace(&project, "params.yaml", "rate: 0.5", "rate: 0.25");
    project.repro(&[]);
    let second = commit(&project, "Rate 0.25");
    (project, [first, second])
}

/// SHA-256 -> path, of the store's objects.
pub fn objects(project: &Project) -> Vec<(String, PathBuf)> {
    let mut objects = Vec::new();
    for folder in std::fs::read_dir(project.path(".retrial/objects")).unwrap() {
        let folder = folder.unwrap().path();
        let head = folder.file_name().unwrap().to_str().unwrap().to_owned();
        if head.len() == 2 {
            for file in std::fs::read_dir(folder).unwrap() {
                let path = file.unwrap().path();
                objects.push((format!("{head}{}", path.file_name().unwrap().to_str().unwrap()), path));
            }
        }
    }
    objects.sort();
    objects
}

pub fn object_of(project: &Project, bytes: &str) -> PathBuf {
    let found = objects(project).into_iter().find(|(_, path)| std::fs::read(path).unwrap() == bytes.as_bytes());
    found.unwrap_or_else(|| panic!("no object holds {bytes:?}")).1
}

pub fn overwrite(object: &Path, bytes: &[u8]) {
    std::fs::set_permissions(object, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(object, bytes).unwrap();
}

fn node<'a>(trace: &'a Value, path: &str) -> &'a Value {
    let nodes = trace["nodes"].as_array().unwrap();
    nodes.iter().find(|node| node["path"] == path).unwrap_or_else(|| panic!("no {path}: {trace:#}"))
}

fn trace(project: &Project, file: &str) -> Value {
    let ran = project.run(&["trace", file, "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.json()
}

#[test]
fn a_trace_leads_through_stages_and_commits_to_the_raw_data_of_that_time() {
    let (project, [first, _]) = two_commits();
    let raw = git(&project, &["rev-parse", "HEAD~2"]);
    // The same data, made again from other raw data: that is the history of the data, but not of what was read before.
    replace(&project, "raw/words.txt", "d\n", "D\n");
    assert_eq!(project.repro(&[]).executed, names(&["data"]));
    commit(&project, "Other raw data");
    assert_eq!(node(&trace(&project, "data.txt"), "raw")["source"]["commit"]["summary"], "Other raw data");
    // The work tree moves on: the history of what was made does not.
    replace(&project, "raw/words.txt", "a\n", "A\n");
    replace(&project, "params.yaml", "rate: 0.25", "rate: 1.0");
    std::fs::remove_dir_all(project.path("out/1")).unwrap();
    let traced = trace(&project, "score.json");
    assert_eq!(traced["standing"], "same");
    let score = &node(&traced, "score.json")["run"];
    assert_eq!((&score["stage"], &score["commit"]), (&json!("score"), &json!(first)));
    assert_eq!(score["uncommitted"], 1, "params.yaml was edited on top of the commit");
    assert_eq!(score["parameters"], json!({ "params.yaml:rate": "0.25" }));
    assert_eq!(node(&traced, "out")["parts"], 2);
    assert_eq!(node(&traced, "out/1")["run"]["stage"], "train@1");
    let data = node(&traced, "data.txt");
    assert_eq!((&data["run"]["stage"], &data["run"]["commit"]), (&json!("data"), &json!(raw)));
    assert_eq!(data["run"]["uncommitted"], 0);
    let source = &node(&traced, "raw")["source"];
    assert_eq!((&source["origin"], &source["commit"]["id"]), (&json!("committed"), &json!(raw)));
    assert_eq!((&source["files"], &source["same_now"]), (&json!(1), &json!(false)));

    let text = project.run(&["trace", "score.json"]).stdout;
    assert!(text.starts_with("score.json  stage score, run "), "{text}");
    assert_eq!(text.matches("stage data, run").count(), 1, "{text}");
    assert!(text.contains("└─ data.txt  (see above)\n"), "{text}");
    assert!(text.contains("(Raw data); it has changed since it was read\n"), "{text}");
}

/// A run that read files with changes that were never committed is not blamed on the commit.
#[test]
fn a_trace_tells_how_a_file_stood_with_git_when_it_was_read() {
    let (project, _) = two_commits();
    let origin = |file: &str| trace(&project, file)["nodes"].as_array().unwrap().last().unwrap()["source"].clone();
    let words = origin("raw/words.txt");
    assert_eq!((&words["origin"], &words["commit"]["summary"]), (&json!("committed"), &json!("Raw data")));
    replace(&project, "raw/words.txt", "a\n", "A\n");
    project.repro(&[]);
    let read = &node(&trace(&project, "data.txt"), "raw")["source"].clone();
    assert_eq!((&read["origin"], &read["commit"]["summary"]), (&json!("modified"), &json!("Raw data")));
    assert_eq!((&read["files"], &read["differing"]), (&json!(1), &json!(1)));
    // Committed as it was read, later.
    commit(&project, "Louder");
    let read = &node(&trace(&project, "data.txt"), "raw")["source"].clone();
    assert_eq!((&read["origin"], &read["commit"]["summary"]), (&json!("committed"), &json!("Louder")));
    project.write("new.txt", "new\n");
    project.write("notes.txt", "ignored\n");
    assert_eq!(origin("new.txt")["origin"], "untracked");
    assert_eq!(origin("notes.txt")["origin"], "ignored");
    project.write("big.csv", "1,2\n");
    project.write("big.csv.dvc", "outs:\n- {md5: 123, path: big.csv}\n");
    project.write(".gitignore", "/data.txt\n/out\n/score.json\n/big.csv\n");
    commit(&project, "Kept by DVC");
    let kept = origin("big.csv");
    assert_eq!((&kept["dvc_file"], &kept["commit"]["summary"]), (&json!("big.csv.dvc"), &json!("Kept by DVC")));
}

#[test]
fn a_trace_goes_by_bytes_and_says_where_a_name_misleads() {
    let (project, _) = two_commits();
    std::fs::copy(project.path("out/1/model"), project.path("notes.txt")).unwrap();
    assert_eq!(trace(&project, "notes.txt")["standing"], json!({ "elsewhere": "out/1/model" }));
    // From inside a folder; a file inside an output.
    let mut inside = project.command(&["trace", "model", "--json"]);
    let inside = crate::project::Ran::from(inside.current_dir(project.path("out/1")).output().unwrap()).json();
    assert_eq!((&inside["file"], &inside["standing"]), (&json!("out/1/model"), &json!("same")));
    assert_eq!(node(&inside, "out/1/model")["run"]["output"], "out/1");
    // The bytes of the first commit are the first run's.
    project.run(&["checkout", "HEAD~1"]);
    let old = trace(&project, "out/0/model");
    assert_eq!(node(&old, "out/0/model")["run"]["parameters"], json!({ "params.yaml:rate": "0.5" }));
    project.write("out/0/model", "by hand\n");
    let edited = trace(&project, "out/0/model");
    assert_eq!(edited["standing"], "changed");
    assert_eq!(node(&edited, "out/0/model")["run"]["parameters"], json!({ "params.yaml:rate": "0.25" }));
    assert!(project.run(&["trace", "out/0/model"]).stdout.contains("it was changed since"));
    std::fs::remove_file(project.path("data.txt")).unwrap();
    assert_eq!(trace(&project, "data.txt")["standing"], "gone");
    // What nobody knows to be of a stage but dvc.yaml.
    std::fs::remove_dir_all(project.path(".retrial")).unwrap();
    let unknown = trace(&project, "out/1/model");
    assert_eq!(
        (&unknown["declared_by"], &unknown["nodes"][0]["source"]["origin"]),
        (&json!("train@1"), &json!("ignored"))
    );
    let nothing = project.run(&["trace", "nothing.txt"]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (2, ""));
}

/// Where DVC ran the stages, or the store was lost, the lock is all that is known of the runs.
#[test]
fn a_trace_leads_through_runs_that_the_lock_vouches_for() {
    let (project, _) = two_commits();
    std::fs::remove_dir_all(project.path(".retrial")).unwrap();
    assert_eq!(project.repro(&[]).executed, Vec::<String>::new());
    replace(&project, "raw/words.txt", "a\n", "A\n");
    let traced = trace(&project, "score.json");
    assert_eq!(node(&traced, "score.json")["run"]["adopted"], "dvc.lock");
    assert_eq!(node(&traced, "data.txt")["run"]["commit"], Value::Null);
    let source = &node(&traced, "raw")["source"];
    assert_eq!((&source["commit"]["summary"], &source["same_now"]), (&json!("Raw data"), &json!(false)));
    assert!(project.run(&["trace", "data.txt"]).stdout.contains(", adopted from dvc.lock\n"));
}

#[test]
fn a_diff_shows_parameters_and_metrics_of_two_commits_or_the_work_tree() {
    let (project, [first, _]) = two_commits();
    let text = project.run(&["diff", "HEAD~1", "HEAD"]).stdout;
    let expected = "Path         Param  HEAD~1  HEAD
params.yaml  rate   0.5     0.25

Path        Metric  HEAD~1  HEAD  Change
score.json  rate    0.5     0.25  -0.25
";
    assert_eq!(text, expected);
    assert_eq!(
        project.run(&["diff"]).stdout,
        "No parameter, metric or other finding differs between HEAD and workspace.\n"
    );
    // Types count, lists and new keys as well; the work tree's metrics are what stands there.
    replace(&project, "params.yaml", "size: 3", "size: '3'\nmore: [1, 2]");
    replace(&project, "params.yaml", "steps: 1", "steps: 1.0");
    project.write("score.json", r#"{"lines": 9, "rate": 0.250, "by": {"name": "sgd"}, "f1": 0.7}"#);
    let changed = project.run(&["diff", "--json"]).json();
    let params = json!({
        "size": { "old": 3, "new": "3" },
        "more": { "old": null, "new": [1, 2] },
        "opt.steps": { "old": 1, "new": 1.0 },
    });
    assert_eq!(changed["params"], json!({ "params.yaml": params }));
    let metrics = json!({
        "lines": { "old": 8, "new": 9, "diff": 1 },
        "by.name": { "old": "adam", "new": "sgd" },
        "f1": { "old": null, "new": 0.7 },
    });
    assert_eq!(changed["metrics"], json!({ "score.json": metrics }));
    assert!(project.run(&["diff"]).stdout.contains("params.yaml  size       3     \"3\"\n"));
    // One commit against the work tree; bytes that are nowhere are said to be.
    assert_eq!(project.run(&["diff", &first, "--json"]).json()["params"]["params.yaml"]["rate"]["new"], 0.25);
    std::fs::remove_dir_all(project.path(".retrial")).unwrap();
    let lost = project.run(&["diff", "HEAD~1", "HEAD", "--json"]).json();
    assert_eq!(lost["metrics"], json!({}));
    assert_eq!(lost["notes"].as_array().unwrap().len(), 2, "{lost:#}");
    let unknown = project.run(&["diff", "v9"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("`v9` is no commit"), "{}", unknown.stderr);
}

/// A verdict that changed is shown with its evidence, from what the lock of each commit names.
#[test]
fn a_diff_shows_verdicts() {
    let verdicts = |verdict: &str, difference: f64| {
        let comparison = json!({
            "a": "svvar", "b": "baseline", "metric": "test_accuracy", "at": "last", "direction": "higher",
        });
        let evidence = json!({
            "comparison": comparison, "seeds": 20, "failed_seeds": [], "mean_a": 0.5, "sd_a": 0.1, "mean_b": 0.5,
            "sd_b": 0.1, "difference": difference, "interval": [difference - 0.1, difference + 0.1], "p_t": 0.5,
            "p_sign_flip": null, "p_holm": null, "p_equivalence": 0.5, "dz": null, "further_seeds": null, "pairs": [],
        });
        let under = |protocol: &str, verdict: &str, evidence: &Value| {
            json!({
                "protocol": protocol, "verdict": verdict, "reason": "", "evidence": evidence, "reproduced": null,
                "controls": [],
            })
        };
        let same = under("as-run", "untestable", &Value::Null);
        json!({ "claims": [{
            "id": "C-1", "statement": "", "experiment": "svvar", "source": { "title": "t", "figure": null, "note": null }, "alpha": 0.05,
            "margin": 0.1, "published": null, "protocols": [same, under("controlled", verdict, &evidence)],
            "disagreements": [], "defects": [],
        }]})
    };
    let project = Project::with(&[
        (".gitignore", "/artifacts\n"),
        (
            "dvc.yaml",
            "stages:\n  verdicts: {cmd: mkdir -p artifacts && cp v.json artifacts/verdicts.json, deps: [v.json], metrics: [artifacts/verdicts.json]}\n",
        ),
        ("v.json", &verdicts("supported", 0.25).to_string()),
    ]);
    project.repro(&[]);
    commit(&project, "Supported");
    project.write("v.json", &verdicts("undecided", 0.05).to_string());
    project.repro(&[]);
    let text = project.run(&["diff"]).stdout;
    let row = "C-1 controlled  supported, +0.25 [+0.15, +0.35], 20 seeds  undecided, +0.05 [−0.05, +0.15], 20 seeds\n";
    assert!(text.ends_with(row), "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");
    let found = project.run(&["diff", "--json"]).json()["verdicts"].clone();
    assert_eq!(found[0]["subject"], "C-1 controlled");
    assert_eq!((&found[0]["old"]["verdict"], &found[0]["new"]["verdict"]), (&json!("supported"), &json!("undecided")));
    project.write("artifacts/verdicts.json", "{}");
    assert!(project.run(&["diff"]).stdout.contains("note: verdicts are not compared: "));
}

/// The outputs in the work tree.
fn outputs(project: &Project) -> Vec<(String, Vec<u8>)> {
    let mut files = project.snapshot();
    files.retain(|(path, _)| ["data.txt", "score.json"].contains(&path.as_str()) || path.starts_with("out/"));
    files
}

#[test]
fn a_checkout_brings_a_commits_bytes_back_and_again_the_others() {
    let (project, [first, _]) = two_commits();
    let new = outputs(&project);
    git(&project, &["checkout", "-q", &first]);
    project.repro(&[]);
    let old = outputs(&project);
    assert!(old != new && old.len() == 4);
    git(&project, &["checkout", "-q", "-"]);

    let to_new = project.run(&["checkout", "--json"]);
    assert_eq!(to_new.code, 0, "{}", to_new.stdout);
    assert_eq!(to_new.json()["modified"], json!(["out/0", "out/1", "score.json"]));
    assert_eq!(outputs(&project), new);
    std::fs::remove_file(project.path("data.txt")).unwrap();
    let text = project.run(&["checkout", &first]).stdout;
    assert_eq!(text, "A\tdata.txt\nM\tout/0/\nM\tout/1/\nM\tscore.json\n");
    assert_eq!(outputs(&project), old);
    assert_eq!(git(&project, &["status", "--porcelain"]), "");

    // Only some of them; what is in the way and known to nobody is kept.
    project.write("data.txt", "three days of work\n");
    let some = project.run(&["checkout", "HEAD", "data", "out/1", "--json"]).json();
    assert_eq!(some["modified"], json!(["data.txt", "out/1"]));
    object_of(&project, "three days of work\n");
    assert_eq!(project.read("out/0/model"), "a\nb\nc\n0 0.5\n");
    // A name that is no commit is a target, if it is one.
    assert_eq!(project.run(&["checkout", "train", "--json"]).json()["modified"], json!(["out/0"]));
    let wrong = project.run(&["checkout", "trian"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("`trian`"), "{}", wrong.stderr);
}

#[test]
fn a_checkout_takes_away_what_the_commit_does_not_have_and_leaves_gits_files_to_git() {
    let (project, [first, _]) = two_commits();
    replace(&project, "dvc.yaml", "seed: [0, 1]", "seed: [0, 1, 2]");
    replace(&project, "dvc.yaml", "metrics: [score.json]", "metrics: [score.json: {cache: false}]");
    project.write(".gitignore", "/data.txt\n/out\n");
    project.repro(&[]);
    commit(&project, "Three seeds, the score in git");
    let back = project.run(&["checkout", &first, "--json"]).json();
    assert_eq!(back["deleted"], json!(["out/2"]));
    assert_eq!(back["modified"], json!(["out/0", "out/1"]));
    assert_eq!(git(&project, &["status", "--porcelain"]), "");
    assert!(!project.exists("out/2"));
    assert_eq!(project.run(&["checkout", "--json"]).json()["added"], json!(["out/2"]));
    assert_eq!(project.repro(&[]).skipped.len(), 5);
}

#[test]
fn a_checkout_names_what_it_cannot_bring_back_and_brings_the_rest() {
    let (project, [first, _]) = two_commits();
    overwrite(&object_of(&project, "a\nb\nc\n0 0.5\n"), b"a\nb\nc\n0 5.0\n");
    let part = project.run(&["checkout", &first]);
    assert_eq!(part.code, 1);
    assert_eq!(part.stdout.lines().next(), Some("M\tout/1/"), "{}", part.stdout);
    assert!(part.stdout.contains("missing\tout/0 of stage train@0: "), "{}", part.stdout);
    assert!(part.stdout.contains(&format!("git checkout {first} && retrial repro train@0\n")), "{}", part.stdout);
    assert_eq!(project.read("out/0/model"), "a\nb\nc\n0 0.25\n");
    assert_eq!(project.read("out/1/model"), "a\nb\nc\n1 0.5\n");
    let before = project.run(&["checkout", "HEAD~2"]);
    assert_eq!(before.code, 2);
    assert!(before.stderr.contains("has no dvc.lock"), "{}", before.stderr);
}

#[test]
fn a_checkout_finds_what_only_dvcs_cache_has() {
    let project = Project::with(FILES);
    std::fs::create_dir(project.path(".dvc")).unwrap();
    project.repro(&[]);
    let made = outputs(&project);
    commit(&project, "Made");
    for gone in [".retrial", "out"] {
        std::fs::remove_dir_all(project.path(gone)).unwrap();
    }
    std::fs::remove_file(project.path("data.txt")).unwrap();
    let back = project.run(&["checkout", "HEAD", "--json"]);
    assert_eq!(back.json()["added"], json!(["data.txt", "out/0", "out/1"]), "{}", back.stderr);
    assert_eq!(outputs(&project), made);
}

/// Each dvc.yaml has a lock of its own, with paths from its stages' folders.
#[test]
fn a_checkout_a_diff_and_gc_read_every_lock() {
    let project = Project::with(&[
        (".gitignore", "/top\n/sub/deep/low\n/sub/score.yaml\n"),
        ("params.yaml", "n: 1\n"),
        ("dvc.yaml", "stages:\n  s: {cmd: 'echo ${n} > top', outs: [top]}\n"),
        ("sub/params.yaml", "m: 1\n"),
        (
            "sub/dvc.yaml",
            r#"stages:
  s:
    wdir: deep
    cmd: "cat ../../top > low && echo 'm: ${m}' > ../score.yaml"
    deps: [../../top]
    outs: [low]
    metrics: [../score.yaml]
"#,
        ),
        ("sub/deep/here", ""),
    ]);
    project.repro(&["-P"]);
    commit(&project, "One");
    for file in ["params.yaml", "sub/params.yaml"] {
        replace(&project, file, "1", "2");
    }
    project.repro(&["-P"]);
    let changed = project.run(&["diff", "--json"]).json();
    assert_eq!(changed["metrics"]["sub/score.yaml"]["m"], json!({ "old": 1, "new": 2, "diff": 1 }), "{changed:#}");
    commit(&project, "Two");
    assert_eq!(gc(&project, &["-A", "-n"]).0, 0);
    let back = project.run(&["checkout", "HEAD~1", "--json"]).json();
    assert_eq!(back["modified"], json!(["top", "sub/deep/low", "sub/score.yaml"]), "{back:#}");
    assert_eq!((project.read("sub/deep/low"), project.read("sub/score.yaml")), ("1\n".to_owned(), "m: 1\n".to_owned()));
    project.run(&["checkout"]);
    assert_eq!(gc(&project, &["-w"]), (2, 2));
    assert_eq!(project.repro(&["-P"]).skipped.len(), 2);
    assert_eq!(node(&trace(&project, "sub/score.yaml"), "top")["run"]["stage"], "s");
}
