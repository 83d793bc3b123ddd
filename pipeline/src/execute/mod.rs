//! Makes everything true: assesses each stage once its upstream is settled, and restores it, runs it, or leaves it.

mod inputs;
mod job;
mod lender;
mod local;
mod lock;
mod output;
pub(crate) mod outputs;
mod record;
mod resources;
mod runner;
pub mod scheduler;
pub(crate) mod tidy;
pub mod verify;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::error::Error;
use crate::events::Event;
use crate::graph::Graph;
use crate::machine::Machine;
use crate::plan::Workspace;
use crate::store::WorkTreeLock;
use lock::Before;
use runner::Runner;

/// How a `repro` is to go about it.
#[derive(Debug, Clone)]
pub struct Options {
    pub wanted: BTreeSet<usize>,
    /// Run wanted stages even where nothing changed.
    pub force: bool,
    /// After a failure go on with what does not rest on it.
    pub keep_going: bool,
    /// What the stages share.
    pub machine: Machine,
    /// dvc.lock describes the committed parameters: an overlaid run leaves it alone.
    pub write_lock: bool,
    /// Every stage is wanted: what no stage makes any more is taken out of the work tree.
    pub tidy: bool,
}

/// Turn true when the user wants to stop.
#[derive(Debug, Clone, Copy)]
pub struct Interrupt<'a> {
    /// Commands are asked to end, and have a while to do so.
    pub asked: &'a AtomicBool,
    /// Commands are killed at once.
    pub urgent: &'a AtomicBool,
}

impl Interrupt<'_> {
    fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    fn is_urgent(&self) -> bool {
        self.urgent.load(Ordering::Relaxed)
    }
}

/// What became of each wanted stage, in the order in which it was settled.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub executed: Vec<String>,
    /// Restored from the store.
    pub cached: Vec<String>,
    /// Already as it should be.
    pub skipped: Vec<String>,
    pub failed: Vec<String>,
    #[serde(skip)]
    pub not_run: Vec<String>,
    #[serde(skip)]
    pub interrupted: bool,
    /// Of the failed stages, in the same order.
    #[serde(skip)]
    pub failures: Vec<Failure>,
}

/// Why a stage failed, and the last that it printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub stage: String,
    /// A predicate, such as "exited with status 3".
    pub why: String,
    pub log: String,
}

/// Complains about a dvc.lock that can't be read.
pub fn check_locks(workspace: &Workspace, graph: &Graph) -> Result<(), Error> {
    Before::read(workspace, graph).map(drop)
}

/// Runs the wanted stages of `graph`. Failures of stages are in the summary; an `Err` is a failure of the engine itself.
pub fn run(
    workspace: &mut Workspace,
    graph: &Graph,
    options: &Options,
    interrupt: Interrupt,
    report: &mut dyn FnMut(Event),
) -> Result<Summary, Error> {
    resources::check(workspace, graph, options)?;
    let folder = workspace.store.folder.clone();
    let waiting = || report(Event::WaitingForLock { holders: WorkTreeLock::holders(&folder) });
    let Some(lock) = WorkTreeLock::take(&folder, interrupt.asked, waiting)? else {
        return Err(Error::Interrupted);
    };
    workspace.store.objects.sweep()?;
    job::sweep(&folder)?;
    let before = Before::read(workspace, graph)?;
    if options.tidy {
        let paths = tidy::tidy(workspace, &graph.stages)?;
        if !paths.is_empty() {
            report(Event::Removed { paths });
        }
    }
    let (outcome, mut summary, settled) = Runner::new(workspace, graph, options, &lock, report).run(interrupt);
    // Whatever happened, what was learnt and done is kept.
    let written = if options.write_lock { before.update(workspace, graph, settled) } else { Ok(()) };
    let remembered = workspace.store.records.remember(&mut workspace.memo);
    outcome?;
    written?;
    remembered?;
    let settled: BTreeSet<&String> =
        [&summary.executed, &summary.cached, &summary.skipped, &summary.failed].into_iter().flatten().collect();
    let names = graph.order.iter().filter(|stage| options.wanted.contains(stage));
    let left = names.map(|&stage| &graph.stages[stage].name).filter(|name| !settled.contains(name)).cloned();
    summary.not_run = left.collect();
    for stage in &summary.not_run {
        report(Event::Skipped { stage: stage.clone() });
    }
    Ok(summary)
}
