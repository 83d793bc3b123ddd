//! Reads journals, Optuna's and ours.

use std::collections::BTreeMap;
use std::path::Path;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{FIXED_PARAMETERS, JournalError, Recorded, operation};
use crate::search::number::{Written, without_bare_words};
use crate::search::space::{Distribution, Space, Value};
use crate::search::study::{Chosen, Direction, State, Study, Trial};

/// The studies of a journal, in order of their making. A last line without its end is still being written, and left
/// out. `path` is for messages.
pub fn parse(bytes: &[u8], path: &Path) -> Result<Vec<Recorded>, JournalError> {
    let mut journal = Journal::default();
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(&[][..], |end| &bytes[..end]);
    for (index, line) in whole.split(|&byte| byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let read = std::str::from_utf8(line).map_err(|error| error.to_string()).and_then(|line| journal.apply(line));
        read.map_err(|problem| JournalError::Line { path: path.to_owned(), line: index + 1, problem })?;
    }
    Ok(journal.studies.into_iter().flatten().map(|open| open.recorded).collect())
}

/// What has been read so far; a place in a list is Optuna's id.
#[derive(Default)]
struct Journal {
    /// None: deleted.
    studies: Vec<Option<Open>>,
    /// Which trial of which study.
    trials: Vec<(usize, usize)>,
}

struct Open {
    recorded: Recorded,
    /// By trial: the parameters that were given beforehand.
    given: Vec<Vec<String>>,
}

/// Any line; which fields it has depends on the operation.
#[derive(Deserialize)]
struct Line {
    op_code: u64,
    study_name: Option<String>,
    directions: Option<Vec<u64>>,
    study_id: Option<usize>,
    trial_id: Option<usize>,
    user_attr: Option<BTreeMap<String, Json>>,
    system_attr: Option<BTreeMap<String, Json>>,
    system_attrs: Option<BTreeMap<String, Json>>,
    state: Option<u64>,
    value: Option<Written>,
    values: Option<Vec<Written>>,
    step: Option<u64>,
    intermediate_value: Option<Written>,
    intermediate_values: Option<BTreeMap<u64, Written>>,
    param_name: Option<String>,
    param_value_internal: Option<f64>,
    distribution: Option<String>,
    params: Option<IndexMap<String, f64>>,
    distributions: Option<BTreeMap<String, String>>,
}

impl Journal {
    /// As Optuna's readers do, this passes over lines on what does not exist or is finished: the worker that wrote them
    /// had its error.
    fn apply(&mut self, line: &str) -> Result<(), String> {
        let line: Line = serde_json::from_str(&without_bare_words(line))
            .map_err(|error| format!("is no line of a journal: {error}"))?;
        match line.op_code {
            operation::CREATE_STUDY => self.create_study(line),
            operation::DELETE_STUDY => {
                if let Some(study) = self.studies.get_mut(wanted(line.study_id, "study_id")?) {
                    *study = None;
                }
                Ok(())
            }
            operation::STUDY_USER_ATTRIBUTE => {
                if let Some(Some(open)) = self.studies.get_mut(wanted(line.study_id, "study_id")?) {
                    open.recorded.attributes.extend(wanted(line.user_attr, "user_attr")?);
                }
                Ok(())
            }
            operation::CREATE_TRIAL => self.create_trial(line),
            operation::PARAMETER
            | operation::STATE
            | operation::INTERMEDIATE_VALUE
            | operation::TRIAL_SYSTEM_ATTRIBUTE => self.change_trial(line),
            operation::STUDY_SYSTEM_ATTRIBUTE | operation::TRIAL_USER_ATTRIBUTE | operation::DISCARD_TRIALS => Ok(()),
            unknown => Err(format!("has the unknown operation {unknown}")),
        }
    }

    fn create_study(&mut self, line: Line) -> Result<(), String> {
        let direction = match wanted(line.directions, "directions")?.as_slice() {
            [1] => Direction::Minimize,
            [2] => Direction::Maximize,
            [_] => return Err("has an unknown direction".to_owned()),
            _ => return Err("makes a study of several objectives, which are not supported".to_owned()),
        };
        let (name, study) = (wanted(line.study_name, "study_name")?, Study::new(direction));
        let recorded = Recorded { name, attributes: BTreeMap::new(), study };
        self.studies.push(Some(Open { recorded, given: Vec::new() }));
        Ok(())
    }

    fn create_trial(&mut self, mut line: Line) -> Result<(), String> {
        let study = wanted(line.study_id, "study_id")?;
        let Some(Some(open)) = self.studies.get_mut(study) else { return Ok(()) };
        let trials = open.recorded.study.trials_mut();
        let number = u32::try_from(trials.len()).map_err(|_| "has too many trials before it".to_owned())?;
        let mut trial = Trial::new(number);
        let given = fixed_parameters(line.system_attrs.take());
        let distributions = line.distributions.take().unwrap_or_default();
        for (name, internal) in line.params.take().unwrap_or_default() {
            let distribution = distributions.get(&name).ok_or_else(|| format!("has no distribution of `{name}`"))?;
            let chosen = chosen(&name, internal, distribution, &given)?;
            trial.parameters.insert(name, chosen);
        }
        for (step, value) in line.intermediate_values.take().unwrap_or_default() {
            trial.intermediate.insert(step, value.try_into()?);
        }
        if let Some(state) = line.state {
            let values = line.values.or_else(|| line.value.map(|value| vec![value]));
            set_state(&mut trial, state, values)?;
        }
        self.trials.push((study, trials.len()));
        trials.push(trial);
        open.given.push(given);
        Ok(())
    }

