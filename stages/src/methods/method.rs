//! What a method is: where it acts in a training step, and how it is made from its hyper-parameters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::nn::mlp::{Mlp, Pass};

/// A change to the training step. One value serves one run, so it may keep buffers and whatever it remembers of earlier
/// steps.
///
/// A step is: forward pass, cross-entropy, [`at_activations`](Self::at_activations), backward pass,
/// [`adjust`](Self::adjust), optimiser. A method acts in one of the two places, or (the baseline) in neither.
pub trait Method {
    /// The part of the method that acts at the activations, if it has one.
    fn at_activations(&mut self) -> Option<&mut dyn ActivationPenalty> {
        None
    }

    /// Turns the gradient of the loss into the one that the optimiser is to follow, and returns the penalty of this
    /// step without its strength (0 where it adds none here).
    fn adjust(&mut self, _step: &Step<'_>, _gradient: &mut [f32]) -> f64 {
        0.0
    }
}

/// A penalty on what the hidden layers let through, whose gradient goes back together with the cross-entropy's.
pub trait ActivationPenalty {
    /// Writes the gradient of strength × penalty into the [slopes](Pass::slopes_mut) of the hidden layers' activations,
    /// and returns the penalty without its strength. Where it writes nothing, the loss is the cross-entropy alone.
    ///
    /// `momentum` is what Adam remembers of the gradient, one number for each parameter: its first moments as they stand
    /// before this step, and at the first step, where it has none, the gradient of the batch's cross-entropy.
    fn penalise(&mut self, network: &Mlp, momentum: &[f32], pass: &mut Pass) -> f64;
}

/// What a method sees of a training step, after the backward pass and before the optimiser.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    pub network: &'a Mlp,
    pub parameters: &'a [f32],
    /// The batch, (batch × inputs), row-major.
    pub x: &'a [f32],
    pub pass: &'a Pass,
}

impl<'a> Step<'a> {
    /// What layer `at` of the network was given: (batch × its inputs), row-major.
    pub fn input_of(&self, at: usize) -> &'a [f32] {
        self.pass.input_of(at, self.x)
    }
}

/// A row of the table of methods.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    pub name: &'static str,
    /// The hyper-parameters that are its own, beside the optimiser's.
    pub hyperparameters: &'static [&'static str],
    pub make: Make,
}

/// Makes a method for one run of a network.
pub type Make = fn(&Mlp, &Hyperparameters) -> Result<Box<dyn Method>, MissingHyperparameter>;

/// Name → value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hyperparameters(pub BTreeMap<String, f64>);

/// A run was given no value of a hyper-parameter that it needs.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("no value is given for the hyper-parameter `{0}`")]
pub struct MissingHyperparameter(pub &'static str);

impl Hyperparameters {
    /// The value of that name.
    pub fn get(&self, name: &'static str) -> Result<f64, MissingHyperparameter> {
        self.0.get(name).copied().ok_or(MissingHyperparameter(name))
    }

    /// Those of the given names.
    pub fn restricted_to(&self, names: &[&str]) -> Self {
        let kept = self.0.iter().filter(|(name, _)| names.contains(&name.as_str()));
        Self(kept.map(|(name, value)| (name.clone(), *value)).collect())
    }
}

impl<const N: usize> From<[(&str, f64); N]> for Hyperparameters {
    fn from(values: [(&str, f64); N]) -> Self {
        Self(values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

/// The table has no such row.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("there is no method `{name}`; there are {}", known.join(", "))]
pub struct UnknownMethod {
    name: String,
    known: Vec<&'static str>,
}

/// The row of that name.
pub fn find(table: &'static [Entry], name: &str) -> Result<&'static Entry, UnknownMethod> {
    table
        .iter()
        .find(|entry| entry.name == name)
        .ok_or_else(|| UnknownMethod { name: name.to_owned(), known: table.iter().map(|entry| entry.name).collect() })
}
