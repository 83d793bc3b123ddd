//! Laws of the scheduler, by runs of it on random graphs whose stages take random times, need random resources and may fail.

use std::collections::{BTreeMap, BTreeSet};

use pipeline::execute::scheduler::{Scheduler, Slack, State};
use proptest::prelude::*;

/// A graph whose edges lead from lower to higher numbers, and what happens when it runs.
#[derive(Debug, Clone)]
struct World {
    upstream: Vec<Vec<usize>>,
    wanted: BTreeSet<usize>,
    capacities: Vec<u64>,
    demands: Vec<Vec<(usize, u64)>>,
    /// In ticks, from 1; 0: it need not run.
    durations: Vec<u64>,
    fails: Vec<bool>,
}

const LONGEST: u64 = 4;

/// The number that threads have.
const THREADS: usize = 3;

/// Two mutex groups, then something such as GPUs, then threads, of which every stage needs one.
fn worlds() -> impl Strategy<Value = World> {
    let sizes = (1..20usize, 0..3u64, 1..5u64);
    sizes.prop_flat_map(|(count, gpus, threads)| {
        let stage = (
            prop::collection::vec(any::<prop::sample::Index>(), 0..3),
            prop::bool::weighted(0.9),
            (prop::bool::weighted(0.3), prop::bool::weighted(0.3), 0..=gpus, 1..=threads),
            0..=LONGEST,
            prop::bool::weighted(0.1),
        );
        prop::collection::vec(stage, count).prop_map(move |stages| {
            let mut world = World {
                upstream: Vec::new(),
                wanted: BTreeSet::new(),
                capacities: vec![1, 1, gpus, threads],
                demands: Vec::new(),
                durations: Vec::new(),
                fails: Vec::new(),
            };
            for (index, (above, wanted, (a, b, gpus, threads), duration, fails)) in stages.into_iter().enumerate() {
                let above: BTreeSet<usize> =
                    if index == 0 { BTreeSet::new() } else { above.iter().map(|above| above.index(index)).collect() };
                world.upstream.push(above.into_iter().collect());
                if wanted {
                    world.wanted.insert(index);
                }
                let amounts = [u64::from(a), u64::from(b), gpus, threads];
                world.demands.push(amounts.into_iter().enumerate().filter(|&(_, amount)| amount > 0).collect());
                world.durations.push(duration);
                world.fails.push(fails);
            }
            world
        })
    })
}

impl World {
    fn downstream(&self) -> Vec<Vec<usize>> {
        let mut downstream = vec![Vec::new(); self.upstream.len()];
        for (stage, above) in self.upstream.iter().enumerate() {
            above.iter().for_each(|&above| downstream[above].push(stage));
        }
        downstream
    }

    /// Whether something wanted above `stage`, through what is wanted, fails when it runs.
    fn is_blocked(&self, stage: usize) -> bool {
        let wanted = |above: &&usize| self.wanted.contains(above);
        let fails = |&above: &usize| self.fails[above] && self.durations[above] > 0;
        self.upstream[stage].iter().filter(wanted).any(|&above| self.is_blocked(above) || fails(&above))
    }
}

