//! svdgrad's protocols. `methods/svdgrad.rs` has the method; its arms have the published names.
//!
//! The published code judged trials and curves on the test part; as-run and as-stated differ only in the scale of the
//! reported loss, which is here that of all experiments.

use super::protocol::{Arm, DataSource, Experiment, HyperparameterSource, Judge, Name, Protocol};
use crate::parameters::{ParameterError, Parameters};
use crate::train::{Criterion, Optimiser};

/// Its row in the table of experiments.
pub const EXPERIMENT: Experiment =
    Experiment { name: "svdgrad", arms: ARMS, data: |parameters| parameters.get("mnist1d"), protocol };

const ARMS: &[Arm] = &[
    Arm { name: "adam", hyperparameters_of: "adam", ..Arm::of("baseline") },
    Arm { name: "svd", hyperparameters_of: "svd", ..Arm::of("svdgrad") },
    // The equal-learning-rate control: is it the truncation, or the learning rate that was tuned along with it?
    Arm { name: "adam-at-svd", hyperparameters_of: "svd", ..Arm::of("baseline") },
];

fn protocol(name: Name, parameters: &Parameters) -> Result<Protocol, ParameterError> {
    let (data, judge, hyperparameters) = match name {
        Name::AsRun | Name::AsStated => {
            let published = EXPERIMENT.published(parameters)?;
            (DataSource::Fixed, Judge::Test, HyperparameterSource::Published(published))
        }
        Name::Controlled => {
            let (data, judge) = EXPERIMENT.controlled(parameters)?;
            (data, judge, HyperparameterSource::Tuned)
        }
    };
    Ok(Protocol {
        experiment: EXPERIMENT.name,
        name,
        hidden: parameters.get("svdgrad.hidden")?,
        optimiser: Optimiser::Adam,
        batch: parameters.get("svdgrad.batch")?,
        epochs: parameters.get("svdgrad.epochs")?,
        data,
        judge,
        criterion: Criterion::Loss,
        hyperparameters,
        arms: ARMS.to_vec(),
    })
}
