//! svdgrad's protocols. `methods/svdgrad.rs` has the method; its arms have the published names.
//!
//! The published code judged trials and curves on the test part; as-run and as-stated differ only in the scale of the
//! reported loss, which is here that of all experiments.

use super::protocol::{Arm, Experiment, Judge, Name, Protocol};
use crate::parameters::{ParameterError, Parameters};

/// Its row in the table of experiments.
pub const EXPERIMENT: Experiment = Experiment {
    name: "svdgrad",
    arms: ARMS,
    data: |parameters| parameters.get("mnist1d"),
    publishes_optima: true,
    protocol,
};

const ARMS: &[Arm] = &[
    Arm { name: "adam", hyperparameters_of: "adam", ..Arm::of("baseline") },
    Arm { name: "svd", hyperparameters_of: "svd", ..Arm::of("svdgrad") },
    // The equal-learning-rate control: is it the truncation, or the learning rate that was tuned along with it?
    Arm { name: "adam-at-svd", hyperparameters_of: "svd", ..Arm::of("baseline") },
];

fn protocol(name: Name, parameters: &Parameters) -> Result<Protocol, ParameterError> {
    EXPERIMENT.usual(name, || Ok(Judge::Test), parameters)
}
