//! Stages -> a graph: who reads what whom wrote, in which order they can run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use thiserror::Error;

use crate::manifest::schema::nearest;
use crate::manifest::{FILE, Stage};
use crate::path::RepoPath;

/// The stages of a study and their edges. Indexes are positions in `stages`, which keeps dvc.yaml's order.
#[derive(Debug)]
pub struct Graph {
    pub stages: Vec<Stage>,
    /// For each stage, the stages whose outputs it reads, ascending.
    pub upstream: Vec<Vec<usize>>,
    /// For each stage, the stages that read its outputs, ascending.
    pub downstream: Vec<Vec<usize>>,
    /// Every stage after its upstream; otherwise in dvc.yaml's order.
    pub order: Vec<usize>,
    /// The folder where the user stands, in which targets are named.
    pub here: RepoPath,
}

#[derive(Debug, Error)]
pub enum GraphError {
    #[error("{file}:{line}: {what}")]
    Stage { file: RepoPath, line: u32, what: String },
    #[error("no stage or output is called `{name}`{hint}")]
    UnknownTarget { name: String, hint: String },
}

impl GraphError {
    /// Something wrong with a stage, at a line of its dvc.yaml.
    pub fn at(stage: &Stage, line: u32, what: String) -> Self {
        Self::Stage { file: stage.file.clone(), line, what }
    }
}

impl Graph {
    pub fn new(mut stages: Vec<Stage>) -> Result<Self, GraphError> {
        let producers = producers(&stages)?;
        let mut upstream = vec![Vec::new(); stages.len()];
        let mut downstream = vec![Vec::new(); stages.len()];
        // Most stages declare parameters of the same few files.
        let mut makers: BTreeMap<RepoPath, Vec<usize>> = BTreeMap::new();
        for (index, stage) in stages.iter_mut().enumerate() {
            let mut found = BTreeSet::new();
            for dependency in &stage.dependencies {
                found.extend(producers_of(&producers, &dependency.path));
            }
            // A parameter file that a stage makes is read as much as any dependency.
            for declared in &mut stage.parameters {
                let file = &declared.file;
                let makers = makers.entry(file.clone()).or_insert_with(|| producers_of(&producers, file).collect());
                declared.made = !makers.is_empty();
                found.extend(makers.iter().copied());
            }
            if found.contains(&index) {
                let what = format!("stage `{}` reads its own output", stage.name);
                return Err(GraphError::at(stage, stage.line, what));
            }
            for &producer in &found {
                downstream[producer].push(index);
            }
            upstream[index] = found.into_iter().collect();
        }
        let order = sort(&stages, &upstream, &downstream)?;
        Ok(Self { stages, upstream, downstream, order, here: RepoPath::root() })
    }

    /// Complains about the first dependency that neither exists below `root` nor is made by a stage.
    pub fn check_dependencies(&self, root: &Path) -> Result<(), GraphError> {
        let outputs: BTreeMap<RepoPath, usize> = producers(&self.stages)?;
        for stage in &self.stages {
            for dependency in &stage.dependencies {
                let made = producers_of(&outputs, &dependency.path).next().is_some();
                if !made && !dependency.path.within(root).exists() {
                    let (name, path) = (&stage.name, &dependency.path);
                    let what = format!("stage `{name}` reads {path}, which does not exist and no stage makes");
                    return Err(GraphError::at(stage, dependency.line, what));
                }
            }
        }
        Ok(())
    }

    /// The stages that `targets` name and, unless `single`, all that they rest on. No target means every stage.
    ///
    /// A target is a stage of the dvc.yaml in the folder where the user stands, all instances of one, a whole dvc.yaml, a stage
    /// of it (`sub/dvc.yaml:train`), or an output. What that folder does not know is looked for from the root.
    pub fn select(&self, targets: &[String], single: bool) -> Result<BTreeSet<usize>, GraphError> {
        if targets.is_empty() {
            return Ok((0..self.stages.len()).collect());
        }
        let mut selected = BTreeSet::new();
        for target in targets {
            let mut named = self.named(&self.here, target);
            if named.is_empty() {
                named = self.named(&RepoPath::root(), target);
            }
            if named.is_empty() {
                let groups = self.stages.iter().map(|stage| stage.name.split('@').next().unwrap_or_default());
                let names: Vec<&str> = self.stages.iter().map(|stage| stage.name.as_str()).chain(groups).collect();
                let hint = nearest(target, &names).map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
                return Err(GraphError::UnknownTarget { name: target.clone(), hint });
            }
            selected.extend(named);
        }
        Ok(if single { selected } else { self.with_upstream(selected) })
    }

    /// What is brought up to date where nothing is named: the dvc.yaml of the folder where the user stands, or else of the root,
    /// with all that it rests on; every stage where neither has one.
    pub fn select_here(&self) -> BTreeSet<usize> {
        let own = |folder: &RepoPath| -> BTreeSet<usize> {
            let file = folder.child(FILE);
            (0..self.stages.len()).filter(|&stage| self.stages[stage].file == file).collect()
        };
        let chosen = [&self.here, &RepoPath::root()].into_iter().map(own).find(|stages| !stages.is_empty());
        chosen.map_or_else(|| (0..self.stages.len()).collect(), |chosen| self.with_upstream(chosen))
    }

    /// The stages and all that they rest on. A frozen stage is used as it is: what it rests on does not matter.
    fn with_upstream(&self, mut stages: BTreeSet<usize>) -> BTreeSet<usize> {
        let mut open: Vec<usize> = stages.iter().copied().collect();
        while let Some(stage) = open.pop() {
            if !self.stages[stage].frozen {
                open.extend(self.upstream[stage].iter().copied().filter(|&above| stages.insert(above)));
            }
        }
        stages
    }

