//! iwsva's protocols. `methods/iwsva.rs` has the method.
//!
//! The published code judged trials and curves on the test part of a data set twice as large as the others', and tried
//! for a fifth of the final length; as-stated tries for as long as it trains, since the write-up names one length only. No
//! hyper-parameters were published, so every protocol tunes: what params.yaml lists as published is for single runs by hand.

use super::protocol::{Arm, Experiment, Judge, Name, Protocol};
use crate::data::mnist1d::Options;
use crate::parameters::{ParameterError, Parameters};

/// Its row in the table of experiments.
pub const EXPERIMENT: Experiment =
    Experiment { name: "iwsva", arms: ARMS, data: options, publishes_optima: false, protocol };

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
    let mut protocol = EXPERIMENT.usual(name, || Ok(Judge::Test), parameters)?;
    if name == Name::AsRun {
        protocol.trial_epochs = parameters.get("iwsva.trial_epochs")?;
    }
    Ok(protocol)
}
