//! Final runs on a device: a block of seeds of one arm as one computation.

use std::error::Error;

use candle_core::Device;
use thiserror::Error;

use super::protocol::{Arm, ProtocolError, Start};
use super::runs::{Finals, Labels, Observed, Setting};
use crate::device::block::{self, BlockError, Run};
use crate::device::open::open;
use crate::device::place::{Place, PlaceError};
use crate::methods::METHODS;
use crate::methods::method::{self, Hyperparameters};
use crate::random::torch::Generator;
use crate::train::Outcome;

/// Why a block cannot be trained as asked.
#[derive(Debug, Error)]
pub enum OnDeviceError {
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error(transparent)]
    Block(#[from] BlockError),
    #[error("the device gave no result")]
    NoResult,
}

impl OnDeviceError {
    /// Whether the device is what failed, and not what was asked of it.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::NoResult | Self::Block(BlockError::Device(_)))
    }
}

/// An [`ObserveBlock`](super::runs::ObserveBlock) for devices: all seeds as one computation.
pub fn observe_at_once(
    finals: &Finals,
    arm: &Arm,
    seeds: &[u64],
    place: Place,
) -> Result<Vec<Observed>, Box<dyn Error + Send + Sync>> {
    Ok(observe(finals, arm, seeds, &open(place).map_err(OnDeviceError::from)?)?)
}

/// What [`Finals::observe`] gives for each of these seeds, in their order.
pub fn observe(finals: &Finals, arm: &Arm, seeds: &[u64], device: &Device) -> Result<Vec<Observed>, OnDeviceError> {
    let settings = seeds.iter().map(|&seed| finals.setting(seed)).collect::<Result<Vec<_>, _>>()?;
    let outcomes = train(finals, arm, seeds, &settings, device)?;
    let observed = seeds.iter().zip(&settings).zip(&outcomes).map(|((&seed, setting), outcome)| {
        finals.observed(setting, outcome, Labels { protocol: finals.protocol.name.to_string(), arm, seed })
    });
    Ok(observed.collect())
}

/// The runs of these seeds, whose settings these are.
fn train(
    finals: &Finals,
    arm: &Arm,
    seeds: &[u64],
    settings: &[Setting],
    device: &Device,
) -> Result<Vec<Outcome>, OnDeviceError> {
    let method = method::find(METHODS, arm.method).map_err(ProtocolError::from)?;
    let names = finals.protocol.names(method);
    let hyperparameters = seeds.iter().map(|&seed| Ok(finals.hyperparameters(arm, seed)?.restricted_to(&names)));
    let hyperparameters = hyperparameters.collect::<Result<Vec<Hyperparameters>, ProtocolError>>()?;
    let starts = starts(finals, arm, seeds, settings, device)?;
    let runs = settings.iter().zip(&hyperparameters).zip(starts).map(|((setting, hyperparameters), start)| {
        let (initial, generator) = start;
        let recipe = finals.protocol.recipe(&setting.network, method, hyperparameters);
        Run { recipe, data: setting.data(), initial, generator }
    });
    Ok(block::train(runs.collect(), device)?)
}

/// [`Finals::start`] of a seed.
pub(super) fn start(
    finals: &Finals,
    arm: &Arm,
    seed: u64,
    setting: &Setting,
    device: &Device,
) -> Result<(Vec<f32>, Generator), OnDeviceError> {
    only(starts(finals, arm, &[seed], std::slice::from_ref(setting), device)?)
}

/// What came of a block of one run.
pub(super) fn only<T>(results: Vec<T>) -> Result<T, OnDeviceError> {
    results.into_iter().next().ok_or(OnDeviceError::NoResult)
}

/// [`Finals::start`] of each seed; runs that others start from are made on the device too.
fn starts(
    finals: &Finals,
    arm: &Arm,
    seeds: &[u64],
    settings: &[Setting],
    device: &Device,
) -> Result<Vec<(Vec<f32>, Generator)>, OnDeviceError> {
    match arm.start {
        Start::Fresh => {
            let starts = seeds.iter().zip(settings).map(|(&seed, setting)| finals.start(arm, seed, setting));
            Ok(starts.collect::<Result<_, _>>()?)
        }
        Start::Trained { arm } => {
            let outcomes = train(finals, finals.protocol.arm(arm)?, seeds, settings, device)?;
            let starts = outcomes.into_iter().zip(settings);
            Ok(starts.map(|(outcome, setting)| (outcome.last, setting.stream.clone())).collect())
        }
    }
}
