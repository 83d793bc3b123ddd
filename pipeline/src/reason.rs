//! Why a stage that is not fresh is not: what changed since its last run, and what is wrong with its outputs.

use std::path::Path;

use crate::error::Error;
use crate::fingerprint::{Change, Recipe};
use crate::manifest::params::{Declared, Values};
use crate::manifest::{ManifestError, Stage};
use crate::path::RepoPath;
use crate::plan::{self, Assessment, Standing, Workspace};
use crate::store::Artifact;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reason {
    /// No run of the stage is on record.
    pub never_ran: bool,
    /// It runs whatever happens.
    pub always: bool,
    /// How its recipe differs from the one that it is compared with; for a stage that never ran, all of it.
    pub changes: Vec<Change>,
    /// Output paths that are gone or differ.
    pub outputs: Vec<(String, OutputChange)>,
    /// The recipe that it is compared with.
    pub earlier: Recipe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputChange {
    Deleted,
    Modified,
    NotStored,
}

/// What a stage needs and nobody has: it can't run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Missing {
    pub dependencies: Vec<RepoPath>,
    pub parameters: Vec<Declared>,
}

impl Missing {
    pub fn is_empty(&self) -> bool {
        self.dependencies.is_empty() && self.parameters.is_empty()
    }
}

/// How many runs of a stage are looked at.
pub const LATEST: u32 = 10;

/// How a recipe differs from the likest of the stage's latest runs (after a run with other parameters that is not the last
/// one), and that run's recipe; `None` where it never ran.
pub fn changes(workspace: &Workspace, stage: &Stage, recipe: &Recipe) -> Result<Option<(Vec<Change>, Recipe)>, Error> {
    let earlier = workspace.store.records.recent_recipes(&stage.name, LATEST)?;
    let compared = earlier.into_iter().map(|earlier| (recipe.changes_since(&earlier), earlier));
    Ok(compared.min_by_key(|(changes, _)| changes.len()))
}

/// Why a stage that is not fresh is not.
pub fn reason(workspace: &mut Workspace, stage: &Stage, assessment: &Assessment) -> Result<Reason, Error> {
    if let Standing::Vouched(promises) = &assessment.standing {
        let change = |path: &str| match workspace.root.join(path).exists() {
            true => OutputChange::Modified,
            false => OutputChange::Deleted,
        };
        let wrong = promises.iter().filter(|promise| !promise.here).map(|promise| &promise.path);
        let outputs = wrong.map(|path| (path.clone(), change(path))).collect();
        return Ok(Reason { outputs, earlier: assessment.recipe.clone(), ..Reason::default() });
    }
    if stage.frozen {
        // Nothing else is looked at.
        let gone = stage.outputs.iter().filter(|output| !output.path.within(&workspace.root).exists());
        let outputs = gone.map(|output| (output.path.as_str().to_owned(), OutputChange::Deleted)).collect();
        return Ok(Reason { outputs, earlier: assessment.recipe.clone(), ..Reason::default() });
    }
    of_recipe(workspace, stage, &assessment.recipe)
}

fn of_recipe(workspace: &mut Workspace, stage: &Stage, recipe: &Recipe) -> Result<Reason, Error> {
    let always = stage.always_changed || (stage.dependencies.is_empty() && stage.outputs.is_empty());
    let same = workspace.store.records.outputs_of(&recipe.key())?.map(|outputs| (Vec::new(), recipe.clone(), outputs));
    let compared = match same {
        Some(same) => Some(same),
        None => match changes(workspace, stage, recipe)? {
            None => None,
            Some((changes, earlier)) => {
                let outputs = workspace.store.records.outputs_of(&earlier.key())?.unwrap_or_default();
                Some((changes, earlier, outputs))
            }
        },
    };
    let never_ran = compared.is_none();
    let (changes, earlier, recorded) =
        compared.unwrap_or_else(|| (recipe.changes_since(&Recipe::default()), Recipe::default(), Vec::new()));
    let outputs = outputs(workspace, stage, &recorded)?;
    Ok(Reason { never_ran, always, changes, outputs, earlier })
}

/// How the outputs that a stage has now differ from those of an earlier run.
fn outputs(
    workspace: &mut Workspace,
    stage: &Stage,
    recorded: &[Artifact],
) -> Result<Vec<(String, OutputChange)>, Error> {
    let mut changes = Vec::new();
    for output in &stage.outputs {
        let artifact = recorded.iter().find(|artifact| artifact.path == output.path.as_str());
        let content = workspace.content(&output.path)?;
        let same = |artifact: &Artifact| content.as_ref().is_some_and(|now| now.sha256 == artifact.content.sha256);
        let lost = |artifact: &Artifact| !workspace.store.objects.can_get(&artifact.content);
        let change = match artifact {
            Some(artifact) if output.cache && lost(artifact) => OutputChange::NotStored,
            Some(artifact) if same(artifact) => continue,
            _ if content.is_none() => OutputChange::Deleted,
            _ => OutputChange::Modified,
        };
        changes.push((output.path.as_str().to_owned(), change));
    }
    Ok(changes)
}

/// What of a stage's inputs does not exist.
pub fn missing(workspace: &mut Workspace, stage: &Stage) -> Result<Missing, Error> {
    let gone = |path: &RepoPath| !path.within(&workspace.root).exists();
    let dependencies = stage.dependencies.iter().map(|dependency| dependency.path.clone()).filter(gone).collect();
    let (mut parameters, manifest) = (Vec::new(), Path::new(stage.file.as_str()));
    for declared in &stage.parameters {
        match workspace.parameters.values(std::slice::from_ref(declared), manifest) {
            Ok(_) => {}
            // What dvc.yaml names and nobody has; what is wrong with the parameter file itself is another matter.
            Err(ManifestError::Content { file, .. }) if file == manifest => parameters.push(declared.clone()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Missing { dependencies, parameters })
}

/// Why a stage that can't run would have to, as far as what it has tells.
pub fn of_the_rest(workspace: &mut Workspace, stage: &Stage, missing: &Missing) -> Result<Reason, Error> {
    let mut rest = stage.clone();
    rest.dependencies.retain(|dependency| !missing.dependencies.contains(&dependency.path));
    rest.parameters.retain(|declared| !missing.parameters.contains(declared));
    let parameters: Values = workspace.parameters.values(&rest.parameters, Path::new(stage.file.as_str()))?;
    let mut dependencies = Vec::with_capacity(rest.dependencies.len());
    for dependency in &rest.dependencies {
        dependencies.extend(workspace.content(&dependency.path)?);
    }
    let recipe = plan::recipe(workspace, &rest, &parameters, &dependencies)?;
    of_recipe(workspace, stage, &recipe)
}
