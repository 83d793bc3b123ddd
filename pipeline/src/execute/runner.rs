//! The loop of a run: settles what is ready, starts what fits, and takes in what running stages say.

use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::job::{self, Job};
use super::lender::Lender;
use super::local::{self, Ended, Said, Stop};
use super::lock::Settled;
use super::record::{self, Log};
use super::resources::{self, Resources, Slots};
use super::scheduler::{Scheduler, Slack, State};
use super::{Failure, Interrupt, Options, Summary, inputs, outputs};
use crate::adopt::{self, Adopted};
use crate::error::Error;
use crate::events::{Event, Expectation};
use crate::graph::Graph;
use crate::manifest::Stage;
use crate::manifest::schema::Threads;
use crate::plan::{self, Assessment, Standing, Workspace};
use crate::store::{self, Artifact, Outcome, StoreError, WorkTreeLock};

/// How long interrupted commands may take to end by themselves.
const PATIENCE: Duration = Duration::from_secs(5);

/// Lines that wait for the engine, all stages together: a command that prints faster than they are taken in has to wait.
const WAITING_LINES: usize = 1024;

/// Seconds that a stage is expected to take that says nothing, where others do.
const SHORT: f64 = 1.0;

/// A message from a stage's thread, or the lender's.
enum Message {
    Said(usize, Said),
    Ended(usize, Ended),
    Returned(std::io::Result<jobserver::Acquired>),
}

/// A stage whose command runs.
pub(super) struct Running {
    pub assessment: Assessment,
    pub started: Instant,
    pub log: Log,
    /// The GPUs that it was given.
    pub slots: Vec<usize>,
    stop: Arc<Stop>,
    /// Deleted when the stage has ended.
    _parameters: tempfile::TempPath,
}

pub(super) struct Runner<'a, 'b> {
    workspace: &'a mut Workspace<'b>,
    graph: &'a Graph,
    options: &'a Options,
    lock: &'a WorkTreeLock,
    scheduler: Scheduler,
    /// The number that threads have among its resources.
    threads: usize,
    slots: Slots,
    /// The stages that are done, for dvc.lock.
    settled: Vec<Settled>,
    summary: Summary,
    /// Assessments of stages that wait for resources.
    assessed: BTreeMap<usize, Assessment>,
    running: BTreeMap<usize, Running>,
    /// Whether it was said how long the stages may take.
    expected: bool,
    /// What all records of this run share.
    provenance: Option<Value>,
    sender: mpsc::SyncSender<Message>,
    receiver: mpsc::Receiver<Message>,
    /// Of threads that the queue has no use for; made for the first stage that borrows any. After the receiver, so that its
    /// thread, when it is waited for, finds nobody who might not take what it delivers.
    lender: Option<Lender>,
    report: &'a mut dyn FnMut(Event),
}

impl<'a, 'b> Runner<'a, 'b> {
    pub fn new(
        workspace: &'a mut Workspace<'b>,
        graph: &'a Graph,
        options: &'a Options,
        lock: &'a WorkTreeLock,
        report: &'a mut dyn FnMut(Event),
    ) -> Self {
        let Resources { capacities, demands, threads } = Resources::of(&graph.stages, &options.machine);
        let scheduler =
            Scheduler::new(&graph.upstream, &graph.downstream, &graph.order, &options.wanted, demands, capacities);
        let (sender, receiver) = mpsc::sync_channel(WAITING_LINES);
        Self {
            workspace,
            graph,
            options,
            lock,
            scheduler,
            threads,
            slots: Slots::new(&options.machine),
            settled: Vec::new(),
            summary: Summary::default(),
            assessed: BTreeMap::new(),
            running: BTreeMap::new(),
            expected: false,
            provenance: None,
            sender,
            receiver,
            lender: None,
            report,
        }
    }

    /// Runs all that can be run; whatever the outcome, returns what was done.
    pub fn run(mut self, interrupt: Interrupt) -> (Result<(), Error>, Summary, Vec<Settled>) {
        let outcome = self.run_all(interrupt);
        self.summary.interrupted |= interrupt.is_asked();
        // Only an error of the engine leaves stages running here.
        for running in self.running.values() {
            running.stop.send(libc::SIGKILL);
        }
        (outcome, self.summary, self.settled)
    }

