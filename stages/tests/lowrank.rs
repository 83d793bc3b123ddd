//! The low-rank experiment against PyTorch's runs of it (golden/lowrank/make.py), full decompositions, and itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use faer::Mat;
use serde::Deserialize;
use stages::linalg::leading::Leading;
use stages::lowrank::activation::Activation;
use stages::lowrank::configuration::{Configuration, LowrankError, Part, Sizes};
use stages::lowrank::measure::{loss, loss_of_all_pairs};
use stages::lowrank::network::{Network, Rates};
use stages::lowrank::observe::observe;
use stages::lowrank::problem::draw;
use stages::lowrank::protocol::{Name, Outputs, Protocol};
use stages::lowrank::rotation::Rotated;

#[derive(Deserialize)]
struct Golden {
    rows: usize,
    features: usize,
    units: usize,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    protocol: String,
    configuration: String,
    method: String,
    seed: u64,
    epochs: Vec<BTreeMap<String, f64>>,
    #[serde(rename = "final")]
    last: BTreeMap<String, f64>,
}

fn sizes(rows: usize, features: usize, units: usize) -> Sizes {
    Sizes { rows, features, units, noise: 1.0, decay: 0.0 }
}

#[test]
fn every_measurement_is_pytorchs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/lowrank/lowrank.json");
    let golden: Golden = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let sizes = sizes(golden.rows, golden.features, golden.units);
    assert!(golden.runs.len() > 20);
    for run in &golden.runs {
        let what = format!("{} {}", run.method, run.protocol);
        let configuration = Configuration::find(&run.configuration).unwrap();
        let protocol = Protocol::of(run.protocol.parse().unwrap(), configuration).unwrap();
        let rows = observe(configuration, &protocol, &sizes, run.epochs.len() as u32, run.seed).unwrap();
        let mut ours = BTreeMap::new();
        for row in rows.into_iter().filter(|row| row.method == run.method) {
            assert_eq!((row.experiment.as_str(), &row.protocol, row.seed), ("lowrank", &run.protocol, run.seed));
            ours.insert((row.epoch as usize, row.metric), row.value);
        }
        let last = run.epochs.len() - 1;
        let finals = run.last.iter().map(|(metric, value)| (last, metric, value));
        let epochs = run.epochs.iter().enumerate();
        let expected = epochs.flat_map(|(at, epoch)| epoch.iter().map(move |(metric, value)| (at, metric, value)));
        let mut compared = 0;
        for (epoch, metric, &theirs) in expected.chain(finals) {
            let ours = ours[&(epoch, metric.clone())];
            // Cosines are within the certified angle of the vector; the refit magnifies what weights differ by.
            let tolerance = match metric.as_str() {
                "data_alignment" | "residue_alignment" | "drift" => 1e-4,
                metric if metric.starts_with("final") => 1e-3 * theirs,
                _ => 1e-4 * theirs,
            };
            assert!((ours - theirs).abs() <= tolerance, "{what}, epoch {epoch}, {metric}: {ours}, PyTorch {theirs}");
            compared += 1;
        }
        assert_eq!(compared, ours.len(), "{what}: everything that is observed is compared");
    }
}

/// Gradients and weights of a run, as they come one after the other.
#[test]
fn leading_triplets_of_a_run_are_those_of_full_decompositions() {
    let sizes = sizes(90, 120, 150);
    for (name, protocol) in [
        ("A-relu", Name::AsRun),
        ("A-relu", Name::Controlled),
        ("G-sigmoid", Name::AsRun),
        ("B-sigmoid", Name::Controlled),
    ] {
        let (configuration, arm) = Configuration::find_arm(name).unwrap();
        let protocol = Protocol::of(protocol, configuration).unwrap();
        let problem = Rotated::of(&draw(configuration.part, &sizes, protocol.outputs, None, 3));
        let rates = Rates::of(configuration, arm, &sizes);
        let mut network = Network::new(&problem, arm.activation, rates, &protocol);
        let (mut of_gradient, mut of_weights) = (Leading::new(problem.rows, 2), Leading::value_only(problem.features));
        let mut fast = 0;
        for epoch in 0..12 {
            let what = format!("{name} {}, epoch {epoch}", protocol.name);
            let gradient = network.gradient();
            of_gradient.decompose(gradient);
            let svd = wide(gradient, problem.rows).thin_svd().unwrap();
            for at in 0..2 {
                let (ours, exact) = (of_gradient.values()[at], svd.S()[at]);
                assert!((ours / exact - 1.0).abs() <= 1e-4, "{what}: sigma {at} is {ours}, exactly {exact}");
            }
            let cosine: f64 = of_gradient.vector(0).iter().zip(svd.V().col(0).iter()).map(|(a, b)| a * b).sum();
            assert!(1.0 - cosine.abs() <= 1e-4, "{what}: cosine {cosine}");
            fast += usize::from(of_gradient.passes().is_some());
            network.descend();
            of_weights.decompose(network.weights());
            let (ours, exact) = (of_weights.values()[0], wide(network.weights(), problem.features).norm_l2_largest());
            assert!((ours / exact - 1.0).abs() <= 1e-4, "{what}: the weights' norm is {ours}, exactly {exact}");
            network.predict();
        }
        assert!(fast >= 9, "{name} {}: {fast} of 12 gradients without a full decomposition", protocol.name);
    }
}

