//! One training run: data, method, hyper-parameters, initial weights and a random stream -> curves and weights.
//!
//! A run is computed on the thread that calls it, with subnormals flushed, so its bytes depend on nothing but these.

use std::ops::ControlFlow;

use thiserror::Error;

use crate::data::dataset::Part;
use crate::methods::method::{Entry, Hyperparameters, Method, MissingHyperparameter, Step};
use crate::nn::adam::Adam;
use crate::nn::evaluate::Evaluator;
use crate::nn::loss::CrossEntropy;
use crate::nn::mlp::{Mlp, Pass};
use crate::nn::subnormals::Flushed;
use crate::random::torch::Generator;

/// What a run is made from, besides its data, its first weights and its random stream.
#[derive(Debug, Clone, Copy)]
pub struct Recipe<'a> {
    pub network: &'a Mlp,
    pub method: &'static Entry,
    pub optimiser: Optimiser,
    pub hyperparameters: &'a Hyperparameters,
    pub epochs: u32,
    /// Examples a step; the last step of an epoch takes those that are left.
    pub batch: usize,
    pub criterion: Criterion,
}

/// What takes the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Optimiser {
    /// Hyper-parameter: `lr`.
    Adam,
    /// Hyper-parameters: `lr`, `weight_decay`.
    AdamW,
}

impl Optimiser {
    /// The names of those that it needs.
    pub fn hyperparameters(self) -> &'static [&'static str] {
        match self {
            Self::Adam => &["lr"],
            Self::AdamW => &["lr", "weight_decay"],
        }
    }
}

/// What makes the weights of one epoch better than those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion {
    /// The least validation loss.
    Loss,
    /// The greatest validation accuracy.
    Accuracy,
}

impl Criterion {
    /// The number of an epoch that it goes by.
    pub fn value(self, epoch: &Epoch) -> f64 {
        match self {
            Self::Loss => epoch.val_loss,
            Self::Accuracy => epoch.val_accuracy,
        }
    }

    /// Whether a number is better than the best so far; one that is not finite never is.
    pub(crate) fn improves(self, value: f64, best: Option<f64>) -> bool {
        let better = best.is_none_or(|best| match self {
            Self::Loss => value < best,
            Self::Accuracy => value > best,
        });
        better && value.is_finite()
    }
}

/// What a run is trained on, and what its epochs are judged on.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    pub train: &'a Part,
    pub validation: &'a Part,
}

/// What comes of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// One for each epoch. If the weights stop being finite in one, it and those after it are [`Epoch::FAILED`].
    pub epochs: Vec<Epoch>,
    /// The weights after the last epoch.
    pub last: Vec<f32>,
    /// By the recipe's criterion; none if that was finite in no epoch.
    pub best: Option<Best>,
}

/// The numbers of one epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epoch {
    /// The mean over the epoch's steps of their batches' mean cross-entropy, each before its step, without penalty.
    pub train_loss: f64,
    pub val_loss: f64,
    pub val_accuracy: f64,
}

impl Epoch {
    /// An epoch whose weights are not all finite.
    pub const FAILED: Self = Self { train_loss: f64::NAN, val_loss: f64::NAN, val_accuracy: f64::NAN };
}

/// The first of the best epochs.
#[derive(Debug, Clone, PartialEq)]
pub struct Best {
    /// Counted from 1.
    pub epoch: u32,
    /// What the criterion goes by.
    pub value: f64,
    pub parameters: Vec<f32>,
}

