//! svvar's protocols. `methods/svvar.rs` has the method.
//!
//! The published code trained the baseline, then went on from its weights with the penalty, and compared the two last
//! epochs; trials and curves were judged on the test part. As-stated starts both from the same fresh weights.

use super::protocol::{Arm, DataSource, Experiment, HyperparameterSource, Judge, Name, Protocol, Start};
use crate::parameters::{ParameterError, Parameters};
use crate::train::Optimiser;

/// Its row in the table of experiments.
pub const EXPERIMENT: Experiment = Experiment { name: "svvar", protocol };

/// The equal-learning-rate control: is it the penalty, or the learning rate that was tuned along with it?
const BASELINE_AT_SVVAR: Arm = Arm { name: "baseline-at-svvar", hyperparameters_of: "svvar", ..Arm::of("baseline") };

fn protocol(name: Name, parameters: &Parameters) -> Result<Protocol, ParameterError> {
    let published = || parameters.get("svvar.published").map(HyperparameterSource::Published);
    let (data, judge, hyperparameters, start) = match name {
        Name::AsRun => (DataSource::Fixed, Judge::Test, published()?, Start::Trained { arm: "baseline" }),
        Name::AsStated => (DataSource::Fixed, Judge::Test, published()?, Start::Fresh),
        Name::Controlled => {
            let data = if parameters.get("svvar.controlled.generate_data")? {
                DataSource::Generated(parameters.get("mnist1d")?)
            } else {
                DataSource::Fixed
            };
            let judge = Judge::Validation { share: parameters.get("svvar.controlled.validation_share")? };
            (data, judge, HyperparameterSource::Tuned, Start::Fresh)
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
        hyperparameters,
        arms: vec![Arm::of("baseline"), Arm { start, ..Arm::of("svvar") }, BASELINE_AT_SVVAR],
    })
}
