//! Tuning: one seeded search for an arm's hyper-parameters, judged as the protocol says.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::parts::{Selection, Validation};
use super::protocol::{Arm, HyperparameterSource, Judge, Name, Protocol, ProtocolError};
use super::seeds::Streams;
use crate::artifact::{self, ArtifactError};
use crate::data::dataset::Dataset;
use crate::methods::METHODS;
use crate::methods::method::{self, Entry, Hyperparameters};
use crate::nn::mlp::Mlp;
use crate::random::torch::Generator;
use crate::search::journal::Recorded;
use crate::search::median_pruner::Pruner;
use crate::search::resume::{self, Event, SearchError};
use crate::search::sampler::Settings;
use crate::search::space::Space;
use crate::search::study::{Direction, Ending, Study, Trial};
use crate::train::{self, Criterion, Recipe, TrainError};

/// What is searched and how, the same for every method as far as it has the parameter.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    pub space: Space,
    pub trials: u32,
    pub sampler: Settings,
    /// Gives up trials that do worse than others did; without it each is trained to its end.
    #[serde(default)]
    pub pruner: Option<Pruner>,
}

/// A finished tuning, as a stage writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    pub experiment: String,
    pub protocol: Name,
    /// The arm.
    pub method: String,
    pub seed: u64,
    /// Of the best trial; none if all have failed.
    pub best: Option<Hyperparameters>,
    /// What the protocol's criterion gave for it.
    pub value: Option<f64>,
}

/// Tunes an arm under a protocol, and gives all trials with the outcome. `data` is the data set of protocols with fixed
/// data; `progress` the file that keeps finished trials.
pub fn tune(
    protocol: &Protocol,
    arm: &Arm,
    search: &Search,
    seed: u64,
    data: Option<&Dataset>,
    progress: Option<&Path>,
    report: &mut dyn FnMut(Event),
) -> Result<(Tuning, Recorded), TuneError> {
    if arm.hyperparameters_of != arm.name {
        return Err(ProtocolError::Control { arm: arm.name, of: arm.hyperparameters_of }.into());
    }
    if protocol.hyperparameters != HyperparameterSource::Tuned {
        let (experiment, protocol) = (protocol.experiment, protocol.name);
        return Err(ProtocolError::NotTuned { experiment, protocol }.into());
    }
    let method = method::find(METHODS, arm.method).map_err(ProtocolError::from)?;
    let streams = Streams::of_tuning(seed).map_err(ProtocolError::from)?;
    let dataset = protocol.data.dataset(data, streams.data)?;
    let network = Mlp::new(dataset.features, &protocol.hidden, dataset.classes).map_err(ProtocolError::from)?;
    let mut generator = Generator::seeded(streams.training);
    let selection = match protocol.judge {
        Judge::Validation { share } => Selection::held_out(dataset, share, &mut generator).0,
        Judge::LastRows { share } => Selection::last_rows(dataset, share).0,
        Judge::Test => Selection::leaked(dataset),
    };

    let tuner = Tuner { protocol, method, network, generator, pruner: search.pruner };
    let plan = resume::Search {
        name: format!("{} {} {}, tuning {seed}", protocol.experiment, protocol.name, arm.name),
        direction: match protocol.criterion {
            Criterion::Loss => Direction::Minimize,
            Criterion::Accuracy => Direction::Maximize,
        },
        space: search.space.restricted_to(&protocol.names(method)),
        trials: search.trials,
        sampler: search.sampler,
        pruner: search.pruner,
        seed: streams.sampler,
    };
    let recorded = plan.run(progress, |study| tuner.try_trial(study, &selection), report)?;
    let best = recorded.study.best();
    let tuning = Tuning {
        experiment: protocol.experiment.to_owned(),
        protocol: protocol.name,
        method: arm.name.to_owned(),
        seed,
        best: best.map(numbers),
        value: best.and_then(|trial| trial.value),
    };
    Ok((tuning, recorded))
}

