//! A search as data: which trials were made, with what values, and how they went.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sampler::Sampler;
use super::space::{Space, Value};

/// A search over one space; whoever runs it asks for a trial, tries it, and tells how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Study {
    pub direction: Direction,
    /// What a trial may have; a conditional parameter is missing in some.
    pub space: Space,
    /// In order of number; at most the last is running.
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Counted from 0.
    pub number: u32,
    pub state: State,
    pub parameters: BTreeMap<String, Value>,
    /// Of a complete trial: the objective; of a pruned one: its last report, where that is a number.
    #[serde(with = "super::number::option")]
    pub value: Option<f64>,
    /// Step → what was reported at it; in a file, pairs in order of step.
    #[serde(with = "super::number::pairs")]
    pub intermediate: BTreeMap<u32, f64>,
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

impl Study {
    /// Without trials.
    pub fn new(direction: Direction, space: Space) -> Self {
        Self { direction, space, trials: Vec::new() }
    }

    /// All so far, in order of number.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// Begins a trial and gives every parameter of the space a value, in order of name.
    pub fn ask(&mut self, sampler: &mut dyn Sampler) -> &Trial {
        self.begin();
        let names: Vec<String> = self.space.iter().map(|(name, _)| name.to_owned()).collect();
        for name in &names {
            self.suggest(sampler, name);
        }
        &self.trials[self.trials.len() - 1]
    }

    /// Begins a trial without values, for a search that decides as it goes which parameters it has. A trial that still
    /// runs has failed.
    pub fn begin(&mut self) {
        self.tell(Ending::Failed);
        let number = self.trials.len() as u32;
        let (parameters, intermediate) = Default::default();
        self.trials.push(Trial { number, state: State::Running, parameters, value: None, intermediate });
    }

    /// The running trial's value of a parameter: the sampler's, or what it already has, or the only one there is. None
    /// if no trial runs or the space has no such parameter.
    pub fn suggest(&mut self, sampler: &mut dyn Sampler, name: &str) -> Option<Value> {
        let distribution = self.space.get(name)?;
        let trial = self.running()?;
        if let Some(value) = trial.parameters.get(name) {
            return Some(value.clone());
        }
        let value = distribution.only_value().unwrap_or_else(|| sampler.sample(self, name, distribution));
        self.running_mut()?.parameters.insert(name.to_owned(), value.clone());
        Some(value)
    }

    /// Reports the running trial's value at a step; the first report of a step counts.
    pub fn report(&mut self, step: u32, value: f64) {
        if let Some(trial) = self.running_mut() {
            trial.intermediate.entry(step).or_insert(value);
        }
    }

    /// Ends the running trial, if there is one.
    pub fn tell(&mut self, ending: Ending) {
        let Some(trial) = self.running_mut() else { return };
        (trial.state, trial.value) = match ending {
            Ending::Value(value) if !value.is_nan() => (State::Complete, Some(value)),
            Ending::Pruned => {
                let last = trial.intermediate.last_key_value().map(|(_, &value)| value);
                (State::Pruned, last.filter(|value| !value.is_nan()))
            }
            Ending::Value(_) | Ending::Failed => (State::Failed, None),
        };
    }

    /// The first of the complete trials with the best value.
    pub fn best(&self) -> Option<&Trial> {
        let complete = self.trials.iter().filter(|trial| trial.state == State::Complete);
        let valued = complete.filter_map(|trial| Some((trial, trial.value?)));
        let better = |value: f64, best: f64| match self.direction {
            Direction::Minimize => value < best,
            Direction::Maximize => value > best,
        };
        let best = valued.reduce(|best, next| if better(next.1, best.1) { next } else { best });
        best.map(|(trial, _)| trial)
    }

    fn running(&self) -> Option<&Trial> {
        self.trials.last().filter(|trial| trial.state == State::Running)
    }

    fn running_mut(&mut self) -> Option<&mut Trial> {
        self.trials.last_mut().filter(|trial| trial.state == State::Running)
    }
}
