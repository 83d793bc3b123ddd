//! Upkeep of the store: fsck and gc, in repositories with several commits.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::json;

use crate::history::{FILES, commit, git, object_of, objects, overwrite, replace, two_commits};
use crate::project::{Project, names};

#[test]
fn fsck_finds_each_fault_and_puts_back_what_is_at_hand() {
    type Harm = fn(&Path);
    let harms: [(&str, Harm); 3] = [
        ("damaged", |object| {
            let good = std::fs::read(object).unwrap();
            overwrite(object, &[&good[1..], b"?"].concat());
        }),
        ("truncated", |object| {
            let good = std::fs::read(object).unwrap();
            overwrite(object, &good[..good.len() - 1]);
        }),
        ("missing", |object| std::fs::remove_file(object).unwrap()),
    ];
    let project = Project::with(FILES);
    project.repro(&[]);
    let sound = project.run(&["fsck"]);
    assert_eq!(sound.code, 0);
    assert!(sound.stdout.ends_with("and 4 runs: all is well.\n"), "{}", sound.stdout);
    let all: Vec<String> = objects(&project).into_iter().map(|(sha256, _)| sha256).collect();
    assert_eq!(all.len(), 4);
    for sha256 in &all {
        for (what, harm) in harms {
            let path = objects(&project).into_iter().find(|(other, _)| other == sha256).unwrap().1;
            // The same time and size as before: only the bytes can tell.
            let before = std::fs::metadata(&path).unwrap().modified().unwrap();
            harm(&path);
            if let Ok(file) = std::fs::File::options().write(true).open(&path) {
                file.set_modified(before).unwrap();
            }
            let found = project.run(&["fsck", "--json"]);
            assert_eq!(found.code, 1);
            let faults = found.json()["faults"].clone();
            assert_eq!((faults[0]["what"].as_str(), faults[0]["sha256"].as_str()), (Some(what), Some(sha256.as_str())));
            // The work tree still has it.
            let place = faults[0]["needed_by"][0]["path"].clone();
            assert_eq!(faults[0]["healed_from"], place);
            assert_eq!(project.run(&["fsck"]).code, 0);
        }
    }
    // Bytes that are nowhere else: named, never served, made again.
    harms[0].1(&object_of(&project, "a\nb\nc\n"));
    std::fs::remove_file(project.path("data.txt")).unwrap();
    let lost = project.run(&["fsck"]);
    assert_eq!(lost.code, 1);
    assert!(lost.stdout.contains("it is data.txt of stage data\n"), "{}", lost.stdout);
    assert_eq!(project.repro(&[]).executed, names(&["data"]));
    assert_eq!(project.run(&["fsck"]).code, 0);
}

#[test]
fn fsck_finds_records_that_cannot_be_read_and_gc_drops_them() {
    let project = Project::with(FILES);
    project.repro(&[]);
    let records = rusqlite::Connection::open(project.path(".retrial/runs.sqlite")).unwrap();
    records.execute("UPDATE run SET outputs = '[{' WHERE stage = 'score'", []).unwrap();
    let found = project.run(&["fsck", "--json"]);
    assert_eq!((found.code, &found.json()["records"][0]["stage"]), (1, &json!("score")));
    assert_eq!(gc(&project, &[]), (1, 3));
    assert_eq!(project.run(&["fsck"]).code, 0);
    std::fs::remove_file(project.path("score.json")).unwrap();
    assert_eq!(project.repro(&[]).executed, names(&["score"]));
    // Nor is a damaged database passed over.
    records.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(records);
    let path = project.path(".retrial/runs.sqlite");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4096..].fill(b'?');
    std::fs::write(&path, bytes).unwrap();
    let damaged = project.run(&["fsck"]);
    assert_eq!(damaged.code, 1, "{}{}", damaged.stdout, damaged.stderr);
    assert!(format!("{}{}", damaged.stdout, damaged.stderr).contains("runs.sqlite"));
}

