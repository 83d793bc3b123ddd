//! A search as data: which trials were made, with what values, and how they went.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::sampler::Sampler;
use super::space::{Distribution, Space, Value};

/// A search; whoever runs it asks for a trial, tries it, and tells how it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    pub direction: Direction,
    /// In order of number.
    trials: Vec<Trial>,
}

/// Which values are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Minimize,
    Maximize,
}

/// One set of values, and how it went.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Counted from 0.
    pub number: u32,
    pub state: State,
    /// In the order in which they were suggested, which decides what a sampler draws for each. A conditional parameter
    /// is missing in some trials.
    pub parameters: IndexMap<String, Chosen>,
    /// Of a complete trial: the objective; of a pruned one: its last report, where that is a number.
    pub value: Option<f64>,
    /// Step → what was reported at it.
    pub intermediate: BTreeMap<u64, f64>,
}

/// A parameter's value in a trial, and what it was chosen from.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    pub value: Value,
    pub distribution: Distribution,
    /// Whether it was given beforehand, and no sampler asked.
    pub given: bool,
}

/// Where a trial stands: running, then one of the others for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Asked for, and nothing told yet.
    Running,
    /// Gave a value, which may be infinite.
    Complete,
    /// Given up early.
    Pruned,
    /// Gave no number.
    Failed,
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ending {
    /// A NaN is a failure.
    Value(f64),
    Pruned,
    Failed,
}

impl Direction {
    /// Whether one value is better than another.
    pub fn better(self, value: f64, than: f64) -> bool {
        match self {
            Self::Minimize => value < than,
            Self::Maximize => value > than,
        }
    }
}

impl Trial {
    pub(super) fn new(number: u32) -> Self {
        let (parameters, intermediate) = Default::default();
        Self { number, state: State::Running, parameters, value: None, intermediate }
    }

    /// What was reported at the greatest step.
    pub fn last_report(&self) -> Option<f64> {
        self.intermediate.last_key_value().map(|(_, &value)| value)
    }
}

impl Study {
    /// Without trials.
    pub fn new(direction: Direction) -> Self {
        Self { direction, trials: Vec::new() }
    }

    /// All so far, in order of number.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// Begins a trial and gives every parameter of the space a value, in order of name.
    pub fn ask(&mut self, sampler: &mut dyn Sampler, space: &Space) -> &Trial {
        self.begin();
        for (name, _) in space.iter() {
            self.suggest(sampler, space, name);
        }
        &self.trials[self.trials.len() - 1]
    }

    /// Begins a trial without values, for a search that decides as it goes which parameters it has. A trial that still
    /// runs has failed.
    pub fn begin(&mut self) {
        self.tell(Ending::Failed);
        self.trials.push(Trial::new(self.trials.len() as u32));
    }

    /// The running trial's value of a parameter: the sampler's, or what it already has, or the only one there is. None
    /// if no trial runs or the space has no such parameter.
    pub fn suggest(&mut self, sampler: &mut dyn Sampler, space: &Space, name: &str) -> Option<Value> {
        let distribution = space.get(name)?;
        if let Some(chosen) = self.running()?.parameters.get(name) {
            return Some(chosen.value.clone());
        }
        let value = distribution.only_value().unwrap_or_else(|| sampler.sample(self, name, distribution));
        let chosen = Chosen { value: value.clone(), distribution: distribution.clone(), given: false };
        self.running_mut()?.parameters.insert(name.to_owned(), chosen);
        Some(value)
    }

    /// Reports the running trial's value at a step; the first report of a step counts.
    pub fn report(&mut self, step: u64, value: f64) {
        if let Some(trial) = self.running_mut() {
            trial.intermediate.entry(step).or_insert(value);
        }
    }

    /// Ends the running trial, if there is one.
    pub fn tell(&mut self, ending: Ending) {
        let Some(trial) = self.running_mut() else { return };
        (trial.state, trial.value) = match ending {
            Ending::Value(value) if !value.is_nan() => (State::Complete, Some(value)),
            Ending::Pruned => (State::Pruned, trial.last_report().filter(|value| !value.is_nan())),
            Ending::Value(_) | Ending::Failed => (State::Failed, None),
        };
    }

    /// The first of the complete trials with the best value.
    pub fn best(&self) -> Option<&Trial> {
        let complete = self.trials.iter().filter(|trial| trial.state == State::Complete);
        let valued = complete.filter_map(|trial| Some((trial, trial.value?)));
        let best = valued.reduce(|best, next| if self.direction.better(next.1, best.1) { next } else { best });
        best.map(|(trial, _)| trial)
    }

    /// The trial that is being tried.
    pub fn running(&self) -> Option<&Trial> {
        self.trials.last().filter(|trial| trial.state == State::Running)
    }

    fn running_mut(&mut self) -> Option<&mut Trial> {
        self.trials.last_mut().filter(|trial| trial.state == State::Running)
    }

    /// For those who know how the trials went: a journal's reader may leave any trial running.
    pub(super) fn trials_mut(&mut self) -> &mut Vec<Trial> {
        &mut self.trials
    }
}
