//! What this machine has, and whether it computes as results rest on.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use faer::{MatMut, MatRef};
use rayon::prelude::*;

use super::{Finding, State};
use crate::data::dataset::Dataset;
use crate::data::mnist1d::{self, Options};
use crate::linalg::product::multiply;
use crate::methods::METHODS;
use crate::methods::method::{self, Hyperparameters};
use crate::nn::mlp::Mlp;
use crate::nn::subnormals::Flushed;
use crate::random::torch::Generator;
use crate::train::{self, Criterion, Data, Optimiser, Recipe};

/// Looks at this machine, and at the study at `root` whose store is in the folder `store`.
pub fn examine(root: &Path, store: &Path) -> Vec<Finding> {
    let kept_in = if store.is_dir() { store } else { root };
    vec![cores(), instructions(), subnormals(), git(root), space(kept_in), links(kept_in), products(), repetition()]
}

fn cores() -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Finding::new("cores", State::Pass, format!("{cores}: as many seeds are trained side by side"))
}

/// Bytes are the same on all processors with fused multiply-adds.
fn instructions() -> Finding {
    #[cfg(target_arch = "x86_64")]
    let (is_fused, names) = {
        let known = [
            ("AVX2", std::arch::is_x86_feature_detected!("avx2")),
            ("FMA", std::arch::is_x86_feature_detected!("fma")),
            ("AVX-512", std::arch::is_x86_feature_detected!("avx512f")),
        ];
        let names: Vec<&str> = known.iter().filter(|(_, has)| *has).map(|(name, _)| *name).collect();
        (known[0].1 && known[1].1, names.join(", "))
    };
    #[cfg(not(target_arch = "x86_64"))]
    let (is_fused, names) = (false, std::env::consts::ARCH.to_owned());
    if is_fused {
        Finding::new(
            "instruction sets",
            State::Pass,
            format!("{names}: the bytes are those of any x86-64 with AVX2 and FMA"),
        )
    } else {
        let words = format!(
            "{names}: not x86-64 with AVX2 and FMA, so last bits are other ones; do not mix the two in a study"
        );
        Finding::new("instruction sets", State::Note, words)
    }
}

fn subnormals() -> Finding {
    // The result goes through the black box too, or the product could be made on the other side of the switch; and its bits are
    // looked at, since a comparison could be as well.
    let halved = || black_box(black_box(f32::MIN_POSITIVE) * black_box(0.5)).to_bits();
    let before = halved();
    let flushed = Flushed::new();
    let inside = halved();
    drop(flushed);
    let after = halved();
    let words = match (before != 0, inside == 0, after != 0) {
        (true, true, true) => "flushed to zero in training, and only there",
        (false, _, _) | (_, _, false) => "flushed to zero outside of training too",
        (_, false, _) => "cannot be flushed to zero here",
    };
    let works = before != 0 && inside == 0 && after != 0;
    // Without, results differ from those of other machines.
    Finding::passes("subnormal numbers", works, words)
}

fn git(root: &Path) -> Finding {
    let answer = Command::new("git").args(["rev-parse", "--short", "HEAD"]).current_dir(root).output();
    let (state, words) = match answer {
        Ok(answer) if answer.status.success() => {
            (State::Pass, format!("at commit {}", String::from_utf8_lossy(&answer.stdout).trim()))
        }
        Ok(_) => (State::Note, "the study is at no commit, so run records cannot name one".to_owned()),
        Err(error) => (State::Note, format!("the program git cannot be started ({error}); runs work without it")),
    };
    Finding::new("git", state, words)
}

fn space(folder: &Path) -> Finding {
    const MIB: u64 = 1 << 20;
    const NEEDED: u64 = 256 * MIB;
    match rustix::fs::statvfs(folder) {
        Ok(system) => {
            let free = system.f_bavail.saturating_mul(system.f_frsize);
            let gib = free as f64 / (1024 * MIB) as f64;
            Finding::passes(
                "space for the store",
                free >= NEEDED,
                format!("{gib:.1} GiB free; a study needs 0.25 or more"),
            )
        }
        Err(error) => Finding::new("space for the store", State::Fail, format!("{}: {error}", folder.display())),
    }
}