/// A hard link shares the damage: DVC must not serve it either.
#[test]
fn fsck_takes_damaged_links_out_of_dvcs_cache() {
    let project = Project::with(FILES);
    std::fs::create_dir(project.path(".dvc")).unwrap();
    project.repro(&[]);
    let object = object_of(&project, "a\nb\nc\n");
    assert_eq!(std::fs::metadata(&object).unwrap().nlink(), 2);
    overwrite(&object, b"a\nb\nC\n");
    let found = project.run(&["fsck", "--json"]).json();
    let link = found["dvc"][0].as_str().unwrap().to_owned();
    assert!(link.starts_with(".dvc/cache/files/md5/"), "{found:#}");
    assert!(!project.exists(&link));
    assert_eq!(project.run(&["fsck"]).code, 0);
    // The next run gives DVC a good one.
    project.repro(&[]);
    assert_eq!(project.read(&link), "a\nb\nc\n");
    // A copy of DVC's own heals an object, and is checked by itself.
    let copy = project.path(&link);
    std::fs::remove_file(&copy).unwrap();
    std::fs::write(&copy, "a\nb\nc\n").unwrap();
    overwrite(&object_of(&project, "a\nb\nc\n"), b"");
    std::fs::remove_file(project.path("data.txt")).unwrap();
    assert_eq!(project.run(&["fsck", "--json"]).json()["faults"][0]["healed_from"], json!(link));
    std::fs::write(&copy, "a\nb\nX\n").unwrap();
    assert_eq!(project.run(&["fsck", "--json"]).json()["dvc"], json!([link]));
}

