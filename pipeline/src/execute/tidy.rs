//! Takes outputs out of the work tree that the engine put there and that no stage makes any more.
//!
//! A folder that a stage reads whole then holds the same files as in a fresh clone, whatever was run here before.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::history::{Repository, Tracked};
use crate::manifest::Stage;
use crate::path::RepoPath;
use crate::plan::Workspace;
use crate::store;

/// Removes what none of `stages` makes, and returns the paths. Only bytes that the store still has go, and nothing that
/// somebody has taken over: a path that a stage names as a dependency, or that git tracks, stays.
pub(crate) fn tidy(workspace: &mut Workspace, stages: &[Stage]) -> Result<Vec<String>, Error> {
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
        return Ok(Vec::new());
    }
    let tracked = match Repository::open(&workspace.root) {
        Ok(repository) => repository.tracked()?,
        Err(_) => Tracked::default(),
    };
    let mut paths = Vec::new();
    for (path, sha256) in left {
        let read = stages.iter().flat_map(|stage| &stage.dependencies).any(|dep| dep.path.is_in(&path));
        let inside = path.ancestors().any(|above| made.contains(&above));
        if !read
            && !inside
            && !tracked.holds(&path)
            && let Some(content) = workspace.content(&path)?.filter(|content| content.sha256 == sha256)
            && workspace.store.objects.has(&content)
        {
            store::remove(&path.within(&workspace.root))?;
            paths.push(path.to_string());
        }
        workspace.store.records.unplace(path.as_str())?;
    }
    Ok(paths)
}
