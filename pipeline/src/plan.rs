//! What must run, what can be restored, and what is fresh: one stage at a time, once its upstream is settled.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::adopt::{self, Promise, Vouchers};
use crate::config::{self, Config, KeyedBy};
use crate::digest::{self, Content, Ignored, Memo};
use crate::error::Error;
use crate::fingerprint::{Key, Kind, Recipe};
use crate::graph::GraphError;
use crate::lockfile;
use crate::manifest::params::Values;
use crate::manifest::{self, Command, Complaint, Output, Overlay, Parameters, Stage};
use crate::path::RepoPath;
use crate::provenance::{self, Revision};
use crate::reason;
use crate::store::{Artifact, Store, StoreError};
use crate::study::Study;

/// Everything that planning looks at.
pub struct Workspace<'a> {
    pub root: PathBuf,
    pub study: &'a Study,
    pub store: Store,
    pub memo: Memo,
    pub ignored: Ignored,
    pub parameters: Parameters,
    pub overlay: Overlay,
    pub config: Config,
    /// What `cache.key: commit` adds to every key, once it was asked for.
    revision: Option<Revision>,
    pub vouchers: Vouchers,
}

impl<'a> Workspace<'a> {
    pub fn open(root: &Path, study: &'a Study, parameters: Parameters, overlay: Overlay) -> Result<Self, Error> {
        let config = Config::load(root)?;
        let mut store = Store::open(root)?;
        store.objects.links.clone_from(&config.links);
        let memo = store.records.memo()?;
        let ignored = Ignored::new(root);
        Ok(Self {
            root: root.to_owned(),
            study,
            store,
            memo,
            ignored,
            parameters,
            overlay,
            config,
            revision: None,
            vouchers: Vouchers::default(),
        })
    }

    pub fn content(&mut self, path: &RepoPath) -> Result<Option<Content>, Error> {
        Ok(digest::content(&mut self.ignored, path, &mut self.memo)?)
    }

    /// The commit and what differs from it, apart from what `stages` make.
    pub fn revision_beside(&mut self, stages: &[Stage]) -> Result<Revision, git2::Error> {
        if let Some(revision) = &self.revision {
            return Ok(revision.clone());
        }
        let made: HashSet<&RepoPath> = stages.iter().flat_map(|stage| &stage.outputs).map(|out| &out.path).collect();
        let is_made = |path: &str| {
            let is_lock = path.rsplit('/').next() == Some(lockfile::FILE);
            let path = RepoPath::root().join(path).unwrap_or_default();
            is_lock || made.contains(&path) || path.ancestors().any(|above| made.contains(&above))
        };
        provenance::revision(&self.root, &mut self.memo, &is_made)
    }

    /// What `cache.key: commit` adds to every key: the same for a whole invocation.
    fn keyed_revision(&mut self) -> Result<Option<&Revision>, Error> {
        if self.config.key == KeyedBy::Commit && self.revision.is_none() {
            let stages = manifest::load(&self.root, &self.parameters)?;
            let revision = self.revision_beside(&stages).map_err(|error| {
                let what = "asks for the commit in every key (`cache.key: commit`), and this is no git repository with a commit";
                Error::Input(format!("{} {what}: {}", config::FILE, error.message()))
            })?;
            self.revision = Some(revision);
        }
        Ok(self.revision.as_ref())
    }
}

/// A stage as it stands before it runs.
#[derive(Debug)]
pub struct Assessment {
    pub key: Key,
    pub recipe: Recipe,
    pub parameters: Values,
    /// In the stage's order; what each dependency holds.
    pub dependencies: Vec<Content>,
    pub standing: Standing,
}

#[derive(Debug)]
pub enum Standing {
    /// The work tree holds what this key gives.
    Fresh(Vec<Artifact>),
    /// The store does.
    Stored(Vec<Artifact>),
    /// No run on record has this key, but dvc.lock says what it gives, and the work tree or DVC's cache holds that.
    Vouched(Vec<Promise>),
    /// Nobody does.
    Stale,
    /// Nor may it run: it is frozen.
    Gone,
}

