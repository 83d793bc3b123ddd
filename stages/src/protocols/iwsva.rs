//! iwsva's protocols. `methods/iwsva.rs` has the method.
//!
//! The published code judged trials and curves on the test part of a data set twice as large as the others'; as-run and
//! as-stated differ only in how trials were made. No hyper-parameters were published: what params.yaml lists in their
//! place is this study's choice.

use super::protocol::{Arm, DataSource, Experiment, HyperparameterSource, Judge, Name, Protocol};
use crate::data::mnist1d::Options;
use crate::parameters::{ParameterError, Parameters};
use crate::train::{Criterion, Optimiser};

/// Its row in the table of experiments.
pub const EXPERIMENT: Experiment = Experiment { name: "iwsva", arms: ARMS, data: options, protocol };

const ARMS: &[Arm] = &[
    Arm::of("baseline"),
    Arm::of("iwsva"),
    // The equal-learning-rate control: is it the penalty, or the learning rate that was tuned along with it?
    Arm { name: "baseline-at-iwsva", hyperparameters_of: "iwsva", ..Arm::of("baseline") },
];

fn options(parameters: &Parameters) -> Result<Options, ParameterError> {
    Ok(Options { samples: parameters.get("iwsva.samples")?, ..parameters.get("mnist1d")? })
}

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
        hidden: parameters.get("iwsva.hidden")?,
        optimiser: Optimiser::Adam,
        batch: parameters.get("iwsva.batch")?,
        epochs: parameters.get("iwsva.epochs")?,
        data,
        judge,
        criterion: Criterion::Loss,
        hyperparameters,
        arms: ARMS.to_vec(),
    })
}
