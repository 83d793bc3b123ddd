//! Runs stages again in scratch folders and compares bytes with what the work tree holds.
//!
//! A scratch folder has the stage's declared inputs and nothing else: a command that reads what it does not declare fails
//! there, or gives something else.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::local::{self, Said, Stop};
use super::{job, resources};
use crate::digest::{self, Ignored, ignore};
use crate::error::Error;
use crate::machine::Machine;
use crate::manifest::Stage;
use crate::manifest::params::DEFAULT_FILE;
use crate::path::RepoPath;
use crate::plan::{self, Standing, Workspace};
use crate::store::StoreError;

/// How a second run compares with the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Same,
    /// The first file that differs, and its first byte that does (from 0); `None`: it is missing in one of the two.
    Different {
        path: String,
        byte: Option<u64>,
    },
    /// The command failed; its last lines.
    Failed {
        why: String,
        log: String,
    },
    /// The work tree does not hold what the stage gives now: there is nothing to compare with.
    NotFresh,
}

/// Runs one stage again. Its inputs and outputs must be in the work tree, which is left as it is.
pub fn verify(
    workspace: &mut Workspace,
    stage: &Stage,
    machine: &Machine,
    interrupt: &AtomicBool,
) -> Result<Outcome, Error> {
    let missing = stage.dependencies.iter().any(|dependency| !dependency.path.within(&workspace.root).exists());
    if missing {
        return Ok(Outcome::NotFresh);
    }
    let assessment = plan::assess(workspace, stage)?;
    let Standing::Fresh(recorded) = &assessment.standing else { return Ok(Outcome::NotFresh) };
    if let Some(why) = resources::excess(stage, machine) {
        return Ok(Outcome::Failed { why, log: String::new() });
    }
    let temporary = tempfile::Builder::new().prefix("retrial-verify-").tempdir();
    let temporary = temporary.map_err(StoreError::file(&std::env::temp_dir(), "cannot be written to"))?;
    let scratch = temporary.path().join("scratch");
    furnish(workspace, stage, &scratch)?;
    let parameters = job::parameter_file(temporary.path(), &assessment.parameters)?;
    let gpus = &machine.gpus[..stage.extension.gpus];
    // A second run has nothing to go on from.
    let progress = temporary.path().join("progress");
    job::open_progress(&progress, true)?;
    let job = job::prepare(stage, &scratch, &parameters, &progress, machine.threads, gpus)?;
    let mut log = Vec::new();
    let ran = run(&job, interrupt, &mut log)?;
    if let Err(why) = ran {
        let last = log.len().saturating_sub(10);
        return Ok(Outcome::Failed { why, log: log[last..].join("\n") });
    }
    let mut ignored = Ignored::new(&scratch);
    for artifact in recorded {
        let path = RepoPath::file(&artifact.path);
        let (old, new) = (path.within(&workspace.root), path.within(&scratch));
        let content = digest::content(&mut ignored, &path, &mut workspace.memo)?;
        if content.is_none_or(|content| content.sha256 != artifact.content.sha256) {
            return first_difference(&artifact.path, &old, &new);
        }
    }
    Ok(Outcome::Same)
}