fn wide(matrix: &[f32], columns: usize) -> Mat<f64> {
    Mat::from_fn(matrix.len() / columns, columns, |i, j| f64::from(matrix[i * columns + j]))
}

trait Largest {
    fn norm_l2_largest(&self) -> f64;
}

impl Largest for Mat<f64> {
    fn norm_l2_largest(&self) -> f64 {
        self.singular_values().unwrap()[0]
    }
}

#[test]
fn losses_are_means_over_their_pairs() {
    let predictions = [0.5, -1.0, 1000.25];
    let targets = [1.0_f32, 0.25, 999.0];
    let square = |i: usize, j: usize| (predictions[i] - f64::from(targets[j])).powi(2);
    let matching = (0..3).map(|i| square(i, i)).sum::<f64>() / 3.0;
    let all = (0..9).map(|pair| square(pair / 3, pair % 3)).sum::<f64>() / 9.0;
    assert!((loss(&predictions, &targets) - matching).abs() < 1e-12 * matching);
    assert!((loss_of_all_pairs(&predictions, &targets) - all).abs() < 1e-12 * all);
    // It does not see which target belongs to which prediction.
    let turned = [targets[1], targets[2], targets[0]];
    assert!((loss_of_all_pairs(&predictions, &turned) - all).abs() < 1e-12 * all);
    assert!((loss(&predictions, &turned) - matching).abs() > 1.0);
}

#[test]
fn parts_share_what_the_source_shares() {
    let sizes = sizes(20, 25, 30);
    let draws = |part, law| draw(part, &sizes, law, None, 7);
    let (first, second) = (draws(Part::First, Outputs::MinusOneOrZero), draws(Part::Second, Outputs::MinusOneOrZero));
    assert_eq!((&first.q, &first.weights, &first.outputs), (&second.q, &second.weights, &second.outputs));
    assert!(first.train.x != second.train.x && first.test.y != second.test.y && first.train != first.test);
    let third = draws(Part::Third, Outputs::Normal);
    assert!(first.q != third.q && first.weights != third.weights && first.train.x != third.train.x);
    let controlled = draws(Part::First, Outputs::Signs);
    assert_eq!((&first.train, &first.weights), (&controlled.train, &controlled.weights));
    let root = 30.0_f32.sqrt();
    for (as_run, sign) in first.outputs.iter().zip(&controlled.outputs) {
        assert!([-1.0 / root, 0.0].contains(as_run) && (sign.abs() - 1.0 / root).abs() < 1e-7);
        assert_eq!(*as_run == 0.0, *sign > 0.0);
    }
    assert_eq!(Activation::Sigmoid.exact()(0.0), 0.5);
    // Bulk and planted direction together make the rows.
    let problem = Rotated::of(&first);
    let ones = vec![1.0; 20];
    let bulk = problem.bulk_transposed(&ones);
    let planted: f64 = first.train.planted.iter().map(|&share| f64::from(share)).sum();
    let sums = (0..25).map(|column| {
        let sum: f64 = first.train.x.iter().skip(column).step_by(25).map(|&x| f64::from(x)).sum();
        sum - planted * f64::from(first.q[column])
    });
    let (turned, plain): (f64, f64) = (bulk.iter().map(|x| x * x).sum(), sums.map(|x| x * x).sum());
    assert!((turned / plain - 1.0).abs() < 1e-5, "{turned}, {plain}");
}

#[test]
fn protocols_of_configurations() {
    let find = |id| Configuration::find(id).unwrap();
    assert!(matches!(Configuration::find("J"), Err(LowrankError::UnknownConfiguration(_))));
    let as_run = Protocol::of(Name::AsRun, find("A")).unwrap();
    assert_eq!((as_run.gamma_power, as_run.outputs), (2, Outputs::MinusOneOrZero));
    assert!(matches!(Protocol::of(Name::AsPublished, find("H")), Err(LowrankError::NotUnderProtocol("H", _))));
    let as_published = Protocol::of(Name::AsPublished, find("I")).unwrap();
    assert_eq!((as_published.gamma_power, as_published.outputs), (1, Outputs::Normal));
}

/// The stage program's whole output, in configurations whose runs go side by side in either way.
#[test]
fn tables_are_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let parameters = folder.path().join("parameters.json");
    let text = r#"{"params.yaml": {"lowrank": {"rows": 40, "features": 50, "units": 60, "noise": 1.0, "decay": 0.5,
        "epochs": {"A": 6, "I": 4}}}}"#;
    std::fs::write(&parameters, text).unwrap();
    for (protocol, config) in [("as-run", "A"), ("controlled", "I")] {
        let tables = ["1", "2", "2"].map(|threads| {
            let out = folder.path().join("table.parquet");
            let mut command = Command::new(env!("CARGO_BIN_EXE_retrial"));
            command.args(["stage", "lowrank", "--protocol", protocol, "--config", config, "--seeds", "0-2", "--out"]);
            command.arg(&out).env("RETRIAL_PARAMS", &parameters).env("RAYON_NUM_THREADS", threads);
            let done = command.output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            std::fs::read(out).unwrap()
        });
        assert!(tables[0] == tables[1] && tables[1] == tables[2], "{protocol} {config}");
    }
}
