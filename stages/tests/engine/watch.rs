//! `repro --watch`: runs again when something that it reads changes, and only then.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::project::{Project, STUDY};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// Longer than it waits until a change is over.
const SETTLED: Duration = Duration::from_millis(700);

struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    /// Started, and the first run is over.
    fn start(project: &Project, arguments: &[&str]) -> Self {
        let mut command = project.command(&[&["repro", "--watch"], arguments].concat());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { child, lines }
    }

    /// What it says from now until it waits again.
    fn round(&self) -> Vec<String> {
        let (start, mut said) = (Instant::now(), Vec::new());
        while start.elapsed() < LONG {
            match self.lines.recv_timeout(LONG) {
                Ok(line) => {
                    said.push(line.trim().to_owned());
                    if line.contains("Watching") {
                        return said;
                    }
                }
                Err(_) => break,
            }
        }
        panic!("it does not wait again: {said:#?}");
    }

    /// It says nothing for a while.
    fn rests(&self, what: &str) {
        match self.lines.recv_timeout(SETTLED) {
            Err(RecvTimeoutError::Timeout) => (),
            said => panic!("{what}: {said:?}"),
        }
    }

    fn signal(&self, signal: i32) {
        // SAFETY: kill has no memory of ours; the child has not been waited for, so the id is its own.
        assert_eq!(unsafe { libc::kill(self.child.id().cast_signed(), signal) }, 0);
    }

    fn end(mut self, signal: i32) -> Option<i32> {
        self.signal(signal);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn holds(said: &[String], part: &str) -> bool {
    said.iter().any(|line| line.contains(part))
}

#[test]
fn a_change_of_what_is_read_runs_what_rests_on_it() {
    let project = Project::with(STUDY);
    let watching = Watching::start(&project, &[]);
    assert!(holds(&watching.round(), "6 run, 0 restored"));

    project.write("params.yaml", &project.read("params.yaml").replace("flag: 1", "flag: 2"));
    let said = watching.round();
    assert_eq!(said[0], "Changed params.yaml");
    assert!(holds(&said, "1 run, 0 restored, 5 up to date"), "{said:#?}");
    assert_eq!(project.read("other.txt"), "2\n");

    // Outputs, the store, and what nothing reads are no reason.
    project.write("other.txt", "by hand\n");
    project.write(".retrial/x", "x\n");
    project.write("notes.md", "x\n");
    project.write(".git/x", "x\n");
    watching.rests("what it does not read");

    // A study that cannot be read is reported, and mended.
    let good = project.read("dvc.yaml");
    project.write("dvc.yaml", "stages: [\n");
    assert!(holds(&watching.round(), "dvc.yaml:"), "the mistake is not named");
    project.write("dvc.yaml", &good.replace("head -n 5", "head -n 4"));
    let said = watching.round();
    assert_eq!(said[0], "Changed dvc.yaml");
    assert_eq!(project.read("data.txt").lines().count(), 4);
    assert_eq!(watching.end(libc::SIGINT), Some(0));
}

#[test]
fn folders_that_are_read_whole_are_watched_whole() {
    let project = Project::with(&[
        (".dvcignore", "*.tmp\n/in/cache\n"),
        ("in/deep/a", "1\n"),
        ("in/cache/c", "1\n"),
        ("dvc.yaml", "stages:\n  list: {cmd: find in -type f | sort > list.txt, deps: [in], outs: [list.txt]}\n"),
    ]);
    let watching = Watching::start(&project, &[]);
    watching.round();
    project.write("in/deep/b.tmp", "1\n");
    project.write("in/cache/d", "1\n");
    watching.rests("what is hidden");
    for (path, named) in [("in/deep/b", "in/deep/b"), ("in/new/er/c", "in/new"), ("in/new/er/d", "in/new/er/d")] {
        project.write(path, "1\n");
        let said = watching.round();
        assert!(said[0].starts_with(&format!("Changed {named}")), "{said:#?}");
        assert!(project.read("list.txt").contains(&format!("{path}\n")), "{path}: {said:#?}");
    }
    assert_eq!(watching.end(libc::SIGTERM), Some(0));
}

#[test]
fn a_run_that_is_cut_short_ends_as_an_interrupted_one() {
    let project = Project::with(&[("d", "0\n"), ("dvc.yaml", "stages:\n  slow: {cmd: sleep $(cat d), deps: [d]}\n")]);
    let watching = Watching::start(&project, &[]);
    watching.round();
    project.write("d", "60\n");
    for said in ["Changed d", "slow"] {
        assert!(watching.lines.iter().any(|line| line.contains(said)), "{said}");
    }
    assert_eq!(watching.end(libc::SIGINT), Some(130));
}
