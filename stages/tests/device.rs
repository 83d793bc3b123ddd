//! Blocks of runs against the same runs one by one; here on the CPU, where both can be computed.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use serde_json::{Value, json};
use stages::data::dataset::Dataset;
use stages::data::mnist1d::{self, Options};
use stages::device::block::{self, Run};
use stages::device::place::Place;
use stages::device::variance::polar_factor;
use stages::doctor::State;
use stages::doctor::device::{Size, examine};
use stages::linalg::polar::Polar;
use stages::methods::METHODS;
use stages::methods::method::{Hyperparameters, find};
use stages::nn::mlp::Mlp;
use stages::parameters::Parameters;
use stages::protocols::EXPERIMENTS;
use stages::protocols::on_device;
use stages::protocols::protocol::{self, Name};
use stages::protocols::runs::Finals;
use stages::random::torch::Generator;
use stages::table::Observation;
use stages::train::{self, Criterion, Data, Optimiser, Outcome, Recipe, StepLosses};

/// 560 examples for training, so that the last batch of an epoch is smaller, and more units in one hidden layer than in a batch.
struct Setting {
    network: Mlp,
    /// Others for each run.
    data: Vec<Dataset>,
    hyperparameters: Vec<Hyperparameters>,
}

impl Setting {
    fn new() -> Self {
        let hyperparameters = |run: u32| {
            let more = f64::from(run);
            Hyperparameters::from([
                ("lr", 0.002 + 0.001 * more),
                ("weight_decay", 0.01 * more),
                ("strength", 0.02 + 0.01 * more),
                ("k", 3.0 + more),
                ("alpha", 1.0 + more),
                ("gamma", 0.6 + 0.3 * more),
            ])
        };
        let data =
            |seed| Dataset::from(&mnist1d::generate(&Options { samples: 700, seed, ..Options::default() }).unwrap());
        Self {
            data: (0..3).map(data).collect(),
            network: Mlp::new(40, &[150, 60], 10).unwrap(),
            hyperparameters: (0..3).map(hyperparameters).collect(),
        }
    }

    fn runs(&self, method: &str, epochs: u32) -> Vec<Run<'_>> {
        let run = |seed: usize| {
            let (hyperparameters, data) = (&self.hyperparameters[seed], &self.data[seed]);
            let recipe = Recipe {
                network: &self.network,
                method: find(METHODS, method).unwrap(),
                optimiser: Optimiser::AdamW,
                hyperparameters,
                epochs,
                batch: 128,
                criterion: Criterion::Loss,
            };
            let mut generator = Generator::seeded(seed as u64);
            let initial = self.network.initial(&mut generator);
            Run { recipe, data: Data { train: &data.train, validation: &data.test }, initial, generator }
        };
        (0..self.data.len()).map(run).collect()
    }
}

fn steps_alone(run: &Run, count: usize) -> Vec<StepLosses> {
    train::steps(&run.recipe, run.data, run.initial.clone(), &mut run.generator.clone(), count).unwrap()
}

fn alone(run: &Run) -> Outcome {
    train::run(&run.recipe, run.data, run.initial.clone(), &mut run.generator.clone()).unwrap()
}

fn apart(left: f64, right: f64) -> f64 {
    if left == right { 0.0 } else { (left - right).abs() / left.abs() }
}

/// For how many steps a method's losses stay together here. Under decorr the gradients of units that hardly any example
/// activates are rounding, and Adam's first steps are as long for these as for all others: a last bit of the first
/// weights moves the losses as far.
fn steps_within_tolerance(method: &str) -> usize {
    match method {
        "decorr" => 5,
        _ => 20,
    }
}

/// The losses of a run whose first weights have another last bit.
fn steps_nearby(run: &Run, count: usize) -> Vec<StepLosses> {
    let initial = run.initial.iter().map(|weight| f32::from_bits(weight.to_bits() ^ 1)).collect();
    steps_alone(&Run { initial, ..run.clone() }, count)
}