    fn run_all(&mut self, interrupt: Interrupt) -> Result<(), Error> {
        let mut stopping = Stopping::default();
        loop {
            let failed = !self.summary.failed.is_empty() && !self.options.keep_going;
            let goes_on = !interrupt.is_asked() && !failed;
            if goes_on {
                self.advance(interrupt)?;
            }
            if self.running.is_empty() {
                if goes_on && self.recall() {
                    continue;
                }
                return Ok(());
            }
            if interrupt.is_asked() {
                self.summary.interrupted = true;
                self.stop_running(&mut stopping, interrupt);
            }
            match self.receiver.recv_timeout(Duration::from_millis(50)) {
                Ok(Message::Said(stage, said)) => self.heard(stage, said),
                Ok(Message::Ended(stage, ended)) => self.ended(stage, ended)?,
                Ok(Message::Returned(token)) => self.returned(token)?,
                Err(_) => (self.report)(Event::Passed),
            }
        }
    }

    /// What is known of the stages that are not done yet, once, before the first of them runs.
    fn expect(&mut self) -> Result<(), Error> {
        if std::mem::replace(&mut self.expected, true) {
            return Ok(());
        }
        let took = self.workspace.store.records.durations()?;
        let threads = self.options.machine.threads;
        let open =
            |&&index: &&usize| !matches!(self.scheduler.state(index), State::Done | State::Failed | State::Blocked);
        // Who says how long stages take says it of those that take long.
        let is_said = self.graph.stages.iter().any(|stage| stage.extension.time.is_some());
        let short = is_said.then_some(SHORT);
        let expectation = |&index: &usize| {
            let stage = &self.graph.stages[index];
            let own = &stage.extension;
            let took = took.get(&stage.name);
            let (took, threads) = match own.threads {
                Threads::Any => (took.and_then(|took| took.cpu), None),
                fixed => (took.map(|took| took.seconds), Some(fixed.held(threads))),
            };
            Expectation { stage: stage.name.clone(), seconds: took.or(own.time).or(short), threads }
        };
        let stages = self.options.wanted.iter().filter(open).map(expectation).collect();
        (self.report)(Event::Expected { threads, stages });
        Ok(())
    }

    /// First politely; for good when the user asks again, or after a while.
    fn stop_running(&mut self, stopping: &mut Stopping, interrupt: Interrupt) {
        let signal = match stopping.since {
            None => libc::SIGTERM,
            Some(since) if !stopping.killed && (interrupt.is_urgent() || since.elapsed() > PATIENCE) => libc::SIGKILL,
            Some(_) => return,
        };
        if stopping.since.is_none() {
            stopping.since = Some(Instant::now());
            let stages = self.running.keys().map(|&index| self.graph.stages[index].name.clone()).collect();
            (self.report)(Event::Stopping { stages });
        }
        stopping.killed = signal == libc::SIGKILL;
        for running in self.running.values() {
            running.stop.send(signal);
        }
    }

    /// Settles what is ready and starts what fits; lends the threads that are left, or asks for more.
    fn advance(&mut self, interrupt: Interrupt) -> Result<(), Error> {
        while let Some(index) = self.scheduler.next_ready() {
            if interrupt.is_asked() {
                return Ok(());
            }
            self.settle(index)?;
        }
        while let Some(index) = self.scheduler.start_next() {
            self.start(index)?;
        }
        if let Some(lender) = &mut self.lender {
            match self.scheduler.slack(self.threads) {
                Slack::Short => lender.ask_back(),
                Slack::Idle(threads) => {
                    self.scheduler.lend(self.threads, threads);
                    lender.lend(threads).map_err(no_jobserver)?;
                }
            }
        }
        Ok(())
    }

    fn returned(&mut self, token: std::io::Result<jobserver::Acquired>) -> Result<(), Error> {
        let token = token.map_err(no_jobserver)?;
        if let Some(lender) = &mut self.lender {
            lender.got_back(token);
            self.scheduler.take_back(self.threads, 1);
        }
        Ok(())
    }

    /// Nothing runs: takes back at once all threads that are lent, or lost with borrowers that were killed; `false`: none was.
    fn recall(&mut self) -> bool {
        let Some(lender) = self.lender.take() else { return false };
        let lent = lender.lent();
        drop(lender);
        // Its last token may have been on the way.
        while self.receiver.try_recv().is_ok() {}
        self.scheduler.take_back(self.threads, lent);
        lent > 0
    }

    /// Where a stage that borrows threads takes them from.
    fn lender(&mut self) -> Result<&Lender, Error> {
        let lender = match self.lender.take() {
            Some(lender) => lender,
            None => {
                let sender = self.sender.clone();
                let deliver = move |token| {
                    // Where nobody listens any more, the run is over.
                    let _ = sender.send(Message::Returned(token));
                };
                Lender::new(deliver).map_err(no_jobserver)?
            }
        };
        Ok(self.lender.insert(lender))
    }

