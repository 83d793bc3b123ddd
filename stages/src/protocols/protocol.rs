//! What a protocol is: the decisions that turn a comparison of methods into runs.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::seeds::SeedTooLarge;
use crate::data::dataset::Dataset;
use crate::data::mnist1d::{self, Options, OptionsError};
use crate::methods::method::{Entry, Hyperparameters, UnknownMethod};
use crate::nn::mlp::{EmptyLayer, Mlp};
use crate::parameters::{ParameterError, Parameters};
use crate::train::{Criterion, Optimiser, Recipe, TrainError};

/// A row of the table of experiments.
#[derive(Debug, Clone, Copy)]
pub struct Experiment {
    pub name: &'static str,
    /// What is compared.
    pub arms: &'static [Arm],
    /// How its data set is made: what [`DataSource::Fixed`] stands for.
    pub data: fn(&Parameters) -> Result<Options, ParameterError>,
    /// Whether the source says which hyper-parameters it took; if not, every protocol tunes.
    pub publishes_optima: bool,
    pub protocol: fn(Name, &Parameters) -> Result<Protocol, ParameterError>,
}

/// The three protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Name {
    /// What the published code did, defects and all.
    AsRun,
    /// What the write-up says was done.
    AsStated,
    /// What settles the question.
    Controlled,
}

/// An experiment under one protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct Protocol {
    pub experiment: &'static str,
    pub name: Name,
    /// Units in each hidden layer.
    pub hidden: Vec<usize>,
    pub optimiser: Optimiser,
    pub batch: usize,
    /// Of a final run.
    pub epochs: u32,
    /// Of every trial, where the protocol tunes.
    pub trial_epochs: u32,
    pub data: DataSource,
    pub judge: Judge,
    /// What chooses among epochs and trials.
    pub criterion: Criterion,
    pub hyperparameters: HyperparameterSource,
    pub arms: Vec<Arm>,
}

/// Where a seed's data come from.
#[derive(Debug, Clone, PartialEq)]
pub enum DataSource {
    /// The data set that the stage is given, the same for every seed.
    Fixed,
    /// A new one for every seed, from these options with another seed in them.
    Generated(Options),
}

/// What gives `val_loss`, by which epochs and trials are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Judge {
    /// This share of the training part, held out at random. The test part stays sealed until training is over and is
    /// scored once, at the last and at the best epoch.
    Validation { share: f64 },
    /// This share of the training part too, but its last rows as they stand in the data set.
    LastRows { share: f64 },
    /// The test part itself, a defect: what is chosen by it, trials too, is then reported on it. There is no further
    /// score.
    Test,
}

/// Where an arm's hyper-parameters come from.
#[derive(Debug, Clone, PartialEq)]
pub enum HyperparameterSource {
    /// The source's own, by arm.
    Published(BTreeMap<String, Hyperparameters>),
    /// Of T tunings, seeded 0 to T − 1; final seed i takes those of tuning i mod T, so the luck of tuning is in the
    /// spread between seeds.
    Tuned,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arm {
    pub name: &'static str,
    pub method: &'static str,
    /// The arm or method whose hyper-parameters it takes, as far as it has them: its own, but for a control.
    pub hyperparameters_of: &'static str,
    pub start: Start,
}

/// The weights that an arm's training starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// From the seed's initial weights.
    Fresh,
    /// From the weights of another arm's finished run with the same seed; the stream then begins anew, the optimiser
    /// too. A defect: the two arms differ in more than the method.
    Trained { arm: &'static str },
}

impl Arm {
    /// An arm that is a method with its own hyper-parameters, from fresh weights.
    pub const fn of(method: &'static str) -> Self {
        Self { name: method, method, hyperparameters_of: method, start: Start::Fresh }
    }
}

impl Experiment {
    /// The source's own hyper-parameters, by arm.
    pub fn published(&self, parameters: &Parameters) -> Result<BTreeMap<String, Hyperparameters>, ParameterError> {
        parameters.get(&self.key("published"))
    }

    /// The controlled protocol's data and judge.
    pub fn controlled(&self, parameters: &Parameters) -> Result<(DataSource, Judge), ParameterError> {
        let data = if parameters.get(&self.key("controlled.generate_data"))? {
            DataSource::Generated((self.data)(parameters)?)
        } else {
            DataSource::Fixed
        };
        Ok((data, Judge::Validation { share: parameters.get(&self.key("controlled.validation_share"))? }))
    }

    /// A protocol as most are. As-run and as-stated take the fixed data set, that judge and the source's
    /// hyper-parameters; controlled tunes on validation rows of its own. A trial is as long as a final run, the optimiser
    /// is Adam, the criterion the loss, until an experiment replaces them.
    pub fn usual(
        &self,
        name: Name,
        judge: impl FnOnce() -> Result<Judge, ParameterError>,
        parameters: &Parameters,
    ) -> Result<Protocol, ParameterError> {
        let (data, judge, hyperparameters) = match name {
            Name::AsRun | Name::AsStated if self.publishes_optima => {
                (DataSource::Fixed, judge()?, HyperparameterSource::Published(self.published(parameters)?))
            }
            Name::AsRun | Name::AsStated => (DataSource::Fixed, judge()?, HyperparameterSource::Tuned),
            Name::Controlled => {
                let (data, judge) = self.controlled(parameters)?;
                (data, judge, HyperparameterSource::Tuned)
            }
        };
        let epochs = parameters.get(&self.key("epochs"))?;
        Ok(Protocol {
            experiment: self.name,
            name,
            hidden: parameters.get(&self.key("hidden"))?,
            optimiser: Optimiser::Adam,
            batch: parameters.get(&self.key("batch"))?,
            epochs,
            trial_epochs: epochs,
            data,
            judge,
            criterion: Criterion::Loss,
            hyperparameters,
            arms: self.arms.to_vec(),
        })
    }