/// Twenty steps, which is four epochs; then the scores of an epoch.
#[test]
fn a_block_is_its_runs_one_by_one() {
    let setting = Setting::new();
    for method in METHODS {
        let runs = setting.runs(method.name, 1);
        let together = block::steps(runs.clone(), &Device::Cpu, 20).unwrap();
        for (seed, (run, together)) in runs.iter().zip(&together).enumerate() {
            let (alone, nearby) = (steps_alone(run, 20), steps_nearby(run, 20));
            assert_eq!(together.len(), 20);
            let mut chaos = 0.0_f64;
            for (at, ((alone, nearby), together)) in alone.iter().zip(&nearby).zip(together).enumerate() {
                let what = format!("{} seed {seed} step {at}: {alone:?}, {together:?}", method.name);
                let of = |other: &StepLosses| {
                    let losses = apart(alone.cross_entropy, other.cross_entropy);
                    losses.max(apart(alone.penalty, other.penalty))
                };
                chaos = chaos.max(of(nearby));
                let allowed = if at < steps_within_tolerance(method.name) { 1e-5 } else { 1e-5 + 10.0 * chaos };
                assert!(of(together) <= allowed, "{what}, allowed {allowed}");
            }
        }
        let outcomes = block::train(runs.clone(), &Device::Cpu).unwrap();
        for (seed, (run, together)) in runs.iter().zip(&outcomes).enumerate() {
            let alone = alone(run);
            let (expected, epoch) = (alone.epochs[0], together.epochs[0]);
            let what = format!("{} seed {seed}: {expected:?}, {epoch:?}", method.name);
            assert!(apart(expected.train_loss, epoch.train_loss) <= 1e-5, "{what}");
            assert!(apart(expected.val_loss, epoch.val_loss) <= 1e-5, "{what}");
            assert_eq!(expected.val_accuracy, epoch.val_accuracy, "{what}");
            let best = (alone.best.unwrap(), together.best.as_ref().unwrap());
            assert_eq!((best.0.epoch, &best.1.parameters), (best.1.epoch, &together.last), "{what}");
            let furthest = alone.last.iter().zip(&together.last).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(furthest < 1e-4, "{what}: weights differ by {furthest}");
        }
    }
}

/// The tables of final runs: from fresh weights, from those of another arm's run, and with a sealed test part.
#[test]
fn the_observations_of_a_block_are_those_of_its_seeds() {
    let Value::Object(settings) = json!({
        "mnist1d": {"samples": 400},
        "svvar.hidden": [16, 12], "svvar.batch": 50, "svvar.epochs": 2,
        "svvar.published": {"baseline": {"lr": 0.01}, "svvar": {"lr": 0.005, "strength": 0.1}},
        "svvar.controlled": {"generate_data": true, "validation_share": 0.2},
    }) else {
        unreachable!()
    };
    let parameters = Parameters::from_map(settings);
    let data = Dataset::from(&mnist1d::generate(&parameters.get("mnist1d").unwrap()).unwrap());
    let tunings = |rates: [f64; 2]| rates.map(|lr| Hyperparameters::from([("lr", lr), ("strength", 0.1)])).to_vec();
    let svvar = protocol::find(EXPERIMENTS, "svvar").unwrap();
    for (name, arm) in [(Name::AsRun, "baseline"), (Name::AsRun, "svvar"), (Name::Controlled, "svvar")] {
        let protocol = (svvar.protocol)(name, &parameters).unwrap();
        let arm = protocol.arm(arm).unwrap().clone();
        let tuned = BTreeMap::from([("svvar".to_owned(), tunings([0.003, 0.006]))]);
        let finals = Finals { protocol, data: Some(data.clone()), tuned };
        let seeds = [4, 7, 9];
        let together = on_device::observe(&finals, &arm, &seeds, &Device::Cpu).unwrap();
        assert_eq!(together.len(), seeds.len());
        for (&seed, together) in seeds.iter().zip(together) {
            let alone = finals.observe(&arm, seed).unwrap();
            assert_eq!(alone.rows.len(), together.rows.len());
            for (alone, together) in alone.rows.iter().zip(together.rows) {
                assert!(apart(alone.value, together.value) <= 1e-5, "{alone:?}, {together:?}");
                assert_eq!(alone, &Observation { value: alone.value, ..together });
            }
            assert_eq!(alone.predictions, together.predictions);
        }
    }
}

