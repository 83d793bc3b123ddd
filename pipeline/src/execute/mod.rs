//! Makes everything true: assesses each stage once its upstream is settled, and restores it, runs it, or leaves it.

mod inputs;
mod job;
mod local;
mod lock;
mod outputs;
mod scheduler;
mod tidy;
pub mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;

use crate::error::Error;
use crate::events::Event;
use crate::graph::Graph;
use crate::manifest::Stage;
use crate::plan::{self, Assessment, Standing, Workspace};
use crate::provenance;
use crate::store::{Artifact, Run, WorkTreeLock};
use local::Stop;
use lock::{Before, Settled};
use scheduler::Scheduler;

/// How a `repro` is to go about it.
#[derive(Debug, Clone)]
pub struct Options {
    pub wanted: BTreeSet<usize>,
    /// Run wanted stages even where nothing changed.
    pub force: bool,
    /// After a failure go on with what does not rest on it.
    pub keep_going: bool,
    /// How many threads the stages may keep busy together.
    pub threads: usize,
    /// dvc.lock describes the committed parameters: an overlaid run leaves it alone.
    pub write_lock: bool,
    /// Every stage is wanted: what no stage makes any more is taken out of the work tree.
    pub tidy: bool,
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
}

/// A message from a stage's thread.
enum Message {
    Line(usize, String),
    Ended(usize, Result<(), String>),
}

struct Running {
    assessment: Assessment,
    stop: Arc<Stop>,
    started: Instant,
    log: String,
    /// Deleted when the stage has ended.
    _parameters: tempfile::TempPath,
}

/// The most that a run record keeps of what a command printed: its end says why it failed.
const LONGEST_LOG: usize = 1 << 20;

