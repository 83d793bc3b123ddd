//! Final runs: a configuration under a protocol, one seed -> rows of the table that statistics read.
//!
//! Epochs count from 0, as the source's do. A network's rows have its name as their method; those of the angles between I's
//! two have `I`, since they belong to both.

use super::NAME;
use super::configuration::{Configuration, LowrankError, Sizes};
use super::network::Rates;
use super::problem;
use super::protocol::Protocol;
use super::rotation::Rotated;
use super::run::{self, Outcome};
use crate::protocols::seeds::Streams;
use crate::side_by_side::side_by_side;
use crate::table::Observation;

/// Every epoch's measurements of both networks, and at the last epoch the test loss after the refit.
pub fn observe(
    configuration: &Configuration,
    protocol: &Protocol,
    sizes: &Sizes,
    epochs: u32,
    seed: u64,
) -> Result<Vec<Observation>, LowrankError> {
    Streams::of_final_run(seed)?;
    let problem = Rotated::of(&problem::draw(configuration.part, sizes, protocol.outputs, None, seed));
    let row = |method: &str, epoch: usize, metric: &str, value: f64| Observation {
        experiment: NAME.to_owned(),
        protocol: protocol.name.to_string(),
        method: method.to_owned(),
        seed,
        epoch: epoch as u32,
        metric: metric.to_owned(),
        value,
    };
    let (outcomes, angles) = if configuration.has_angles() {
        let (outcomes, angles) = run::train_both(&problem, configuration, sizes, protocol, epochs);
        (outcomes.to_vec(), angles)
    } else {
        let outcomes = side_by_side(&configuration.arms, |arm| {
            let rates = Rates::of(configuration, arm, sizes);
            Ok::<Outcome, LowrankError>(run::train(&problem, arm, rates, protocol, epochs))
        });
        (outcomes?, Vec::new())
    };

    let mut rows = Vec::new();
    for (arm, outcome) in configuration.arms.iter().zip(outcomes) {
        for (at, epoch) in outcome.epochs.iter().enumerate() {
            rows.extend(epoch.metrics().map(|(metric, value)| row(arm.name, at, metric, value)));
        }
        let last = outcome.epochs.len().saturating_sub(1);
        rows.push(row(arm.name, last, "final_test_loss", outcome.refit.test_loss));
        rows.push(row(arm.name, last, "final_test_loss_as_run", outcome.refit.test_loss_as_run));
    }
    for (at, angles) in angles.iter().enumerate() {
        rows.push(row(configuration.id, at, "angle_mean", angles.mean));
        rows.push(row(configuration.id, at, "angle_mean_complement", angles.mean_complement));
    }
    Ok(rows)
}
