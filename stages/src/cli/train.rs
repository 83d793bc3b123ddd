//! `retrial train`: one training run by hand.

use std::fmt::Write as _;
use std::path::Path;
use std::str::FromStr;

use serde::Serialize;
use thiserror::Error;

use super::PARAMETERS;
use crate::device::place::Place;
use crate::lowrank;
use crate::lowrank::configuration::LowrankError;
use crate::parameters::{ParameterError, Parameters};
use crate::protocols::EXPERIMENTS;
use crate::protocols::by_hand::{self, Length, Request, Run, Scores};
use crate::protocols::on_device::OnDeviceError;
use crate::protocols::protocol::{self, ProtocolError};

/// Trains once, and prints curves and scores; nothing is stored.
///
/// Data, network and published hyper-parameters are those of params.yaml.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The experiment
    pub experiment: String,
    /// A method of the experiment, or a control such as baseline-at-svvar; of lowrank, a network such as A-relu
    pub method: String,
    /// as-run, as-stated or controlled; of lowrank, as-published too
    #[arg(long, default_value = "as-run")]
    pub protocol: String,
    /// Gives the initial weights and the order of the examples; under the controlled protocol the data too
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Train for so many epochs, in place of the protocol's number
    #[arg(long, conflicts_with = "steps")]
    pub epochs: Option<u32>,
    /// Train for so many steps, and print the losses of each; no epoch is scored
    #[arg(long)]
    pub steps: Option<u32>,
    /// Hyper-parameters in place of the published ones
    #[arg(long, value_name = "NAME=VALUE", num_args = 1..)]
    pub set: Vec<Setting>,
    /// Where to compute: cpu, cuda:N or metal
    ///
    /// GPUs need a build that knows them (`cargo run --features cuda -- train …`) and give other last bits than the CPU.
    #[arg(long, default_value = "cpu")]
    pub device: Place,
    /// Print the run as JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// A hyper-parameter's name and value.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting(String, f64);

#[derive(Debug, Error)]
#[error("a hyper-parameter is set as NAME=NUMBER")]
pub struct SettingError;

impl FromStr for Setting {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let (name, value) = text.split_once('=').ok_or(SettingError)?;
        let value: f64 = value.trim().parse().map_err(|_| SettingError)?;
        if value.is_finite() { Ok(Self(name.trim().to_owned(), value)) } else { Err(SettingError) }
    }
}

/// Why a run cannot be made.
#[derive(Debug, Error)]
pub enum TrainError {
    #[error(transparent)]
    Experiment(#[from] ProtocolError),
    #[error(transparent)]
    Device(#[from] OnDeviceError),
    #[error("lowrank is trained on the CPU only: leave --device out, or say --device cpu")]
    LowrankElsewhere,
    #[error(transparent)]
    Lowrank(#[from] LowrankError),
    #[error(transparent)]
    Parameter(#[from] ParameterError),
}

impl TrainError {
    /// Whether the device is what failed, and not what was asked of it.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Device(error) if error.is_failure())
    }
}

/// What the command prints: tables for a person, or JSON.
pub fn run(args: &Args, root: &Path) -> Result<String, TrainError> {
    let parameters = || Parameters::of_study(&root.join(PARAMETERS));
    let hyperparameters = args.set.iter().map(|setting| (setting.0.clone(), setting.1)).collect();
    if args.experiment == lowrank::NAME {
        if args.device != Place::Cpu {
            return Err(TrainError::LowrankElsewhere);
        }
        let request = lowrank::by_hand::Request {
            protocol: args.protocol.parse()?,
            method: args.method.clone(),
            seed: args.seed,
            // A step takes all examples, so it is an epoch.
            epochs: args.epochs.or(args.steps),
            hyperparameters,
        };
        let run = lowrank::by_hand::train(&request, &parameters()?)?;
        return Ok(if args.json { json(&run) } else { super::train_lowrank::tables(&run) });
    }
    let experiment = protocol::find(EXPERIMENTS, &args.experiment).map_err(|error| match error {
        ProtocolError::UnknownExperiment { name, mut known } => {
            known.push(lowrank::NAME);
            ProtocolError::UnknownExperiment { name, known }
        }
        other => other,
    })?;
    let request = Request {
        experiment,
        place: args.device,
        protocol: args.protocol.parse()?,
        arm: args.method.clone(),
        seed: args.seed,
        length: match (args.epochs, args.steps) {
            (_, Some(steps)) => Length::Steps(steps),
            (Some(epochs), None) => Length::Epochs(epochs),
            (None, None) => Length::Whole,
        },
        hyperparameters,
    };
    let run = by_hand::train(&request, &parameters()?)?;
    Ok(if args.json { json(&run) } else { tables(&run) })
}

/// One line.
fn json(run: &impl Serialize) -> String {
    // A run is made of texts and numbers, which can always be written.
    serde_json::to_string(run).map_or_else(|error| error.to_string(), |text| text + "\n")
}

fn tables(run: &Run) -> String {
    let values: Vec<String> = run.hp.0.iter().map(|(name, value)| format!("{name} {value}")).collect();
    let mut text =
        format!("{} {} ({}), seed {}: {}\n", run.experiment, run.method, run.protocol, run.seed, values.join(", "));
    if let Some(steps) = &run.by_step {
        text.push_str("\n step  cross-entropy       penalty\n");
        for (number, (loss, penalty)) in (1..).zip(steps.step_cross_entropy.iter().zip(&steps.step_penalty)) {
            let _ = writeln!(text, "{number:5}  {loss:13.6}  {penalty:12.6}");
        }
    } else {
        text.push_str("\nepoch  train loss  val loss  val accuracy\n");
        let epochs = run.train_loss.iter().zip(&run.val_loss).zip(&run.val_acc);
        for (number, ((train, loss), accuracy)) in (1..).zip(epochs) {
            let _ = writeln!(text, "{number:5}  {train:10.4}  {loss:8.4}  {:10.2} %", 100.0 * accuracy);
        }
        text.push_str(&scores(&run.scores));
    }
    let per_step = 1e3 * run.seconds / run.steps.max(1) as f64;
    let _ = writeln!(text, "\n{} steps in {:.2} s on {}, {per_step:.3} ms each", run.steps, run.seconds, run.device);
    text
}

fn scores(scores: &Scores) -> String {
    let mut text = String::new();
    if let (Some(epoch), Some(accuracy)) = (scores.best_epoch, scores.best_val_acc) {
        let _ = writeln!(text, "\nbest epoch: {epoch}, with validation accuracy {:.2} %", 100.0 * accuracy);
    }
    for (at, loss, accuracy) in
        [("best", scores.test_loss, scores.test_acc), ("last", scores.last_test_loss, scores.last_test_acc)]
    {
        if let (Some(loss), Some(accuracy)) = (loss, accuracy) {
            let _ = writeln!(text, "test part at the {at} epoch: loss {loss:.4}, accuracy {:.2} %", 100.0 * accuracy);
        }
    }
    text
}
