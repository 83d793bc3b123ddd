//! Final runs: one arm, one seed -> the observations that statistics read.

use std::collections::BTreeMap;
use std::error::Error;

use super::parts::{Rows, Selection, Test, Validation};
use super::protocol::{Arm, HyperparameterSource, Judge, Protocol, ProtocolError, Start};
use super::seeds::Streams;
use crate::data::dataset::Dataset;
use crate::device::place::Place;
use crate::methods::METHODS;
use crate::methods::method::{self, Hyperparameters};
use crate::nn::evaluate::{Evaluator, Score};
use crate::nn::mlp::Mlp;
use crate::predictions::Prediction;
use crate::random::torch::Generator;
use crate::side_by_side::side_by_side;
use crate::table::Observation;
use crate::train::{self, Data, Outcome};

/// What the final runs of a protocol are made from.
#[derive(Debug, Clone)]
pub struct Finals {
    pub protocol: Protocol,
    /// The data set of protocols with fixed data.
    pub data: Option<Dataset>,
    /// Under protocols that tune: method → what its tunings chose, by tuning seed.
    pub tuned: BTreeMap<String, Vec<Hyperparameters>>,
}

/// What was seen of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// In order of epoch.
    pub rows: Vec<Observation>,
    /// Of the test part where it is sealed, at the best and at the last epoch.
    pub predictions: Vec<Prediction>,
}

/// [`Finals::observe`] for each of some seeds, in their order, computed at a place.
pub type ObserveBlock = fn(&Finals, &Arm, &[u64], Place) -> Result<Vec<Observed>, Box<dyn Error + Send + Sync>>;

/// An [`ObserveBlock`] for the CPU: seeds side by side, each on a thread of its own.
pub fn observe_side_by_side(
    finals: &Finals,
    arm: &Arm,
    seeds: &[u64],
    _: Place,
) -> Result<Vec<Observed>, Box<dyn Error + Send + Sync>> {
    Ok(side_by_side(seeds, |&seed| finals.observe(arm, seed))?)
}

impl Finals {
    /// One run: every epoch's `train_loss`, `val_loss` and `val_accuracy`, and where the test part is sealed, its
    /// `test_loss` and `test_accuracy` at the best and at the last epoch.
    pub fn observe(&self, arm: &Arm, seed: u64) -> Result<Observed, ProtocolError> {
        let setting = self.setting(seed)?;
        let outcome = self.train(arm, seed, &setting)?;
        Ok(self.observed(&setting, &outcome, Labels { protocol: self.protocol.name.to_string(), arm, seed }))
    }

    pub(super) fn observed(&self, setting: &Setting, outcome: &Outcome, labels: Labels) -> Observed {
        let Labels { protocol, arm, seed } = labels;
        let note = |epoch: u32, metric: &str, value: f64| Observation {
            experiment: self.protocol.experiment.to_owned(),
            protocol: protocol.clone(),
            method: arm.name.to_owned(),
            seed,
            epoch,
            metric: metric.to_owned(),
            value,
        };
        let scored = self.scored(setting, outcome);
        let mut observed = Observed::default();
        for (number, epoch) in (1..).zip(&outcome.epochs) {
            observed.rows.push(note(number, "train_loss", epoch.train_loss));
            observed.rows.push(note(number, "val_loss", epoch.val_loss));
            observed.rows.push(note(number, "val_accuracy", epoch.val_accuracy));
            let Some((score, predicted)) = scored.get(&number) else { continue };
            observed.rows.push(note(number, "test_loss", score.loss));
            observed.rows.push(note(number, "test_accuracy", score.accuracy));
            for (row, &(label, predicted)) in (0..).zip(predicted) {
                observed.predictions.push(Prediction {
                    experiment: self.protocol.experiment.to_owned(),
                    protocol: protocol.clone(),
                    method: arm.name.to_owned(),
                    seed,
                    epoch: number,
                    row,
                    label,
                    predicted,
                });
            }
        }
        observed
    }

    /// Epoch → score of the test part, and the label and the predicted class of each of its rows.
    fn scored(&self, setting: &Setting, outcome: &Outcome) -> BTreeMap<u32, (Score, Vec<(u8, u8)>)> {
        let Some(sealed) = setting.sealed() else { return BTreeMap::new() };
        let mut evaluator = Evaluator::new(&setting.network, self.protocol.batch);
        let mut score =
            |weights: &[f32]| (sealed.score(&mut evaluator, weights), sealed.predict(&mut evaluator, weights));
        let last = (self.protocol.epochs, score(&outcome.last));
        let best = outcome.best.as_ref().map(|best| (best.epoch, score(&best.parameters)));
        std::iter::once(last).chain(best).collect()
    }

