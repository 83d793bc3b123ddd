//! `docs/new-experiment.md` as a newcomer follows it: every block applied to a copy of the repository, built and run.

use std::path::Path;
use std::process::Command;

use crate::project::Project;

/// A block of the page that changes a file.
struct Block<'a> {
    kind: &'a str,
    file: &'a str,
    append: bool,
    text: String,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(info) if !inside => {
                inside = true;
                let mut words = info.split(' ');
                let kind = words.next().unwrap();
                let file = words.next().and_then(|word| word.strip_prefix("file=")).unwrap_or("");
                blocks.push(Block { kind, file, append: words.next() == Some("append"), text: String::new() });
            }
            Some(_) => inside = false,
            None if inside => blocks.last_mut().unwrap().text.push_str(&format!("{line}\n")),
            None => {}
        }
    }
    blocks.retain(|block| !block.file.is_empty());
    blocks
}

fn apply(project: &Project, block: &Block) {
    let before = if project.exists(block.file) { project.read(block.file) } else { String::new() };
    let after = match block.kind {
        "diff" => {
            let side = |sign: char| -> String {
                let lines = block.text.lines().filter(|line| line.starts_with([' ', sign]));
                lines.map(|line| format!("{}\n", &line[1..])).collect()
            };
            assert_eq!(before.matches(&side('-')).count(), 1, "{}:\n{}", block.file, block.text);
            before.replace(&side('-'), &side('+'))
        }
        _ if block.append => format!("{before}\n{}", block.text),
        _ => block.text.clone(),
    };
    project.write(block.file, &after);
}

#[test]
#[ignore = "builds the study; .ci/run runs it"]
fn the_worked_example_ends_with_a_verdict() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let project = crate::study::clone();
    let mut git = Command::new("git");
    git.args(["ls-files", "Cargo.toml", "Cargo.lock", "pipeline", "pipeline-build", "stages"]);
    let listed = git.current_dir(workspace).output().unwrap();
    for file in String::from_utf8(listed.stdout).unwrap().lines().filter(|file| !file.contains("/golden/")) {
        project.write(file, &std::fs::read_to_string(workspace.join(file)).unwrap());
    }
    project.repro(&["--preset", "smoke"]);

    let page = std::fs::read_to_string(workspace.join("docs/new-experiment.md")).unwrap();
    let blocks = blocks(&page);
    assert_eq!(blocks.len(), 9);
    blocks.iter().for_each(|block| apply(&project, block));
    let target = tempfile::tempdir().unwrap();
    let built = Path::new(env!("CARGO_BIN_EXE_retrial")).ancestors().nth(2).unwrap();
    // Nothing but the three crates is compiled again: the rest is linked to.
    let folder = target.path().join("debug");
    std::fs::create_dir(&folder).unwrap();
    for part in ["deps", "build", ".fingerprint"] {
        assert!(
            Command::new("cp").arg("-al").arg(built.join("debug").join(part)).arg(&folder).status().unwrap().success()
        );
    }
    let mut cargo = Command::new("cargo");
    cargo.args(["run", "--quiet", "--", "repro", "--preset", "smoke"]);
    let ran = cargo.current_dir(project.root()).env("CARGO_TARGET_DIR", target.path()).env("NO_COLOR", "1").output();
    let ran = ran.unwrap();
    let (table, log) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{log}");
    assert!(table.contains("C-l1-1") && table.contains("C-svvar-1"), "{table}");
    let again: Vec<&str> = log.lines().filter_map(|line| line.trim().strip_prefix("Running ")).collect();
    assert!(again.contains(&"train-l1@l1-0-9") && again.contains(&"verdicts"), "{log}");
    assert!(!again.iter().any(|stage| stage.starts_with("tune-svvar") || stage.starts_with("train-gwd")), "{log}");
}