/// What `gc` says that it removed and kept.
pub fn gc(project: &Project, arguments: &[&str]) -> (u64, u64) {
    let ran = project.run(&[&["gc", "--json"], arguments].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let objects = ran.json()["objects"].clone();
    (objects["removed"].as_u64().unwrap(), objects["kept"].as_u64().unwrap())
}

#[test]
fn gc_keeps_what_the_work_tree_and_its_presets_need_and_nothing_else() {
    let (project, [first, _]) = two_commits();
    // Under the preset, with an input that changed and changed back.
    project.repro(&["--preset", "small"]);
    replace(&project, "raw/words.txt", "a\n", "A\n");
    project.repro(&["--preset", "small"]);
    replace(&project, "raw/words.txt", "A\n", "a\n");
    project.repro(&[]);
    let before: BTreeSet<String> = objects(&project).into_iter().map(|(sha256, _)| sha256).collect();
    assert_eq!(gc(&project, &[]), (0, before.len() as u64));
    // 4 of the first commit and 4 of the changed input; its data, models and score: one object each, `data` shared.
    let kept = before.len() as u64;
    let (removed, left) = gc(&project, &["-w", "--dry-run"]);
    assert_eq!((removed + left, objects(&project).len() as u64), (kept, kept));
    assert_eq!(gc(&project, &["-w"]), (removed, left));
    let after: BTreeSet<String> = objects(&project).into_iter().map(|(sha256, _)| sha256).collect();
    let gone = |text: &str| {
        use sha2::{Digest, Sha256};
        let name: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(before.contains(&name), "{text}");
        !after.contains(&name)
    };
    let expected = [
        ("a\nb\nc\n", false),
        ("a\nb\nc\n0 0.25\n", false),
        ("a\n", false),
        ("a\n1 0.25\n", false),
        ("A\n", true),
        ("A\n0 0.25\n", true),
        ("a\nb\nc\n0 0.5\n", true),
        ("{\"lines\": 8, \"rate\": 0.5, \"by\": {\"name\": \"adam\"}}\n", true),
    ];
    for (text, is_gone) in expected {
        assert_eq!(gone(text), is_gone, "{text}");
    }
    assert_eq!((removed, left), (before.difference(&after).count() as u64, after.len() as u64));
    assert_eq!(project.repro(&[]).skipped.len(), 4);
    assert_eq!(project.repro(&["--preset", "small"]).executed, Vec::<String>::new());
    assert_eq!(project.repro(&[]).executed, Vec::<String>::new());
    assert_eq!(project.run(&["fsck"]).code, 0);
    // What is gone is made again, not missed.
    assert_eq!(project.run(&["checkout", &first]).code, 1);
    replace(&project, "params.yaml", "rate: 0.25", "rate: 0.5");
    assert_eq!(project.repro(&[]).executed, names(&["score", "train@0", "train@1"]));
}

#[test]
fn gc_keeps_what_the_scope_names() {
    let (project, [first, _]) = two_commits();
    git(&project, &["tag", "paper", &first]);
    replace(&project, "params.yaml", "rate: 0.25", "rate: 0.125");
    project.repro(&[]);
    commit(&project, "Rate 0.125");
    // On no commit at all.
    replace(&project, "params.yaml", "rate: 0.125", "rate: 2.0");
    project.repro(&[]);
    git(&project, &["checkout", "-q", "params.yaml", "dvc.lock"]);
    project.run(&["checkout"]);
    // data; 2 models and a score for each of 4 rates.
    assert_eq!(objects(&project).len(), 13);
    assert_eq!(gc(&project, &["--keep", "5", "-n"]), (0, 13));
    assert_eq!(gc(&project, &["--keep", "1", "-n"]), (6, 7));
    assert_eq!(gc(&project, &["-A"]), (3, 10));
    assert_eq!(gc(&project, &["-T", "-n"]), (3, 7));
    assert_eq!(gc(&project, &["-a", "-n"]), (6, 4));
    assert_eq!(gc(&project, &["-T"]), (3, 7));
    assert_eq!(project.run(&["checkout", "paper"]).code, 0);
    assert_eq!(project.read("out/0/model"), "a\nb\nc\n0 0.5\n");
    // What stands in the work tree stays, whatever its lock says.
    assert_eq!(gc(&project, &["-w", "-n"]), (0, 7));
    assert_eq!(project.run(&["checkout"]).code, 0);
    assert_eq!(gc(&project, &["-w"]), (3, 4));
    assert_eq!(project.repro(&[]).skipped.len(), 4);
}

/// Killed between its two steps, or in a run's: the next one removes the rest, and only that.
#[test]
fn gc_clears_up_after_a_kill_and_leaves_what_is_needed() {
    let (project, _) = two_commits();
    let needed = objects(&project);
    let garbage = project.path(".retrial/objects/ab").join("c".repeat(62));
    std::fs::create_dir_all(garbage.parent().unwrap()).unwrap();
    std::fs::write(&garbage, "of a run that was not recorded").unwrap();
    project.write(".retrial/objects/tmp/put-x", "half an obj");
    project.write(".retrial/objects/damaged/00ff", "set aside just now");
    let swept = project.run(&["gc", "--json"]).json();
    assert_eq!((&swept["objects"]["removed"], &swept["leftovers"]), (&json!(1), &json!(1)));
    assert_eq!(objects(&project), needed);
    assert!(project.exists(".retrial/objects/damaged/00ff") && !project.exists(".retrial/objects/tmp/put-x"));
    // As a gc leaves it that was killed after its transaction.
    let records = rusqlite::Connection::open(project.path(".retrial/runs.sqlite")).unwrap();
    records.execute("DELETE FROM run WHERE recipe LIKE '%\"0.5\"%'", []).unwrap();
    assert_eq!(gc(&project, &[]), (3, 4));
    assert_eq!(project.repro(&[]).skipped.len(), 4);
}

/// So are runs that failed, and the study goes on as before.
#[test]
fn gc_forgets_files_that_are_gone() {
    let (project, _) = two_commits();
    replace(&project, "params.yaml", "size: 3", "size: x");
    assert_eq!(project.run(&["repro"]).code, 1);
    replace(&project, "params.yaml", "size: x", "size: 3");
    project.repro(&[]);
    // The half-made output of the failed run, which stood in the way.
    assert_eq!(gc(&project, &[]), (1, 7));
    let records = rusqlite::Connection::open(project.path(".retrial/runs.sqlite")).unwrap();
    let rows = |table: &str, path: &str| -> i64 {
        let query = format!("SELECT count(*) FROM {table} WHERE path LIKE '%{path}'");
        records.query_row(&query, [], |row| row.get(0)).unwrap()
    };
    assert_eq!((rows("seen", "/out/0/model"), rows("placed", "out/0")), (1, 1));
    std::fs::remove_dir_all(project.path("out/0")).unwrap();
    let dropped = project.run(&["gc", "-w", "--json"]).json()["runs"]["dropped"].clone();
    assert!(dropped.as_array().unwrap().iter().any(|run| run["stage"] == "data"), "{dropped}");
    assert_eq!((rows("seen", "/out/0/model"), rows("placed", "out/0")), (0, 0));
    assert_eq!((rows("seen", "/out/1/model"), rows("placed", "out/1")), (1, 1));
    assert_eq!(project.repro(&[]).cached, names(&["train@0"]));
}
