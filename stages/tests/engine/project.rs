//! A temporary study to run the binary in.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

pub struct Project {
    folder: tempfile::TempDir,
}

/// What a case of a table does to a project.
pub type Action = Box<dyn Fn(&Project)>;

/// How one run of the binary ended.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Project {
    /// An empty git repository.
    pub fn new() -> Self {
        let project = Self::empty();
        let git = Command::new("git").args(["init", "-q"]).current_dir(project.root()).status().unwrap();
        assert!(git.success());
        project
    }

    /// An empty folder.
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// One with these files.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let project = Self::new();
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    /// Commits everything that git does not ignore.
    pub fn commit(&self) {
        for arguments in [&["add", "-A"][..], &["commit", "-q", "--allow-empty", "-m", "a commit"]] {
            let mut git = Command::new("git");
            git.args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]).args(arguments);
            assert!(git.current_dir(self.root()).status().unwrap().success());
        }
    }

    /// Another one with the same files, their times too.
    pub fn copy(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let copied = Command::new("cp").arg("-a").arg(self.path(".")).arg(folder.path()).status().unwrap();
        assert!(copied.success());
        Self { folder }
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    pub fn exists(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retrial"));
        command.args(arguments).current_dir(self.root()).env("NO_COLOR", "1").env("SHELL", "/bin/sh");
        // Whoever runs the tests in the background may have told them to ignore signals, and children inherit that.
        // SAFETY: signal may be called between fork and exec.
        unsafe {
            command.pre_exec(|| {
                for signal in [libc::SIGINT, libc::SIGHUP, libc::SIGTERM] {
                    libc::signal(signal, libc::SIG_DFL);
                }
                Ok(())
            });
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    /// Runs `repro --json` with further arguments; it must end well.
    pub fn repro(&self, arguments: &[&str]) -> Summary {
        let ran = self.run(&[&["repro", "--json"], arguments].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.summary()
    }

    pub fn digest(&self) -> String {
        let ran = self.run(&["digest"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout
    }

    /// Every file below the root but the store's and git's own, with its bytes.
    pub fn snapshot(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        let mut open = vec![self.root().to_owned()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(self.root()).unwrap().to_str().unwrap().to_owned();
                if name == ".git" || name == ".retrial" {
                    continue;
                }
                if path.is_dir() { open.push(path) } else { files.push((name, std::fs::read(path).unwrap())) }
            }
        }
        files.sort();
        files
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ran {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }

    pub fn summary(&self) -> Summary {
        let json = self.json();
        let names = |key: &str| -> Vec<String> {
            let mut names: Vec<String> = serde_json::from_value(json[key].clone()).unwrap();
            names.sort();
            names
        };
        Summary {
            executed: names("executed"),
            cached: names("cached"),
            skipped: names("skipped"),
            failed: names("failed"),
        }
    }
}

/// What `repro --json` says, each list sorted.
#[derive(Debug, PartialEq)]
pub struct Summary {
    pub executed: Vec<String>,
    pub cached: Vec<String>,
    pub skipped: Vec<String>,
    pub failed: Vec<String>,
}

/// data -> train (×3) -> report, and `other` beside them.
pub const STUDY: &[(&str, &str)] = &[
    (
        "params.yaml",
        "size: 3\nrate: 0.001\nflag: 1\nseeds: [0, 1, 2]\npresets:\n  small: {seeds: [0]}\n  deep: {a.b: 2}\n  misspelt:\n    seedz: [0]\na: {b: 1}\n",
    ),
    (
        "dvc.yaml",
        "stages:
  data:
    cmd: yes ${size} | head -n 5 > data.txt
    params: [size]
    outs: [data.txt]
  train:
    matrix:
      seed: ${seeds}
    cmd: (cat data.txt; echo ${item.seed} ${rate}) > out/${item.seed}.txt
    deps: [data.txt]
    params: [rate]
    outs: ['out/${item.seed}.txt']
  report:
    cmd: cat out/*.txt > report.txt
    deps: [out]
    outs: [report.txt]
  other:
    cmd: echo ${flag} > other.txt
    params: [flag]
    outs: [other.txt]
",
    ),
];

pub fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