    fn settle(&mut self, index: usize) -> Result<(), Error> {
        if let Err(blame) = self.assess(index).map_err(blame) {
            self.failed(index, blame?, "");
        }
        Ok(())
    }

    /// Finds out how a stage stands: leaves it, restores it, or lets it queue.
    fn assess(&mut self, index: usize) -> Result<(), Error> {
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
            Standing::Vouched(promises) => match adopt::adopt(self.workspace, stage, &assessment, &promises)? {
                Adopted::Whole(artifacts) => {
                    let stage = stage.name.clone();
                    if promises.iter().all(|promise| promise.here) {
                        self.summary.skipped.push(stage.clone());
                        (self.report)(Event::Adopted { stage });
                    } else {
                        self.summary.cached.push(stage.clone());
                        (self.report)(Event::Restored { stage });
                    }
                    self.settled(index, assessment, artifacts);
                    return Ok(());
                }
                Adopted::Damaged(path) => (self.report)(Event::Damaged { path: path.display().to_string() }),
                Adopted::Not => {}
            },
            Standing::Stale => {}
            Standing::Gone => {
                let gone = stage.outputs.iter().find(|output| !output.path.within(&self.workspace.root).exists());
                let gone = gone.map(|output| format!(" {}", output.path)).unwrap_or_default();
                let why = "which nobody has: put it back, or take `frozen` away to let it run";
                return Err(Error::State(format!("is frozen and lacks its output{gone}, {why}")));
            }
        }
        // Found here where the stage might have been restored; else before anything ran.
        if let Some(excess) = resources::excess(stage, &self.options.machine) {
            return Err(Error::State(excess));
        }
        self.assessed.insert(index, assessment);
        self.scheduler.queue(index);
        Ok(())
    }

    fn settled(&mut self, index: usize, assessment: Assessment, artifacts: Vec<Artifact>) {
        // What dvc.lock says of a frozen stage is of its last run: it was not made of what lies here now.
        if !self.graph.stages[index].frozen {
            self.settled.push(Settled::new(index, assessment, artifacts));
        }
        self.scheduler.done(index);
    }

    /// Notes that a stage failed; `log` is what it printed, if it ran at all.
    fn failed(&mut self, index: usize, why: String, log: &str) {
        let stage = self.graph.stages[index].name.clone();
        (self.report)(Event::Failed { stage: stage.clone(), why: why.clone() });
        self.summary.failed.push(stage.clone());
        self.summary.failures.push(Failure { stage, why, log: log.to_owned() });
        self.scheduler.failed(index);
    }

    fn start(&mut self, index: usize) -> Result<(), Error> {
        let stage = &self.graph.stages[index];
        let Some(assessment) = self.assessed.remove(&index) else { return Ok(()) };
        self.expect()?;
        let slots = self.slots.take(stage.extension.gpus);
        let (parameters, job) = match self.prepare(stage, &assessment, &slots).map_err(blame) {
            Ok(prepared) => prepared,
            Err(blame) => {
                self.slots.give_back(&slots);
                self.failed(index, blame?, "");
                return Ok(());
            }
        };
        (self.report)(Event::Started { stage: stage.name.clone(), command: job.lines.clone() });
        let stop = Arc::new(Stop::default());
        let (sender, thread_stop) = (self.sender.clone(), Arc::clone(&stop));
        // The thread outlives the commands that it starts: they are told to die with it.
        std::thread::spawn(move || {
            let ended = local::run(&job, &thread_stop, |said| {
                let _ = sender.send(Message::Said(index, said));
            });
            // Where nobody listens any more, the run is over.
            let _ = sender.send(Message::Ended(index, ended));
        });
        let (started, log) = (Instant::now(), Log::default());
        self.running.insert(index, Running { assessment, started, log, slots, stop, _parameters: parameters });
        // While the first stage runs: what it says of the work tree is as it was when the run began.
        if self.provenance.is_none() {
            self.provenance = Some(record::shared(self.workspace, self.graph));
        }
        Ok(())
    }

    /// Makes room for a stage's outputs, and its job.
    fn prepare(
        &mut self,
        stage: &Stage,
        assessment: &Assessment,
        slots: &[usize],
    ) -> Result<(tempfile::TempPath, Job), Error> {
        outputs::clear(self.workspace, stage)?;
        let parameters = job::parameter_file(&job::folder(&self.workspace.store.folder), &assessment.parameters)?;
        let (threads, gpus) = (self.options.machine.threads, self.slots.names(slots));
        let progress = job::progress(&self.workspace.store.folder, &assessment.key);
        let mut job = job::prepare(stage, &self.workspace.root, &parameters, &progress, threads, &gpus)?;
        if stage.extension.threads == Threads::Any {
            job.threads = Some(self.lender()?.client());
        }
        job::open_progress(&progress, self.options.force)?;
        Ok((parameters, job))
    }

    fn heard(&mut self, index: usize, said: Said) {
        let Some(running) = self.running.get_mut(&index) else { return };
        let stage = self.graph.stages[index].name.clone();
        match said {
            Said::Line(line) => {
                running.log.add(&line);
                (self.report)(Event::Output { stage, line });
            }
            Said::LeftBehind => (self.report)(Event::LeftBehind { stage }),
        }
    }

    fn ended(&mut self, index: usize, ended: Ended) -> Result<(), Error> {
        let Some(running) = self.running.remove(&index) else { return Ok(()) };
        self.slots.give_back(&running.slots);
        let stage = &self.graph.stages[index];
        if !self.lock.is_in(&self.workspace.store.folder) {
            let what = format!("stage `{}` removed .retrial, the store, while it ran: run again", stage.name);
            return Err(Error::State(what));
        }
        let unchanged = inputs::check(self.workspace, stage, &running.assessment);
        self.close_progress(&running.assessment, ended.outcome.is_ok() || unchanged.is_err())?;
        let collected = match &ended.outcome {
            Ok(()) => unchanged.and_then(|()| outputs::collect(self.workspace, stage)).map_err(blame),
            Err(why) => Err(Ok(why.clone())),
        };
        match collected {
            Ok(artifacts) => {
                let seconds = running.started.elapsed().as_secs_f64();
                self.record(index, &running, &ended, Outcome::Success, "", &artifacts)?;
                self.summary.executed.push(stage.name.clone());
                let cpu = ended.usage.user + ended.usage.system;
                (self.report)(Event::Finished { stage: stage.name.clone(), seconds, cpu });
                self.settled(index, running.assessment, artifacts);
            }
            Err(blame) => {
                let why = blame?;
                let outcome = if self.summary.interrupted { Outcome::Interrupted } else { Outcome::Failed };
                // A record that can't be written must not hide why the stage failed.
                if let Err(error) = self.record(index, &running, &ended, outcome, &why, &[]) {
                    (self.report)(Event::Unrecorded { stage: stage.name.clone(), why: error.to_string() });
                }
                match outcome {
                    Outcome::Interrupted => self.scheduler.failed(index),
                    _ => self.failed(index, why, running.log.text()),
                }
            }
        }
        Ok(())
    }

    /// What a stage has kept goes when it is done, and when it may have been made of other inputs than the key's.
    fn close_progress(&self, assessment: &Assessment, remove: bool) -> Result<(), Error> {
        let folder = job::progress(&self.workspace.store.folder, &assessment.key);
        if remove {
            return Ok(store::remove(&folder)?);
        }
        // Where something is in it, the next run goes on from there.
        let _ = std::fs::remove_dir(&folder);
        Ok(())
    }

    fn record(
        &mut self,
        index: usize,
        running: &Running,
        ended: &Ended,
        outcome: Outcome,
        why: &str,
        artifacts: &[Artifact],
    ) -> Result<(), Error> {
        let stage = &self.graph.stages[index];
        let mut provenance = self.provenance.clone().unwrap_or_default();
        let gpus = self.slots.names(&running.slots);
        record::add_own(&mut provenance, stage, running, ended, why, &self.options.machine, &gpus);
        let run = record::run(stage, running, outcome, artifacts, provenance);
        self.workspace.store.records.remember_folders(&running.assessment.dependencies)?;
        Ok(self.workspace.store.records.add(&running.assessment.key, &run)?)
    }
}

/// How far the stopping of commands has come.
#[derive(Debug, Default)]
struct Stopping {
    since: Option<Instant>,
    killed: bool,
}

fn no_jobserver(error: std::io::Error) -> Error {
    Error::State(format!("threads can't be shared among stages: {error}"))
}

/// Whose failure an error is: the stage's, with the reason as a predicate, or the engine's or the study's, which ends the run.
fn blame(error: Error) -> Result<String, Error> {
    match error {
        Error::State(why) => Ok(why),
        Error::Digest(error) => Ok(format!("can't go on: {error}")),
        Error::Store(error @ (StoreError::File { .. } | StoreError::Digest(_))) => Ok(format!("can't go on: {error}")),
        other => Err(other),
    }
}
