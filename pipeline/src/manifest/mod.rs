//! `dvc.yaml` and `params.yaml` -> typed, located, validated stages.
//!
//! ```text
//! find ─ files ─ yaml ─ check ─ vars ─ expand (foreach, matrix) ─ interpolate (${…}) ─ schema ─ Vec<Stage>
//! ```

mod check;
mod error;
mod expand;
mod files;
mod find;
mod interpolate;
pub mod params;
pub mod schema;
mod size;
mod vars;
pub mod yaml;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::path::RepoPath;
pub use error::{Complaint, ManifestError};
use expand::instances;
pub use files::Files;
use find::Walk;
use interpolate::{Place, Room, Scope, check_syntax, interpolate};
pub use params::{Overlay, Parameters};
pub use schema::{Command, Dependency, Output, OutputKind, Stage};
use vars::Names;
use yaml::{Entry, Map, Node, Value, python_text};

/// The file that describes a study, in the root or in any folder below it.
pub const FILE: &str = "dvc.yaml";

/// The stages of the study at `root`, file by file, each in the order of its file. The root's file comes first.
pub fn load(root: &Path, parameters: &Parameters) -> Result<Vec<Stage>, ManifestError> {
    let room = Room::default();
    let mut walk = Walk::new(root)?;
    let (mut stages, mut outputs, mut files) = (Vec::new(), HashSet::new(), 0);
    while let Some(file) = walk.next(&outputs)? {
        let more = stages_of(&file, parameters, &room)?;
        outputs.extend(more.iter().flat_map(|stage: &Stage| &stage.outputs).map(|output| output.path.clone()));
        stages.extend(more);
        files += 1;
    }
    if files == 0 {
        return Err(ManifestError::NoManifest { start: root.to_owned() });
    }
    if files > 1 {
        // A file may have been found before the stage that makes its folder.
        stages.retain(|stage| !stage.file.ancestors().any(|folder| outputs.contains(&folder)));
    }
    for stage in &stages {
        check_hidden(stage, root, &walk)?;
    }
    Ok(stages)
}

/// The stages of these files, whose names end in dvc.yaml, without a repository around them.
pub fn load_given(parameters: &Parameters) -> Result<Vec<Stage>, ManifestError> {
    let room = Room::default();
    let Files::Given(texts) = parameters.files() else { return Ok(Vec::new()) };
    let files = texts.keys().filter(|path| path.name() == FILE);
    Ok(files.map(|file| stages_of(file, parameters, &room)).collect::<Result<Vec<_>, _>>()?.concat())
}

/// Complains about an output that a `.dvcignore` hides.
fn check_hidden(stage: &Stage, root: &Path, walk: &Walk) -> Result<(), ManifestError> {
    if walk.rules.iter().all(|(_, rules)| rules.is_empty()) {
        return Ok(());
    }
    for output in &stage.outputs {
        let parts = output.path.ancestors().map(|folder| (folder, true)).chain([(output.path.clone(), false)]);
        for (part, is_folder) in parts {
            let rules = part.ancestors().chain([RepoPath::root()]);
            let rules = rules.filter_map(|folder| walk.rules.iter().find(|(at, _)| *at == folder)).next();
            if rules.is_some_and(|(_, rules)| rules.hide(&part.within(root), is_folder)) {
                let what = format!("output `{}` of stage `{}` is hidden by .dvcignore", output.written, stage.name);
                return Err(in_file(&stage.file)(Complaint::at(output.line, what)));
            }
        }
    }
    Ok(())
}

/// The stages of one dvc.yaml.
fn stages_of(file: &RepoPath, parameters: &Parameters, room: &Room) -> Result<Vec<Stage>, ManifestError> {
    let here = in_file(file);
    let Some(tree) = parameters.files().tree(file)? else { return Ok(Vec::new()) };
    let Value::Map(top) = &tree.value else {
        return Err(here(Complaint::at(tree.line, "dvc.yaml needs a mapping with `stages`".to_owned())));
    };
    check::manifest(top).map_err(&here)?;
    let names = Names::of_file(file, top.get("vars"), parameters)?;
    let scope = Scope::new(&names.map, room);
    for (_, entry) in top.iter().filter(|(key, _)| !matches!(key.as_str(), "stages" | "vars")) {
        check_syntax(&entry.node).map_err(&here)?;
        interpolate(&entry.node, &scope, Place::Data).map_err(&here)?;
    }
    let reader = Reader { file, parameters, names: &names, room };
    let mut all = Vec::new();
    if let Some(Value::Map(written)) = top.get("stages").map(|stages| &stages.node.value) {
        for (name, entry) in written {
            reader.stages(name, entry, &mut all)?;
        }
    }
    Ok(all)
}

