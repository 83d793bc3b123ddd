//! Tuning: one seeded search for a method's hyper-parameters, judged on validation rows.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use thiserror::Error;

use super::parts::{Selection, Validation};
use super::protocol::{Judge, Name, Protocol, ProtocolError};
use super::seeds::Streams;
use crate::artifact::{self, ArtifactError};
use crate::data::dataset::Dataset;
use crate::methods::method::{Entry, Hyperparameters};
use crate::nn::mlp::Mlp;
use crate::random::torch::Generator;
use crate::search::journal::Recorded;
use crate::search::resume::{self, Event, SearchError};
use crate::search::sampler::{self, Settings, Version};
use crate::search::space::Space;
use crate::search::study::{Direction, Ending, Study, Trial};
use crate::train::{self, Criterion, TrainError};

/// What is searched and how, the same for every method as far as it has the parameter.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    pub space: Space,
    pub trials: u32,
    #[serde(default = "random")]
    pub sampler: Settings,
}

fn random() -> Settings {
    Settings { name: sampler::Name::Random, ..Settings::tpe(Version::V4_5) }
}

/// A finished tuning, as a stage writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    pub experiment: String,
    pub protocol: Name,
    pub method: String,
    pub seed: u64,
    /// Of the best trial; none if all have failed.
    pub best: Option<Hyperparameters>,
    pub study: Json,
}

/// Tunes a method under a protocol that holds out validation rows, and gives all trials with the outcome. `data` is the
/// data set of protocols with fixed data; `progress` the file that keeps finished trials.
pub fn tune(
    protocol: &Protocol,
    method: &'static Entry,
    search: &Search,
    seed: u64,
    data: Option<&Dataset>,
    progress: Option<&Path>,
    report: &mut dyn FnMut(Event),
) -> Result<(Tuning, Recorded), TuneError> {
    let Judge::Validation { share } = protocol.judge else { return Err(ProtocolError::NotTuned(protocol.name).into()) };
    let streams = Streams::of_tuning(seed).map_err(ProtocolError::from)?;
    let dataset = protocol.data.dataset(data, streams.data)?;
    let network = Mlp::new(dataset.features, &protocol.hidden, dataset.classes).map_err(ProtocolError::from)?;
    let mut generator = Generator::seeded(streams.training);
    let (selection, _sealed) = Selection::held_out(dataset, share, &mut generator);

    let space = search.space.restricted_to(&protocol.names(method));
    let tuner = Tuner { protocol, method, network, generator };
    let plan = resume::Search {
        name: format!("{} {} {}, tuning {seed}", protocol.experiment, protocol.name, method.name),
        direction: match protocol.criterion {
            Criterion::Loss => Direction::Minimize,
            Criterion::Accuracy => Direction::Maximize,
        },
        space: space.clone(),
        trials: search.trials,
        sampler: search.sampler,
        seed: streams.sampler,
    };
    let recorded = plan.run(progress, |study| tuner.try_trial(study, &selection), report)?;
    let best = recorded.study.best().map(numbers);
    let study = as_json(&recorded.study, &space);
    let (experiment, method) = (protocol.experiment.to_owned(), method.name.to_owned());
    Ok((Tuning { experiment, protocol: protocol.name, method, seed, best, study }, recorded))
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
}

impl Tuner<'_> {
    /// Trains with the running trial's hyper-parameters. Its value is its best epoch's by the protocol's criterion, of which
    /// each is reported; a trial without a finite one has failed.
    pub fn try_trial(&self, study: &mut Study, selection: &Selection<Validation>) -> Result<Ending, TrainError> {
        let hyperparameters = study.running().map_or_else(Hyperparameters::default, numbers);
        let recipe = self.protocol.recipe(&self.network, self.method, &hyperparameters);
        let mut generator = self.generator.clone();
        let initial = self.network.initial(&mut generator);
        let outcome = train::run(&recipe, selection.data(), initial, &mut generator)?;
        for (step, epoch) in (1..).zip(&outcome.epochs) {
            study.report(step, recipe.criterion.value(epoch));
        }
        Ok(outcome.best.map_or(Ending::Failed, |best| Ending::Value(best.value)))
    }
}

fn numbers(trial: &Trial) -> Hyperparameters {
    let numbers = trial.parameters.iter().filter_map(|(name, chosen)| Some((name.clone(), chosen.value.number()?)));
    Hyperparameters(numbers.collect())
}

fn as_json(study: &Study, space: &Space) -> Json {
    let number = |value: f64| match value {
        value if value.is_nan() => json!("nan"),
        f64::INFINITY => json!("inf"),
        f64::NEG_INFINITY => json!("-inf"),
        value => json!(value),
    };
    let trial = |trial: &Trial| {
        let parameters = trial.parameters.iter().map(|(name, chosen)| (name.clone(), json!(chosen.value)));
        let intermediate = trial.intermediate.iter().map(|(step, &value)| json!([step, number(value)]));
        json!({
            "number": trial.number,
            "state": trial.state,
            "parameters": parameters.collect::<serde_json::Map<_, _>>(),
            "value": trial.value.map(number),
            "intermediate": intermediate.collect::<Vec<_>>(),
        })
    };
    let trials: Vec<Json> = study.trials().iter().map(trial).collect();
    json!({"direction": study.direction, "space": space, "trials": trials})
}

/// Why the outcomes of tunings cannot be had.
#[derive(Debug, Error)]
pub enum TuningsError {
    #[error(transparent)]
    File(#[from] ArtifactError),
    #[error("{}: cannot be listed: {source}", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
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
    let mut tunings: Vec<Tuning> = Vec::new();
    for path in paths {
        for file in files(path)? {
            let tuning: Tuning = artifact::read_json(&file)?;
            let wanted = (protocol.experiment, protocol.name, method);
            if (tuning.experiment.as_str(), tuning.protocol, tuning.method.as_str()) == wanted {
                tunings.push(tuning);
            }
        }
    }
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

/// The file itself, or a folder's JSON files.
fn files(path: &Path) -> Result<Vec<PathBuf>, TuningsError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let error = |source| TuningsError::Folder { path: path.to_owned(), source };
    let entries = std::fs::read_dir(path).map_err(error)?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(error)?;
    Ok(paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect())
}
