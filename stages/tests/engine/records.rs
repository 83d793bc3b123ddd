//! Run records: what is written down of each run, and what `log` says of it.

use crate::project::{Project, names};

const STUDY: &[(&str, &str)] = &[
    ("input", "1\n"),
    (
        "dvc.yaml",
        "stages:
  big: {cmd: dd if=/dev/zero of=/dev/null bs=64M count=1 status=none && cp input big, deps: [input], outs: [big]}
  picky:
    cmd:
    - for i in 1 2 3 4 5 6 7 8 9 10 11; do echo line $i; done
    - grep 1 input > picky || (echo there is no 1; exit 3)
    deps: [input]
    outs: [picky]
    meta: {retrial: {threads: 1, memory: 1 MB, mutex: m}}
",
    ),
];

#[test]
fn each_run_has_its_provenance() {
    let project = Project::with(STUDY);
    project.repro(&[]);
    let log = project.run(&["log", "--json"]).json();
    let run = log.as_array().unwrap().iter().find(|run| run["stage"] == "big").unwrap();
    assert_eq!((&run["outcome"], &run["provenance"]["exit"]["status"]), (&"success".into(), &0.into()));
    assert_eq!(run["outputs"]["big"], "4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865");
    let provenance = &run["provenance"];
    assert_eq!(provenance["git"], serde_json::Value::Null, "no commit yet");
    assert_eq!(provenance["program"]["name"], "retrial");
    for (part, field) in [("program", "version"), ("program", "code"), ("machine", "os"), ("machine", "architecture")] {
        assert!(provenance[part][field].as_str().is_some_and(|text| !text.is_empty()), "{part}.{field}: {provenance}");
    }
    assert!(provenance["program"]["compiler"].as_str().unwrap().starts_with("rustc 1."), "{provenance}");
    assert!(provenance["machine"]["cores"].as_u64().unwrap() >= 1);
    assert!(provenance["machine"]["memory"].as_u64().unwrap() > 1 << 28);
    assert!(provenance["machine"]["features"].is_array() && provenance["machine"]["gpus"].is_array());
    let usage = &provenance["usage"];
    let peak = usage["peak_memory"].as_u64().unwrap();
    assert!((64 << 20..1 << 30).contains(&peak), "dd held 64 MiB: {peak}");
    assert!(usage["user"].as_f64().unwrap() + usage["system"].as_f64().unwrap() > 0.0);
    let time = |field: &str| provenance[field].as_f64().unwrap();
    assert!(time("started") > 1.7e9 && time("started") <= time("finished") && time("seconds") > 0.0, "{provenance}");
    let picky = &project.run(&["log", "picky", "--json"]).json()[0]["provenance"]["resources"];
    assert_eq!(picky, &serde_json::json!({"threads": 1, "memory": 1_000_000, "gpus": [], "mutex": ["m"]}));
}

/// What stages and the engine write is no change of what they are made from.
#[test]
fn the_commit_of_a_run_comes_with_what_differs_from_it() {
    let project = Project::with(STUDY);
    project.commit();
    project.repro(&[]);
    let git = |project: &Project| project.run(&["log", "big", "-n1", "--json"]).json()[0]["provenance"]["git"].clone();
    let first = git(&project);
    assert_eq!((first["commit"].as_str().unwrap().len(), &first["uncommitted"]), (40, &serde_json::Value::Null));
    project.write("input", "12\n");
    project.repro(&[]);
    let second = git(&project);
    assert_eq!((&second["commit"], &second["uncommitted"]["files"]), (&first["commit"], &1.into()));
    assert!(project.run(&["log"]).stdout.contains(" and 1 changed file\n"));
}

