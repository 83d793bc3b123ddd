//! Tuning: one seeded search for a method's hyper-parameters, judged on validation rows.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::parts::{Selection, Validation};
use super::protocol::{Judge, Name, Protocol, ProtocolError};
use super::seeds::Streams;
use crate::artifact::{self, ArtifactError};
use crate::data::dataset::Dataset;
use crate::methods::method::{Entry, Hyperparameters};
use crate::nn::mlp::Mlp;
use crate::random::torch::Generator;
use crate::search::sampler::{RandomSampler, Sampler};
use crate::search::space::Space;
use crate::search::study::{Direction, Ending, Study, Trial};
use crate::train::{self, Criterion, TrainError};

/// What is searched, the same for every method as far as it has the parameter.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Search {
    pub space: Space,
    pub trials: u32,
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
    pub study: Study,
}

/// Tunes a method under a protocol that holds out validation rows. `data` is the data set of protocols with fixed data.
pub fn tune(
    protocol: &Protocol,
    method: &'static Entry,
    search: &Search,
    seed: u64,
    data: Option<&Dataset>,
) -> Result<Tuning, ProtocolError> {
    let Judge::Validation { share } = protocol.judge else { return Err(ProtocolError::NotTuned(protocol.name)) };
    let streams = Streams::of_tuning(seed)?;
    let dataset = protocol.data.dataset(data, streams.data)?;
    let network = Mlp::new(dataset.features, &protocol.hidden, dataset.classes)?;
    let mut generator = Generator::seeded(streams.training);
    let (selection, _sealed) = Selection::held_out(dataset, share, &mut generator);

    let space = search.space.restricted_to(&protocol.names(method));
    let tuner = Tuner { protocol, method, network, generator, space, trials: search.trials };
    let study = tuner.search(&selection, &mut RandomSampler::seeded(streams.sampler))?;
    let best = study.best().map(numbers);
    let (experiment, method) = (protocol.experiment.to_owned(), method.name.to_owned());
    Ok(Tuning { experiment, protocol: protocol.name, method, seed, best, study })
}

/// A search that is ready but for its data.
pub struct Tuner<'a> {
    pub protocol: &'a Protocol,
    pub method: &'static Entry,
    pub network: Mlp,
    /// Every trial begins with a copy of it: the same initial weights, the same orders.
    pub generator: Generator,
    pub space: Space,
    pub trials: u32,
}

impl Tuner<'_> {
    /// Runs the trials one after another. A trial's value is that of its best epoch by the protocol's criterion, of which
    /// each is reported; a trial without a finite one has failed.
    pub fn search(&self, selection: &Selection<Validation>, sampler: &mut dyn Sampler) -> Result<Study, TrainError> {
        let direction = match self.protocol.criterion {
            Criterion::Loss => Direction::Minimize,
            Criterion::Accuracy => Direction::Maximize,
        };
        let mut study = Study::new(direction, self.space.clone());
        for _ in 0..self.trials {
            let hyperparameters = numbers(study.ask(sampler));
            let recipe = self.protocol.recipe(&self.network, self.method, &hyperparameters);
            let mut generator = self.generator.clone();
            let initial = self.network.initial(&mut generator);
            let outcome = train::run(&recipe, selection.data(), initial, &mut generator)?;
            for (step, epoch) in (1..).zip(&outcome.epochs) {
                study.report(step, recipe.criterion.value(epoch));
            }
            study.tell(outcome.best.map_or(Ending::Failed, |best| Ending::Value(best.value)));
        }
        Ok(study)
    }
}

fn numbers(trial: &Trial) -> Hyperparameters {
    let numbers = trial.parameters.iter().filter_map(|(name, value)| Some((name.clone(), value.number()?)));
    Hyperparameters(numbers.collect())
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