impl Standing {
    /// Nothing has to be done for the work tree to be right.
    pub fn is_fresh(&self) -> bool {
        match self {
            Standing::Fresh(_) => true,
            Standing::Vouched(promises) => promises.iter().all(|promise| promise.here),
            Standing::Stored(_) | Standing::Stale | Standing::Gone => false,
        }
    }
}

/// Finds out how a stage stands. Its dependencies must be there.
pub fn assess(workspace: &mut Workspace, stage: &Stage) -> Result<Assessment, Error> {
    let parameters = workspace.parameters.values(&stage.parameters, Path::new(stage.file.as_str()))?;
    let mut dependencies = Vec::with_capacity(stage.dependencies.len());
    for dependency in &stage.dependencies {
        let Some(content) = workspace.content(&dependency.path)? else {
            let (name, path) = (&stage.name, &dependency.path);
            let what = format!("stage `{name}` reads {path}, which does not exist");
            return Err(GraphError::at(stage, dependency.line, what).into());
        };
        dependencies.push(content);
    }
    let recipe = recipe(workspace, stage, &parameters, &dependencies)?;
    let key = recipe.key();
    let mut assessment = Assessment { key, recipe, parameters, dependencies, standing: Standing::Stale };
    assessment.standing = standing(workspace, stage, &assessment)?;
    Ok(assessment)
}

fn standing(workspace: &mut Workspace, stage: &Stage, assessment: &Assessment) -> Result<Standing, Error> {
    if stage.frozen {
        return frozen(workspace, stage);
    }
    let reads_nothing = stage.dependencies.is_empty() && stage.outputs.is_empty();
    if stage.always_changed || reads_nothing {
        return Ok(Standing::Stale);
    }
    let Some(recorded) = workspace.store.records.outputs_of(&assessment.key)? else {
        return Ok(adopt::vouched(workspace, stage, assessment)?.map_or(Standing::Stale, Standing::Vouched));
    };
    if present(workspace, &stage.outputs)?.is_some_and(|present| same(&present, &recorded)) {
        return Ok(Standing::Fresh(recorded));
    }
    // What a persistent output held before is an input that no key knows: only a run can tell.
    let persists = stage.outputs.iter().any(|output| output.persist);
    if !persists && recorded.iter().all(|artifact| workspace.store.objects.can_get(&artifact.content)) {
        return Ok(Standing::Stored(recorded));
    }
    Ok(Standing::Stale)
}

/// How a frozen stage stands, which never runs and looks at nothing that it reads: what dvc.lock names is put back if it is gone, or
/// where no lock names it, what the latest run on record has made.
fn frozen(workspace: &mut Workspace, stage: &Stage) -> Result<Standing, Error> {
    if let Some(present) = present(workspace, &stage.outputs)? {
        return Ok(Standing::Fresh(present));
    }
    let locked = adopt::locked(workspace, stage)?;
    if let Some(promises) = &locked
        && let Some(promises) = adopt::kept(workspace, stage, promises)?
    {
        return Ok(Standing::Vouched(promises));
    }
    for recipe in workspace.store.records.recent_recipes(&stage.name, reason::LATEST)? {
        let Some(recorded) = workspace.store.records.outputs_of(&recipe.key())? else { continue };
        let of = |output: &Output| recorded.iter().find(|artifact| artifact.path == output.path.as_str());
        let is_it = stage.outputs.iter().enumerate().all(|(index, output)| {
            let promised = locked.as_ref().map(|locked| &locked[index].0);
            of(output).is_some_and(|artifact| promised.is_none_or(|md5| *md5 == artifact.content.md5))
        });
        if is_it && recorded.iter().all(|artifact| workspace.store.objects.can_get(&artifact.content)) {
            return Ok(Standing::Stored(recorded));
        }
    }
    Ok(Standing::Gone)
}

