//! Methods are compared at equal budgets: trials, parameters that share them, and epochs while tuning as in the end.
//!
//! Source: Sivaprasad et al. 2020, "Optimizer benchmarking needs to account for hyperparameter tuning".

use std::collections::BTreeMap;

use super::{CheckError, Design, Observation};
use crate::claims::numbers::list;
use crate::protocols::protocol::HyperparameterSource;

pub(super) fn check(design: &Design) -> Result<Vec<Observation>, CheckError> {
    let mut observations = vec![trials(design)?];
    observations.extend(epochs(design));
    Ok(observations)
}

/// Equal trials for unequal numbers of parameters search the larger space more thinly.
fn trials(design: &Design) -> Result<Observation, CheckError> {
    let arms = design.arms()?;
    let searched: Vec<(&str, usize)> =
        arms.iter().map(|(arm, method)| (arm.name, design.searched(method).len())).collect();
    let trials = design.search.trials;
    let counts: Vec<String> = searched
        .iter()
        .map(|(arm, count)| format!("{count} parameter{} of {arm}", if *count == 1 { "" } else { "s" }))
        .collect();
    let equal = searched.windows(2).all(|pair| pair[0].1 == pair[1].1);
    let thin = if equal { "" } else { ": equal trials are no equal chances" };
    Ok(Observation::new(!equal, format!("{trials} trials each search {}{thin}", list(&counts))))
}

/// Hyper-parameters that are best for a short training need not be for a long one.
fn epochs(design: &Design) -> Vec<Observation> {
    // Epochs of a trial and of a final run -> protocols.
    let mut lengths: BTreeMap<(u32, u32), Vec<String>> = BTreeMap::new();
    for protocol in &design.protocols {
        let trial = match protocol.hyperparameters {
            HyperparameterSource::Tuned => protocol.trial_epochs,
            HyperparameterSource::Published(_) => design.source_trial_epochs.unwrap_or(protocol.trial_epochs),
        };
        lengths.entry((trial, protocol.epochs)).or_default().push(protocol.name.to_string());
    }
    let observation = |((trial, last), protocols): ((u32, u32), Vec<String>)| {
        let sentence = match trial == last {
            true => format!("trials are trained for as long as final runs, {last} epochs"),
            false => format!(
                "trials were trained for {trial} epochs, final runs for {last}: what is best for the one need not be for \
                 the other"
            ),
        };
        Observation { protocols, concern: trial != last, sentence }
    };
    lengths.into_iter().map(observation).collect()
}
