//! What differs between an experiment's protocols, field by field, in words.

use super::protocol::{DataSource, Experiment, HyperparameterSource, Judge, Name, Protocol, Start};
use super::sides::{Field, NOT_RUN, SideBySide};
use crate::lowrank::configuration::{Configuration, LowrankError};
use crate::lowrank::protocol::{Name as LowrankName, Outputs, Protocol as LowrankProtocol, Residue};
use crate::parameters::{ParameterError, Parameters};
use crate::train::Criterion;

/// All three protocols of an experiment.
pub fn side_by_side(experiment: &Experiment, parameters: &Parameters) -> Result<SideBySide, ParameterError> {
    let protocols = Name::ALL.into_iter().map(|name| (experiment.protocol)(name, parameters));
    let protocols: Vec<Protocol> = protocols.collect::<Result<_, _>>()?;
    let field = |name: &str, words: &dyn Fn(&Protocol) -> String| Field {
        name: name.to_owned(),
        values: protocols.iter().map(words).collect(),
    };
    let mut fields = vec![
        field("data", &|of| match of.data {
            DataSource::Fixed => "one data set for all seeds".to_owned(),
            DataSource::Generated(_) => "a new data set for each seed".to_owned(),
        }),
        field("judge", &|of| judge(of.judge)),
        field("test score", &|of| match of.judge {
            Judge::Test => "none: the test part is the judge".to_owned(),
            Judge::Validation { .. } | Judge::LastRows { .. } => "once, after training".to_owned(),
        }),
        field("criterion", &|of| match of.criterion {
            Criterion::Loss => "least loss of the judge".to_owned(),
            Criterion::Accuracy => "greatest accuracy of the judge".to_owned(),
        }),
        field("hyper-parameters", &|of| match of.hyperparameters {
            HyperparameterSource::Published(_) => "the source's own".to_owned(),
            HyperparameterSource::Tuned => "tuned; each seed takes one tuning's".to_owned(),
        }),
        field("epochs of a trial", &|of| match of.hyperparameters {
            HyperparameterSource::Published(_) => "no trials".to_owned(),
            HyperparameterSource::Tuned => of.trial_epochs.to_string(),
        }),
        field("epochs of a final run", &|of| of.epochs.to_string()),
        field("network", &|of| {
            let widths: Vec<String> = of.hidden.iter().map(usize::to_string).collect();
            format!("hidden layers of {}", widths.join(", "))
        }),
        field("optimiser", &|of| format!("{:?}, batches of {}", of.optimiser, of.batch)),
        field("a seed changes", &|of| match of.data {
            DataSource::Fixed => "initial weights and order".to_owned(),
            DataSource::Generated(_) => "data, split, initial weights and order".to_owned(),
        }),
    ];
    for arm in experiment.arms {
        fields.push(field(&format!("start of {}", arm.name), &|of| match of.arm(arm.name).map(|arm| arm.start) {
            Ok(Start::Fresh) => "fresh weights".to_owned(),
            Ok(Start::Trained { arm }) => format!("the trained weights of {arm}"),
            Err(_) => NOT_RUN.to_owned(),
        }));
    }
    let protocols = protocols.iter().map(|of| of.name.to_string()).collect();
    Ok(SideBySide { experiment: experiment.name.to_owned(), protocols, fields })
}

/// The protocols of the low-rank experiment, which trains and tunes nothing that the others' words would fit.
pub fn of_lowrank() -> Result<SideBySide, LowrankError> {
    let [first, third] = ["A", "I"].map(Configuration::find);
    let (first, third) = (first?, third?);
    let names = [LowrankName::AsRun, LowrankName::AsPublished, LowrankName::Controlled];
    // As-published is of I only.
    let of = |configuration| names.map(|name| LowrankProtocol::of(name, configuration).ok());
    let (of_first, of_third) = (of(first), of(third));
    let field = |name: &str, protocols: &[Option<LowrankProtocol>], words: &dyn Fn(&LowrankProtocol) -> String| Field {
        name: name.to_owned(),
        values: protocols.iter().map(|of| of.as_ref().map_or_else(|| NOT_RUN.to_owned(), words)).collect(),
    };
    let outputs = |of: &LowrankProtocol| match of.outputs {
        Outputs::MinusOneOrZero => "−1 or 0".to_owned(),
        Outputs::Normal => "normal".to_owned(),
        Outputs::Signs => "1 or −1".to_owned(),
    };
    let scaling = |of: &LowrankProtocol| match of.gamma_power {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        times => format!("{times} times"),
    };
    let residue = |of: &LowrankProtocol| match of.residue {
        Residue::AfterStep => "after the step".to_owned(),
        Residue::BeforeStep => "before the step, as the gradient".to_owned(),
    };
    Ok(SideBySide {
        experiment: crate::lowrank::NAME.to_owned(),
        protocols: names.map(|name| name.to_string()).to_vec(),
        fields: vec![
            field("output weights of A to H", &of_first, &outputs),
            field("output weights of I", &of_third, &outputs),
            field("γ is applied", &of_third, &scaling),
            field("the residue is taken", &of_third, &residue),
        ],
    })
}

fn judge(judge: Judge) -> String {
    match judge {
        Judge::Validation { share } => format!("{share} of the training part, held out at random"),
        Judge::LastRows { share } => format!("{share} of the training part, its last rows"),
        Judge::Test => "the test part itself".to_owned(),
    }
}