    /// Where a setting of it stands among the parameters.
    pub fn key(&self, setting: &str) -> String {
        format!("{}.{setting}", self.name)
    }
}

impl Protocol {
    /// The arm of that name.
    pub fn arm(&self, name: &str) -> Result<&Arm, ProtocolError> {
        self.arms.iter().find(|arm| arm.name == name).ok_or_else(|| ProtocolError::UnknownArm {
            name: name.to_owned(),
            experiment: self.experiment,
            protocol: self.name,
            known: self.arms.iter().map(|arm| arm.name).collect(),
        })
    }

    /// Complains unless a run of this arm is the same under another protocol. Where a protocol tunes it never is.
    pub fn check_alike(&self, other: &Self, arm: &str) -> Result<(), ProtocolError> {
        let of_arm = |protocol: &Self| -> Result<Self, ProtocolError> {
            Ok(Self { name: self.name, arms: vec![protocol.arm(arm)?.clone()], ..protocol.clone() })
        };
        if self.hyperparameters != HyperparameterSource::Tuned && of_arm(self)? == of_arm(other)? {
            return Ok(());
        }
        Err(ProtocolError::NotAlike { arm: arm.to_owned(), one: self.name, other: other.name })
    }

    /// The names of the hyper-parameters that a run of a method needs.
    pub fn names(&self, method: &Entry) -> Vec<&'static str> {
        [self.optimiser.hyperparameters(), method.hyperparameters].concat()
    }

    /// A run of a method under this protocol.
    pub fn recipe<'a>(
        &self,
        network: &'a Mlp,
        method: &'static Entry,
        hyperparameters: &'a Hyperparameters,
    ) -> Recipe<'a> {
        let (optimiser, epochs, batch, criterion) = (self.optimiser, self.epochs, self.batch, self.criterion);
        Recipe { network, method, optimiser, hyperparameters, epochs, batch, criterion }
    }
}

impl DataSource {
    /// The data set of a seed; `fixed` is what the stage was given.
    pub fn dataset(&self, fixed: Option<&Dataset>, seed: u32) -> Result<Dataset, ProtocolError> {
        match self {
            Self::Fixed => fixed.cloned().ok_or(ProtocolError::NoData),
            Self::Generated(options) => Ok(Dataset::from(&mnist1d::generate(&Options { seed, ..options.clone() })?)),
        }
    }
}

impl Name {
    /// All of them, from the source's own to the one that settles the question.
    pub const ALL: [Self; 3] = [Self::AsRun, Self::AsStated, Self::Controlled];

    fn text(self) -> &'static str {
        match self {
            Self::AsRun => "as-run",
            Self::AsStated => "as-stated",
            Self::Controlled => "controlled",
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

impl FromStr for Name {
    type Err = ProtocolError;

    fn from_str(text: &str) -> Result<Self, ProtocolError> {
        let name = Self::ALL.into_iter().find(|name| name.text() == text);
        name.ok_or_else(|| ProtocolError::UnknownProtocol(text.to_owned()))
    }
}

/// Why runs cannot be made as asked.
#[derive(Debug, Error)]
pub enum ProtocolError {
    #[error("there is no protocol `{0}`; there are as-run, as-stated, controlled")]
    UnknownProtocol(String),
    #[error("there is no experiment `{name}`; there are {}", known.join(", "))]
    UnknownExperiment { name: String, known: Vec<&'static str> },
    #[error("{experiment} has no arm `{name}` under {protocol}; it has {}", known.join(", "))]
    UnknownArm { name: String, experiment: &'static str, protocol: Name, known: Vec<&'static str> },
    #[error("{arm} does not run alike under {one} and {other}: it needs a run under each, without --also")]
    NotAlike { arm: String, one: Name, other: Name },
    #[error("this protocol uses one data set for all seeds: give it with --data")]
    NoData,
    #[error("{experiment} is not tuned under {protocol}: it takes the source's hyper-parameters")]
    NotTuned { experiment: &'static str, protocol: Name },
    #[error("`{arm}` has no hyper-parameters of its own to tune: it takes those of `{of}`")]
    Control { arm: &'static str, of: &'static str },
    #[error("{method} has no hyper-parameter `{name}`; it has {}", known.join(", "))]
    UnknownHyperparameter { name: String, method: &'static str, known: Vec<&'static str> },
    #[error("there are no hyper-parameters of `{0}`: published ones are parameters, tuned ones come with --tuned")]
    NoHyperparameters(&'static str),
    #[error("{protocol} has nothing that varying `{vary}` could change")]
    NotVaried { protocol: Name, vary: &'static str },
    #[error(transparent)]
    Data(#[from] OptionsError),
    #[error(transparent)]
    Network(#[from] EmptyLayer),
    #[error(transparent)]
    Method(#[from] UnknownMethod),
    #[error(transparent)]
    Seed(#[from] SeedTooLarge),
    #[error(transparent)]
    Training(#[from] TrainError),
    #[error(transparent)]
    Parameter(#[from] ParameterError),
}

/// The row of that name.
pub fn find(table: &'static [Experiment], name: &str) -> Result<&'static Experiment, ProtocolError> {
    table.iter().find(|experiment| experiment.name == name).ok_or_else(|| ProtocolError::UnknownExperiment {
        name: name.to_owned(),
        known: table.iter().map(|experiment| experiment.name).collect(),
    })
}
