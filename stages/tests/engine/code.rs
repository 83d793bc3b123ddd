//! Which edits of a study's own source rerun which stages. The study that ships: its real source and Cargo.lock in a scratch
//! folder, read as its build script reads them. The study in `examples`: built, edited, built again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use pipeline_build::{Code, Rules};

use crate::project::{Project, Ran, names};

/// As in build.rs; that the digests are the binary's shows that they are the same.
const RULES: Rules = Rules { dispatch: &["methods", "protocols", "programs"], silent: &["clap"] };

/// What the built binary says of the stages that dvc.yaml names.
struct Stages {
    /// The code in each stage's key: `module x` or `crate y`, and its digest.
    code: BTreeMap<String, BTreeMap<String, String>>,
    /// Who reads what whom wrote.
    edges: Vec<(String, String)>,
}

static STAGES: LazyLock<Stages> = LazyLock::new(|| {
    let project = crate::study::clone();
    let listed = project.run(&["stages", "--json"]).json();
    let listed = listed.as_array().unwrap();
    // `why` looks at the files that a stage reads, but not at what they say.
    for stage in listed {
        for output in ["outs", "metrics"].iter().flat_map(|kind| stage[kind].as_array().unwrap()) {
            project.write(output.as_str().or(output["path"].as_str()).unwrap(), "");
        }
    }
    let groups: BTreeSet<&str> = listed.iter().map(|stage| group(stage["name"].as_str().unwrap())).collect();
    let mut code = BTreeMap::new();
    for explained in groups.iter().flat_map(|group| match project.run(&["why", group, "--json"]).json() {
        serde_json::Value::Array(stages) => stages,
        other => panic!("{other}"),
    }) {
        let recipe: Vec<(String, String, String)> = serde_json::from_value(explained["recipe"].clone()).unwrap();
        let parts = recipe.into_iter().filter(|(kind, ..)| kind == "code").map(|(_, name, digest)| (name, digest));
        code.insert(explained["stage"].as_str().unwrap().to_owned(), parts.collect());
    }
    assert_eq!(code.len(), listed.len());
    let edges = serde_json::from_value(project.run(&["dag", "--json"]).json()["edges"].clone()).unwrap();
    Stages { code, edges }
});

fn group(stage: &str) -> &str {
    stage.split('@').next().unwrap()
}

impl Stages {
    /// The names that fit one of these patterns, in which `*` stands for anything.
    fn named(&self, patterns: &[&str]) -> BTreeSet<String> {
        fn fits(name: &str, pattern: &str) -> bool {
            match pattern.split_once('*') {
                None => name == pattern,
                Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
                    name.char_indices().map(|(at, _)| at).chain([name.len()]).any(|at| fits(&name[at..], rest))
                }),
            }
        }
        for pattern in patterns {
            assert!(self.code.keys().any(|name| fits(name, pattern)), "no stage fits {pattern}");
        }
        self.code.keys().filter(|name| patterns.iter().any(|pattern| fits(name, pattern))).cloned().collect()
    }

    /// These and all that rest on them.
    fn with_dependents(&self, mut stages: BTreeSet<String>) -> BTreeSet<String> {
        loop {
            let reached = self.edges.iter().filter(|(above, _)| stages.contains(above));
            let more: Vec<String> =
                reached.map(|(_, below)| below).filter(|below| !stages.contains(*below)).cloned().collect();
            if more.is_empty() {
                return stages;
            }
            stages.extend(more);
        }
    }
}