/// What a run comes to does not depend on who is trained with it, beyond the last bits of products.
#[test]
fn a_run_that_diverges_leaves_the_others_alone() {
    let mut setting = Setting::new();
    let sound = block::train(setting.runs("svvar", 3), &Device::Cpu).unwrap();
    setting.hyperparameters[1].0.insert("lr".to_owned(), 1e20);
    let outcomes = block::train(setting.runs("svvar", 3), &Device::Cpu).unwrap();
    let failed = &outcomes[1];
    assert_eq!(failed.epochs.len(), 3);
    assert!(failed.epochs.iter().all(|epoch| epoch.train_loss.is_nan() && epoch.val_accuracy.is_nan()));
    assert!(failed.best.is_none() && failed.last.iter().any(|weight| !weight.is_finite()));
    for run in [0, 2] {
        assert_eq!(outcomes[run], sound[run]);
        assert_eq!(outcomes[run].epochs.len(), 3);
    }
}

#[test]
fn runs_that_cannot_be_a_block_are_refused() {
    let setting = Setting::new();
    let other = Mlp::new(40, &[8], 10).unwrap();
    let mut runs = setting.runs("baseline", 1);
    runs[1].recipe.network = &other;
    runs[1].initial = vec![0.0; other.parameters()];
    let error = block::steps(runs, &Device::Cpu, 1).unwrap_err().to_string();
    assert_eq!(error, "runs that are trained together need the same network");
    let mut runs = setting.runs("baseline", 1);
    runs[2].recipe.batch = 64;
    assert!(block::train(runs, &Device::Cpu).unwrap_err().to_string().contains("batch size"));
    let nothing = Hyperparameters::default();
    let mut runs = setting.runs("svvar", 1);
    runs[0].recipe.hyperparameters = &nothing;
    assert!(block::train(runs, &Device::Cpu).unwrap_err().to_string().contains("hyper-parameter"));
    assert_eq!(block::train(Vec::new(), &Device::Cpu).unwrap(), []);
}

/// Well and badly conditioned, tall and wide, and 0.
#[test]
fn polar_factors_are_those_of_the_cpu() {
    for (rows, columns) in [(24, 24), (40, 12), (10, 32)] {
        let mut generator = Generator::seeded(7);
        let mut matrices = vec![vec![0.0; rows * columns]; 3];
        for matrix in &mut matrices[..2] {
            generator.fill_normal_f32(matrix, 0.0, 1.0);
        }
        // Columns and rows from 1 down to 1e-4.
        for (at, element) in matrices[1].iter_mut().enumerate() {
            let along = if rows < columns { at / columns } else { at % columns };
            *element *= 10_f32.powf(-4.0 * along as f32 / rows.min(columns) as f32);
        }
        let block = Tensor::from_vec(matrices.concat(), (3, rows, columns), &Device::Cpu).unwrap();
        let factors = polar_factor(&block).unwrap().flatten_from(1).unwrap().to_vec2::<f32>().unwrap();
        for ((matrix, factor), tolerance) in matrices.iter().zip(&factors).zip([1e-5, 1e-4, 0.0]) {
            let mut polar = Polar::new(rows, columns);
            polar.decompose(matrix);
            let pairs = factor.iter().zip(polar.factor());
            let furthest = pairs.map(|(ours, cpu)| (ours - cpu).abs()).fold(0.0, f32::max);
            assert!(furthest <= tolerance, "{rows} × {columns}: {furthest}, allowed {tolerance}");
        }
    }
}

#[test]
fn the_doctor_finds_the_cpu_in_agreement_with_itself() {
    let size = Size { samples: 700, wide: 64, narrow: 48, block: 2 };
    let findings = examine(Place::Cpu, &size).unwrap();
    assert_eq!(findings.len(), 2 + 3 * 7);
    for finding in &findings {
        assert_ne!(finding.state, State::Fail, "{finding:?}");
    }
}

#[test]
fn devices_have_names() {
    for (text, place) in
        [("cpu", Place::Cpu), ("cuda:0", Place::Cuda(0)), ("cuda:12", Place::Cuda(12)), ("metal", Place::Metal)]
    {
        let read: Place = text.parse().unwrap();
        assert_eq!((read, read.to_string().as_str()), (place, text));
    }
    for text in ["gpu", "cuda", "cuda:", "cuda:+1", "cuda:-1", "CPU", ""] {
        assert!(text.parse::<Place>().is_err(), "{text}");
    }
}
