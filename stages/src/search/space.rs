//! What may be searched: named parameters and the distributions that they are drawn from.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::decimal;

/// Parameters by name. Every distribution in it is valid, and its `high` is a value that can be drawn.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, Distribution>", into = "BTreeMap<String, Distribution>")]
pub struct Space(BTreeMap<String, Distribution>);

/// What a parameter's values are drawn from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Distribution {
    /// Uniform from `low` to `high`, of the logarithm with `log`, or on the grid `low`, `low + step`, ….
    Float {
        low: f64,
        high: f64,
        #[serde(default)]
        log: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<f64>,
    },
    /// The integers `low`, `low + step`, … up to `high`.
    Int {
        low: i64,
        high: i64,
        #[serde(default)]
        log: bool,
        #[serde(default = "one")]
        step: i64,
    },
    Categorical {
        choices: Vec<Value>,
    },
}

fn one() -> i64 {
    1
}

/// What a parameter was given in a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Python's None; like a truth value it can only be a choice.
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

impl Value {
    /// None for what is no number.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Null | Self::Bool(_) | Self::Text(_) => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => formatter.write_str("null"),
            Self::Bool(value) => value.fmt(formatter),
            Self::Int(value) => value.fmt(formatter),
            // Debug is the shortest text that gives the same float, with an exponent where that is shorter.
            Self::Float(value) => write!(formatter, "{value:?}"),
            Self::Text(value) => value.fmt(formatter),
        }
    }
}

/// A parameter has a distribution that nothing can be drawn from.
#[derive(Debug, Error, PartialEq)]
#[error("parameter `{name}` of the search space {problem}")]
pub struct SpaceError {
    name: String,
    problem: Problem,
}

/// What is wrong with a distribution.
#[derive(Debug, Error, PartialEq)]
pub enum Problem {
    #[error("has bounds that are not finite numbers with low ≤ high, or that are too far apart")]
    Bounds,
    #[error("is logarithmic, so its low must be above 0")]
    Logarithm,
    #[error("has a step that is not above 0, or a step and a logarithm")]
    Step,
    #[error("has no choices")]
    Choices,
}

impl Distribution {
    fn check(&self) -> Result<(), Problem> {
        match self {
            Self::Float { low, high, log, step } => {
                if !(low.is_finite() && high.is_finite() && low <= high) {
                    return Err(Problem::Bounds);
                }
                if *log && *low <= 0.0 {
                    return Err(Problem::Logarithm);
                }
                if step.is_some_and(|step| *log || !(step.is_finite() && step > 0.0)) {
                    return Err(Problem::Step);
                }
            }
            Self::Int { low, high, log, step } => {
                if low > high || high.checked_sub(*low).is_none() {
                    return Err(Problem::Bounds);
                }
                if *log && *low < 1 {
                    return Err(Problem::Logarithm);
                }
                if *step < 1 || *log && *step != 1 {
                    return Err(Problem::Step);
                }
            }
            Self::Categorical { choices } if choices.is_empty() => return Err(Problem::Choices),
            Self::Categorical { .. } => (),
        }
        Ok(())
    }

    /// The same values, with the last of them as `high`.
    fn with_reachable_high(self) -> Self {
        match self {
            Self::Float { low, high, log, step: Some(step) } => {
                Self::Float { low, high: decimal::last_step(low, high, step), log, step: Some(step) }
            }
            Self::Int { low, high, log, step } => Self::Int { low, high: high - (high - low) % step, log, step },
            other => other,
        }
    }

    /// The value, where there is but one.
    pub fn only_value(&self) -> Option<Value> {
        match self {
            Self::Float { low, high, .. } => (low == high).then_some(Value::Float(*low)),
            Self::Int { low, high, .. } => (low == high).then_some(Value::Int(*low)),
            Self::Categorical { choices } => (choices.len() == 1).then(|| choices[0].clone()),
        }
    }

    /// Of a categorical distribution.
    pub fn choices(&self) -> &[Value] {
        match self {
            Self::Categorical { choices } => choices,
            Self::Float { .. } | Self::Int { .. } => &[],
        }
    }

    /// What a sampler and Optuna's files know a value as: a number itself, a choice by its index. None for what cannot
    /// be a value.
    pub fn internal(&self, value: &Value) -> Option<f64> {
        match self {
            Self::Float { .. } | Self::Int { .. } => value.number(),
            Self::Categorical { choices } => {
                choices.iter().position(|choice| choice == value).map(|index| index as f64)
            }
        }
    }

    /// The value of that internal number. Integers are cut off after the point; of choices an index beyond them is the
    /// last.
    pub fn external(&self, internal: f64) -> Value {
        match self {
            Self::Float { .. } => Value::Float(internal),
            Self::Int { .. } => Value::Int(internal as i64),
            Self::Categorical { choices } => choices[(internal as usize).min(choices.len() - 1)].clone(),
        }
    }

    pub fn contains(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Float { low, high, step, .. }, Value::Float(value)) => {
                let steps = step.map_or(0.0, |step| (value - low) / step);
                low <= value && value <= high && (steps - steps.round()).abs() < 1e-8
            }
            (Self::Int { low, high, step, .. }, Value::Int(value)) => {
                low <= value && value <= high && (value - low) % step == 0
            }
            (Self::Categorical { choices }, value) => choices.contains(value),
            _ => false,
        }
    }
}

impl Space {
    /// The parameters of the given names; names that are not in the space are left out.
    pub fn restricted_to(&self, names: &[&str]) -> Self {
        let kept = self.0.iter().filter(|(name, _)| names.contains(&name.as_str()));
        Self(kept.map(|(name, distribution)| (name.clone(), distribution.clone())).collect())
    }

    /// The distribution of that parameter.
    pub fn get(&self, name: &str) -> Option<&Distribution> {
        self.0.get(name)
    }

    /// In order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Distribution)> {
        self.0.iter().map(|(name, distribution)| (name.as_str(), distribution))
    }
}

impl TryFrom<BTreeMap<String, Distribution>> for Space {
    type Error = SpaceError;

    fn try_from(parameters: BTreeMap<String, Distribution>) -> Result<Self, SpaceError> {
        for (name, distribution) in &parameters {
            distribution.check().map_err(|problem| SpaceError { name: name.clone(), problem })?;
        }
        let reachable = parameters.into_iter().map(|(name, distribution)| (name, distribution.with_reachable_high()));
        Ok(Self(reachable.collect()))
    }
}

impl From<Space> for BTreeMap<String, Distribution> {
    fn from(space: Space) -> Self {
        space.0
    }
}