/// The source of the study, to be edited.
struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let scratch = Self(tempfile::tempdir().unwrap());
        // The last is a unit test's module, which rustfmt follows.
        let others =
            ["Cargo.toml", "Cargo.lock", "stages/Cargo.toml", "stages/build.rs", "stages/tests/search/reference.rs"];
        for file in others {
            scratch.write(file, &std::fs::read_to_string(workspace.join(file)).unwrap());
        }
        for file in files(&workspace.join("stages/src")) {
            let name = file.strip_prefix(workspace).unwrap().to_str().unwrap();
            scratch.write(name, &std::fs::read_to_string(&file).unwrap());
        }
        scratch
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn edit(&self, name: &str, edit: impl Fn(&str) -> String) {
        let before = std::fs::read_to_string(self.path(name)).unwrap();
        let after = edit(&before);
        assert_ne!(before, after, "{name}");
        self.write(name, &after);
    }

    fn edit_all(&self, edit: impl Fn(&str) -> String) {
        for file in rust_files(&self.path("stages/src")) {
            self.edit(file.strip_prefix(self.0.path()).unwrap().to_str().unwrap(), &edit);
        }
    }

    fn read(&self) -> Code {
        Code::read(&self.path("stages"), "src/lib.rs", &RULES).unwrap()
    }

    /// The stages whose code differs from what is built into the binary.
    fn changed(&self) -> BTreeSet<String> {
        let code = self.read();
        let differs = |built: &BTreeMap<String, String>| {
            let roots: Vec<&str> = built.keys().filter_map(|part| part.strip_prefix("module ")).collect();
            let closure = code.closure(&roots).unwrap();
            let modules =
                closure.modules.into_iter().map(|path| (format!("module {path}"), &code.modules[path].digest));
            let crates = closure.crates.into_iter().map(|name| (format!("crate {name}"), &code.crates[name]));
            let parts: BTreeMap<String, &String> = modules.chain(crates).collect();
            !parts.iter().eq(built.iter().collect::<BTreeMap<_, _>>().iter().map(|(name, digest)| (*name, digest)))
        };
        let stages = STAGES.code.iter().filter(|(_, built)| differs(built));
        stages.map(|(name, _)| name.clone()).collect()
    }

    /// Gives a crate another version in Cargo.lock.
    fn bump(&self, name: &str) {
        self.edit("Cargo.lock", |lock| {
            let start = lock.find(&format!("name = \"{name}\"\nversion = \"")).unwrap();
            let end = start + lock[start..].find("\n\n").unwrap_or(lock.len() - start);
            let entry = &lock[start..end];
            let version = entry.split('"').nth(3).unwrap();
            let bumped = entry.replacen(version, "99.0.0", 1).replace("checksum = \"", "checksum = \"0");
            lock.replacen(entry, &bumped, 1).replace(&format!("\"{name} {version}\""), &format!("\"{name} 99.0.0\""))
        });
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    files(folder).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs")).collect()
}

/// Sources include some that are not Rust.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn none() -> BTreeSet<String> {
    BTreeSet::new()
}

#[test]
fn comments_docs_tests_and_formatting_rerun_nothing() {
    let scratch = Scratch::new();
    assert_eq!(scratch.changed(), none(), "the binary was built from this source");

    scratch.edit_all(|text| format!("{text}\n// A comment /* in a comment */\n/* And another: fn f() {{}} */\n"));
    assert_eq!(scratch.changed(), none(), "comments");

    scratch.edit_all(|text| text.replace("//! ", "//! Edited: ").replace("/// ", "/// Edited: ") + "//\n");
    assert_eq!(scratch.changed(), none(), "documentation");

    scratch.edit_all(|text| format!("{text}\n#[cfg(test)]\nmod added {{ use super::*; #[test] fn t() {{ f(1) }} }}\n"));
    assert_eq!(scratch.changed(), none(), "tests");

    let source =
        || rust_files(&scratch.path("stages/src")).iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    for settings in [
        "max_width=60,use_small_heuristics=Off",
        "max_width=180,use_small_heuristics=Max,hard_tabs=true,newline_style=Windows,match_block_trailing_comma=true",
    ] {
        let before: Vec<String> = source();
        let files = rust_files(&scratch.path("stages/src"));
        let mut rustfmt = Command::new("rustfmt");
        rustfmt.args(["--edition", "2024", "--config", settings, "--config-path", "/dev/null"]).args(&files);
        assert!(rustfmt.status().unwrap().success());
        let edited = source().iter().zip(&before).filter(|(after, before)| after != before).count();
        assert!(edited > before.len() / 2, "{settings}: {edited}");
        assert_eq!(scratch.changed(), none(), "formatting: {settings}");
    }
}

/// Stages that train networks.
const TRAINING: &[&str] = &["tune-*", "train-*", "control-*", "butterfly-*", "variance-*"];

/// With the stage that reads what their protocols are.
fn training() -> Vec<&'static str> {
    [TRAINING, &["checks"]].concat()
}

