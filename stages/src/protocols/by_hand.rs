//! One training run by hand: any arm, any length, any hyper-parameters; for development, and to compare with other
//! implementations.

use std::time::Instant;

use serde::Serialize;

use super::on_device::{self, OnDeviceError};
use super::protocol::{Arm, Experiment, Name, Protocol, ProtocolError};
use super::runs::{Finals, Setting};
use crate::data::dataset::Dataset;
use crate::data::mnist1d;
use crate::device::block;
use crate::device::open::open;
use crate::device::place::Place;
use crate::methods::METHODS;
use crate::methods::method::{self, Hyperparameters};
use crate::nn::evaluate::Evaluator;
use crate::parameters::Parameters;
use crate::train::{self, Outcome, Recipe, StepLosses};

/// What is to be run.
#[derive(Debug, Clone)]
pub struct Request {
    pub experiment: &'static Experiment,
    pub protocol: Name,
    /// The name of an arm.
    pub arm: String,
    pub seed: u64,
    pub length: Length,
    /// Values in place of the published ones.
    pub hyperparameters: Vec<(String, f64)>,
    pub place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// The protocol's number of epochs.
    Whole,
    Epochs(u32),
    /// So many steps, and no epoch is scored.
    Steps(u32),
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    pub experiment: &'static str,
    pub protocol: Name,
    pub method: &'static str,
    pub seed: u64,
    pub hp: Hyperparameters,
    /// What computed.
    pub device: String,
    /// That were scored.
    pub epochs: usize,
    pub steps: usize,
    pub train_loss: Vec<f64>,
    pub val_loss: Vec<f64>,
    pub val_acc: Vec<f64>,
    #[serde(rename = "final")]
    pub scores: Scores,
    /// That the training took, with the scoring of its epochs, but not what came before.
    pub seconds: f64,
    #[serde(flatten)]
    pub by_step: Option<BySteps>,
}

/// What each step saw before it moved the weights.
#[derive(Debug, Clone, Serialize)]
pub struct BySteps {
    pub step_cross_entropy: Vec<f64>,
    /// Without its strength.
    pub step_penalty: Vec<f64>,
}

/// How it ended. The best epoch is the one that the protocol's criterion chooses, counted from 1.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Scores {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub final_val_loss: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_val_loss: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub final_val_acc: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_val_acc: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_epoch: Option<u32>,
    /// Of the test part at the best epoch, where no epoch was judged on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_loss: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_acc: Option<f64>,
    /// Of the test part at the last epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_test_loss: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_test_acc: Option<f64>,
}

/// Makes the data set, and trains once.
pub fn train(request: &Request, parameters: &Parameters) -> Result<Run, OnDeviceError> {
    let device = match request.place {
        Place::Cpu => None,
        place => Some(open(place)?),
    };
    let made = prepare(request, parameters)?;
    let method = method::find(METHODS, made.arm.method).map_err(ProtocolError::from)?;
    let recipe = made.finals.protocol.recipe(&made.setting.network, method, &made.hyperparameters);
    let epochs = match request.length {
        Length::Epochs(epochs) => epochs,
        Length::Whole | Length::Steps(_) => recipe.epochs,
    };
    let recipe = Recipe { epochs, ..recipe };
    let data = made.setting.data();
    let (initial, mut generator) = match &device {
        None => made.finals.start(&made.arm, request.seed, &made.setting)?,
        Some(device) => on_device::start(&made.finals, &made.arm, request.seed, &made.setting, device)?,
    };

    let mut run = Run {
        experiment: request.experiment.name,
        protocol: request.protocol,
        method: made.arm.name,
        seed: request.seed,
        hp: made.hyperparameters.clone(),
        device: request.place.to_string(),
        epochs: 0,
        steps: 0,
        train_loss: Vec::new(),
        val_loss: Vec::new(),
        val_acc: Vec::new(),
        scores: Scores::default(),
        seconds: 0.0,
        by_step: None,
    };
    let start = Instant::now();
    if let Length::Steps(count) = request.length {
        let steps = match &device {
            None => {
                train::steps(&recipe, data, initial, &mut generator, count as usize).map_err(ProtocolError::from)?
            }
            Some(device) => {
                block::steps(vec![block::Run { recipe, data, initial, generator }], device, count as usize)?.concat()
            }
        };
        run.seconds = start.elapsed().as_secs_f64();
        run.steps = steps.len();
        let numbers = |of: fn(&StepLosses) -> f64| steps.iter().map(of).collect();
        run.by_step = Some(BySteps {
            step_cross_entropy: numbers(|step| step.cross_entropy),
            step_penalty: numbers(|step| step.penalty),
        });
        return Ok(run);
    }
    let outcome = match &device {
        None => train::run(&recipe, data, initial, &mut generator).map_err(ProtocolError::from)?,
        Some(device) => on_device::only(block::train(vec![block::Run { recipe, data, initial, generator }], device)?)?,
    };
    run.seconds = start.elapsed().as_secs_f64();
    run.epochs = outcome.epochs.len();
    run.steps = run.epochs * data.train.len().div_ceil(recipe.batch);
    run.scores = scores(&outcome, &made.setting, recipe.batch);
    run.train_loss = outcome.epochs.iter().map(|epoch| epoch.train_loss).collect();
    run.val_loss = outcome.epochs.iter().map(|epoch| epoch.val_loss).collect();
    run.val_acc = outcome.epochs.iter().map(|epoch| epoch.val_accuracy).collect();
    Ok(run)
}

