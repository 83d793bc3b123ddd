//! A device against the CPU: do blocks of runs come out as the same runs one by one, always alike, and how fast?

use std::time::Instant;

use candle_core::{Device, Tensor};
use thiserror::Error;

use super::{Finding, State};
use crate::data::dataset::Dataset;
use crate::data::mnist1d::{self, Options, OptionsError};
use crate::device::block::{self, BlockError, Run};
use crate::device::network;
use crate::device::open::open;
use crate::device::place::{Place, PlaceError};
use crate::methods::METHODS;
use crate::methods::method::{self, Hyperparameters, UnknownMethod};
use crate::nn::mlp::{EmptyLayer, Mlp};
use crate::random::torch::Generator;
use crate::train::{self, Criterion, Data, Optimiser, Recipe, StepLosses, TrainError};

/// How large the runs are that are compared.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub samples: usize,
    /// Units in the hidden layers of gwd's networks, and of the others'.
    pub wide: usize,
    pub narrow: usize,
    /// Runs in the block whose speed is measured.
    pub block: usize,
}

/// That of the published experiments.
pub const PUBLISHED: Size = Size { samples: 5_000, wide: 512, narrow: 128, block: 16 };

/// Why a device cannot be examined at all.
#[derive(Debug, Error)]
pub enum ExamineError {
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error(transparent)]
    Data(#[from] OptionsError),
    #[error(transparent)]
    Network(#[from] EmptyLayer),
    #[error(transparent)]
    Method(#[from] UnknownMethod),
}

/// A method at its published hyper-parameters.
struct Case {
    name: &'static str,
    method: &'static str,
    is_wide: bool,
    hyperparameters: &'static [(&'static str, f64)],
    /// How far the validation loss after an epoch may be off, relatively.
    after_epoch: f64,
}

/// What may lie between the losses of a step: this, and after the first one so many times what lies between the CPU's own
/// losses when the last bits of the first weights are others.
const TOLERANCE: f64 = 1e-5;
const TIMES_CHAOS: f64 = 10.0;

/// For how many steps losses are compared.
const STEPS: usize = 20;

/// The seeds that are compared.
const SEEDS: usize = 3;

/// For how many epochs speed is measured: enough for the way of the data to the device to count for little, as in a study.
const EPOCHS: u32 = 5;

const CASES: &[Case] = &[
    Case {
        name: "baseline (Adam)",
        method: "baseline",
        is_wide: false,
        hyperparameters: &[("lr", 0.0042)],
        after_epoch: 1e-5,
    },
    Case {
        name: "svvar",
        method: "svvar",
        is_wide: false,
        hyperparameters: &[("lr", 0.0021), ("strength", 0.0422)],
        after_epoch: 1e-5,
    },
    Case {
        name: "svdgrad",
        method: "svdgrad",
        is_wide: false,
        hyperparameters: &[("lr", 0.0096), ("k", 9.0)],
        after_epoch: 1e-5,
    },
    Case {
        name: "iwsva",
        method: "iwsva",
        is_wide: false,
        hyperparameters: &[("lr", 0.005), ("strength", 0.01), ("k", 5.0)],
        after_epoch: 1e-2,
    },
    Case {
        name: "baseline (AdamW)",
        method: "baseline",
        is_wide: true,
        hyperparameters: &[("lr", 0.0052), ("weight_decay", 0.087)],
        after_epoch: 2e-2,
    },
    Case {
        name: "decorr",
        method: "decorr",
        is_wide: true,
        hyperparameters: &[("lr", 0.00356), ("weight_decay", 0.0629), ("alpha", 1.342)],
        after_epoch: 2e-2,
    },
    Case {
        name: "gwd",
        method: "gwd",
        is_wide: true,
        hyperparameters: &[("lr", 0.00562), ("weight_decay", 0.001187), ("alpha", 9.586), ("gamma", 0.6156)],
        after_epoch: 2e-2,
    },
];

