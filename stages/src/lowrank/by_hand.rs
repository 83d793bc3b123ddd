//! One run by hand: any network, any length, other rates; for development, and to compare with other implementations.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Serialize;

use super::NAME;
use super::configuration::{Configuration, LowrankError, Sizes};
use super::measure::Epoch;
use super::network::Rates;
use super::problem;
use super::protocol::{Name, Protocol};
use super::rotation::Rotated;
use super::run;
use crate::parameters::Parameters;
use crate::protocols::seeds::Streams;

/// What is to be run.
#[derive(Debug, Clone)]
pub struct Request {
    pub protocol: Name,
    /// The name of a network, such as A-relu.
    pub method: String,
    pub seed: u64,
    /// In place of the configuration's number.
    pub epochs: Option<u32>,
    /// Values in place of the published ones: `lr`, `gamma`, and `nu`, the planted direction's exponent.
    pub hyperparameters: Vec<(String, f64)>,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    pub experiment: &'static str,
    pub protocol: Name,
    pub method: &'static str,
    pub seed: u64,
    pub hp: BTreeMap<&'static str, f64>,
    pub epochs: usize,
    /// By metric, one value an epoch.
    #[serde(flatten)]
    pub series: BTreeMap<&'static str, Vec<f64>>,
    #[serde(rename = "final")]
    pub scores: BTreeMap<&'static str, f64>,
    /// That the training took, with all that is measured every epoch and the refit, but not what came before.
    pub seconds: f64,
}

/// Draws the problem, and trains once.
pub fn train(request: &Request, parameters: &Parameters) -> Result<Run, LowrankError> {
    let (configuration, arm) = Configuration::find_arm(&request.method)?;
    let protocol = Protocol::of(request.protocol, configuration)?;
    Streams::of_final_run(request.seed)?;
    let sizes = Sizes::read(parameters)?;
    let mut rates = Rates::of(configuration, arm, &sizes);
    let mut spike = configuration.part.spike();
    for (name, value) in &request.hyperparameters {
        match name.as_str() {
            "lr" => rates.lr = *value,
            "gamma" => rates.gamma = *value,
            "nu" => spike = *value,
            _ => return Err(LowrankError::UnknownHyperparameter(name.clone())),
        }
    }
    let epochs = request.epochs.map_or_else(|| configuration.epochs(parameters), Ok)?;
    let drawn = problem::draw(configuration.part, &sizes, protocol.outputs, Some(spike), request.seed);
    let problem = Rotated::of(&drawn);

    let start = Instant::now();
    let outcome = run::train(&problem, arm, rates, &protocol, epochs);
    let seconds = start.elapsed().as_secs_f64();

    let mut series: BTreeMap<_, Vec<f64>> = Epoch::default().metrics().map(|(metric, _)| (metric, Vec::new())).into();
    for (metric, value) in outcome.epochs.iter().flat_map(Epoch::metrics) {
        series.entry(metric).or_default().push(value);
    }
    let mut scores: BTreeMap<_, _> = outcome.epochs.last().map(Epoch::metrics).into_iter().flatten().collect();
    scores.insert("final_test_loss", outcome.refit.test_loss);
    scores.insert("final_test_loss_as_run", outcome.refit.test_loss_as_run);
    Ok(Run {
        experiment: NAME,
        protocol: request.protocol,
        method: arm.name,
        seed: request.seed,
        hp: BTreeMap::from([("lr", rates.lr), ("gamma", rates.gamma), ("nu", spike)]),
        epochs: outcome.epochs.len(),
        series,
        scores,
        seconds,
    })
}