/// What a request stands for.
struct Prepared {
    finals: Finals,
    arm: Arm,
    hyperparameters: Hyperparameters,
    setting: Setting,
}

fn prepare(request: &Request, parameters: &Parameters) -> Result<Prepared, ProtocolError> {
    let experiment = request.experiment;
    let protocol = (experiment.protocol)(request.protocol, parameters)?;
    let arm = protocol.arm(&request.arm)?.clone();
    let hyperparameters = hyperparameters(request, &protocol, &arm, parameters)?;
    let data = Dataset::from(&mnist1d::generate(&(experiment.data)(parameters)?)?);
    let finals = Finals { protocol, data: Some(data), tuned: Default::default() };
    let setting = finals.setting(request.seed)?;
    Ok(Prepared { finals, arm, hyperparameters, setting })
}

/// The published ones, as changed.
fn hyperparameters(
    request: &Request,
    protocol: &Protocol,
    arm: &Arm,
    parameters: &Parameters,
) -> Result<Hyperparameters, ProtocolError> {
    let method = method::find(METHODS, arm.method)?;
    let names = protocol.names(method);
    let published = request.experiment.published(parameters)?;
    let of = arm.hyperparameters_of;
    let mut values = published.get(of).ok_or(ProtocolError::NoHyperparameters(of))?.restricted_to(&names);
    for (name, value) in &request.hyperparameters {
        if !names.contains(&name.as_str()) {
            let (name, method) = (name.clone(), arm.name);
            return Err(ProtocolError::UnknownHyperparameter { name, method, known: names });
        }
        values.0.insert(name.clone(), *value);
    }
    Ok(values)
}

fn scores(outcome: &Outcome, setting: &Setting, batch: usize) -> Scores {
    let last = outcome.epochs.last();
    let mut scores = Scores {
        final_val_loss: last.map(|epoch| epoch.val_loss),
        min_val_loss: last.map(|_| outcome.epochs.iter().map(|epoch| epoch.val_loss).fold(f64::NAN, f64::min)),
        final_val_acc: last.map(|epoch| epoch.val_accuracy),
        ..Scores::default()
    };
    if let Some(best) = &outcome.best {
        scores.best_epoch = Some(best.epoch);
        scores.best_val_acc = outcome.epochs.get(best.epoch as usize - 1).map(|epoch| epoch.val_accuracy);
    }
    if let Some(sealed) = setting.sealed() {
        let mut evaluator = Evaluator::new(&setting.network, batch);
        let last = sealed.score(&mut evaluator, &outcome.last);
        (scores.last_test_loss, scores.last_test_acc) = (Some(last.loss), Some(last.accuracy));
        if let Some(best) = &outcome.best {
            let best = sealed.score(&mut evaluator, &best.parameters);
            (scores.test_loss, scores.test_acc) = (Some(best.loss), Some(best.accuracy));
        }
    }
    scores
}
