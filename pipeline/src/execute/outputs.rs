//! A stage's outputs before and after it runs: cleared, checked, stored.

use std::path::Path;

use crate::digest::Content;
use crate::error::Error;
use crate::manifest::{Output, Stage};
use crate::plan::{self, Workspace};
use crate::store::{self, Artifact, Link, StoreError};

/// Makes room for a run: removes the outputs (persistent ones stay) and makes their folders.
///
/// What the store does not know yet goes into it first: an output that somebody else made is not lost. Of a folder these are its
/// members; what `.dvcignore` hides in it goes with it, as under DVC.
pub fn clear(workspace: &mut Workspace, stage: &Stage) -> Result<(), Error> {
    for output in &stage.outputs {
        let target = output.path.within(&workspace.root);
        make_folder(workspace, stage, &target)?;
        if output.persist || target.symlink_metadata().is_err() {
            continue;
        }
        if !target.is_symlink()
            && let Some(content) = workspace.content(&output.path)?
            && !workspace.store.objects.has(&content)
        {
            keep_for_good(workspace, output)?;
        }
        store::remove(&target)?;
    }
    Ok(())
}

/// Makes the folder of an output, which no symbolic link may lead out of the repository.
fn make_folder(workspace: &Workspace, stage: &Stage, target: &Path) -> Result<(), Error> {
    plan::check_inside(&workspace.root, stage, target)?;
    let folder = target.parent().unwrap_or(&workspace.root);
    Ok(std::fs::create_dir_all(folder).map_err(StoreError::file(folder, "cannot be made"))?)
}

/// Stores all outputs after a run, sorted by path; the error names one that the stage did not make.
pub fn collect(workspace: &mut Workspace, stage: &Stage) -> Result<Vec<Artifact>, Error> {
    let mut artifacts = Vec::with_capacity(stage.outputs.len());
    for output in &stage.outputs {
        if output.path.within(&workspace.root).symlink_metadata().is_err() {
            return Err(Error::State(format!("did not make its output {}", output.path)));
        }
        let content = keep(workspace, output)?;
        // What is not removed before a run is written to again.
        if !output.persist {
            workspace.store.objects.link(&content, &output.path.within(&workspace.root))?;
        }
        artifacts.push(Artifact { path: output.path.as_str().to_owned(), content });
    }
    artifacts.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(artifacts)
}

/// Puts the files of one output into the store. The digests are those of the stored bytes: a file that changes
/// meanwhile can't be recorded under a digest that it does not have.
pub fn keep(workspace: &mut Workspace, output: &Output) -> Result<Content, Error> {
    let target = output.path.within(&workspace.root);
    let Some(mut content) = workspace.content(&output.path)? else {
        return Err(Error::State(format!("lost its output {} while it was stored", output.path)));
    };
    let changed = || Error::State(format!("changed its output {} while it was stored", output.path));
    match &mut content.members {
        None => {
            let stored = workspace.store.objects.put(&target)?;
            if stored.sha256 != content.sha256 {
                return Err(changed());
            }
        }
        Some(members) => {
            for member in members {
                let stored = workspace.store.objects.put(&target.join(&member.path))?;
                if stored.sha256 != member.sha256 {
                    return Err(changed());
                }
            }
        }
    }
    if output.cache {
        workspace.store.objects.share_with_dvc(&content)?;
    }
    Ok(content)
}

/// Stores what is about to be removed from the work tree.
fn keep_for_good(workspace: &mut Workspace, output: &Output) -> Result<(), Error> {
    let content = keep(workspace, output)?;
    Ok(workspace.store.objects.sync(&content)?)
}

/// Puts recorded outputs back into the work tree. `false`: an object was missing or damaged.
pub fn restore(workspace: &mut Workspace, stage: &Stage, recorded: &[Artifact]) -> Result<bool, Error> {
    for output in &stage.outputs {
        let artifact = recorded.iter().find(|artifact| artifact.path == output.path.as_str());
        let Some(artifact) = artifact else { return Ok(false) };
        if !restore_one(workspace, stage, output, &artifact.content)? {
            return Ok(false);
        }
    }
    share(workspace, stage, recorded)?;
    workspace.store.records.placed(recorded)?;
    Ok(true)
}

/// Puts one output back. `false`: an object was missing or damaged, and what was there is as it was.
pub fn restore_one(
    workspace: &mut Workspace,
    stage: &Stage,
    output: &Output,
    recorded: &Content,
) -> Result<bool, Error> {
    let target = output.path.within(&workspace.root);
    make_folder(workspace, stage, &target)?;
    let there = workspace.content(&output.path)?;
    if there.as_ref().is_some_and(|content| content.holds_same(recorded)) {
        return Ok(true);
    }
    // What somebody else put there is kept before it is replaced.
    if there.is_some_and(|content| !workspace.store.objects.has(&content)) {
        keep_for_good(workspace, output)?;
    }
    // A command that adds to what is there must not add to the stored object.
    let objects = &workspace.store.objects;
    let links = if output.persist { &[Link::Copy] } else { objects.links.as_slice() };
    Ok(objects.restore_or_heal(recorded, &target, links)?)
}

/// Makes sure that DVC, where the study has it, finds the outputs in its cache.
pub fn share(workspace: &Workspace, stage: &Stage, recorded: &[Artifact]) -> Result<(), Error> {
    for output in stage.outputs.iter().filter(|output| output.cache) {
        if let Some(artifact) = recorded.iter().find(|artifact| artifact.path == output.path.as_str()) {
            workspace.store.objects.share_with_dvc(&artifact.content)?;
        }
    }
    Ok(())
}