/// Examines the device; one finding a line.
pub fn examine(place: Place, size: &Size) -> Result<Vec<Finding>, ExamineError> {
    let device = open(place)?;
    let mut findings = vec![Finding::new("device", State::Pass, format!("{place} opened{}", memory_in_words(&device)))];
    let data = Dataset::from(&mnist1d::generate(&Options { samples: size.samples, ..Options::default() })?);
    let narrow = Mlp::new(data.features, &[size.narrow; 2], data.classes)?;
    let wide = Mlp::new(data.features, &[size.wide; 2], data.classes)?;
    findings.push(streams(&narrow, &data, &device));
    for case in CASES {
        let hyperparameters =
            Hyperparameters(case.hyperparameters.iter().map(|&(name, value)| (name.to_owned(), value)).collect());
        let recipe = Recipe {
            network: if case.is_wide { &wide } else { &narrow },
            method: method::find(METHODS, case.method)?,
            optimiser: if case.is_wide { Optimiser::AdamW } else { Optimiser::Adam },
            hyperparameters: &hyperparameters,
            epochs: 1,
            batch: 128,
            criterion: Criterion::Loss,
        };
        let data = Data { train: &data.train, validation: &data.test };
        findings.extend(compare(case, &recipe, data, size, &device).unwrap_or_else(|error| {
            vec![Finding::new(case.name, State::Fail, format!("could not be trained: {error}"))]
        }));
    }
    Ok(findings)
}

/// What is drawn on the CPU arrives: weights, and the rows that an order names.
fn streams(network: &Mlp, data: &Dataset, device: &Device) -> Finding {
    let attempt = || -> candle_core::Result<bool> {
        let mut generator = Generator::seeded(42);
        let weights: Vec<Vec<f32>> = (0..SEEDS).map(|_| network.initial(&mut generator)).collect();
        let arrived = network::upload(network, &weights, device)?.to_vec2::<f32>()?;
        let order = generator.permutation(data.train.len());
        let x = Tensor::from_slice(&data.train.x, (data.train.len(), data.features), device)?;
        let rows = x.index_select(&Tensor::from_slice(&order, order.len(), device)?, 0)?.to_vec2::<f32>()?;
        let expected = order.iter().map(|&row| &data.train.x[row as usize * data.features..][..data.features]);
        Ok(arrived == weights && rows.iter().zip(expected).all(|(row, expected)| row == expected))
    };
    let (passes, words) = match attempt() {
        Ok(true) => (true, "the CPU's initial weights and orders of examples arrive bit for bit".to_owned()),
        Ok(false) => (false, "weights or examples came back changed".to_owned()),
        Err(error) => (false, error.to_string()),
    };
    Finding::passes("random streams", passes, words)
}