/// Why a run cannot be made.
#[derive(Debug, Error)]
pub enum TrainError {
    #[error(transparent)]
    Hyperparameter(#[from] MissingHyperparameter),
    #[error("the batch size must be at least 1")]
    EmptyBatch,
    #[error("the {part} part has no examples")]
    EmptyPart { part: &'static str },
    #[error("the data have {data} features, the network has {network} inputs")]
    Features { data: usize, network: usize },
}

/// Trains from `parameters` on. Each epoch's order of examples is one permutation drawn from `generator`.
pub fn run(
    recipe: &Recipe<'_>,
    data: Data<'_>,
    parameters: Vec<f32>,
    generator: &mut Generator,
) -> Result<Outcome, TrainError> {
    run_watched(recipe, data, parameters, generator, |_, _| ControlFlow::Continue(()))
}

/// The same, with every epoch's number, counted from 1, and numbers shown to `watch`, which may end the run after it.
pub fn run_watched(
    recipe: &Recipe<'_>,
    data: Data<'_>,
    parameters: Vec<f32>,
    generator: &mut Generator,
    mut watch: impl FnMut(u32, &Epoch) -> ControlFlow<()>,
) -> Result<Outcome, TrainError> {
    check(data, recipe.network)?;
    let mut trainer = Trainer::new(recipe, parameters)?;
    let mut evaluator = Evaluator::new(recipe.network, recipe.batch);
    let mut outcome = Outcome { epochs: Vec::new(), last: Vec::new(), best: None };
    for epoch in 1..=recipe.epochs {
        let train_loss = trainer.epoch(data.train, generator, |_| ());
        if !trainer.parameters.iter().all(|parameter| parameter.is_finite()) {
            while outcome.epochs.len() < recipe.epochs as usize {
                outcome.epochs.push(Epoch::FAILED);
                if watch(outcome.epochs.len() as u32, &Epoch::FAILED).is_break() {
                    break;
                }
            }
            break;
        }
        let score = evaluator.score(&trainer.parameters, data.validation);
        let numbers = Epoch { train_loss, val_loss: score.loss, val_accuracy: score.accuracy };
        outcome.epochs.push(numbers);
        let value = recipe.criterion.value(&numbers);
        if recipe.criterion.improves(value, outcome.best.as_ref().map(|best| best.value)) {
            outcome.best = Some(Best { epoch, value, parameters: trainer.parameters.clone() });
        }
        if watch(epoch, &numbers).is_break() {
            break;
        }
    }
    outcome.last = trainer.parameters;
    Ok(outcome)
}

/// So many steps from `parameters` on, not scored.
pub fn steps(
    recipe: &Recipe<'_>,
    data: Data<'_>,
    parameters: Vec<f32>,
    generator: &mut Generator,
    count: usize,
) -> Result<Vec<StepLosses>, TrainError> {
    check(data, recipe.network)?;
    Ok(Trainer::new(recipe, parameters)?.steps(data.train, generator, count))
}

fn check(data: Data<'_>, network: &Mlp) -> Result<(), TrainError> {
    for (name, part) in [("training", data.train), ("validation", data.validation)] {
        if part.is_empty() {
            return Err(TrainError::EmptyPart { part: name });
        }
        let features = part.x.len() / part.len();
        if features != network.inputs() {
            return Err(TrainError::Features { data: features, network: network.inputs() });
        }
    }
    Ok(())
}

/// A network in training; its buffers are made once.
pub struct Trainer {
    network: Mlp,
    parameters: Vec<f32>,
    gradient: Vec<f32>,
    optimiser: Adam,
    method: Box<dyn Method>,
    pass: Pass,
    loss: CrossEntropy,
    batch: usize,
    /// The inputs and classes of the step's batch.
    x: Vec<f32>,
    y: Vec<u8>,
}

/// What one step saw before it moved the weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepLosses {
    /// The batch's mean.
    pub cross_entropy: f64,
    /// Without its strength.
    pub penalty: f64,
}

impl Trainer {
    /// Ready for the first step from `parameters`.
    pub fn new(recipe: &Recipe<'_>, parameters: Vec<f32>) -> Result<Self, TrainError> {
        if recipe.batch == 0 {
            return Err(TrainError::EmptyBatch);
        }
        let weight_decay = match recipe.optimiser {
            Optimiser::Adam => 0.0,
            Optimiser::AdamW => recipe.hyperparameters.get("weight_decay")?,
        };
        Ok(Self {
            gradient: vec![0.0; parameters.len()],
            optimiser: Adam::new(parameters.len(), recipe.hyperparameters.get("lr")?, weight_decay),
            parameters,
            method: (recipe.method.make)(recipe.network, recipe.hyperparameters)?,
            pass: Pass::new(recipe.network, recipe.batch),
            loss: CrossEntropy::new(recipe.batch),
            batch: recipe.batch,
            x: Vec::with_capacity(recipe.batch * recipe.network.inputs()),
            y: Vec::with_capacity(recipe.batch),
            network: recipe.network.clone(),
        })
    }

    /// One pass over a part in an order drawn from `generator`; returns the mean of the steps' cross-entropies.
    pub fn epoch(&mut self, part: &Part, generator: &mut Generator, mut after_step: impl FnMut(StepLosses)) -> f64 {
        let _flushed = Flushed::new();
        let order = generator.permutation(part.len());
        let mut total = 0.0;
        for rows in order.chunks(self.batch) {
            let losses = self.step(part, rows);
            total += losses.cross_entropy;
            after_step(losses);
        }
        total / order.len().div_ceil(self.batch) as f64
    }

    /// So many steps, an epoch's order drawn from `generator` whenever one is needed.
    pub fn steps(&mut self, part: &Part, generator: &mut Generator, count: usize) -> Vec<StepLosses> {
        let _flushed = Flushed::new();
        let mut steps = Vec::with_capacity(count);
        while steps.len() < count {
            for rows in generator.permutation(part.len()).chunks(self.batch).take(count - steps.len()) {
                steps.push(self.step(part, rows));
            }
        }
        steps
    }

    fn step(&mut self, part: &Part, rows: &[u32]) -> StepLosses {
        let features = self.network.inputs();
        self.x.clear();
        self.y.clear();
        for &row in rows {
            let row = row as usize;
            self.x.extend_from_slice(&part.x[row * features..][..features]);
            self.y.push(part.y[row]);
        }
        let logits = self.pass.forward(&self.parameters, &self.x);
        let cross_entropy = self.loss.value_and_gradient(logits, &self.y);
        let mut penalty = 0.0;
        if let Some(method) = self.method.at_activations() {
            let momentum = self.optimiser.first_moments().unwrap_or_else(|| {
                self.pass.backward(&self.parameters, &self.x, &mut self.gradient);
                &self.gradient
            });
            penalty += method.penalise(&self.network, momentum, &mut self.pass);
        }
        self.pass.backward(&self.parameters, &self.x, &mut self.gradient);
        let step = Step { network: &self.network, parameters: &self.parameters, x: &self.x, pass: &self.pass };
        penalty += self.method.adjust(&step, &mut self.gradient);
        self.optimiser.step(&mut self.parameters, &self.gradient);
        StepLosses { cross_entropy, penalty }
    }
}