/// One dvc.yaml with what `${…}` can name in it.
struct Reader<'a> {
    file: &'a RepoPath,
    parameters: &'a Parameters,
    names: &'a Names,
    room: &'a Room,
}

impl Reader<'_> {
    /// Adds the stages that one entry of `stages` makes.
    fn stages(&self, name: &str, entry: &Entry, all: &mut Vec<Stage>) -> Result<(), ManifestError> {
        let here = in_file(self.file);
        let Value::Map(map) = &entry.node.value else { return Ok(()) };
        let body = match map.get("do").map(|body| &body.node.value) {
            Some(Value::Map(body)) => body,
            _ => map,
        };
        for (_, part) in body.iter().filter(|(key, _)| *key != "matrix") {
            check_syntax(&part.node).map_err(&here)?;
        }
        let global = Scope::new(&self.names.map, self.room);
        let instances = instances(map, &global).map_err(&here)?;
        // The names with a stage's own `vars`, by the folder that its files are relative to.
        let mut own: HashMap<RepoPath, Names> = HashMap::new();
        let mut add = |full: &str, reserved: &Map| {
            let scope = global.inside(reserved);
            let Some(vars) = body.get("vars") else {
                all.push(self.stage(full, entry.line, body, &scope)?);
                return Ok(());
            };
            let folder = self.folder(body, &scope)?;
            if !own.contains_key(&folder) {
                let mut names = self.names.clone();
                let size = names.map.values().map(|entry| entry.node.size()).sum();
                self.room.take(size, vars.line).map_err(&here)?;
                names.add(&vars.node, &folder, reserved, self.parameters, self.file)?;
                own.insert(folder.clone(), names);
            }
            let names = own.get(&folder).unwrap_or(self.names);
            all.push(self.stage(full, entry.line, body, &Scope::new(&names.map, self.room).inside(reserved))?);
            Ok(())
        };
        match instances {
            None => add(name, &Map::new()),
            Some(instances) => instances.iter().try_for_each(|(suffix, names)| add(&format!("{name}@{suffix}"), names)),
        }
    }

    /// The folder that a stage's `vars` are relative to: its `wdir`, looked up without them.
    fn folder(&self, body: &Map, scope: &Scope) -> Result<RepoPath, ManifestError> {
        let here = in_file(self.file);
        let Some(wdir) = body.get("wdir") else { return Ok(self.file.parent()) };
        let node = interpolate(&wdir.node, scope, Place::Elsewhere).map_err(&here)?;
        let text = python_text(&node).unwrap_or_default();
        self.file.parent().join(&text).map_err(|error| here(Complaint::at(wdir.line, error.to_string())))
    }

    fn stage(&self, name: &str, line: u32, body: &Map, scope: &Scope) -> Result<Stage, ManifestError> {
        let done = interpolate_stage(body, scope);
        done.and_then(|done| schema::stage(self.file, name, line, &done)).map_err(in_file(self.file))
    }
}

fn interpolate_stage(body: &Map, scope: &Scope) -> Result<Map, Complaint> {
    let mut done = Map::new();
    // `matrix` and `vars` were used up before.
    for (key, entry) in body.iter().filter(|(key, _)| !matches!(key.as_str(), "matrix" | "vars")) {
        let place = if key == "cmd" { Place::Command } else { Place::Elsewhere };
        let node: Node = interpolate(&entry.node, scope, place)?;
        done.insert(key.clone(), Entry::new(entry.line, node));
    }
    Ok(done)
}

/// Says in which file something is wrong.
fn in_file(file: &RepoPath) -> impl Fn(Complaint) -> ManifestError + '_ {
    move |complaint| complaint.in_file(Path::new(file.as_str()))
}