/// Runs the job and passes an interruption on to it.
fn run(job: &job::Job, interrupt: &AtomicBool, log: &mut Vec<String>) -> Result<Result<(), String>, Error> {
    let stop = Stop::default();
    let ran = std::thread::scope(|scope| {
        let hear = |said| match said {
            Said::Line(line) => log.push(line),
            Said::LeftBehind => log.push("(left processes running, which were stopped)".to_owned()),
        };
        let running = scope.spawn(|| local::run(job, &stop, hear).outcome);
        while !running.is_finished() {
            if interrupt.load(Ordering::Relaxed) {
                stop.send(libc::SIGKILL);
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        running.join().unwrap_or_else(|_| Err("panicked".to_owned()))
    });
    if interrupt.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(ran) }
}

/// Copies a stage's inputs to where they belong below `scratch`, and makes the folders of its outputs.
fn furnish(workspace: &Workspace, stage: &Stage, scratch: &Path) -> Result<(), Error> {
    let mut inputs: Vec<RepoPath> = stage.dependencies.iter().map(|dependency| dependency.path.clone()).collect();
    inputs.extend(stage.parameters.iter().map(|declared| declared.file.clone()));
    inputs.extend([stage.file.clone(), stage.file.parent().child(DEFAULT_FILE)]);
    // What is hidden here is hidden there.
    let folders: BTreeSet<RepoPath> = inputs.iter().flat_map(RepoPath::ancestors).chain([RepoPath::root()]).collect();
    inputs.extend(folders.iter().map(|folder| folder.child(ignore::FILE)));
    for input in inputs {
        let from = input.within(&workspace.root);
        if from.exists() {
            copy(&from, &input.within(scratch))?;
        }
    }
    let outputs = stage.outputs.iter().filter_map(|output| Some(output.path.within(scratch).parent()?.to_owned()));
    for folder in outputs.chain([stage.folder.within(scratch)]) {
        fs::create_dir_all(&folder).map_err(StoreError::file(&folder, "cannot be made"))?;
    }
    // What a persistent output held before is an input too.
    for output in stage.outputs.iter().filter(|output| output.persist) {
        copy(&output.path.within(&workspace.root), &output.path.within(scratch))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    if from.is_dir() {
        fs::create_dir_all(to).map_err(StoreError::file(to, "cannot be made"))?;
        for entry in fs::read_dir(from).map_err(StoreError::file(from, "cannot be read"))? {
            let entry = entry.map_err(StoreError::file(from, "cannot be read"))?;
            if leads_to_folder(&entry.path()) {
                continue;
            }
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    let folder = to.parent().unwrap_or(to);
    fs::create_dir_all(folder).map_err(StoreError::file(folder, "cannot be made"))?;
    fs::copy(from, to).map_err(StoreError::file(from, "cannot be copied"))?;
    Ok(())
}

/// Whether something in a folder is a link to another: no part of it, as digests and DVC have it.
fn leads_to_folder(path: &Path) -> bool {
    path.is_symlink() && path.is_dir()
}

/// The first file in which two outputs differ, in order of path.
fn first_difference(name: &str, old: &Path, new: &Path) -> Result<Outcome, Error> {
    let mut names: Vec<PathBuf> = Vec::new();
    for root in [old, new] {
        list(root, Path::new(""), &mut names)?;
    }
    names.sort();
    names.dedup();
    for below in names {
        let at = |root: &Path| if below.as_os_str().is_empty() { root.to_owned() } else { root.join(&below) };
        let path = at(Path::new(name)).display().to_string();
        let (Ok(a), Ok(b)) = (fs::read(at(old)), fs::read(at(new))) else {
            return Ok(Outcome::Different { path, byte: None });
        };
        if a != b {
            let byte = a.iter().zip(&b).position(|(a, b)| a != b).unwrap_or(a.len().min(b.len()));
            return Ok(Outcome::Different { path, byte: Some(byte as u64) });
        }
    }
    Ok(Outcome::Different { path: name.to_owned(), byte: None })
}

/// The files at or below `root`, relative to it.
fn list(root: &Path, below: &Path, names: &mut Vec<PathBuf>) -> Result<(), Error> {
    let here = if below.as_os_str().is_empty() { root.to_owned() } else { root.join(below) };
    if !here.is_dir() {
        names.push(below.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(&here).map_err(StoreError::file(&here, "cannot be read"))? {
        let entry = entry.map_err(StoreError::file(&here, "cannot be read"))?;
        if leads_to_folder(&entry.path()) {
            continue;
        }
        list(root, &below.join(entry.file_name()), names)?;
    }
    Ok(())
}
