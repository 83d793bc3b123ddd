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
fn a_damaged_truncated_or_missing_object_is_never_served_and_heals() {
    let project = Project::with(STUDY);
    project.repro(&[]);
    let before = project.snapshot();
    let all = objects(&project);
    assert!(all.len() >= 6, "{}", all.len());
    let remove_outputs = || {
        for output in ["data.txt", "out", "report.txt", "other.txt"] {
            let path = project.path(output);
            if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
        }
    };
    for object in &all {
        let good = std::fs::read(object).unwrap();
        let damages = [Some([&good[1..], b"?"].concat()), Some(good[..good.len() / 2].to_vec()), None];
        for damage in damages {
            match &damage {
                Some(bytes) => {
                    std::fs::set_permissions(object, std::fs::Permissions::from_mode(0o644)).unwrap();
                    std::fs::write(object, bytes).unwrap();
                }
                None => std::fs::remove_file(object).unwrap(),
            }
            remove_outputs();
            let summary = project.repro(&[]);
            assert_eq!(summary.executed.len(), 1, "{} was served as {damage:?}", object.display());
            assert_eq!(project.snapshot(), before);
            assert_eq!(std::fs::read(object).unwrap(), good);
        }
    }
    remove_outputs();
    assert_eq!(project.repro(&[]).executed, Vec::<String>::new());
    assert_eq!(std::fs::read_dir(project.path(".retrial/objects/damaged")).unwrap().count(), all.len());
}

/// Whoever suspects an object runs its stage again: what is there already must not stand for what was made now.
#[test]
fn a_forced_run_heals_an_object() {
    let project = Project::with(STUDY);
    project.repro(&[]);
    let object = objects(&project).into_iter().find(|object| std::fs::read(object).unwrap() == b"1\n").unwrap();
    std::fs::set_permissions(&object, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(&object, "2\n").unwrap();
    project.repro(&["--force", "--single-item", "other"]);
    assert_eq!(std::fs::read(&object).unwrap(), b"1\n");
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