    /// The stages and all that rests on them.
    pub fn with_downstream(&self, mut stages: BTreeSet<usize>) -> BTreeSet<usize> {
        let mut open: Vec<usize> = stages.iter().copied().collect();
        while let Some(stage) = open.pop() {
            let below = self.downstream[stage].iter().copied().filter(|&below| !self.stages[below].frozen);
            open.extend(below.filter(|&below| stages.insert(below)).collect::<Vec<_>>());
        }
        stages
    }

    /// The stages that `target` means to somebody in `folder`.
    fn named(&self, folder: &RepoPath, target: &str) -> Vec<usize> {
        let (file, name) = match target.find("dvc.yaml").map(|at| target.split_at(at + FILE.len())) {
            Some((file, "")) => (file, None),
            Some((file, rest)) if rest.starts_with(':') => (file, Some(&rest[1..])),
            _ => (FILE, Some(target)),
        };
        let Ok(file) = folder.join(file) else { return Vec::new() };
        let all = || 0..self.stages.len();
        let of_file: Vec<usize> = all()
            .filter(|&stage| self.stages[stage].file == file)
            .filter(|&stage| {
                let rest = name.map(|name| self.stages[stage].name_in_file().strip_prefix(name));
                rest.is_none_or(|rest| rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('@')))
            })
            .collect();
        if !of_file.is_empty() {
            return of_file;
        }
        let Ok(path) = folder.join(target) else { return Vec::new() };
        all().filter(|&stage| self.stages[stage].outputs.iter().any(|output| path.is_in(&output.path))).collect()
    }
}

/// Output path -> stage; overlapping outputs are an error.
fn producers(stages: &[Stage]) -> Result<BTreeMap<RepoPath, usize>, GraphError> {
    let mut producers: BTreeMap<RepoPath, usize> = BTreeMap::new();
    let mut names: BTreeMap<&str, u32> = BTreeMap::new();
    for (index, stage) in stages.iter().enumerate() {
        if let Some(first) = names.insert(&stage.name, stage.line) {
            let what = format!("stage `{}` has the name of the stage of line {first}", stage.name);
            return Err(GraphError::at(stage, stage.line, what));
        }
        for output in &stage.outputs {
            if let Some(other) = producers.insert(output.path.clone(), index) {
                let what =
                    format!("`{}` is an output of both `{}` and `{}`", output.path, stages[other].name, stage.name);
                return Err(GraphError::at(stage, output.line, what));
            }
        }
    }
    for stage in stages {
        for output in &stage.outputs {
            if let Some((above, &other)) = output.path.ancestors().find_map(|above| producers.get_key_value(&above)) {
                let (path, maker) = (&output.path, &stages[other].name);
                let what = format!("output `{path}` of `{}` lies inside output `{above}` of `{maker}`", stage.name);
                return Err(GraphError::at(stage, output.line, what));
            }
        }
    }
    Ok(producers)
}

/// The stages that make `path`, something inside it, or a folder around it.
fn producers_of<'a>(producers: &'a BTreeMap<RepoPath, usize>, path: &'a RepoPath) -> impl Iterator<Item = usize> + 'a {
    let around = path.ancestors().filter_map(|above| producers.get(&above).copied());
    // Paths that start with `path` stand together; names such as `path-2` may stand between it and what is inside it.
    let inside = producers
        .range(path.clone()..)
        .take_while(move |(candidate, _)| candidate.as_str().starts_with(path.as_str()))
        .filter(move |(candidate, _)| candidate.is_in(path))
        .map(|(_, &stage)| stage);
    around.chain(inside)
}

fn sort(stages: &[Stage], upstream: &[Vec<usize>], downstream: &[Vec<usize>]) -> Result<Vec<usize>, GraphError> {
    let mut waits: Vec<usize> = upstream.iter().map(Vec::len).collect();
    let mut ready: BTreeSet<usize> = (0..stages.len()).filter(|&stage| waits[stage] == 0).collect();
    let mut order = Vec::with_capacity(stages.len());
    while let Some(stage) = ready.pop_first() {
        order.push(stage);
        for &below in &downstream[stage] {
            waits[below] -= 1;
            if waits[below] == 0 {
                ready.insert(below);
            }
        }
    }
    if order.len() == stages.len() {
        return Ok(order);
    }
    // Walking upstream among stages that never became ready must come back to one of them.
    let stuck = |stage: &usize| waits[*stage] > 0;
    let mut walk: Vec<usize> = (0..stages.len()).find(stuck).into_iter().collect();
    while let Some(&last) = walk.last() {
        let Some(&above) = upstream[last].iter().find(|above| stuck(above)) else { break };
        if let Some(start) = walk.iter().position(|&seen| seen == above) {
            walk.drain(..start);
            break;
        }
        walk.push(above);
    }
    // Named from its first stage in dvc.yaml, in the direction in which things flow.
    walk.reverse();
    if let Some(first) = (0..walk.len()).min_by_key(|&at| walk[at]) {
        walk.rotate_left(first);
    }
    let first = walk.first().copied().unwrap_or_default();
    let names: Vec<&str> = walk.iter().chain(walk.first()).map(|&stage| stages[stage].name.as_str()).collect();
    let what = format!("stages wait for one another: {}", names.join(" -> "));
    Err(GraphError::at(&stages[first], stages[first].line, what))
}
