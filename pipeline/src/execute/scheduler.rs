//! Which stage comes next: a pure state machine, without processes, files or clocks.
//!
//! ```text
//! Waiting ── all upstream done ──> Ready ── needs to run ──> Queued ── threads free ──> Running ──> Done
//!    │                               └──── fresh, restored ──────────────────────────────────────> Done
//!    └─── something upstream failed ──> Blocked                                     Running ──> Failed
//! ```

use std::collections::BTreeSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not asked for by this run's targets.
    Unwanted,
    /// A stage upstream is not done.
    Waiting,
    /// Upstream is settled: it can be assessed.
    Ready,
    /// It has to run and waits for threads.
    Queued,
    Running,
    Done,
    Failed,
    /// Something upstream failed.
    Blocked,
}

#[derive(Debug)]
pub struct Scheduler {
    states: Vec<State>,
    downstream: Vec<Vec<usize>>,
    /// Wanted upstream stages that are not done.
    open: Vec<usize>,
    /// Position in the order of the graph: what is earlier there starts first.
    rank: Vec<usize>,
    ready: BTreeSet<(usize, usize)>,
    queued: BTreeSet<(usize, usize)>,
    threads: Vec<usize>,
    free: usize,
}

impl Scheduler {
    /// `threads[i]`: how many of the `capacity` threads stage i keeps busy, at most all of them.
    pub fn new(
        upstream: &[Vec<usize>],
        downstream: &[Vec<usize>],
        order: &[usize],
        wanted: &BTreeSet<usize>,
        threads: Vec<usize>,
        capacity: usize,
    ) -> Self {
        let count = upstream.len();
        let mut rank = vec![0; count];
        for (position, &stage) in order.iter().enumerate() {
            rank[stage] = position;
        }
        let open: Vec<usize> =
            upstream.iter().map(|above| above.iter().filter(|a| wanted.contains(a)).count()).collect();
        let mut scheduler = Self {
            states: vec![State::Unwanted; count],
            downstream: downstream.to_vec(),
            open,
            rank,
            ready: BTreeSet::new(),
            queued: BTreeSet::new(),
            threads,
            free: capacity,
        };
        for &stage in wanted {
            scheduler.states[stage] = State::Waiting;
            scheduler.make_ready(stage);
        }
        scheduler
    }

    fn make_ready(&mut self, stage: usize) {
        if self.states[stage] == State::Waiting && self.open[stage] == 0 {
            self.states[stage] = State::Ready;
            self.ready.insert((self.rank[stage], stage));
        }
    }

    /// The next stage to assess.
    pub fn next_ready(&mut self) -> Option<usize> {
        self.ready.pop_first().map(|(_, stage)| stage)
    }

    /// An assessed stage has to run.
    pub fn queue(&mut self, stage: usize) {
        self.states[stage] = State::Queued;
        self.queued.insert((self.rank[stage], stage));
    }

    /// The next queued stage whose threads are free; it is running from now on. A wide stage at the head of the queue is
    /// not overtaken for ever: nothing later starts before it.
    pub fn start_next(&mut self) -> Option<usize> {
        let &(rank, stage) = self.queued.first()?;
        if self.threads[stage] > self.free {
            return None;
        }
        self.queued.remove(&(rank, stage));
        self.free -= self.threads[stage];
        self.states[stage] = State::Running;
        Some(stage)
    }

    pub fn done(&mut self, stage: usize) {
        self.release(stage);
        self.states[stage] = State::Done;
        for below in self.downstream[stage].clone() {
            self.open[below] = self.open[below].saturating_sub(1);
            self.make_ready(below);
        }
    }

    /// Nothing that rests on the stage can run any more.
    pub fn failed(&mut self, stage: usize) {
        self.release(stage);
        self.states[stage] = State::Failed;
        let mut open = self.downstream[stage].clone();
        while let Some(below) = open.pop() {
            if self.states[below] == State::Waiting {
                self.states[below] = State::Blocked;
                open.extend(&self.downstream[below]);
            }
        }
    }

    fn release(&mut self, stage: usize) {
        if self.states[stage] == State::Running {
            self.free += self.threads[stage];
        }
    }
}