/// Equal bytes; the executable bit alone is no change, as under DVC.
fn same(present: &[Artifact], recorded: &[Artifact]) -> bool {
    let by_content = |a: &Artifact, b: &Artifact| a.path == b.path && a.content.holds_same(&b.content);
    present.len() == recorded.len() && present.iter().zip(recorded).all(|(a, b)| by_content(a, b))
}

/// What the work tree holds at `outputs`, sorted by path; `None` if one is missing.
pub fn present(workspace: &mut Workspace, outputs: &[Output]) -> Result<Option<Vec<Artifact>>, Error> {
    let mut artifacts = Vec::with_capacity(outputs.len());
    for output in outputs {
        let Some(content) = workspace.content(&output.path)? else { return Ok(None) };
        artifacts.push(Artifact { path: output.path.as_str().to_owned(), content });
    }
    artifacts.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Some(artifacts))
}

/// What of a stage's recipe dvc.yaml and the parameters alone decide.
pub fn declared(stage: &Stage, parameters: &Values) -> Recipe {
    let mut recipe = Recipe::default();
    let command = match &stage.command {
        Command::One(text) => text.clone(),
        Command::Many(texts) => serde_json::json!(texts).to_string(),
    };
    recipe.add(Kind::Command, "cmd", command);
    recipe.add(Kind::Folder, "wdir", stage.folder.as_str());
    for (written, values) in parameters {
        let declared = stage.parameters.iter().find(|declared| declared.written == *written);
        let path = declared.map_or(written.as_str(), |declared| declared.file.as_str());
        for (key, value) in values {
            // JSON keeps types apart: 1, 1.0, true and "1" are four values.
            recipe.add(Kind::Parameter, format!("{path}:{key}"), value.to_key());
        }
    }
    for output in &stage.outputs {
        let flags = if output.persist { "persist" } else { "" };
        recipe.add(Kind::Output, output.path.as_str(), flags);
    }
    recipe
}

/// The code and the variables of the environment that are part of a stage's key, as they are now.
pub fn surroundings(study: &Study, stage: &Stage) -> Result<Recipe, Error> {
    let mut recipe = Recipe::default();
    for name in &stage.extension.environment {
        // Set to nothing and not set are two states.
        let value = std::env::var_os(name).map(|value| match value.into_string() {
            Ok(value) => format!("={value}"),
            Err(bytes) => format!("bytes {}", digest::hex(bytes.as_encoded_bytes())),
        });
        recipe.add(Kind::Environment, name, value.unwrap_or_else(|| "unset".to_owned()));
    }
    for (part, digest) in code(study, stage)? {
        recipe.add(Kind::Code, part, digest);
    }
    Ok(recipe)
}

/// All that a stage's key is made of.
pub(crate) fn recipe(
    workspace: &mut Workspace,
    stage: &Stage,
    parameters: &Values,
    dependencies: &[Content],
) -> Result<Recipe, Error> {
    let mut recipe = declared(stage, parameters);
    for (dependency, content) in stage.dependencies.iter().zip(dependencies) {
        recipe.add(Kind::Dependency, dependency.path.as_str(), content.in_key());
    }
    recipe.extend(surroundings(workspace.study, stage)?);
    if let Some(revision) = workspace.keyed_revision()? {
        recipe.add(Kind::Commit, "git", revision.to_string());
    }
    Ok(recipe.finish())
}

