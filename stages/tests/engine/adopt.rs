//! What dvc.lock vouches for is adopted without a run, and what DVC's cache has is used.

use std::fs;

use crate::project::{Action, Project, names};

const STUDY: &[(&str, &str)] = &[
    ("params.yaml", "flag: 1\nsize: 3\nopt: {b: [1, 2], a: x}\n"),
    ("in/a", "one\n"),
    ("in/b", "two\n"),
    (".dvc/config", ""),
    (
        "dvc.yaml",
        "stages:
  first:
    cmd: mkdir tree && cp in/* tree && echo ${flag} > tool && chmod +x tool
    deps: [in]
    params: [flag, opt]
    outs: [tree, tool]
  second:
    cmd: cat tree/a tool > second.txt
    deps: [tree/a, tool]
    outs: [second.txt]
",
    ),
];

const BOTH: &[&str] = &["first", "second"];

/// A study as it is after `dvc repro`: outputs, lock and DVC's cache, and no records.
fn after_dvc() -> Project {
    let project = Project::with(STUDY);
    project.repro(&[]);
    fs::remove_dir_all(project.path(".retrial")).unwrap();
    project
}

fn remove_outputs(project: &Project) {
    fs::remove_dir_all(project.path("tree")).unwrap();
    fs::remove_file(project.path("tool")).unwrap();
    fs::remove_file(project.path("second.txt")).unwrap();
}

#[test]
fn what_the_lock_vouches_for_is_adopted() {
    let project = after_dvc();
    let before = project.snapshot();
    assert_eq!(project.run(&["status"]).stdout, "Everything is up to date.\n");
    assert!(project.run(&["why", "first"]).stdout.starts_with("first: up to date, as dvc.lock says\n"));
    let summary = project.repro(&[]);
    assert_eq!((summary.executed, summary.cached, summary.skipped), (vec![], vec![], names(BOTH)));
    assert_eq!(project.snapshot(), before);
    let log = project.run(&["log"]).stdout;
    assert_eq!(log.matches("adopted from dvc.lock").count(), 2, "{log}");
    // It is on record now, and in the store.
    fs::remove_file(project.path("dvc.lock")).unwrap();
    fs::remove_dir_all(project.path(".dvc")).unwrap();
    remove_outputs(&project);
    assert_eq!(project.repro(&[]).cached, names(BOTH));
}

/// Each of these is a doubt, and a doubt means a run.
#[test]
fn what_differs_in_anything_runs() {
    let edit = |path: &'static str, from: &'static str, to: &'static str| {
        move |project: &Project| {
            let text = project.read(path);
            assert!(text.contains(from), "{path} lacks {from}");
            project.write(path, &text.replacen(from, to, 1));
        }
    };
    let yaml = |from, to| edit("dvc.yaml", from, to);
    let lock = |from, to| edit("dvc.lock", from, to);
    let flag = |to| edit("params.yaml", "flag: 1", to);
    let cases: Vec<(&str, Action)> = vec![
        ("a parameter of another type", Box::new(lock("flag: 1", "flag: true"))),
        ("a float that was an integer", Box::new(lock("flag: 1", "flag: 1.0"))),
        ("a changed parameter", Box::new(flag("flag: 2"))),
        ("a parameter less in the lock", Box::new(lock("        flag: 1\n", ""))),
        ("a parameter more in the lock", Box::new(yaml("[flag, opt]", "[flag]"))),
        ("a changed command", Box::new(yaml("mkdir tree", "mkdir  tree"))),
        ("a command of another form", Box::new(lock("cmd: mkdir", "cmd:\n    - mkdir"))),
        ("a changed dependency", Box::new(|project: &Project| project.write("in/a", "3\n"))),
        ("a file more in a dependency", Box::new(|project: &Project| project.write("in/c", "3\n"))),
        ("a dependency more", Box::new(yaml("deps: [in]", "deps: [in, in/a]"))),
        ("a dependency less", Box::new(yaml("deps: [in]", "deps: []"))),
        ("another path of a dependency", Box::new(yaml("deps: [in]", "deps: [./in]"))),
        ("an output less", Box::new(yaml("outs: [tree, tool]", "outs: [tree]"))),
        ("an MD5 of DVC 2", Box::new(lock("      hash: md5\n", ""))),
        ("what the schema does not know", Box::new(lock("    cmd: mkdir", "    desc: x\n    cmd: mkdir"))),
        (
            "a variable of the environment",
            Box::new(yaml("    deps: [in]", "    meta: {retrial: {environment: [X]}}\n    deps: [in]")),
        ),
        ("always changed", Box::new(yaml("    deps: [in]", "    always_changed: true\n    deps: [in]"))),
        ("no lock", Box::new(|project: &Project| fs::remove_file(project.path("dvc.lock")).unwrap())),
    ];
    let base = after_dvc();
    for (what, change) in cases {
        let project = base.copy();
        change(&project);
        let summary = project.repro(&[]);
        assert!(summary.executed.contains(&"first".to_owned()), "{what}: {summary:?}");
    }
    // Lest the cases above run for another reason.
    let project = after_dvc();
    edit("params.yaml", "opt: {b: [1, 2], a: x}", "opt:\n  a: x\n  b: [1, 2]")(&project);
    assert_eq!(project.repro(&[]).executed, Vec::<String>::new());
}

/// The lock is of the committed parameters.
#[test]
fn an_overlaid_run_adopts_nothing() {
    let project = after_dvc();
    project.write(
        "dvc.yaml",
        &project.read("dvc.yaml").replace("    deps: [in]", "    meta: {retrial: {params: env}}\n    deps: [in]"),
    );
    // Not even where it sets what is there anyway.
    for value in ["flag=2", "flag=1"] {
        assert_eq!(project.copy().repro(&["--set", value]).executed, names(BOTH), "{value}");
    }
}

#[test]
fn a_fresh_clone_is_restored_from_dvcs_cache() {
    let project = after_dvc();
    let before = project.snapshot();
    remove_outputs(&project);
    let json = project.run(&["status", "--json"]).json();
    let first = serde_json::json!([{"changed outs": {"tool": "deleted", "tree": "deleted"}}]);
    assert_eq!(json, serde_json::json!({"first": first, "second": [{"waits for": ["first"]}]}));
    let summary = project.repro(&[]);
    assert_eq!((summary.executed, summary.cached), (vec![], names(BOTH)));
    assert_eq!(project.snapshot(), before);
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(project.path("tool")).unwrap().permissions());
    assert_eq!(mode & 0o100, 0o100, "the lock says that it is executable");
}

fn cache_objects(project: &Project, cache: &str) -> Vec<std::path::PathBuf> {
    let folders = fs::read_dir(project.path(cache).join("files/md5")).unwrap();
    let mut files: Vec<_> = folders
        .flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
}

/// Replaces a file: its other links keep their bytes. A folder's list still is one, of other files.
fn damage(path: &std::path::Path) {
    let text = fs::read_to_string(path).unwrap();
    fs::remove_file(path).unwrap();
    let damaged = if text.starts_with("[{") { text.replacen("\"a\"", "\"c\"", 1) } else { format!("{}?", &text[1..]) };
    assert_ne!(damaged, text);
    fs::write(path, damaged).unwrap();
}

#[test]
fn a_damaged_object_of_dvcs_cache_is_said_and_never_served() {
    let whole = after_dvc();
    let before = whole.snapshot();
    let count = cache_objects(&whole, ".dvc/cache").len();
    assert_eq!(count, 5, "two files and their list, an executable, and what was made of them");
    for number in 0..count {
        let project = whole.copy();
        let object = &cache_objects(&project, ".dvc/cache")[number];
        damage(object);
        remove_outputs(&project);
        let ran = project.run(&["repro", "--json"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(!ran.summary().executed.is_empty(), "{} was served", object.display());
        assert!(ran.stderr.contains(&format!("Damaged {}", object.display())), "{}", ran.stderr);
        // The run has put right what was wrong, in the cache too.
        assert_eq!(project.snapshot(), before, "{}", ran.stderr);
    }
}

#[test]
fn an_object_that_the_store_lost_is_taken_from_dvcs_cache() {
    let project = Project::with(STUDY);
    project.repro(&[]);
    let before = project.snapshot();
    let mut objects = Vec::new();
    for folder in fs::read_dir(project.path(".retrial/objects")).unwrap() {
        let folder = folder.unwrap().path();
        if folder.file_name().unwrap().len() == 2 {
            objects.extend(fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()));
        }
    }
    assert_eq!(objects.len(), 4);
    for (number, object) in objects.iter().enumerate() {
        if number % 2 == 0 { damage(object) } else { fs::remove_file(object).unwrap() }
    }
    remove_outputs(&project);
    let summary = project.repro(&[]);
    assert_eq!((summary.executed, summary.cached), (vec![], names(BOTH)));
    assert_eq!(project.snapshot(), before);
}

#[test]
fn dvcs_cache_is_where_its_configuration_says() {
    for (config, local, cache) in [
        ("[core]\n    dir = no\n[cache]\n    dir = ../own cache\n", None, "own cache"),
        ("[cache]\ndir = \"../own\" # here\n", None, "own"),
        ("[cache]\n    dir = /nowhere\n", Some("['cache']\n    dir = ../local\n"), "local"),
        ("['remote \"cache\"']\n    dir = ../no\n", None, ".dvc/cache"),
    ] {
        let project = Project::with(STUDY);
        project.write(".dvc/config", config);
        if let Some(local) = local {
            project.write(".dvc/config.local", local);
        }
        project.repro(&[]);
        assert_eq!(cache_objects(&project, cache).len(), 5, "{config}");
        fs::remove_dir_all(project.path(".retrial")).unwrap();
        remove_outputs(&project);
        assert_eq!(project.repro(&[]).cached, names(BOTH), "{config}");
    }
}
