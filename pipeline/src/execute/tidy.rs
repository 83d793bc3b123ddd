//! Takes outputs out of the work tree that the engine put there and that no stage makes any more.
//!
//! A folder that a stage reads whole then holds the same files as in a fresh clone, whatever was run here before.

use std::collections::BTreeSet;
use std::path::Path;

use crate::digest::Content;
use crate::error::Error;
use crate::history::{Repository, Tracked};
use crate::manifest::Stage;
use crate::path::RepoPath;
use crate::plan::{self, Workspace};
use crate::store;

/// What the engine put into the work tree and no stage makes.
#[derive(Debug, Default)]
pub(crate) struct LeftOver {
    /// What goes.
    pub remove: Vec<RepoPath>,
    /// All of it: the engine has no more to do with it.
    forget: Vec<RepoPath>,
}

/// Removes what none of `stages` makes, and returns the paths.
pub(crate) fn tidy(workspace: &mut Workspace, stages: &[Stage]) -> Result<Vec<String>, Error> {
    let left = left_over(workspace, stages)?;
    for path in &left.remove {
        store::remove(&path.within(&workspace.root))?;
    }
    for path in &left.forget {
        workspace.store.records.unplace(path.as_str())?;
    }
    Ok(left.remove.iter().map(ToString::to_string).collect())
}

/// Only bytes that the store still has go, and nothing that somebody has taken over: a path that a stage names as a dependency,
/// or that git or a .dvc file tracks, stays.
pub(crate) fn left_over(workspace: &mut Workspace, stages: &[Stage]) -> Result<LeftOver, Error> {
    let made: BTreeSet<&RepoPath> = stages.iter().flat_map(|stage| &stage.outputs).map(|out| &out.path).collect();
    let placed = workspace.store.records.all_placed()?;
    let mut left = Vec::new();
    for (path, sha256) in placed {
        let path = RepoPath::root().join(&path).map_err(|error| Error::State(error.to_string()))?;
        if !made.contains(&path) {
            left.push((path, sha256));
        }
    }
    if left.is_empty() {
        return Ok(LeftOver::default());
    }
    let tracked = match Repository::open(&workspace.root) {
        Ok(repository) => repository.tracked()?,
        Err(_) => Tracked::default(),
    };
    let mut remove = Vec::new();
    for (path, sha256) in &left {
        let read = stages.iter().flat_map(|stage| &stage.dependencies).any(|dep| dep.path.is_in(path));
        let inside = path.ancestors().any(|above| made.contains(&above));
        if !read
            && !inside
            && !tracked.holds(path)
            && plan::dvc_file(&workspace.root, path).is_none()
            && let Some(content) = workspace.content(path)?.filter(|content| content.sha256 == *sha256)
            && workspace.store.objects.has(&content)
            && !holds_more(&path.within(&workspace.root), &content)
        {
            remove.push(path.clone());
        }
    }
    Ok(LeftOver { remove, forget: left.into_iter().map(|(path, _)| path).collect() })
}

/// Whether a folder has files beside its members: what `.dvcignore` hides, repositories, links to folders.
fn holds_more(folder: &Path, content: &Content) -> bool {
    let Some(members) = &content.members else { return false };
    let mut open = vec![folder.to_owned()];
    let mut files = 0;
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(entry.path()),
                _ => files += 1,
            }
        }
    }
    files > members.len()
}