/// Why a tuning came to no end.
#[derive(Debug, Error)]
pub enum TuneError {
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error(transparent)]
    Search(#[from] SearchError<TrainError>),
}

/// All that a trial needs but its hyper-parameters and data.
pub struct Tuner<'a> {
    pub protocol: &'a Protocol,
    pub method: &'static Entry,
    pub network: Mlp,
    /// Every trial begins with a copy of it: the same initial weights, the same orders.
    pub generator: Generator,
    pub pruner: Option<Pruner>,
}

impl Tuner<'_> {
    /// Trains with the running trial's hyper-parameters. Its value is its best epoch's by the protocol's criterion, of which
    /// each is reported; a trial without a finite one has failed, one that the pruner gives up is pruned.
    pub fn try_trial(&self, study: &mut Study, selection: &Selection<Validation>) -> Result<Ending, TrainError> {
        let hyperparameters = study.running().map_or_else(Hyperparameters::default, numbers);
        let recipe = self.protocol.recipe(&self.network, self.method, &hyperparameters);
        let recipe = Recipe { epochs: self.protocol.trial_epochs, ..recipe };
        let mut generator = self.generator.clone();
        let initial = self.network.initial(&mut generator);
        let mut pruned = false;
        let outcome = train::run_watched(&recipe, selection.data(), initial, &mut generator, |step, epoch| {
            study.report(step.into(), recipe.criterion.value(epoch));
            pruned = self.pruner.is_some_and(|pruner| pruner.should_prune(study));
            if pruned { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(match outcome.best {
            _ if pruned => Ending::Pruned,
            Some(best) => Ending::Value(best.value),
            None => Ending::Failed,
        })
    }
}

fn numbers(trial: &Trial) -> Hyperparameters {
    let numbers = trial.parameters.iter().filter_map(|(name, chosen)| Some((name.clone(), chosen.value.number()?)));
    Hyperparameters(numbers.collect())
}

/// Why the outcomes of tunings cannot be had.
#[derive(Debug, Error)]
pub enum TuningsError {
    #[error(transparent)]
    File(#[from] ArtifactError),
    #[error("there is no tuning of {experiment} {method} under {protocol} among the given files")]
    None { experiment: &'static str, method: String, protocol: Name },
    #[error("the tunings of {method} are seeded {seeds:?}, but must be seeded 0 to T - 1, each once")]
    Seeds { method: String, seeds: Vec<u64> },
    #[error("all trials of tuning {seed} of {method} have failed")]
    AllFailed { method: String, seed: u64 },
}

/// The outcomes of a method's tunings, by tuning seed, from files (or folders of JSON files) that may hold others too.
pub fn read_tunings(
    paths: &[PathBuf],
    protocol: &Protocol,
    method: &str,
) -> Result<Vec<Hyperparameters>, TuningsError> {
    let files = artifact::json_files(paths)?;
    let mut tunings = files.iter().map(|file| artifact::read_json(file)).collect::<Result<Vec<Tuning>, _>>()?;
    let wanted = (protocol.experiment, protocol.name, method);
    tunings.retain(|tuning| (tuning.experiment.as_str(), tuning.protocol, tuning.method.as_str()) == wanted);
    if tunings.is_empty() {
        let (experiment, protocol) = (protocol.experiment, protocol.name);
        return Err(TuningsError::None { experiment, method: method.to_owned(), protocol });
    }
    tunings.sort_by_key(|tuning| tuning.seed);
    if (0..).zip(&tunings).any(|(expected, tuning)| tuning.seed != expected) {
        let seeds = tunings.iter().map(|tuning| tuning.seed).collect();
        return Err(TuningsError::Seeds { method: method.to_owned(), seeds });
    }
    let best = |tuning: Tuning| {
        let (method, seed) = (tuning.method, tuning.seed);
        tuning.best.ok_or(TuningsError::AllFailed { method, seed })
    };
    tunings.into_iter().map(best).collect()
}