/// How outputs can be placed beside the store.
fn links(folder: &Path) -> Finding {
    let attempt = || -> std::io::Result<[bool; 2]> {
        let scratch = tempfile::Builder::new().prefix(".doctor-").tempdir_in(folder)?;
        let file = scratch.path().join("file");
        std::fs::write(&file, [1; 4096])?;
        let reflink = reflink_copy::reflink(&file, scratch.path().join("reflink")).is_ok();
        let hardlink = std::fs::hard_link(&file, scratch.path().join("hardlink")).is_ok();
        Ok([reflink, hardlink])
    };
    let (state, words) = match attempt() {
        Ok([true, _]) => (State::Pass, "outputs share their blocks with the store (reflinks)".to_owned()),
        Ok([false, true]) => (
            State::Note,
            "no reflinks: outputs are copied; `cache: {link: [hardlink]}` in retrial.yaml would save the space"
                .to_owned(),
        ),
        Ok([false, false]) => (State::Note, "neither reflinks nor hard links: outputs are copied".to_owned()),
        Err(error) => (State::Fail, format!("{}: cannot be written to: {error}", folder.display())),
    };
    Finding::new("file system", state, words)
}

/// The rate of the best of many products of a training step's shape.
fn products() -> Finding {
    const ROWS: usize = 128;
    const SIDE: usize = 512;
    let (left, right) = (vec![0.5_f32; ROWS * SIDE], vec![0.25_f32; SIDE * SIDE]);
    let mut out = vec![0.0_f32; ROWS * SIDE];
    let mut best = f64::INFINITY;
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(200) {
        let start = Instant::now();
        multiply(
            MatMut::from_row_major_slice_mut(&mut out, ROWS, SIDE),
            MatRef::from_row_major_slice(&left, ROWS, SIDE),
            MatRef::from_row_major_slice(&right, SIDE, SIDE),
        );
        best = best.min(start.elapsed().as_secs_f64());
    }
    // All terms are exact, so there is one right answer.
    let is_right = out.iter().all(|&sum| sum == 0.125 * SIDE as f32);
    let rate = (2 * ROWS * SIDE * SIDE) as f64 / best / 1e9;
    let words = if is_right {
        format!("{rate:.0} GFLOP/s on one core (128 × 512 × 512)")
    } else {
        "a product of matrices came out wrong".to_owned()
    };
    Finding::passes("matrix products", is_right, words)
}

/// A small run of two methods and seeds, on one and on two threads.
fn repetition() -> Finding {
    const SUBJECT: &str = "same bytes";
    let attempt = || -> Result<bool, Box<dyn std::error::Error>> {
        let data = Dataset::from(&mnist1d::generate(&Options { samples: 500, ..Options::default() })?);
        let network = Mlp::new(data.features, &[48, 32], data.classes)?;
        let names = [("lr", 0.005), ("strength", 0.02), ("alpha", 2.0), ("gamma", 0.6)];
        let hyperparameters = Hyperparameters::from(names);
        let on = |threads: usize| -> Result<Vec<Vec<u32>>, Box<dyn std::error::Error>> {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
            let runs = ["svvar", "gwd"].into_iter().flat_map(|name| [(name, 0), (name, 1)]).collect::<Vec<_>>();
            let weights = |&(name, seed): &(&str, u64)| -> Result<Vec<u32>, String> {
                let recipe = Recipe {
                    network: &network,
                    method: method::find(METHODS, name).map_err(|error| error.to_string())?,
                    optimiser: Optimiser::Adam,
                    hyperparameters: &hyperparameters,
                    epochs: 2,
                    batch: 128,
                    criterion: Criterion::Loss,
                };
                let mut generator = Generator::seeded(seed);
                let initial = network.initial(&mut generator);
                let data = Data { train: &data.train, validation: &data.test };
                let outcome = train::run(&recipe, data, initial, &mut generator).map_err(|error| error.to_string())?;
                Ok(outcome.last.iter().map(|weight| weight.to_bits()).collect())
            };
            Ok(pool.install(|| runs.par_iter().map(weights).collect::<Result<_, String>>())?)
        };
        Ok(on(1)? == on(2)?)
    };
    match attempt() {
        Ok(true) => Finding::new(SUBJECT, State::Pass, "a small run gave the same weights on 1 and on 2 threads"),
        Ok(false) => Finding::new(SUBJECT, State::Fail, "a small run gave other weights on 2 threads than on 1"),
        Err(error) => Finding::new(SUBJECT, State::Fail, format!("a small run failed: {error}")),
    }
}