#[test]
fn an_edit_reruns_the_stages_that_use_the_code_and_what_rests_on_them() {
    let svvar = &[
        "tune-svvar@svvar-*",
        "train-svvar@as-run-svvar-*",
        "train-svvar@as-stated-svvar-*",
        "train-svvar-controlled@svvar-*",
        "butterfly-svvar@svvar",
        "checks",
    ][..];
    for (file, expected) in [
        ("methods/svvar.rs", svvar),
        ("linalg/polar.rs", svvar),
        (
            "linalg/truncation.rs",
            &[
                "tune-svdgrad@svd-*",
                "train-svdgrad@svd-*",
                "train-svdgrad-controlled@svd-*",
                "butterfly-svdgrad@svd",
                "checks",
            ],
        ),
        ("protocols/gwd.rs", &["*-gwd@*", "*-gwd-controlled@*", "checks"]),
        ("methods/baseline.rs", &training()),
        ("train.rs", &training()),
        ("programs/tune.rs", &["tune-*"]),
        ("programs/sensitivity.rs", &["butterfly-*", "variance-*"]),
        ("programs/mnist1d.rs", &["mnist1d*"]),
        ("data/mnist1d/noise.rs", &[training(), vec!["mnist1d*"]].concat()),
        ("plots/canvas.rs", &["plots@*", "plots-lowrank", "report"]),
        ("report/page.rs", &["report"]),
        ("report/page.css", &["report"]),
        ("claims/judge.rs", &["verdicts", "report"]),
        ("cli/audit.rs", &[]),
        // No stage is on a GPU.
        ("protocols/on_device.rs", &[]),
        ("device/block.rs", &[]),
    ] {
        let scratch = Scratch::new();
        scratch.edit(&format!("stages/src/{file}"), |text| format!("{text}\npub static EDITED: u8 = 0;\n"));
        assert_eq!(scratch.changed(), STAGES.named(expected), "{file}");
    }
    // All that a method's edit may change in the end: its own runs, the control that takes what its tunings chose, and what is
    // made of the runs.
    let rests_on_svvar = [
        "control-svvar-controlled@svvar-*",
        "tuned@svvar",
        "budget@svvar",
        "spread@svvar",
        "statistics@svvar",
        "curves@svvar",
        "plots@svvar",
        "verdicts",
        "report",
    ];
    assert_eq!(STAGES.with_dependents(STAGES.named(svvar)), STAGES.named(&[svvar, &rests_on_svvar].concat()));
}

#[test]
fn a_new_method_reruns_nothing() {
    let scratch = Scratch::new();
    scratch.write("stages/src/methods/fresh.rs", "pub const ENTRY: super::method::Entry = super::svvar::ENTRY;\n");
    scratch.edit("stages/src/methods/mod.rs", |text| {
        text.replace("pub mod svvar;", "pub mod fresh;\npub mod svvar;")
            .replace("svvar::ENTRY,", "fresh::ENTRY,\n    svvar::ENTRY,")
    });
    assert_eq!(scratch.changed(), none());
    assert!(scratch.read().modules.contains_key("methods::fresh"));
}

#[test]
fn another_version_of_a_crate_reruns_the_stages_that_use_it() {
    for (name, expected) in [
        ("clap", &[][..]),
        ("clap_builder", &[]),
        ("terminal_size", &[]),
        ("git2", &[]),
        ("rusqlite", &[]),
        // The networks of the study do without it, but for tests and what it is compared with.
        ("candle-core", &[]),
        ("faer", &[training(), vec!["lowrank*"]].concat()),
        ("pulp", &[training(), vec!["lowrank*"]].concat()),
        ("plotters", &["plots@*", "plots-lowrank", "report"]),
        ("maud", &["report"]),
    ] {
        let scratch = Scratch::new();
        scratch.bump(name);
        assert_eq!(scratch.changed(), STAGES.named(expected), "{name}");
    }
}

