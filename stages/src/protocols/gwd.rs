//! gwd's protocols. `methods/gwd.rs` and `methods/decorr.rs` have the methods.
//!
//! The published code held out the last fifth of the training part, kept the weights of the first epoch with the best
//! accuracy there, and scored the test part once with them: as-run and as-stated are the same. All of it was done with
//! one seed, 42.

use super::protocol::{Arm, Experiment, Judge, Name, Protocol};
use crate::parameters::{ParameterError, Parameters};
use crate::train::{Criterion, Optimiser};

/// Its row in the table of experiments.
pub const EXPERIMENT: Experiment = Experiment {
    name: "gwd",
    arms: ARMS,
    data: |parameters| parameters.get("mnist1d"),
    publishes_optima: true,
    protocol,
};

const ARMS: &[Arm] = &[
    Arm::of("baseline"),
    Arm::of("decorr"),
    Arm::of("gwd"),
    // The controls: is it the penalty, or the learning rate and decay that were tuned along with it?
    Arm { name: "baseline-at-decorr", hyperparameters_of: "decorr", ..Arm::of("baseline") },
    Arm { name: "baseline-at-gwd", hyperparameters_of: "gwd", ..Arm::of("baseline") },
];

fn protocol(name: Name, parameters: &Parameters) -> Result<Protocol, ParameterError> {
    let judge = || Ok(Judge::LastRows { share: parameters.get("gwd.held_out_share")? });
    let usual = EXPERIMENT.usual(name, judge, parameters)?;
    Ok(Protocol { optimiser: Optimiser::AdamW, criterion: Criterion::Accuracy, ..usual })
}
