//! svvar's protocols. `methods/svvar.rs` has the method.
//!
//! The published code trained the baseline, then went on from its weights with the penalty, and compared the two last
//! epochs; trials and curves were judged on the test part. As-stated starts both from the same fresh weights.

use super::protocol::{Arm, Experiment, Judge, Name, Protocol, Start};
use crate::parameters::{ParameterError, Parameters};

/// Its row in the table of experiments.
pub const EXPERIMENT: Experiment = Experiment {
    name: "svvar",
    arms: ARMS,
    data: |parameters| parameters.get("mnist1d"),
    publishes_optima: true,
    protocol,
};

const ARMS: &[Arm] = &[
    Arm::of("baseline"),
    Arm::of("svvar"),
    // The equal-learning-rate control: is it the penalty, or the learning rate that was tuned along with it?
    Arm { name: "baseline-at-svvar", hyperparameters_of: "svvar", ..Arm::of("baseline") },
];

fn protocol(name: Name, parameters: &Parameters) -> Result<Protocol, ParameterError> {
    let mut protocol = EXPERIMENT.usual(name, || Ok(Judge::Test), parameters)?;
    if name == Name::AsRun {
        protocol.arms[1].start = Start::Trained { arm: "baseline" };
    }
    Ok(protocol)
}