#[test]
fn a_program_says_when_other_source_lies_about_than_it_was_built_from() {
    let scratch = Scratch::new();
    scratch.write("dvc.yaml", "stages: {}\n");
    let warning = || {
        let mut status = Command::new(env!("CARGO_BIN_EXE_retrial"));
        let ran = Ran::from(status.arg("status").current_dir(scratch.path("stages")).output().unwrap());
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "Everything is up to date.\n"));
        ran.stderr
    };
    assert_eq!(warning(), "");
    let was = |what: &str| {
        format!(
            "warning: this retrial was built from other source than lies here ({what}): build it again, for example with \
             `cargo build`\n"
        )
    };
    scratch.edit("stages/src/methods/svvar.rs", |text| format!("{text}// why\n"));
    assert_eq!(warning(), was("stages/src/methods/svvar.rs has changed"));
    scratch.write("stages/src/methods/fresh.rs", "");
    assert_eq!(warning(), was("stages/src/methods/fresh.rs is new, and 1 more"));
    scratch.bump("clap");
    assert_eq!(warning(), was("Cargo.lock has changed, and 2 more"));
    scratch.edit("stages/Cargo.toml", |text| text.replace("name = \"stages\"", "name = \"others\""));
    assert_eq!(warning(), "", "another package's source is no business of this program");
}

/// The study in `examples/study` as another laboratory would have it: a repository of its own.
struct Another {
    project: Project,
    target: PathBuf,
}

impl Another {
    fn new() -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let project = Project::new();
        let read = |file: &str| std::fs::read_to_string(workspace.join(file)).unwrap();
        for file in [
            "build.rs",
            "dvc.yaml",
            "params.yaml",
            ".gitignore",
            "src/lib.rs",
            "src/main.rs",
            "src/squares.rs",
            "src/total.rs",
        ] {
            project.write(file, &read(&format!("examples/study/{file}")));
        }
        // The same profile and lock, so that what is built already need not be built again.
        let all = read("Cargo.toml");
        let profile = &all[all.find("[profile.dev]").unwrap()..];
        let manifest = read("examples/study/Cargo.toml").replace("../..", workspace.to_str().unwrap());
        project.write("Cargo.toml", &format!("{manifest}\n[workspace]\nresolver = \"3\"\n{profile}"));
        project.write("Cargo.lock", &read("Cargo.lock"));
        let target = Path::new(env!("CARGO_BIN_EXE_retrial")).ancestors().nth(2).unwrap().to_owned();
        Self { project, target }
    }

    fn build(&self) {
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--quiet"]).current_dir(self.project.root()).env("CARGO_TARGET_DIR", &self.target);
        assert!(cargo.status().unwrap().success());
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut program = Command::new(self.target.join("debug/squares"));
        program.args(arguments).current_dir(self.project.root()).env("NO_COLOR", "1").env("SHELL", "/bin/sh");
        Ran::from(program.output().unwrap())
    }

    /// The stages that a new build runs, which must not call itself stale.
    fn executed(&self) -> Vec<String> {
        self.build();
        let ran = self.run(&["repro", "--json"]);
        assert!(ran.code == 0 && !ran.stderr.contains("warning"), "{}", ran.stderr);
        ran.summary().executed
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let before = self.project.read(file);
        assert!(before.contains(from));
        self.project.write(file, &before.replacen(from, to, 1));
        let warning = self.run(&["status"]).stderr;
        assert!(warning.contains(&format!("({file} has changed)")), "{warning}");
    }
}

#[test]
#[ignore = "builds a study; .ci/run runs it"]
fn an_edit_reruns_the_right_stages_of_another_study() {
    let study = Another::new();
    assert_eq!(study.executed(), names(&["squares", "total"]));
    assert_eq!(study.project.read("artifacts/total.txt"), "55\n");
    assert_eq!(study.executed(), names(&[]));

    study.edit("src/total.rs", "let mut total", "// From nothing.\n    let mut total");
    assert_eq!(study.executed(), names(&[]));
    study.edit("src/total.rs", "let mut total = 0", "let mut total = 1");
    assert_eq!(study.executed(), names(&["total"]));
    study.edit("src/squares.rs", "number * number", "number.pow(2)");
    assert_eq!(study.executed(), names(&["squares"]), "its output is as before");
    study.edit("src/squares.rs", "number.pow(2)", "number.pow(3)");
    assert_eq!(study.executed(), names(&["squares", "total"]));
    assert_eq!(study.project.read("artifacts/total.txt"), "226\n");

    study.project.write("src/cubes.rs", "");
    assert!(study.run(&["status"]).stderr.contains("(src/cubes.rs is new)"));
    assert_eq!(study.executed(), names(&[]));
    std::fs::remove_file(study.project.path("src/cubes.rs")).unwrap();
    assert!(study.run(&["status"]).stderr.contains("(src/cubes.rs is gone)"));
    assert_eq!(study.executed(), names(&[]));
}
