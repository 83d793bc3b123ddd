//! A stage's inputs after it has run: what it was recorded to read must be what was there all the time.

use std::path::Path;

use crate::digest::Content;
use crate::error::Error;
use crate::manifest::{Parameters, Stage};
use crate::plan::{self, Assessment, Workspace};

/// Complains about an input that was changed or removed while the stage ran: its outputs may have been made of either
/// content. Files that are new in a folder are passed over: interpreters leave their caches beside the code.
pub fn check(workspace: &mut Workspace, stage: &Stage, before: &Assessment) -> Result<(), Error> {
    if !stage.parameters.is_empty() && !plan::reads_engines_file(workspace.study, stage) {
        let now = Parameters::load(&workspace.root, &workspace.overlay)
            .and_then(|now| now.values(&stage.parameters, Path::new(stage.file.as_str())));
        if now.map_or(true, |now| plan::declared(stage, &now) != plan::declared(stage, &before.parameters)) {
            let why = "was run with parameters that were changed meanwhile: run it again";
            return Err(Error::State(why.to_owned()));
        }
    }
    for (dependency, before) in stage.dependencies.iter().zip(&before.dependencies) {
        let after = workspace.content(&dependency.path)?;
        if after.is_none_or(|after| !holds(&after, before)) {
            let path = &dependency.path;
            return Err(Error::State(format!("its input {path} was changed while it ran: run it again")));
        }
    }
    Ok(())
}

/// Whether every file of `before` is in `after`, unchanged.
fn holds(after: &Content, before: &Content) -> bool {
    match (&after.members, &before.members) {
        (Some(after), Some(before)) => before.iter().all(|old| {
            let same = after.binary_search_by(|new| new.path.cmp(&old.path)).map(|at| &after[at]);
            same.is_ok_and(|new| new.sha256 == old.sha256)
        }),
        _ => after.sha256 == before.sha256,
    }
}
