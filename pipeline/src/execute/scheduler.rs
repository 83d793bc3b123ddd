//! Which stage comes next: a pure state machine, without processes, files or clocks.
//!
//! ```text
//! Waiting ── all upstream done ──> Ready ── needs to run ──> Queued ── all it needs is free ──> Running ──> Done
//!    │                               └──── fresh, restored ───────────────────────────────────────────────> Done
//!    └─── something upstream failed ──> Blocked                     Queued, Ready ──> Failed <── Running
//! ```
//!
//! What stages share are numbered resources, each with a capacity. The queue has the order of the graph. A stage that does not
//! fit gathers what it needs resource by resource, in the order of their numbers: what there is enough of is kept for it, and at
//! the first that there is too little of it waits, holding nothing that comes after. Later stages start on what is left. So
//!
//! * a stage that waits for a scarce resource (a low number) leaves the plentiful ones to others, and
//! * no stage waits for ever: nothing that starts later takes what the first of the queue has gathered, and what it
//!   lacks comes back as the stages that hold it end, so that it moves on from resource to resource.
//!
//! What no stage of the queue has gathered can be lent to stages that run ([`Scheduler::lend`]) and taken back.

use std::collections::BTreeSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not asked for by this run's targets.
    Unwanted,
    /// A stage upstream is not done.
    Waiting,
    /// Upstream is settled: it can be assessed.
    Ready,
    /// It has to run and waits for resources.
    Queued,
    Running,
    Done,
    Failed,
    /// Something upstream failed.
    Blocked,
}

/// An amount of one resource: its number, and how much of it.
pub type Amount = (usize, u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slack {
    /// A queued stage waits for more of it.
    Short,
    /// So much of it is free, and no queued stage has gathered it.
    Idle(u64),
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
    /// What each stage needs, by ascending number.
    demands: Vec<Vec<Amount>>,
    free: Vec<u64>,
    /// What every stage needs at least: where there is less, nothing can start.
    common: Vec<Amount>,
}

impl Scheduler {
    /// `demands[i]`: what stage i needs of the resources, none twice and none beyond its capacity.
    pub fn new(
        upstream: &[Vec<usize>],
        downstream: &[Vec<usize>],
        order: &[usize],
        wanted: &BTreeSet<usize>,
        mut demands: Vec<Vec<Amount>>,
        capacities: Vec<u64>,
    ) -> Self {
        let count = upstream.len();
        let mut rank = vec![0; count];
        for (position, &stage) in order.iter().enumerate() {
            rank[stage] = position;
        }
        let open: Vec<usize> =
            upstream.iter().map(|above| above.iter().filter(|a| wanted.contains(a)).count()).collect();
        for demand in &mut demands {
            demand.sort_unstable();
        }
        let mut scheduler = Self {
            states: vec![State::Unwanted; count],
            downstream: downstream.to_vec(),
            open,
            rank,
            ready: BTreeSet::new(),
            queued: BTreeSet::new(),
            common: common(&demands),
            demands,
            free: capacities,
        };
        for &stage in wanted {
            scheduler.states[stage] = State::Waiting;
            scheduler.make_ready(stage);
        }
        scheduler
    }

    pub fn state(&self, stage: usize) -> State {
        self.states[stage]
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

    /// The first queued stage that fits into what is free and not kept for an earlier one; it is running from now on.
    pub fn start_next(&mut self) -> Option<usize> {
        let (rank, stage) = self.look().first_that_fits?;
        self.queued.remove(&(rank, stage));
        for &(resource, amount) in &self.demands[stage] {
            self.free[resource] -= amount;
        }
        self.states[stage] = State::Running;
        Some(stage)
    }

    /// What a resource could do where [`Scheduler::start_next`] has nothing more to start.
    pub fn slack(&self, resource: usize) -> Slack {
        let look = self.look();
        match look.lacking.contains(&resource) {
            true => Slack::Short,
            false => Slack::Idle(look.left[resource]),
        }
    }

    /// So much of what is idle is no longer free.
    pub fn lend(&mut self, resource: usize, amount: u64) {
        self.free[resource] -= amount;
    }

    pub fn take_back(&mut self, resource: usize, amount: u64) {
        self.free[resource] += amount;
    }

    /// Lets the queue gather what it needs, stage by stage, up to the first that fits.
    fn look(&self) -> Look {
        let mut look = Look { first_that_fits: None, left: self.free.clone(), lacking: BTreeSet::new() };
        for &(rank, stage) in &self.queued {
            let short = |&&(resource, least): &&Amount| look.left[resource] < least;
            if let Some(&(resource, _)) = self.common.iter().find(short) {
                look.lacking.insert(resource);
                break;
            }
            let lacking = self.demands[stage].iter().find(|&&(resource, amount)| {
                let enough = look.left[resource] >= amount;
                look.left[resource] = look.left[resource].saturating_sub(amount);
                !enough
            });
            match lacking {
                Some(&(resource, _)) => look.lacking.insert(resource),
                None => {
                    look.first_that_fits = Some((rank, stage));
                    break;
                }
            };
        }
        look
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
            for &(resource, amount) in &self.demands[stage] {
                self.free[resource] += amount;
            }
        }
    }
}

/// What the queue comes to, as far as it was looked at.
struct Look {
    /// Position and number of a stage.
    first_that_fits: Option<(usize, usize)>,
    /// What none has gathered.
    left: Vec<u64>,
    /// Those of which a stage found too little.
    lacking: BTreeSet<usize>,
}

/// The least amounts that all stages need.
fn common(demands: &[Vec<Amount>]) -> Vec<Amount> {
    let of = |demand: &Vec<Amount>, resource| demand.iter().find(|(of, _)| *of == resource).map_or(0, |&(_, n)| n);
    let least = |&(resource, _): &Amount| (resource, demands.iter().map(|d| of(d, resource)).min().unwrap_or(0));
    demands.first().into_iter().flatten().map(least).collect()
}
