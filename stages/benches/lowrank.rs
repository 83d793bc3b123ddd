//! The processor time of each part of a low-rank epoch at full size, one a line, on one thread: `NAME MILLISECONDS`.
//!
//! By itself: `cargo bench -p stages --profile dev --bench lowrank [-- METHOD/PROTOCOL …]`. `passes` are those over the gradient
//! and over the weights for their singular values, with 1,000 for every full decomposition.

use std::collections::BTreeMap;

use faer::{MatMut, MatRef};
use stages::linalg::product::multiply_long;
use stages::lowrank::configuration::{Configuration, Sizes};
use stages::lowrank::measure::{Epoch, Measure};
use stages::lowrank::network::{Network, Rates};
use stages::lowrank::problem;
use stages::lowrank::protocol::{Name, Protocol};
use stages::lowrank::refit::refit;
use stages::lowrank::rotation::Rotated;
use stages::nn::subnormals::Flushed;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EPOCHS: u32 = 30;

const CASES: [&str; 4] = ["A-relu/as-run", "A-relu/controlled", "G-sigmoid/as-run", "G-sigmoid/controlled"];

fn main() {
    let _flushed = Flushed::new();
    let sizes = Sizes { rows: 750, features: 1000, units: 1250, noise: 1.0, decay: 0.0 };
    products();
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let cases = if asked.is_empty() { CASES.map(str::to_owned).to_vec() } else { asked };
    for case in &cases {
        let Some((method, name)) = case.split_once('/') else { continue };
        let Ok((configuration, arm)) = Configuration::find_arm(method) else { continue };
        let Ok(protocol) = name.parse().and_then(|name: Name| Protocol::of(name, configuration)) else { continue };
        let label = case;
        let mut clock = Clock::start();
        let drawn = problem::draw(configuration.part, &sizes, protocol.outputs, None, 0);
        clock.lap("draw");
        let problem = Rotated::of(&drawn);
        clock.lap("rotate");
        let mut network = Network::new(&problem, arm.activation, Rates::of(configuration, arm, &sizes), &protocol);
        let mut measure = Measure::new(&problem);
        clock.lap("start");
        let mut passes = [0, 0];
        for _ in 0..EPOCHS {
            let mut epoch = Epoch::default();
            let gradient = network.gradient();
            clock.lap("gradient");
            measure.gradient(gradient, &mut epoch);
            clock.lap("measure-gradient");
            network.descend();
            clock.lap("descend");
            measure.weights(network.weights(), &mut epoch);
            clock.lap("measure-weights");
            network.test();
            clock.lap("test");
            network.predict();
            clock.lap("predict");
            measure.residue(network.residue(), &mut epoch);
            clock.lap("measure-residue");
            for (sum, passes) in passes.iter_mut().zip(measure.passes()) {
                *sum += passes.unwrap_or(1000);
            }
        }
        refit(&network, &problem);
        clock.lap("refit");
        let once = ["draw", "rotate", "start", "refit"];
        let mut total = 0.0;
        for (part, milliseconds) in clock.laps {
            let each = if once.contains(&part) { milliseconds } else { milliseconds / f64::from(EPOCHS) };
            total += if once.contains(&part) { 0.0 } else { each };
            println!("{label}-{part} {each:.3}");
        }
        println!("{label}-epoch {total:.3}");
        println!("{label}-passes {:?}", passes.map(|sum| sum as f64 / f64::from(EPOCHS)));
    }
}

/// The rate of the best product of these shapes.
fn products() {
    let (left, right) = (vec![0.5_f32; 1250 * 750], vec![0.5_f32; 750 * 750]);
    let mut out = vec![0.0_f32; 1250 * 750];
    let mut least = f64::INFINITY;
    for _ in 0..10 {
        let begin = processor_seconds();
        multiply_long(
            MatMut::from_row_major_slice_mut(&mut out, 1250, 750),
            MatRef::from_row_major_slice(&left, 1250, 750),
            MatRef::from_row_major_slice(&right, 750, 750).transpose(),
        );
        least = least.min(processor_seconds() - begin);
    }
    println!("product-1250x750x750 {:.3}", 1e3 * least);
}

struct Clock {
    last: f64,
    laps: BTreeMap<&'static str, f64>,
}

impl Clock {
    fn start() -> Self {
        Self { last: processor_seconds(), laps: BTreeMap::new() }
    }

    fn lap(&mut self, part: &'static str) {
        let now = processor_seconds();
        *self.laps.entry(part).or_default() += 1e3 * (now - self.last);
        self.last = now;
    }
}

/// Of this thread, so that others on the machine count for less.
fn processor_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes to a timespec that lives here.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}