    fn change_trial(&mut self, line: Line) -> Result<(), String> {
        let Some(&(study, number)) = self.trials.get(wanted(line.trial_id, "trial_id")?) else { return Ok(()) };
        let Some(Some(open)) = self.studies.get_mut(study) else { return Ok(()) };
        let trials = open.recorded.study.trials_mut();
        if trials[number].state != State::Running {
            return Ok(());
        }
        match line.op_code {
            operation::PARAMETER => {
                let name = wanted(line.param_name, "param_name")?;
                let internal = wanted(line.param_value_internal, "param_value_internal")?;
                let text = wanted(line.distribution, "distribution")?;
                let chosen = chosen(&name, internal, &text, &open.given[number])?;
                // Optuna holds a study to one kind of distribution for each name.
                let before = trials.iter().find_map(|trial| trial.parameters.get(&name));
                if before.is_none_or(|before| compatible(&before.distribution, &chosen.distribution)) {
                    trials[number].parameters.insert(name, chosen);
                }
            }
            operation::STATE => set_state(&mut trials[number], wanted(line.state, "state")?, line.values)?,
            operation::INTERMEDIATE_VALUE => {
                let value = wanted(line.intermediate_value, "intermediate_value")?.try_into()?;
                trials[number].intermediate.insert(wanted(line.step, "step")?, value);
            }
            _ => open.given[number].extend(fixed_parameters(line.system_attr)),
        }
        Ok(())
    }
}

fn wanted<T>(field: Option<T>, name: &str) -> Result<T, String> {
    field.ok_or_else(|| format!("has no `{name}`"))
}

fn fixed_parameters(attributes: Option<BTreeMap<String, Json>>) -> Vec<String> {
    let fixed = attributes.and_then(|mut attributes| attributes.remove(FIXED_PARAMETERS));
    match fixed {
        Some(Json::Object(values)) => values.into_iter().map(|(name, _)| name).collect(),
        _ => Vec::new(),
    }
}

fn set_state(trial: &mut Trial, state: u64, values: Option<Vec<Written>>) -> Result<(), String> {
    let first = values.and_then(|values| values.into_iter().next()).map(f64::try_from).transpose()?;
    let value = first.filter(|value| !value.is_nan());
    (trial.state, trial.value) = match state {
        // A trial that waits has no values yet, and is nothing to learn from, as one that runs.
        0 | 4 => (State::Running, None),
        1 if value.is_none() => return Err("ends a trial as complete, but with no number".to_owned()),
        1 => (State::Complete, value),
        2 => (State::Pruned, value),
        3 => (State::Failed, None),
        unknown => return Err(format!("has the unknown state {unknown}")),
    };
    Ok(())
}

/// A distribution as Optuna writes it.
#[derive(Deserialize)]
#[serde(tag = "name", content = "attributes")]
enum WrittenDistribution {
    #[serde(rename = "FloatDistribution")]
    Float { low: f64, high: f64, log: bool, step: Option<f64> },
    #[serde(rename = "IntDistribution")]
    Int { low: i64, high: i64, log: bool, step: i64 },
    #[serde(rename = "CategoricalDistribution")]
    Categorical { choices: Vec<Value> },
}

fn chosen(name: &str, internal: f64, distribution: &str, given: &[String]) -> Result<Chosen, String> {
    let written = serde_json::from_str(&without_bare_words(distribution));
    let distribution = match written.map_err(|error| format!("has an unknown distribution of `{name}`: {error}"))? {
        WrittenDistribution::Float { low, high, log, step } => Distribution::Float { low, high, log, step },
        WrittenDistribution::Int { low, high, log, step } => Distribution::Int { low, high, log, step },
        WrittenDistribution::Categorical { choices } => Distribution::Categorical { choices },
    };
    let space =
        Space::try_from(BTreeMap::from([(name.to_owned(), distribution)])).map_err(|error| error.to_string())?;
    let distribution = space.get(name).cloned().ok_or("has no distribution")?;
    let (choices, index) = (distribution.choices().len(), internal as usize);
    if !internal.is_finite() || choices > 0 && (internal < 0.0 || index >= choices) {
        return Err(format!("gives `{name}` a value that its distribution does not have"));
    }
    let given = given.iter().any(|given| given == name);
    Ok(Chosen { value: distribution.external(internal), distribution, given })
}

fn compatible(a: &Distribution, b: &Distribution) -> bool {
    match (a, b) {
        (Distribution::Categorical { choices: a }, Distribution::Categorical { choices: b }) => a == b,
        _ => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}
