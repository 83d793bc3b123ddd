//! Which runs on record `repro` would find now, without making anything: the recipes that it would write, compared.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use crate::digest::{Content, Member, folder_of};
use crate::error::Error;
use crate::fingerprint::{Ingredient, Kind, Recipe};
use crate::graph::Graph;
use crate::manifest::{self, Parameters};
use crate::path::RepoPath;
use crate::plan::{self, Workspace};
use crate::store::Entry;

/// For each stage under these parameters, the run that `repro` would find; where it would find none, the newest with these
/// parameters. `placed` names the outputs in the work tree, whosoever they are.
pub(super) fn runs_that_repro_finds(
    workspace: &mut Workspace,
    parameters: Parameters,
    runs: &[&Entry],
    placed: &BTreeMap<String, String>,
) -> Result<Vec<i64>, Error> {
    let graph = Graph::new(manifest::load(&workspace.root, &parameters)?)?;
    let mut of_stage: HashMap<&str, Vec<&Entry>> = HashMap::new();
    for &run in runs.iter().rev() {
        of_stage.entry(&run.stage).or_default().push(run);
    }
    let mut settled = Settled::new(&graph, placed);
    let mut used = Vec::new();
    for stage in graph.order.iter().map(|&index| &graph.stages[index]) {
        let values = parameters.values(&stage.parameters, Path::new(stage.file.as_str()))?;
        let declared = plan::declared(stage, &values).finish();
        let surroundings = plan::surroundings(workspace.study, stage)?.finish();
        let mut reads = BTreeMap::new();
        for dependency in &stage.dependencies {
            let sha256 = settled.digest(workspace, &dependency.path)?;
            reads.extend(sha256.map(|sha256| (dependency.path.as_str(), sha256)));
        }
        let candidates = of_stage.get(stage.name.as_str()).into_iter().flatten();
        let candidates: Vec<&&Entry> = candidates.filter(|run| part(run, DECLARED) == declared.ingredients()).collect();
        let fits = |run: &&&Entry| {
            let read = part(run, &[Kind::Dependency]);
            part(run, SURROUNDINGS) == surroundings.ingredients()
                && read.iter().all(|Ingredient(_, path, was)| reads.get(path.as_str()).is_none_or(|is| is == was))
        };
        if let Some(run) = candidates.iter().copied().find(fits).or_else(|| candidates.first().copied()) {
            used.push(run.id);
            settled.settle(run);
        }
    }
    Ok(used)
}

const DECLARED: &[Kind] = &[Kind::Command, Kind::Folder, Kind::Parameter, Kind::Output];
const SURROUNDINGS: &[Kind] = &[Kind::Environment, Kind::Code];

/// The ingredients of these kinds, in the recipe's order.
fn part(run: &Entry, kinds: &[Kind]) -> Vec<Ingredient> {
    let ingredients = run.recipe.iter().flat_map(Recipe::ingredients);
    ingredients.filter(|ingredient| kinds.contains(&ingredient.0)).cloned().collect()
}

/// What would stand in the work tree once the chosen runs' outputs do.
struct Settled<'a> {
    /// All outputs of the graph, and, as far as a run is chosen, what it made there.
    outputs: BTreeMap<RepoPath, Option<&'a Content>>,
    /// Outputs that stand in the work tree now.
    placed: BTreeSet<RepoPath>,
}

impl<'a> Settled<'a> {
    fn new(graph: &Graph, placed: &BTreeMap<String, String>) -> Self {
        let outputs = graph.stages.iter().flat_map(|stage| &stage.outputs);
        Self {
            outputs: outputs.map(|output| (output.path.clone(), None)).collect(),
            placed: placed.keys().filter_map(|path| RepoPath::root().join(path).ok()).collect(),
        }
    }

    fn settle(&mut self, run: &'a Entry) {
        for artifact in run.outputs.iter().flatten() {
            if let Ok(path) = RepoPath::root().join(&artifact.path) {
                self.outputs.insert(path, Some(&artifact.content));
            }
        }
    }

    /// The digest that a dependency would have; `None` where it rests on a stage of which no run is chosen.
    fn digest(&self, workspace: &mut Workspace, path: &RepoPath) -> Result<Option<String>, Error> {
        let mut around = std::iter::once(path.clone()).chain(path.ancestors());
        if let Some((output, content)) = around.find_map(|candidate| self.outputs.get_key_value(&candidate)) {
            let Some(content) = content else { return Ok(None) };
            let whole = Some(content.sha256.clone());
            return Ok(path.below(output).map_or(whole, |inside| content.digest_at(inside)));
        }
        let now = workspace.content(path)?;
        let near =
            self.outputs.range(path.clone()..).take_while(|(output, _)| output.as_str().starts_with(path.as_str()));
        let inside: Vec<_> = near.filter(|(output, _)| output.is_in(path)).collect();
        if inside.is_empty() {
            return Ok(now.map(|content| content.sha256));
        }
        // Of a folder around outputs: the files that nobody makes, and what the chosen runs made.
        let mut members: Vec<Member> = now.and_then(|content| content.members).unwrap_or_default();
        members.retain(|member| path.join(&member.path).is_ok_and(|file| !self.is_made(&file)));
        for (output, content) in inside {
            let (Some(content), Some(below)) = (content, output.below(path)) else { return Ok(None) };
            match &content.members {
                None => {
                    let Content { sha256, md5, size, executable, .. } = (*content).clone();
                    members.push(Member { path: below.to_owned(), sha256, md5, size, executable });
                }
                Some(files) => members
                    .extend(files.iter().map(|file| Member { path: format!("{below}/{}", file.path), ..file.clone() })),
            }
        }
        Ok(Some(folder_of(members).sha256))
    }

    fn is_made(&self, file: &RepoPath) -> bool {
        let mut around = std::iter::once(file.clone()).chain(file.ancestors());
        around.any(|path| self.outputs.contains_key(&path) || self.placed.contains(&path))
    }
}