    /// What a seed stands for.
    pub(super) fn setting(&self, seed: u64) -> Result<Setting, ProtocolError> {
        let streams = Streams::of_final_run(seed)?;
        let stream = match self.protocol.judge {
            Judge::Test | Judge::LastRows { .. } => Generator::seeded(seed),
            Judge::Validation { .. } => Generator::seeded(streams.training),
        };
        self.setting_of(streams.data, stream)
    }

    /// What a seed of the data and a stream stand for, which gives the split, where there is one, and then goes on.
    pub(super) fn setting_of(&self, data: u32, mut stream: Generator) -> Result<Setting, ProtocolError> {
        let dataset = self.protocol.data.dataset(self.data.as_ref(), data)?;
        let network = Mlp::new(dataset.features, &self.protocol.hidden, dataset.classes)?;
        let rows = match self.protocol.judge {
            Judge::Test => Judged::OnTest(Selection::judged_on_test(dataset)),
            Judge::LastRows { share } => {
                let (selection, sealed) = Selection::last_rows(dataset, share);
                Judged::OnValidation(selection, sealed)
            }
            Judge::Validation { share } => {
                let (selection, sealed) = Selection::held_out(dataset, share, &mut stream);
                Judged::OnValidation(selection, sealed)
            }
        };
        Ok(Setting { network, rows, stream })
    }

    fn train(&self, arm: &Arm, seed: u64, setting: &Setting) -> Result<Outcome, ProtocolError> {
        let (initial, stream) = self.start(arm, seed, setting)?;
        self.train_from(arm, seed, setting, initial, stream)
    }

    /// A run from these weights on, its orders drawn from this stream.
    pub(super) fn train_from(
        &self,
        arm: &Arm,
        seed: u64,
        setting: &Setting,
        initial: Vec<f32>,
        mut stream: Generator,
    ) -> Result<Outcome, ProtocolError> {
        let method = method::find(METHODS, arm.method)?;
        let hyperparameters = self.hyperparameters(arm, seed)?.restricted_to(&self.protocol.names(method));
        let recipe = self.protocol.recipe(&setting.network, method, &hyperparameters);
        Ok(train::run(&recipe, setting.data(), initial, &mut stream)?)
    }

    /// The weights that an arm starts from, and the stream that goes on from there.
    pub(super) fn start(
        &self,
        arm: &Arm,
        seed: u64,
        setting: &Setting,
    ) -> Result<(Vec<f32>, Generator), ProtocolError> {
        let mut stream = setting.stream.clone();
        let initial = match arm.start {
            Start::Fresh => setting.network.initial(&mut stream),
            Start::Trained { arm } => self.train(self.protocol.arm(arm)?, seed, setting)?.last,
        };
        Ok((initial, stream))
    }

    /// Those of an arm in the runs of a seed.
    pub(super) fn hyperparameters(&self, arm: &Arm, seed: u64) -> Result<&Hyperparameters, ProtocolError> {
        let of = arm.hyperparameters_of;
        match &self.protocol.hyperparameters {
            HyperparameterSource::Published(published) => published.get(of),
            HyperparameterSource::Tuned => self.tuned.get(of).and_then(|tunings| {
                let tuning = seed.checked_rem(tunings.len() as u64)?;
                tunings.get(tuning as usize)
            }),
        }
        .ok_or(ProtocolError::NoHyperparameters(of))
    }
}

/// What rows are told apart by, besides the experiment.
pub(super) struct Labels<'a> {
    pub(super) protocol: String,
    pub(super) arm: &'a Arm,
    pub(super) seed: u64,
}

/// What a seed stands for under a protocol.
pub(super) struct Setting {
    pub(super) network: Mlp,
    rows: Judged,
    /// At the point where initial weights are drawn.
    pub(super) stream: Generator,
}

enum Judged {
    OnTest(Selection<Test>),
    OnValidation(Selection<Validation>, Rows<Test>),
}

impl Setting {
    /// What is trained on, and what judges the epochs.
    pub(super) fn data(&self) -> Data<'_> {
        match &self.rows {
            Judged::OnTest(selection) => selection.data(),
            Judged::OnValidation(selection, _) => selection.data(),
        }
    }

    /// The test part, where no epoch was judged on it.
    pub(super) fn sealed(&self) -> Option<&Rows<Test>> {
        match &self.rows {
            Judged::OnTest(_) => None,
            Judged::OnValidation(_, sealed) => Some(sealed),
        }
    }
}