#[test]
fn a_failed_run_is_on_record_shown_again_at_the_end_and_counts_for_nothing() {
    let project = Project::with(STUDY);
    project.repro(&[]);
    project.write("input", "2\n");
    let ran = project.run(&["repro", "--keep-going"]);
    assert_eq!(ran.code, 1);
    let (_, end) = ran.stderr.rsplit_once("Failed picky: exited with status 3\n").unwrap();
    let mut expected: Vec<String> = (3..=11).map(|i| format!("| line {i}")).collect();
    expected.push("| there is no 1".to_owned());
    expected.push("(the last 10 of 12 lines: `retrial log picky` shows all)".to_owned());
    let shown: Vec<&str> = end.lines().map(str::trim).collect();
    assert_eq!(shown[..shown.len() - 1], expected);

    let text = project.run(&["log", "picky"]).stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains("  picky  failed (3)  "), "{text}");
    assert!(lines[1].contains("  picky  success     "), "{text}");
    assert_eq!(lines[2..4], ["", "picky: exited with status 3"]);
    assert!(text.ends_with("line 11\nthere is no 1\n"), "{text}");
    let run = &project.run(&["log", "picky", "--json"]).json()[0];
    assert_eq!((&run["outcome"], &run["outputs"]), (&"failed".into(), &serde_json::json!({})));
    assert_eq!(run["provenance"]["why"], "exited with status 3");

    // Neither served nor compared with.
    assert!(project.run(&["status"]).stdout.contains("picky: will run\n    dependency input is modified\n"));
    assert_eq!(project.run(&["repro", "--json"]).summary().failed, names(&["picky"]));
    project.write("input", "1\n");
    assert_eq!(project.repro(&[]).cached, names(&["big", "picky"]));
}

/// A store that was made before failed runs were recorded.
#[test]
fn records_of_the_first_schema_are_taken_over() {
    let project = Project::with(STUDY);
    project.repro(&[]);
    let (database, old) = (project.path(".retrial/runs.sqlite"), project.path("old.sqlite"));
    let records = rusqlite::Connection::open(&database).unwrap();
    records.execute("ATTACH ?1 AS old", [old.to_str().unwrap()]).unwrap();
    records
        .execute_batch(
            "CREATE TABLE old.run (id INTEGER PRIMARY KEY, key TEXT NOT NULL, stage TEXT NOT NULL, recipe TEXT NOT NULL,
                                   outputs TEXT NOT NULL, provenance TEXT NOT NULL, log TEXT NOT NULL);
             CREATE INDEX old.run_key ON run (key);
             CREATE INDEX old.run_stage ON run (stage);
             CREATE TABLE old.seen (path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified INTEGER NOT NULL,
                                    changed INTEGER NOT NULL, taken INTEGER NOT NULL, inode INTEGER NOT NULL,
                                    sha256 TEXT NOT NULL, md5 TEXT NOT NULL) WITHOUT ROWID;
             CREATE TABLE old.note (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
             CREATE TABLE old.placed (path TEXT PRIMARY KEY, sha256 TEXT NOT NULL) WITHOUT ROWID;
             INSERT INTO old.run SELECT id, key, stage, recipe, outputs,
                                        json_object('git', NULL, 'seconds', 1.5, 'finished', 1700000000), log
                                 FROM main.run;
             INSERT INTO old.note SELECT name, value FROM main.note;
             INSERT INTO old.placed SELECT path, sha256 FROM main.placed;
             PRAGMA old.user_version = 1;",
        )
        .unwrap();
    drop(records);
    for beside in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(project.path(&format!(".retrial/runs.sqlite{beside}")));
    }
    std::fs::rename(old, &database).unwrap();
    assert_eq!(project.repro(&[]).skipped, names(&["big", "picky"]));
    let log = project.run(&["log", "big"]).stdout;
    assert!(log.starts_with("2023-11-14 22:13:20  big  success  1.5 s  "), "{log}");
    project.write("input", "2\n");
    assert_eq!(project.run(&["repro", "--json"]).summary().failed, names(&["picky"]));
    project.write("input", "1\n");
    assert_eq!(project.repro(&[]).cached, names(&["big", "picky"]));

    let records = rusqlite::Connection::open(&database).unwrap();
    let outcomes = "SELECT group_concat(outcome, ' ') FROM (SELECT outcome FROM run WHERE stage = 'picky' ORDER BY id)";
    assert_eq!(records.query_row(outcomes, [], |row| row.get::<_, String>(0)).unwrap(), "success failed");
    records.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(records);
    let newer = project.run(&["repro"]);
    assert!(newer.code == 1 && newer.stderr.contains("were written by a newer retrial"), "{}", newer.stderr);
}
