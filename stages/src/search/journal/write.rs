//! Writes a study as a journal.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value as Json, json};

use super::{FIXED_PARAMETERS, Recorded, operation};
use crate::search::space::{Distribution, Value};
use crate::search::study::{Direction, State, Trial};

/// The whole journal.
pub fn text(recorded: &Recorded) -> String {
    let mut text = header(&recorded.name, recorded.study.direction, &recorded.attributes);
    for one in recorded.study.trials() {
        text.push_str(&trial(one));
    }
    text
}

/// The lines that make the study.
pub fn header(name: &str, direction: Direction, attributes: &BTreeMap<String, Json>) -> String {
    let direction = match direction {
        Direction::Minimize => 1,
        Direction::Maximize => 2,
    };
    let mut lines = Lines::default();
    lines.push(operation::CREATE_STUDY, &[("study_name", quoted(name)), ("directions", format!("[{direction}]"))]);
    for (key, value) in attributes {
        let attribute = format!("{{{}:{value}}}", quoted(key));
        lines.push(operation::STUDY_USER_ATTRIBUTE, &[("study_id", "0".to_owned()), ("user_attr", attribute)]);
    }
    lines.0
}

/// The lines of one trial of the file's only study.
pub fn trial(trial: &Trial) -> String {
    let mut lines = Lines::default();
    let id = || ("trial_id", trial.number.to_string());
    let start = ("datetime_start", moment(u64::from(trial.number)));
    lines.push(operation::CREATE_TRIAL, &[("study_id", "0".to_owned()), start]);
    let given: serde_json::Map<String, Json> = trial
        .parameters
        .iter()
        .filter(|(_, chosen)| chosen.given)
        .map(|(name, chosen)| (name.clone(), json!(chosen.value)))
        .collect();
    if !given.is_empty() {
        let attribute = json!({FIXED_PARAMETERS: given}).to_string();
        lines.push(operation::TRIAL_SYSTEM_ATTRIBUTE, &[id(), ("system_attr", attribute)]);
    }
    for (name, chosen) in &trial.parameters {
        let internal = match chosen.value {
            Value::Int(value) if chosen.distribution.choices().is_empty() => value.to_string(),
            _ => number(chosen.distribution.internal(&chosen.value).unwrap_or(f64::NAN)),
        };
        let fields = [
            id(),
            ("param_name", quoted(name)),
            ("param_value_internal", internal),
            ("distribution", quoted(&distribution(&chosen.distribution))),
        ];
        lines.push(operation::PARAMETER, &fields);
    }
    for (step, &value) in &trial.intermediate {
        let fields = [id(), ("step", step.to_string()), ("intermediate_value", number(value))];
        lines.push(operation::INTERMEDIATE_VALUE, &fields);
    }
    let state = match trial.state {
        State::Running => return lines.0,
        State::Complete => 1,
        State::Pruned => 2,
        State::Failed => 3,
    };
    let values = trial.value.map_or("null".to_owned(), |value| format!("[{}]", number(value)));
    let end = ("datetime_complete", moment(u64::from(trial.number) + 1));
    lines.push(operation::STATE, &[id(), ("state", state.to_string()), ("values", values), end]);
    lines.0
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    /// Fields are JSON already.
    fn push(&mut self, operation: u64, fields: &[(&str, String)]) {
        // Writing to a text cannot fail.
        let _ = write!(self.0, r#"{{"op_code":{operation},"worker_id":"retrial""#);
        for (name, value) in fields {
            let _ = write!(self.0, r#","{name}":{value}"#);
        }
        self.0.push_str("}\n");
    }
}

fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

/// As Python's json module writes it.
fn number(value: f64) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        value => Json::from(value).to_string(),
    }
}

/// Milliseconds into the year 2000, which begins again after a day: 86 million trials.
fn moment(milliseconds: u64) -> String {
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    let (hours, minutes, seconds) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!(r#""2000-01-01T{hours:02}:{minutes:02}:{seconds:02}.{rest:03}000+00:00""#)
}

/// JSON that Optuna finds inside of a text.
fn distribution(distribution: &Distribution) -> String {
    let (name, attributes) = match distribution {
        Distribution::Float { low, high, log, step } => {
            ("FloatDistribution", json!({"low": low, "high": high, "log": log, "step": step}))
        }
        Distribution::Int { low, high, log, step } => {
            ("IntDistribution", json!({"low": low, "high": high, "log": log, "step": step}))
        }
        Distribution::Categorical { choices } => ("CategoricalDistribution", json!({"choices": choices})),
    };
    json!({"name": name, "attributes": attributes}).to_string()
}
