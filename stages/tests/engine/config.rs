//! `retrial.yaml`: what enters keys, and how outputs are placed.

use std::fs::{Metadata, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use crate::project::{Project, STUDY, names};

fn metadata(project: &Project, path: &str) -> Metadata {
    std::fs::metadata(project.path(path)).unwrap()
}

#[test]
fn what_it_may_not_hold_is_refused_with_its_line() {
    let project = Project::with(STUDY);
    for (text, sentence) in [
        ("cache:\n  keys: commit\n", "retrial.yaml:2: `cache` has an unknown key `keys`: did you mean `key`?"),
        ("cash: {}\n", "retrial.yaml:1: retrial.yaml has an unknown key `cash`"),
        ("cache:\n  key: comit\n", "retrial.yaml:2: `cache.key` can be content, commit, not `comit`: did you mean"),
        (
            "cache:\n  link:\n  - copy\n  - symlink\n",
            "retrial.yaml:4: `cache.link` can be reflink, hardlink, copy, not",
        ),
        ("cache: {link: copy}\n", "retrial.yaml:1: `cache.link` needs a list such as [reflink, copy], not text"),
        ("- cache\n", "retrial.yaml:1: retrial.yaml needs a mapping, not a list"),
    ] {
        project.write("retrial.yaml", text);
        let ran = project.run(&["repro"]);
        assert_eq!(ran.code, 2, "{text}");
        assert!(ran.stderr.contains(sentence), "{text}: {}", ran.stderr);
        assert!(!project.exists("data.txt"), "{text}: something ran");
    }
    for text in ["", "cache:\n", "cache: {key: content, link: []}\n"] {
        project.write("retrial.yaml", text);
        project.repro(&[]);
    }
}

#[test]
fn keys_by_commit_make_everything_anew_for_a_revision_and_only_then() {
    let project = Project::with(STUDY);
    project.write("retrial.yaml", "cache: {key: commit}\n");
    let ran = project.run(&["repro"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("retrial.yaml asks for the commit in every key"), "{}", ran.stderr);

    project.commit();
    let all = names(&["data", "other", "report", "train@0", "train@1", "train@2"]);
    assert_eq!(project.repro(&[]).executed, all);
    assert_eq!(project.repro(&[]).skipped, all, "outputs and dvc.lock are no changes");
    std::fs::remove_dir_all(project.path("out")).unwrap();
    assert_eq!(project.repro(&[]).cached, names(&["train@0", "train@1", "train@2"]));

    project.write("unread.md", "a note\n");
    assert!(project.run(&["why", "other"]).stdout.contains("commit git is modified"));
    let status = project.run(&["status", "--json"]).json();
    assert_eq!(status["other"], serde_json::json!([{"changed commit": {"git": "modified"}}]));
    assert_eq!(project.repro(&[]).executed, all);
    project.write("unread.md", "another note\n");
    assert_eq!(project.repro(&[]).executed, all);
    project.commit();
    assert_eq!(project.repro(&[]).executed, all);
    std::fs::remove_file(project.path("retrial.yaml")).unwrap();
    assert_eq!(project.repro(&[]).skipped, all, "dvc.lock vouches for keys by content");
    assert_eq!(project.run(&["log", "-n", "6"]).stdout.matches("adopted from dvc.lock").count(), 6);
}

#[test]
fn hard_links_share_their_space_and_a_change_through_one_is_noticed() {
    let project = Project::with(&[
        ("retrial.yaml", "cache: {link: [hardlink]}\n"),
        (
            "dvc.yaml",
            "stages:
  one: {cmd: echo 1 > one, outs: [one]}
  dir: {cmd: mkdir dir && echo 2 > dir/a && echo 3 > dir/tool && chmod +x dir/tool, outs: [dir]}
  grows: {cmd: echo 4 >> grows, outs: [grows: {persist: true}]}
",
        ),
    ]);
    project.repro(&[]);
    let is_linked =
        |path: &str| (metadata(&project, path).nlink(), metadata(&project, path).mode() & 0o777) == (2, 0o444);
    let as_they_should_be = || is_linked("one") && is_linked("dir/a") && !is_linked("dir/tool") && !is_linked("grows");
    assert!(as_they_should_be(), "after a run");
    assert_eq!(metadata(&project, "dir/tool").mode() & 0o777, 0o755);
    std::fs::remove_file(project.path("one")).unwrap();
    std::fs::remove_dir_all(project.path("dir")).unwrap();
    assert_eq!(project.repro(&[]).cached, names(&["dir", "one"]));
    assert!(as_they_should_be(), "after they were put back");
    let digest = project.digest();

    // Time for the digests to be trusted without a second look.
    std::thread::sleep(std::time::Duration::from_millis(40));
    assert_eq!(project.repro(&[]).skipped, names(&["dir", "grows", "one"]));
    for path in ["one", "dir/a"] {
        let (path, before) = (project.path(path), metadata(&project, path));
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        std::fs::write(&path, "X\n").unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(before.modified().unwrap()).unwrap();
    }
    assert_eq!(project.repro(&[]).executed, names(&["dir", "one"]), "the changed objects are not served");
    assert_eq!(project.digest(), digest);
    std::fs::remove_file(project.path("one")).unwrap();
    assert_eq!(project.repro(&[]).cached, names(&["one"]), "healed");
    assert_eq!(project.digest(), digest);

    // What a command adds to must not be the object.
    std::fs::remove_file(project.path("grows")).unwrap();
    assert_eq!(project.run(&["checkout"]).code, 0);
    assert_eq!((project.read("grows"), metadata(&project, "grows").nlink()), ("4\n".to_owned(), 1));
}

/// DVC's cache, the store and the work tree share one file: none of them may keep what was changed through another.
#[test]
fn a_change_through_a_hard_link_does_not_stay_in_dvcs_cache() {
    let project = Project::with(&[
        ("retrial.yaml", "cache: {link: [hardlink]}\n"),
        (".dvc/config", ""),
        ("dvc.yaml", "stages:\n  one: {cmd: echo 1 > one, outs: [one]}\n"),
    ]);
    project.repro(&[]);
    assert_eq!(metadata(&project, "one").nlink(), 3);
    std::fs::set_permissions(project.path("one"), Permissions::from_mode(0o644)).unwrap();
    project.write("one", "2\n");
    let cached = ".dvc/cache/files/md5/b0/26324c6904b2a9cb4b88d6d61c81d1";
    assert_eq!(project.read(cached), "2\n");
    assert_eq!(project.repro(&[]).executed, names(&["one"]));
    assert_eq!((project.read("one"), project.read(cached)), ("1\n".to_owned(), "1\n".to_owned()));
}

#[test]
fn copies_stand_for_themselves() {
    let project = Project::with(STUDY);
    for text in ["cache: {link: [copy]}\n", "cache: {link: [reflink, copy, hardlink]}\n", "cache: {link: [reflink]}\n"]
    {
        project.write("retrial.yaml", text);
        project.repro(&[]);
        std::fs::remove_file(project.path("data.txt")).unwrap();
        assert_eq!(project.repro(&[]).cached, names(&["data"]));
        assert_eq!((metadata(&project, "data.txt").nlink(), metadata(&project, "data.txt").mode() & 0o777), (1, 0o644));
    }
}
