//! What a run was trained with. Tables of results do not say: it is what params.yaml publishes, or what a tuning chose.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::ExportError;
use super::runs::{Run, Tunings};
use crate::lowrank;
use crate::lowrank::configuration::{Configuration, Sizes};
use crate::lowrank::network::Rates;
use crate::methods::METHODS;
use crate::methods::method;
use crate::parameters::Parameters;
use crate::protocols::EXPERIMENTS;
use crate::protocols::protocol::{HyperparameterSource, Name, ProtocolError};

/// Name -> value; nothing for a run of an experiment, protocol or method that is not this study's own.
pub(super) fn of(run: &Run, tunings: &Tunings, parameters: &Parameters) -> Result<BTreeMap<String, f64>, ExportError> {
    if run.experiment == lowrank::NAME {
        return of_lowrank(&run.method, parameters);
    }
    let experiment = EXPERIMENTS.iter().find(|experiment| experiment.name == run.experiment);
    let (Some(experiment), Ok(name)) = (experiment, Name::from_str(&run.protocol)) else { return Ok(BTreeMap::new()) };
    let protocol = (experiment.protocol)(name, parameters)?;
    let Ok(arm) = protocol.arm(&run.method) else { return Ok(BTreeMap::new()) };
    let chosen = match &protocol.hyperparameters {
        HyperparameterSource::Published(published) => published.get(arm.hyperparameters_of).map(|values| &values.0),
        HyperparameterSource::Tuned => {
            let of = (run.experiment.clone(), run.protocol.clone(), arm.hyperparameters_of.to_owned());
            tunings.get(&of).and_then(|tunings| {
                // As the run itself took them: seed i those of tuning i mod T.
                let tuning = run.seed.checked_rem(tunings.len() as u64)?;
                tunings.get(&tuning)
            })
        }
    };
    let names = protocol.names(method::find(METHODS, arm.method).map_err(ProtocolError::from)?);
    let own = chosen.into_iter().flatten().filter(|(name, _)| names.contains(&name.as_str()));
    Ok(own.map(|(name, value)| (name.clone(), *value)).collect())
}

fn of_lowrank(network: &str, parameters: &Parameters) -> Result<BTreeMap<String, f64>, ExportError> {
    let Ok((configuration, arm)) = Configuration::find_arm(network) else { return Ok(BTreeMap::new()) };
    let Rates { lr, gamma } = Rates::of(configuration, arm, &Sizes::read(parameters)?);
    Ok(BTreeMap::from([("lr".to_owned(), lr), ("gamma".to_owned(), gamma)]))
}
