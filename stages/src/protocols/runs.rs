//! Final runs: one arm, one seed -> the observations that statistics read.

use std::collections::BTreeMap;

use super::parts::{Rows, Selection, Test, Validation};
use super::protocol::{Arm, HyperparameterSource, Judge, Protocol, ProtocolError, Start};
use super::seeds::Streams;
use crate::data::dataset::Dataset;
use crate::methods::METHODS;
use crate::methods::method::{self, Hyperparameters};
use crate::nn::evaluate::{Evaluator, Score};
use crate::nn::mlp::Mlp;
use crate::random::torch::Generator;
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

impl Finals {
    /// One run: every epoch's `train_loss`, `val_loss` and `val_accuracy`, and where the test part is sealed, its
    /// `test_loss` and `test_accuracy` at the best and at the last epoch. In order of epoch.
    pub fn observe(&self, arm: &Arm, seed: u64) -> Result<Vec<Observation>, ProtocolError> {
        let note = |epoch: u32, metric: &str, value: f64| Observation {
            experiment: self.protocol.experiment.to_owned(),
            protocol: self.protocol.name.to_string(),
            method: arm.name.to_owned(),
            seed,
            epoch,
            metric: metric.to_owned(),
            value,
        };
        let (outcome, scores) = self.run(arm, seed)?;
        let mut observations = Vec::new();
        for (number, epoch) in (1..).zip(&outcome.epochs) {
            observations.push(note(number, "train_loss", epoch.train_loss));
            observations.push(note(number, "val_loss", epoch.val_loss));
            observations.push(note(number, "val_accuracy", epoch.val_accuracy));
            if let Some(score) = scores.get(&number) {
                observations.push(note(number, "test_loss", score.loss));
                observations.push(note(number, "test_accuracy", score.accuracy));
            }
        }
        Ok(observations)
    }

    /// The run, and epoch → score of the test part.
    fn run(&self, arm: &Arm, seed: u64) -> Result<(Outcome, BTreeMap<u32, Score>), ProtocolError> {
        let setting = self.setting(seed)?;
        let outcome = self.train(arm, seed, &setting)?;
        let mut scores = BTreeMap::new();
        if let Some(sealed) = setting.sealed() {
            let mut evaluator = Evaluator::new(&setting.network, self.protocol.batch);
            scores.insert(self.protocol.epochs, sealed.score(&mut evaluator, &outcome.last));
            if let Some(best) = &outcome.best {
                scores.insert(best.epoch, sealed.score(&mut evaluator, &best.parameters));
            }
        }
        Ok((outcome, scores))
    }

    /// What a seed stands for.
    pub(super) fn setting(&self, seed: u64) -> Result<Setting, ProtocolError> {
        let streams = Streams::of_final_run(seed)?;
        let dataset = self.protocol.data.dataset(self.data.as_ref(), streams.data)?;
        let network = Mlp::new(dataset.features, &self.protocol.hidden, dataset.classes)?;
        let (rows, stream) = match self.protocol.judge {
            Judge::Test => (Judged::OnTest(Selection::judged_on_test(dataset)), Generator::seeded(seed)),
            Judge::LastRows { share } => {
                let (selection, sealed) = Selection::last_rows(dataset, share);
                (Judged::OnValidation(selection, sealed), Generator::seeded(seed))
            }
            Judge::Validation { share } => {
                let mut stream = Generator::seeded(streams.training);
                let (selection, sealed) = Selection::held_out(dataset, share, &mut stream);
                (Judged::OnValidation(selection, sealed), stream)
            }
        };
        Ok(Setting { network, rows, stream })
    }

    fn train(&self, arm: &Arm, seed: u64, setting: &Setting) -> Result<Outcome, ProtocolError> {
        let (initial, mut stream) = self.start(arm, seed, setting)?;
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

    fn hyperparameters(&self, arm: &Arm, seed: u64) -> Result<&Hyperparameters, ProtocolError> {
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

/// What a seed stands for under a protocol.
pub(super) struct Setting {
    pub(super) network: Mlp,
    rows: Judged,
    /// At the point where initial weights are drawn.
    stream: Generator,
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