/// Runs the wanted stages of `graph`. Failures of stages are in the summary; an `Err` is a failure of the engine itself.
/// `interrupt` turns true when the user wants to stop.
pub fn run(
    workspace: &mut Workspace,
    graph: &Graph,
    options: &Options,
    interrupt: &AtomicBool,
    report: &mut dyn FnMut(Event),
) -> Result<Summary, Error> {
    let folder = workspace.store.folder.clone();
    let Some(_lock) = WorkTreeLock::take(&folder, interrupt, || report(Event::WaitingForLock))? else {
        return Err(Error::Interrupted);
    };
    workspace.store.objects.sweep()?;
    let before = Before::read(workspace)?;
    if options.tidy {
        tidy::tidy(workspace, graph, report)?;
    }
    let threads = graph.stages.iter().map(|stage| stage.extension.threads.of(options.threads)).collect();
    let scheduler =
        Scheduler::new(&graph.upstream, &graph.downstream, &graph.order, &options.wanted, threads, options.threads);
    let (sender, receiver) = mpsc::channel();
    let mut runner = Runner {
        workspace,
        graph,
        options,
        scheduler,
        settled: Vec::new(),
        summary: Summary::default(),
        assessed: BTreeMap::new(),
        running: BTreeMap::new(),
        provenance: None,
        sender,
        report,
    };
    let outcome = runner.run_all(&receiver, interrupt);
    let (mut summary, settled) = (runner.summary, runner.settled);
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

struct Runner<'a, 'b> {
    workspace: &'a mut Workspace<'b>,
    graph: &'a Graph,
    options: &'a Options,
    scheduler: Scheduler,
    /// The stages that are done, for dvc.lock.
    settled: Vec<Settled>,
    summary: Summary,
    /// Assessments of stages that wait for threads.
    assessed: BTreeMap<usize, Assessment>,
    running: BTreeMap<usize, Running>,
    provenance: Option<serde_json::Value>,
    sender: mpsc::Sender<Message>,
    report: &'a mut dyn FnMut(Event),
}

impl Runner<'_, '_> {
    fn run_all(&mut self, receiver: &mpsc::Receiver<Message>, interrupt: &AtomicBool) -> Result<(), Error> {
        let mut stopped_at: Option<Instant> = None;
        let outcome = loop {
            let stopping = interrupt.load(Ordering::Relaxed);
            let failed = !self.summary.failed.is_empty() && !self.options.keep_going;
            if !stopping
                && !failed
                && let Err(error) = self.advance()
            {
                break Err(error);
            }
            if self.running.is_empty() {
                break Ok(());
            }
            if stopping {
                self.summary.interrupted = true;
                self.stop_running(&mut stopped_at);
            }
            match receiver.recv_timeout(Duration::from_millis(50)) {
                Ok(Message::Line(stage, line)) => self.heard(stage, line),
                Ok(Message::Ended(stage, outcome)) => {
                    if let Err(error) = self.ended(stage, outcome) {
                        break Err(error);
                    }
                }
                Err(_) => {}
            }
        };
        if interrupt.load(Ordering::Relaxed) {
            self.summary.interrupted = true;
        }
        // Only an error of the engine leaves stages running here.
        for running in self.running.values() {
            running.stop.send(libc::SIGKILL);
        }
        outcome
    }

    /// First politely, two seconds later for good.
    fn stop_running(&self, stopped_at: &mut Option<Instant>) {
        let signal = match stopped_at {
            None => libc::SIGTERM,
            Some(at) if at.elapsed() > Duration::from_secs(2) => libc::SIGKILL,
            Some(_) => return,
        };
        stopped_at.get_or_insert_with(Instant::now);
        for running in self.running.values() {
            running.stop.send(signal);
        }
    }

    /// Settles what is ready and starts what fits.
    fn advance(&mut self) -> Result<(), Error> {
        while let Some(index) = self.scheduler.next_ready() {
            self.settle(index)?;
        }
        while let Some(index) = self.scheduler.start_next() {
            self.start(index)?;
        }
        Ok(())
    }

    fn settle(&mut self, index: usize) -> Result<(), Error> {
        let stage = &self.graph.stages[index];
        let mut assessment = plan::assess(self.workspace, stage)?;
        if self.options.force && !stage.frozen {
            assessment.standing = Standing::Stale;
        }
        match std::mem::replace(&mut assessment.standing, Standing::Stale) {
            Standing::Fresh(artifacts) => {
                outputs::share(self.workspace, stage, &artifacts)?;
                self.summary.skipped.push(stage.name.clone());
                (self.report)(Event::Fresh { stage: stage.name.clone() });
                self.settled(index, assessment, artifacts);
                return Ok(());
            }
            Standing::Stored(artifacts) => {
                if outputs::restore(self.workspace, stage, &artifacts)? {
                    self.summary.cached.push(stage.name.clone());
                    (self.report)(Event::Restored { stage: stage.name.clone() });
                    self.settled(index, assessment, artifacts);
                    return Ok(());
                }
            }
            Standing::Stale => {}
        }
        self.assessed.insert(index, assessment);
        self.scheduler.queue(index);
        Ok(())
    }

    fn settled(&mut self, index: usize, assessment: Assessment, artifacts: Vec<Artifact>) {
        self.settled.push(Settled::new(index, assessment, artifacts));
        self.scheduler.done(index);
    }

    fn start(&mut self, index: usize) -> Result<(), Error> {
        let stage = &self.graph.stages[index];
        let Some(assessment) = self.assessed.remove(&index) else { return Ok(()) };
        outputs::clear(self.workspace, stage)?;
        let parameters = job::parameter_file(&self.workspace.store.folder, &assessment.parameters)?;
        let job = job::prepare(stage, &self.workspace.root, &parameters, self.options.threads)?;
        (self.report)(Event::Started { stage: stage.name.clone(), command: job.lines.clone() });
        let stop = Arc::new(Stop::default());
        let (sender, thread_stop) = (self.sender.clone(), Arc::clone(&stop));
        // The thread outlives the commands that it starts: they are told to die with it.
        std::thread::spawn(move || {
            let outcome = local::run(&job, &thread_stop, |line| {
                let _ = sender.send(Message::Line(index, line));
            });
            // Where nobody listens any more, the run is over.
            let _ = sender.send(Message::Ended(index, outcome));
        });
        let log = String::new();
        let running = Running { assessment, stop, started: Instant::now(), log, _parameters: parameters };
        self.running.insert(index, running);
        Ok(())
    }

    fn heard(&mut self, index: usize, line: String) {
        if let Some(running) = self.running.get_mut(&index) {
            running.log.push_str(&line);
            running.log.push('\n');
            if running.log.len() > LONGEST_LOG {
                let cut = running.log.ceil_char_boundary(running.log.len() - LONGEST_LOG / 2);
                running.log.drain(..cut);
            }
            (self.report)(Event::Output { stage: self.graph.stages[index].name.clone(), line });
        }
    }

    fn ended(&mut self, index: usize, outcome: Result<(), String>) -> Result<(), Error> {
        let Some(running) = self.running.remove(&index) else { return Ok(()) };
        let stage = &self.graph.stages[index];
        let collected = match outcome {
            Ok(()) => inputs::check(self.workspace, stage, &running.assessment.dependencies)
                .and_then(|()| outputs::collect(self.workspace, stage)),
            Err(why) => Err(Error::State(why)),
        };
        match collected {
            Ok(artifacts) => {
                let seconds = running.started.elapsed().as_secs_f64();
                self.record(stage, &running, &artifacts, seconds)?;
                self.summary.executed.push(stage.name.clone());
                (self.report)(Event::Finished { stage: stage.name.clone(), seconds });
                self.settled(index, running.assessment, artifacts);
            }
            Err(why) => {
                if !self.summary.interrupted {
                    (self.report)(Event::Failed { stage: stage.name.clone(), why: why.to_string() });
                    self.summary.failed.push(stage.name.clone());
                }
                self.scheduler.failed(index);
            }
        }
        Ok(())
    }

    fn record(&mut self, stage: &Stage, run: &Running, artifacts: &[Artifact], seconds: f64) -> Result<(), Error> {
        let (root, study) = (&self.workspace.root, self.workspace.study);
        let invocation = self.provenance.get_or_insert_with(|| provenance::of_invocation(root, study));
        let mut provenance = invocation.clone();
        let finished = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        provenance["seconds"] = json!(seconds);
        provenance["finished"] = json!(finished.as_secs());
        let run_record = Run {
            stage: stage.name.clone(),
            recipe: run.assessment.recipe.clone(),
            outputs: artifacts.to_vec(),
            provenance,
            log: run.log.clone(),
        };
        Ok(self.workspace.store.records.add(&run.assessment.key, &run_record)?)
    }
}
