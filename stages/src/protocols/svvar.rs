//! svvar's protocols. `methods/svvar.rs` has the method.
//!
//! The published code trained the baseline, then went on from its weights with the penalty, and compared the two last
//! epochs; trials and curves were judged on the test part. As-stated starts both from the same fresh weights.

use super::protocol::{Arm, DataSource, Experiment, HyperparameterSource, Judge, Name, Protocol, Start};
use crate::parameters::{ParameterError, Parameters};
use crate::train::{Criterion, Optimiser};

/// Its row in the table of experiments.
pub const EXPERIMENT: Experiment =
    Experiment { name: "svvar", arms: ARMS, data: |parameters| parameters.get("mnist1d"), protocol };

const ARMS: &[Arm] = &[
    Arm::of("baseline"),
    Arm::of("svvar"),
    // The equal-learning-rate control: is it the penalty, or the learning rate that was tuned along with it?
    Arm { name: "baseline-at-svvar", hyperparameters_of: "svvar", ..Arm::of("baseline") },
];

fn protocol(name: Name, parameters: &Parameters) -> Result<Protocol, ParameterError> {
    let published = || EXPERIMENT.published(parameters).map(HyperparameterSource::Published);
    let mut arms = ARMS.to_vec();
    let (data, judge, hyperparameters) = match name {
        Name::AsRun => {
            arms[1].start = Start::Trained { arm: "baseline" };
            (DataSource::Fixed, Judge::Test, published()?)
        }
        Name::AsStated => (DataSource::Fixed, Judge::Test, published()?),
        Name::Controlled => {
            let (data, judge) = EXPERIMENT.controlled(parameters)?;
            (data, judge, HyperparameterSource::Tuned)
        }
    };
    Ok(Protocol {
        experiment: EXPERIMENT.name,
        name,
        hidden: parameters.get("svvar.hidden")?,
        optimiser: Optimiser::Adam,
        batch: parameters.get("svvar.batch")?,
        epochs: parameters.get("svvar.epochs")?,
        data,
        judge,
        criterion: Criterion::Loss,
        hyperparameters,
        arms,
    })
}