fn run(world: &World) -> Result<(), TestCaseError> {
    let order: Vec<usize> = (0..world.upstream.len()).collect();
    let (demands, capacities) = (world.demands.clone(), world.capacities.clone());
    let mut scheduler =
        Scheduler::new(&world.upstream, &world.downstream(), &order, &world.wanted, demands, capacities);
    let mut used = vec![0; world.capacities.len()];
    let mut queued = BTreeSet::new();
    let mut running: BTreeMap<usize, u64> = BTreeMap::new();
    // The first of the queue, and for how many ticks it has been that.
    let mut head: (Option<usize>, u64) = (None, 0);
    loop {
        while let Some(stage) = scheduler.next_ready() {
            prop_assert!(world.wanted.contains(&stage));
            for above in world.upstream[stage].iter().filter(|above| world.wanted.contains(above)) {
                prop_assert_eq!(scheduler.state(*above), State::Done, "{} is ready before {}", stage, above);
            }
            if world.durations[stage] == 0 {
                scheduler.done(stage);
            } else {
                scheduler.queue(stage);
                queued.insert(stage);
                if head.0.is_some_and(|head| stage < head) {
                    head = (None, 0);
                }
            }
        }
        while let Some(stage) = scheduler.start_next() {
            prop_assert!(queued.remove(&stage), "{} was not queued", stage);
            for &(resource, amount) in &world.demands[stage] {
                used[resource] += amount;
                prop_assert!(used[resource] <= world.capacities[resource], "too much of resource {}", resource);
            }
            running.insert(stage, world.durations[stage]);
        }
        if running.is_empty() {
            prop_assert!(queued.is_empty(), "nothing runs, and {:?} wait", queued);
            break;
        }
        // What is idle is lent for a tick.
        let lent = match scheduler.slack(THREADS) {
            Slack::Idle(threads) => threads,
            Slack::Short => {
                let lacks = |&stage: &usize| world.demands[stage].iter().any(|&(resource, _)| resource == THREADS);
                prop_assert!(queued.iter().any(lacks), "threads are short, and nobody waits for any");
                0
            }
        };
        prop_assert!(used[THREADS] + lent <= world.capacities[THREADS], "what is in use is lent");
        scheduler.lend(THREADS, lent);
        prop_assert_eq!(scheduler.start_next(), None, "what a stage had gathered is lent");
        let first = queued.first().copied();
        head = (first, if first.is_some() && first == head.0 { head.1 + 1 } else { 0 });
        // For each resource that it needs, at most the longest run of those that hold it.
        let bound = first.map_or(0, |first| LONGEST * world.demands[first].len() as u64);
        prop_assert!(head.1 <= bound, "{:?} has waited for {} ticks at the head of the queue", first, head.1);
        for left in running.values_mut() {
            *left -= 1;
        }
        let ended: Vec<usize> = running.iter().filter(|&(_, &left)| left == 0).map(|(&stage, _)| stage).collect();
        scheduler.take_back(THREADS, lent);
        for stage in ended {
            running.remove(&stage);
            for &(resource, amount) in &world.demands[stage] {
                used[resource] -= amount;
            }
            if world.fails[stage] { scheduler.failed(stage) } else { scheduler.done(stage) }
        }
    }
    for stage in 0..world.upstream.len() {
        let expected = match () {
            () if !world.wanted.contains(&stage) => State::Unwanted,
            () if world.is_blocked(stage) => State::Blocked,
            () if world.fails[stage] && world.durations[stage] > 0 => State::Failed,
            () => State::Done,
        };
        prop_assert_eq!(scheduler.state(stage), expected, "stage {}", stage);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_resource_is_overdrawn_order_holds_nobody_starves_and_all_is_settled(world in worlds()) {
        run(&world)?;
    }
}

/// What starts, in this order, of stages without edges that are all queued at once.
#[test]
fn who_waits_for_what_holds_what() {
    const MUTEX: usize = 0;
    const GPU: usize = 1;
    const THREAD: usize = 2;
    type Case = (&'static str, &'static [&'static [(usize, u64)]], &'static [usize]);
    let cases: &[Case] = &[
        ("what fits starts", &[&[(THREAD, 2)], &[(THREAD, 2)]], &[0, 1]),
        ("a wide stage is not overtaken", &[&[(THREAD, 1)], &[(THREAD, 4)], &[(THREAD, 1)]], &[0]),
        (
            "who waits for a mutex group keeps no threads",
            &[&[(MUTEX, 1), (THREAD, 1)], &[(MUTEX, 1), (THREAD, 4)], &[(THREAD, 3)]],
            &[0, 2],
        ),
        (
            "who waits for a GPU keeps no threads, and the GPU that is there",
            &[&[(GPU, 1), (THREAD, 1)], &[(GPU, 2), (THREAD, 1)], &[(GPU, 1), (THREAD, 1)], &[(THREAD, 1)]],
            &[0, 3],
        ),
        (
            "who waits for threads keeps its GPUs",
            &[&[(THREAD, 1)], &[(GPU, 2), (THREAD, 4)], &[(GPU, 1), (THREAD, 1)]],
            &[0],
        ),
    ];
    for (name, demands, expected) in cases {
        let none = vec![Vec::new(); demands.len()];
        let order: Vec<usize> = (0..demands.len()).collect();
        let wanted = order.iter().copied().collect();
        let demands = demands.iter().map(|demand| demand.to_vec()).collect();
        let mut scheduler = Scheduler::new(&none, &none, &order, &wanted, demands, vec![1, 2, 4]);
        while let Some(stage) = scheduler.next_ready() {
            scheduler.queue(stage);
        }
        let started: Vec<usize> = std::iter::from_fn(|| scheduler.start_next()).collect();
        assert_eq!(started, *expected, "{name}");
    }
}
