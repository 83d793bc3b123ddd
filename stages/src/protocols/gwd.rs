//! gwd's protocols. `methods/gwd.rs` and `methods/decorr.rs` have the methods.
//!
//! The published code held out the last fifth of the training part, kept the weights of the first epoch with the best
//! accuracy there, and scored the test part once with them: as-run and as-stated are the same. All of it was done with
//! one seed, 42.

use super::protocol::{Arm, DataSource, Experiment, HyperparameterSource, Judge, Name, Protocol};
use crate::parameters::{ParameterError, Parameters};
use crate::train::{Criterion, Optimiser};

/// Its row in the table of experiments.
pub const EXPERIMENT: Experiment =
    Experiment { name: "gwd", arms: ARMS, data: |parameters| parameters.get("mnist1d"), protocol };

const ARMS: &[Arm] = &[
    Arm::of("baseline"),
    Arm::of("decorr"),
    Arm::of("gwd"),
    // The controls: is it the penalty, or the learning rate and decay that were tuned along with it?
    Arm { name: "baseline-at-decorr", hyperparameters_of: "decorr", ..Arm::of("baseline") },
    Arm { name: "baseline-at-gwd", hyperparameters_of: "gwd", ..Arm::of("baseline") },
];

fn protocol(name: Name, parameters: &Parameters) -> Result<Protocol, ParameterError> {
    let (data, judge, hyperparameters) = match name {
        Name::AsRun | Name::AsStated => {
            let published = EXPERIMENT.published(parameters)?;
            let judge = Judge::LastRows { share: parameters.get("gwd.held_out_share")? };
            (DataSource::Fixed, judge, HyperparameterSource::Published(published))
        }
        Name::Controlled => {
            let (data, judge) = EXPERIMENT.controlled(parameters)?;
            (data, judge, HyperparameterSource::Tuned)
        }
    };
    Ok(Protocol {
        experiment: EXPERIMENT.name,
        name,
        hidden: parameters.get("gwd.hidden")?,
        optimiser: Optimiser::AdamW,
        batch: parameters.get("gwd.batch")?,
        epochs: parameters.get("gwd.epochs")?,
        data,
        judge,
        criterion: Criterion::Accuracy,
        hyperparameters,
        arms: ARMS.to_vec(),
    })
}