fn compare<'a>(
    case: &Case,
    recipe: &Recipe<'a>,
    data: Data<'a>,
    size: &Size,
    device: &Device,
) -> Result<Vec<Finding>, BlockError> {
    let runs = |count: usize| -> Vec<Run<'a>> {
        let run = |seed| {
            let mut generator = Generator::seeded(seed);
            Run { recipe: *recipe, data, initial: recipe.network.initial(&mut generator), generator }
        };
        (0..count as u64).map(run).collect()
    };
    let alone = |mut run: Run<'_>| -> Result<_, TrainError> {
        let steps = train::steps(recipe, data, run.initial.clone(), &mut run.generator.clone(), STEPS)?;
        Ok((steps, train::run(recipe, data, run.initial, &mut run.generator)?))
    };
    let expected = runs(SEEDS).into_iter().map(alone).collect::<Result<Vec<_>, _>>()?;

    let steps = block::steps(runs(SEEDS), device, STEPS)?;
    let outcomes = block::train(runs(SEEDS), device)?;
    let (mut off, mut chaos, mut after_epoch) = (vec![0.0; STEPS], vec![0.0; STEPS], 0.0);
    for (run, ((expected, steps), outcome)) in runs(SEEDS).iter().zip(expected.iter().zip(&steps).zip(&outcomes)) {
        widen(&mut off, &expected.0, steps);
        for every in [1, 2, 3] {
            let flip = |(at, weight): (usize, &f32)| f32::from_bits(weight.to_bits() ^ u32::from(at % every == 0));
            let initial = run.initial.iter().enumerate().map(flip).collect();
            let nearby = train::steps(recipe, data, initial, &mut run.generator.clone(), STEPS)?;
            widen(&mut chaos, &expected.0, &nearby);
        }
        for (expected, epoch) in expected.1.epochs.iter().zip(&outcome.epochs) {
            after_epoch = larger(after_epoch, apart(expected.val_loss, epoch.val_loss));
        }
    }
    // Each step against what has become of the last bits by then; at the first one that is nothing yet.
    let allowed = |step: usize| TOLERANCE + if step == 0 { 0.0 } else { TIMES_CHAOS * chaos[step] };
    let agrees = off.iter().enumerate().all(|(step, &off)| off <= allowed(step));
    let allowed_after_epoch = case.after_epoch;
    let at = |step: usize| format!("step {} within {:.1e} (allowed {:.1e})", step + 1, off[step], allowed(step));
    let shown: Vec<String> = [0, STEPS / 4 - 1, STEPS - 1].map(at).into();
    let agreement = Finding::passes(
        format!("{}: as on the CPU", case.name),
        agrees && after_epoch <= allowed_after_epoch,
        format!(
            "losses of {SEEDS} seeds: up to {}; validation loss after an epoch within {after_epoch:.1e} (allowed \
             {allowed_after_epoch:.0e})",
            shown.join(", ")
        ),
    );

    let again = block::steps(runs(SEEDS), device, STEPS)? == steps && block::train(runs(SEEDS), device)? == outcomes;
    let words = if again { "the same bits in two runs" } else { "other bits in a second run" };
    let repetition = Finding::passes(format!("{}: repeats", case.name), again, words);

    let block = size.block.max(1);
    let longer = |run: Run<'a>| Run { recipe: Recipe { epochs: EPOCHS, ..run.recipe }, ..run };
    let start = Instant::now();
    for mut run in runs(1).into_iter().map(longer) {
        train::run(&run.recipe, data, run.initial, &mut run.generator)?;
    }
    let one_on_cpu = start.elapsed().as_secs_f64();
    let free_before = free_memory(device);
    let start = Instant::now();
    block::train(runs(block).into_iter().map(longer).collect(), device)?;
    let together = start.elapsed().as_secs_f64();
    let ratio = block as f64 * one_on_cpu / together;
    let memory = match (free_before, free_memory(device)) {
        (Some(before), Some(after)) => format!("; {} MiB more in use after it", before.saturating_sub(after) >> 20),
        _ => String::new(),
    };
    let words = format!("{block} seeds at once {ratio:.2} times as fast as one after another on one core{memory}");
    Ok(vec![agreement, repetition, Finding::new(format!("{}: speed", case.name), State::Note, words)])
}

/// Raises, for each step, the largest difference of losses up to there.
fn widen(largest: &mut [f64], expected: &[StepLosses], found: &[StepLosses]) {
    let mut so_far = 0.0;
    for (largest, (expected, found)) in largest.iter_mut().zip(expected.iter().zip(found)) {
        so_far = larger(so_far, apart(expected.cross_entropy, found.cross_entropy));
        so_far = larger(so_far, apart(expected.penalty, found.penalty));
        *largest = larger(*largest, so_far);
    }
}

/// The relative difference.
fn apart(expected: f64, found: f64) -> f64 {
    if expected == found { 0.0 } else { (found - expected).abs() / expected.abs() }
}

/// The larger one, or NaN if either is.
fn larger(left: f64, right: f64) -> f64 {
    if left > right || left.is_nan() { left } else { right }
}

fn memory_in_words(device: &Device) -> String {
    free_memory(device)
        .map_or_else(String::new, |free| format!(", {:.1} GiB of memory free", free as f64 / f64::from(1 << 30)))
}

/// Bytes of the device's memory that nobody uses, where it tells.
#[cfg(feature = "cuda")]
fn free_memory(device: &Device) -> Option<usize> {
    use candle_core::cuda_backend::cudarc::driver::result::mem_get_info;
    device.synchronize().ok()?;
    if device.is_cuda() { mem_get_info().ok().map(|(free, _)| free) } else { None }
}

#[cfg(not(feature = "cuda"))]
fn free_memory(_: &Device) -> Option<usize> {
    None
}
