//! Brings the outputs of a commit back into the work tree, by what its dvc.lock says of them.

use crate::error::Error;
use crate::execute::{outputs, tidy};
use crate::history::{State, Tracked};
use crate::manifest::{Output, Stage};
use crate::path::RepoPath;
use crate::plan::{self, Workspace};
use crate::store::{Archive, Artifact};

/// What the command line names: a stage, all instances of one, an output, or a folder around outputs.
pub struct Target {
    pub written: String,
    /// As a path of the study, if it can be one.
    pub path: Option<RepoPath>,
}

#[derive(Debug, Default)]
pub struct Outcome {
    pub added: Vec<RepoPath>,
    pub modified: Vec<RepoPath>,
    /// Outputs that the engine had put into the work tree and that this commit does not have.
    pub deleted: Vec<RepoPath>,
    pub missing: Vec<Missing>,
}

/// An output that could not be brought back.
#[derive(Debug)]
pub struct Missing {
    pub path: RepoPath,
    pub stage: String,
    pub why: String,
}

/// The lock on the work tree must be held. Files that git tracks are left to git.
pub fn checkout(
    workspace: &mut Workspace,
    state: &State,
    targets: &[Target],
    tracked: &Tracked,
) -> Result<Outcome, Error> {
    if !state.has_lock {
        let what = format!("{} has no dvc.lock, which says what its outputs were", state.name);
        return Err(Error::Input(what));
    }
    let wanted = select(state, targets)?;
    for (stage, output) in &wanted {
        plan::check_inside(&workspace.root, stage, &output.path.within(&workspace.root))?;
    }
    let archive = Archive::open(&workspace.store.records)?;
    let mut outcome = Outcome::default();
    // What is not this commit's goes first: it may stand where an output belongs.
    if targets.is_empty() {
        for path in tidy::tidy(workspace, &state.stages)? {
            outcome.deleted.extend(RepoPath::root().join(&path));
        }
    }
    for (stage, output) in wanted.into_iter().filter(|(_, output)| !tracked.holds(&output.path)) {
        let before = workspace.content(&output.path);
        let restored = before.and_then(|before| {
            let change = bring_back(workspace, state, stage, output, &archive, before.as_ref().map(|it| &*it.md5))?;
            Ok((change, before.is_some()))
        });
        match restored {
            Ok((Change::None, _)) => {}
            Ok((Change::Done, false)) => outcome.added.push(output.path.clone()),
            Ok((Change::Done, true)) => outcome.modified.push(output.path.clone()),
            Ok((Change::Impossible(why), _)) => outcome.missing.push(missing(stage, output, why)),
            Err(error) => outcome.missing.push(missing(stage, output, error.to_string())),
        }
    }
    workspace.store.records.remember(&mut workspace.memo)?;
    Ok(outcome)
}

enum Change {
    None,
    Done,
    Impossible(String),
}

fn bring_back(
    workspace: &mut Workspace,
    state: &State,
    stage: &Stage,
    output: &Output,
    archive: &Archive,
    before: Option<&str>,
) -> Result<Change, Error> {
    let Some(locked) = state.locked(stage, output) else {
        return Ok(Change::Impossible("dvc.lock does not name it".to_owned()));
    };
    if before == Some(&locked.md5) {
        return Ok(Change::None);
    }
    let lost = || Change::Impossible("neither the store nor DVC's cache has it".to_owned());
    let Some(mut content) = archive.find(&workspace.store.objects, &locked.md5)? else { return Ok(lost()) };
    content.executable = locked.executable;
    if !outputs::restore_one(workspace, stage, output, &content)? {
        return Ok(lost());
    }
    let artifact = [Artifact { path: output.path.as_str().to_owned(), content }];
    outputs::share(workspace, stage, &artifact)?;
    workspace.store.records.placed(&artifact)?;
    Ok(Change::Done)
}

fn missing(stage: &Stage, output: &Output, why: String) -> Missing {
    Missing { path: output.path.clone(), stage: stage.name.clone(), why }
}

fn select<'a>(state: &'a State, targets: &[Target]) -> Result<Vec<(&'a Stage, &'a Output)>, Error> {
    let all = || state.stages.iter().flat_map(|stage| stage.outputs.iter().map(move |output| (stage, output)));
    for target in targets {
        if !all().any(|(stage, output)| names(target, stage, output)) {
            let (name, at) = (&target.written, &state.name);
            return Err(Error::Input(format!("no stage or output of {at} is called `{name}`")));
        }
    }
    let wanted = |(stage, output): &(&Stage, &Output)| targets.iter().any(|target| names(target, stage, output));
    Ok(all().filter(|pair| targets.is_empty() || wanted(pair)).collect())
}

fn names(target: &Target, stage: &Stage, output: &Output) -> bool {
    stage.name == target.written
        || stage.name.strip_prefix(&target.written).is_some_and(|rest| rest.starts_with('@'))
        || target.path.as_ref().is_some_and(|path| output.path.is_in(path))
}