/// The code of the native programs that a stage calls.
fn code(study: &Study, stage: &Stage) -> Result<Vec<(String, &'static str)>, Error> {
    let mut parts = Vec::new();
    for call in stage.command.lines().flat_map(|line| study.native_calls(line)) {
        let complain = |what: String| Complaint::at(stage.line, what).in_file(Path::new(stage.file.as_str()));
        let Some(program) = study.program(&call.program) else {
            let (name, known) = (study.name, study.programs.iter().map(|program| program.name).collect::<Vec<_>>());
            let what = format!(
                "stage `{}` calls `{name} stage {}`, which is no stage program (there are: {})",
                stage.name,
                call.program,
                known.join(", ")
            );
            return Err(complain(what).into());
        };
        let closure = study.code.closure(&(program.code)(&call.arguments));
        let closure = closure.map_err(|root| {
            complain(format!("stage `{}` starts from the code module `{root}`, which does not exist", stage.name))
        })?;
        parts.extend(closure);
    }
    Ok(parts)
}

/// Whether a stage's parameters reach its command by the engine's file alone, and not by params.yaml.
pub fn reads_engines_file(study: &Study, stage: &Stage) -> bool {
    stage.extension.reads_parameter_file || is_native(study, stage)
}

/// Whether a command runs the study's own program, which reads its parameters from the engine's file.
fn is_native(study: &Study, stage: &Stage) -> bool {
    // A backslash at its end lets a line go on.
    let texts: Vec<String> = stage.command.lines().map(|text| text.replace("\\\n", " ")).collect();
    let mut lines = texts.iter().flat_map(|text| text.lines()).filter(|line| !line.trim().is_empty());
    lines.all(|line| !study.native_calls(line).is_empty())
}

/// Everything that can be found wrong with a stage before anything runs.
pub fn check(workspace: &mut Workspace, stage: &Stage) -> Result<(), Error> {
    for output in &stage.outputs {
        check_inside(&workspace.root, stage, &output.path.within(&workspace.root))?;
        if let Some(file) = dvc_file(&workspace.root, &output.path) {
            let what =
                format!("output {} of `{}` is data that {file} tracks: name another path", output.path, stage.name);
            return Err(GraphError::at(stage, output.line, what).into());
        }
    }
    workspace.parameters.check(&stage.parameters, Path::new(stage.file.as_str()))?;
    code(workspace.study, stage)?;
    check_overlay(workspace, stage)
}

/// The .dvc file that `dvc add` has made for a path, or for a folder that it lies in: such data are the user's own.
pub fn dvc_file(root: &Path, path: &RepoPath) -> Option<String> {
    let files = std::iter::once(path.clone()).chain(path.ancestors()).map(|path| format!("{path}.dvc"));
    files.into_iter().find(|file| root.join(file).is_file())
}

/// Refuses an output whose folder a symbolic link leads out of the repository. Paths themselves stay inside.
pub fn check_inside(root: &Path, stage: &Stage, target: &Path) -> Result<(), Error> {
    let real = |path: &Path| path.canonicalize().map_err(StoreError::file(path, "cannot be resolved"));
    let above = target.ancestors().skip(1).take_while(|folder| *folder != root);
    for link in above.filter(|folder| folder.is_symlink()) {
        if !real(link)?.starts_with(real(root)?) {
            let (name, link) = (&stage.name, link.display());
            let what = format!("stage `{name}` writes into {link}, which a symbolic link leads out of the repository");
            return Err(Error::Input(what));
        }
    }
    Ok(())
}

/// Refuses overlaid parameters for commands that would read the old values from params.yaml themselves.
fn check_overlay(workspace: &Workspace, stage: &Stage) -> Result<(), Error> {
    if reads_engines_file(workspace.study, stage) {
        return Ok(());
    }
    match stage.parameters.iter().find(|declared| workspace.parameters.is_overlaid(declared)) {
        None => Ok(()),
        Some(declared) => {
            let key = declared.key.as_deref().unwrap_or("all of params.yaml");
            let what = format!(
                "stage `{}` reads `{key}` from params.yaml, where this invocation's value does not stand: let the command \
                 read the file named in RETRIAL_PARAMS and say `meta: {{retrial: {{params: env}}}}`",
                stage.name
            );
            Err(Complaint::at(declared.line, what).in_file(Path::new(stage.file.as_str())).into())
        }
    }
}
