//! What can be said about a study before anything is trained, from its protocols, search spaces and published numbers;
//! and what its searches would have come to with a smaller budget.

pub mod finding; // what is found
pub mod budget_curve; // the best of n trials, by method, and where the curves cross
mod budgets; // do the methods get the same?
mod edges; // best values at the ends of what was searched
mod grim; // accuracies that so many samples cannot give
mod nesting; // can a search find the baseline?
mod selection; // is the test part chosen by?

use finding::{Check, Finding};
use thiserror::Error;

use crate::claims::schema::Claim;
use crate::methods::METHODS;
use crate::methods::method::{self, Entry, UnknownMethod};
use crate::parameters::{ParameterError, Parameters};
use crate::protocols::protocol::{Arm, Experiment, Name, Protocol};
use crate::protocols::tuning::{Search, Tuning};

#[derive(Debug, Error)]
pub enum CheckError {
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    #[error(transparent)]
    Method(#[from] UnknownMethod),
}

/// All that the checks of an experiment look at.
struct Design<'a> {
    experiment: &'a Experiment,
    protocols: Vec<Protocol>,
    search: Search,
    /// Epochs of the trials by which the source found its optima, where they were not as long as its final runs.
    source_trial_epochs: Option<u32>,
    parameters: &'a Parameters,
    /// Of this experiment.
    tunings: Vec<&'a Tuning>,
    claims: Vec<&'a Claim>,
}

/// Looks at an experiment. Tunings and claims of others are passed over.
pub fn check(
    experiment: &Experiment,
    parameters: &Parameters,
    tunings: &[Tuning],
    claims: &[&Claim],
) -> Result<Vec<Finding>, CheckError> {
    let names = [Name::AsRun, Name::AsStated, Name::Controlled];
    let protocols = names.map(|name| (experiment.protocol)(name, parameters));
    let design = Design {
        experiment,
        protocols: protocols.into_iter().collect::<Result<_, _>>()?,
        search: parameters.get(&experiment.key("search"))?,
        source_trial_epochs: optional(parameters, &experiment.key("source_trial_epochs"))?,
        parameters,
        tunings: tunings.iter().filter(|tuning| tuning.experiment == experiment.name).collect(),
        claims: claims.iter().filter(|claim| claim.experiment == experiment.name).copied().collect(),
    };
    let found = [
        (Check::SearchEdge, edges::check(&design)?),
        (Check::Nesting, nesting::check(&design)?),
        (Check::Budget, budgets::check(&design)?),
        (Check::Selection, selection::check(&design)),
        (Check::Grim, grim::check(&design)),
    ];
    let finding = |check: Check, observation: Observation| Finding {
        experiment: experiment.name.to_owned(),
        check,
        protocols: observation.protocols,
        concern: observation.concern,
        sentence: observation.sentence,
    };
    let findings = found
        .into_iter()
        .flat_map(|(check, observations)| observations.into_iter().map(move |observation| (check, observation)));
    Ok(findings.map(|(check, observation)| finding(check, observation)).collect())
}

/// A finding of one check.
struct Observation {
    protocols: Vec<String>,
    concern: bool,
    sentence: String,
}

impl Observation {
    fn new(concern: bool, sentence: String) -> Self {
        Self { protocols: Vec::new(), concern, sentence }
    }
}

impl Design<'_> {
    /// The arms that have hyper-parameters of their own, with their methods.
    fn arms(&self) -> Result<Vec<(&Arm, &'static Entry)>, UnknownMethod> {
        let own = self.experiment.arms.iter().filter(|arm| arm.hyperparameters_of == arm.name);
        own.map(|arm| Ok((arm, method::find(METHODS, arm.method)?))).collect()
    }

    /// The parameters that a search for a method's draws, and not only writes down.
    fn searched(&self, method: &Entry) -> Vec<&str> {
        let Some(protocol) = self.protocols.first() else { return Vec::new() };
        let names = protocol.names(method);
        let space = self.search.space.iter().filter(|(name, _)| names.contains(name));
        space.filter(|(_, distribution)| distribution.only_value().is_none()).map(|(name, _)| name).collect()
    }
}

/// A parameter that a study may leave out.
fn optional<T: serde::de::DeserializeOwned>(parameters: &Parameters, key: &str) -> Result<Option<T>, ParameterError> {
    match parameters.get(key) {
        Ok(value) => Ok(Some(value)),
        Err(ParameterError::Undeclared(_) | ParameterError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
