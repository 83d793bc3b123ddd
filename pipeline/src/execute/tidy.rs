//! Takes outputs out of the work tree that the engine put there and that no stage makes any more.
//!
//! A folder that a stage reads whole then holds the same files as in a fresh clone, whatever was run here before.

use std::collections::BTreeSet;
use std::path::Path;

use crate::error::Error;
use crate::events::Event;
use crate::graph::Graph;
use crate::path::RepoPath;
use crate::plan::Workspace;
use crate::store;

/// Removes only bytes that the store still has, and nothing that somebody has taken over: a path that a stage names as a
/// dependency, or that git tracks, stays.
pub(super) fn tidy(workspace: &mut Workspace, graph: &Graph, report: &mut dyn FnMut(Event)) -> Result<(), Error> {
    let made: BTreeSet<&RepoPath> = graph.stages.iter().flat_map(|stage| &stage.outputs).map(|out| &out.path).collect();
    let placed = workspace.store.records.all_placed()?;
    let mut left = Vec::new();
    for (path, sha256) in placed {
        let path = RepoPath::root().join(&path).map_err(|error| Error::State(error.to_string()))?;
        if !made.contains(&path) {
            left.push((path, sha256));
        }
    }
    if left.is_empty() {
        return Ok(());
    }
    let tracked = Tracked::by_git(&workspace.root);
    let mut paths = Vec::new();
    for (path, sha256) in left {
        let read = graph.stages.iter().flat_map(|stage| &stage.dependencies).any(|dep| dep.path.is_in(&path));
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
    if !paths.is_empty() {
        report(Event::Removed { paths });
    }
    Ok(())
}

/// The files that git tracks, if the study is in a repository.
struct Tracked(Option<(git2::Index, std::path::PathBuf)>);

impl Tracked {
    fn by_git(root: &Path) -> Self {
        let find = || {
            let repository = git2::Repository::discover(root).ok()?;
            // The study may be a folder of the repository.
            let top = repository.workdir()?.canonicalize().ok()?;
            let below = root.canonicalize().ok()?.strip_prefix(top).ok()?.to_owned();
            Some((repository.index().ok()?, below))
        };
        Self(find())
    }

    fn holds(&self, path: &RepoPath) -> bool {
        self.0.as_ref().is_some_and(|(index, below)| index.get_path(&below.join(path.as_str()), 0).is_some())
    }
}
