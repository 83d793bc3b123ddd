//! A training step allocates nothing: an epoch of many steps makes as many allocations as one of few.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use stages::data::dataset::Part;
use stages::methods::METHODS;
use stages::methods::method::{Hyperparameters, find};
use stages::nn::mlp::Mlp;
use stages::random::torch::Generator;
use stages::train::{Criterion, Optimiser, Recipe, Trainer};

/// The system's allocator, with a count for each thread.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending has no count any more.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above; the block came from the system's allocator.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_step_allocates_nothing() {
    let network = Mlp::new(40, &[150, 140], 10).unwrap();
    let mut generator = Generator::seeded(0);
    let part = |examples: usize, generator: &mut Generator| {
        let mut x = vec![0.0; examples * 40];
        generator.fill_uniform_f32(&mut x, -2.0, 2.0);
        Part { x, y: (0..examples).map(|_| (generator.word32() % 10) as u8).collect() }
    };
    let (few, many) = (part(64, &mut generator), part(640, &mut generator));
    let hyperparameters =
        Hyperparameters::from([("lr", 0.004), ("weight_decay", 0.01), ("alpha", 2.0), ("gamma", 0.6)]);
    for name in ["baseline", "decorr", "gwd"] {
        let recipe = Recipe {
            network: &network,
            method: find(METHODS, name).unwrap(),
            optimiser: Optimiser::AdamW,
            hyperparameters: &hyperparameters,
            epochs: 1,
            batch: 64,
            criterion: Criterion::Loss,
        };
        let mut trainer = Trainer::new(&recipe, network.initial(&mut generator)).unwrap();
        let mut allocations = |part: &Part| {
            let before = COUNT.get();
            trainer.epoch(part, &mut generator, |_| ());
            COUNT.get() - before
        };
        // Buffers that grow do so in the first step.
        allocations(&many);
        let (few, many) = (allocations(&few), allocations(&many));
        assert_eq!(few, many, "{name}: allocations in 1 step and in 10");
        assert!(few > 0, "the order of the examples is allocated, so the count counts");
    }
}
