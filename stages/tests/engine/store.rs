//! The store: what it gives back is what was put in.

use std::os::unix::fs::PermissionsExt;

use crate::project::{Project, STUDY, names};

fn objects(project: &Project) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(project.path(".retrial/objects")).unwrap() {
        let folder = folder.unwrap().path();
        if folder.file_name().unwrap().len() == 2 {
            files.extend(std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    files.sort();
    files
}

#[test]
fn a_damaged_object_is_never_served() {
    let project = Project::with(STUDY);
    project.repro(&[]);
    let before = project.snapshot();
    let count = objects(&project).len();
    assert!(count >= 6, "{count}");
    for object in objects(&project) {
        let good = std::fs::read(&object).unwrap();
        std::fs::set_permissions(&object, std::fs::Permissions::from_mode(0o644)).unwrap();
        std::fs::write(&object, [&good[1..], b"?"].concat()).unwrap();
        for output in ["data.txt", "out", "report.txt", "other.txt"] {
            let path = project.path(output);
            if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
        }
        let summary = project.repro(&[]);
        assert!(!summary.executed.is_empty(), "{} was served", object.display());
        assert_eq!(project.snapshot(), before);
    }
    assert_eq!(std::fs::read_dir(project.path(".retrial/objects/damaged")).unwrap().count(), count);
}

#[test]
fn editing_an_output_in_place_does_not_reach_the_store() {
    let project = Project::with(STUDY);
    project.repro(&[]);
    project.write("data.txt", "edited in place\n");
    assert_eq!(project.repro(&[]).cached, names(&["data"]));
    assert_eq!(project.read("data.txt"), "3\n".repeat(5));
}

#[test]
fn folders_and_executables_come_back_as_they_were() {
    let project = Project::with(&[(
        "dvc.yaml",
        "stages:
  make:
    cmd: mkdir -p tree/deep && echo 1 > tree/a && echo 2 > 'tree/deep/é b' && chmod +x tree/a && echo x > tool && chmod +x tool
    outs: [tree, tool]
",
    )]);
    project.repro(&[]);
    std::fs::remove_dir_all(project.path("tree")).unwrap();
    std::fs::remove_file(project.path("tool")).unwrap();
    assert_eq!(project.repro(&[]).cached, names(&["make"]));
    assert_eq!(project.read("tree/deep/é b"), "2\n");
    for (path, executable) in [("tree/a", true), ("tree/deep/é b", false), ("tool", true)] {
        let mode = std::fs::metadata(project.path(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o111 != 0, executable, "{path}");
    }
}

/// Before a stage runs its outputs are cleared: what somebody else put there must not be lost.
#[test]
fn a_file_in_the_way_of_an_output_is_kept_in_the_store() {
    let project = Project::with(STUDY);
    project.write("other.txt", "three days of work\n");
    project.repro(&[]);
    assert_eq!(project.read("other.txt"), "1\n");
    let kept = objects(&project).iter().any(|object| std::fs::read(object).unwrap() == b"three days of work\n");
    assert!(kept);
}
