//! What the stages of a run need of the machine: threads, memory, GPUs, and mutex groups, as the scheduler counts them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Options;
use super::scheduler::Amount;
use crate::error::Error;
use crate::graph::Graph;
use crate::machine::Machine;
use crate::manifest::{Complaint, Stage};
use crate::plan::Workspace;
use crate::progress;

/// Capacities and demands by the scheduler's numbers: first the mutex groups, then GPUs, memory, and threads, which every
/// stage needs. So a stage that waits for its group or a GPU keeps no core idle meanwhile.
pub struct Resources {
    pub capacities: Vec<u64>,
    pub demands: Vec<Vec<Amount>>,
    /// The number that threads have.
    pub threads: usize,
}

impl Resources {
    /// Threads beyond the machine's are taken as all of them. What else a stage needs beyond it, [`excess`] finds before it
    /// is queued.
    pub fn of(stages: &[Stage], machine: &Machine) -> Self {
        let names: BTreeSet<&str> =
            stages.iter().flat_map(|stage| &stage.extension.mutex).map(String::as_str).collect();
        let groups: BTreeMap<&str, usize> =
            names.into_iter().enumerate().map(|(number, name)| (name, number)).collect();
        let (gpus, memory, threads) = (groups.len(), groups.len() + 1, groups.len() + 2);
        let mut capacities = vec![1; groups.len()];
        capacities.extend([machine.gpus.len() as u64, machine.memory.unwrap_or(u64::MAX), machine.threads as u64]);
        let demand = |stage: &Stage| {
            let own = &stage.extension;
            let mut demand: BTreeMap<usize, u64> = own.mutex.iter().map(|name| (groups[name.as_str()], 1)).collect();
            demand.insert(gpus, own.gpus as u64);
            demand.insert(memory, own.memory);
            demand.insert(threads, own.threads.held(machine.threads) as u64);
            demand.into_iter().filter(|&(_, amount)| amount > 0).collect()
        };
        Self { demands: stages.iter().map(demand).collect(), capacities, threads }
    }
}

/// Refuses, before anything runs, a stage that needs more than this machine has and was never run: so it can't be restored.
/// One that has runs on record or in dvc.lock is given the benefit of the doubt, and fails when it turns out that it has to
/// run.
pub fn check(workspace: &mut Workspace, graph: &Graph, options: &Options) -> Result<(), Error> {
    for stage in options.wanted.iter().map(|&index| &graph.stages[index]).filter(|stage| !stage.frozen) {
        if let Some(excess) = excess(stage, &options.machine)
            && workspace.store.records.recent_recipes(&stage.name, 1)?.is_empty()
            && !workspace.vouchers.know(&workspace.root, stage)?
        {
            let what = format!("stage `{}` {excess}", stage.name);
            return Err(Complaint::at(stage.line, what).in_file(Path::new(stage.file.as_str())).into());
        }
    }
    Ok(())
}

/// What a stage needs that this machine does not have, as a predicate.
pub fn excess(stage: &Stage, machine: &Machine) -> Option<String> {
    let own = &stage.extension;
    if own.gpus > machine.gpus.len() {
        let found = match machine.gpus.len() {
            0 => "none".to_owned(),
            found => found.to_string(),
        };
        return Some(format!("needs {} GPUs (`meta.retrial.gpus`), and this machine has {found}", own.gpus));
    }
    let memory = machine.memory.filter(|&memory| own.memory > memory)?;
    let (needed, there) = (progress::bytes(own.memory), progress::bytes(memory));
    Some(format!("needs {needed} of memory (`meta.retrial.memory`), and this machine has {there}"))
}

/// The GPUs that no stage has.
#[derive(Debug)]
pub struct Slots {
    names: Vec<String>,
    free: BTreeSet<usize>,
}

impl Slots {
    pub fn new(machine: &Machine) -> Self {
        Self { names: machine.gpus.clone(), free: (0..machine.gpus.len()).collect() }
    }

    /// Takes the first `number` that are free; the scheduler has seen to it that there are so many.
    pub fn take(&mut self, number: usize) -> Vec<usize> {
        let taken: Vec<usize> = self.free.iter().copied().take(number).collect();
        self.free.retain(|slot| !taken.contains(slot));
        taken
    }

    pub fn give_back(&mut self, slots: &[usize]) {
        self.free.extend(slots);
    }

    pub fn names(&self, slots: &[usize]) -> Vec<String> {
        slots.iter().map(|&slot| self.names[slot].clone()).collect()
    }
}
