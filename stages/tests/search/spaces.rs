//! Spaces and studies.

use serde_json::json;
use stages::search::sampler::Sampler;
use stages::search::space::{Distribution, Space, Value};
use stages::search::study::{Direction, Ending, State, Study};

fn space(json: serde_json::Value) -> Result<Space, serde_json::Error> {
    serde_json::from_value(json)
}

#[test]
fn a_space_that_cannot_be_searched_is_refused() {
    for (distribution, problem) in [
        (json!({"type": "float", "low": 2.0, "high": 1.0}), "low ≤ high"),
        (json!({"type": "float", "low": 0.0, "high": 1.0, "log": true}), "above 0"),
        (json!({"type": "float", "low": 0.5, "high": 1.0, "log": true, "step": 0.1}), "step"),
        (json!({"type": "float", "low": 0.5, "high": 1.0, "step": 0.0}), "step"),
        (json!({"type": "int", "low": 3, "high": 2}), "low ≤ high"),
        (json!({"type": "int", "low": i64::MIN, "high": i64::MAX}), "too far apart"),
        (json!({"type": "int", "low": 0, "high": 9, "log": true}), "above 0"),
        (json!({"type": "int", "low": 1, "high": 9, "log": true, "step": 2}), "step"),
        (json!({"type": "int", "low": 1, "high": 9, "step": 0}), "step"),
        (json!({"type": "categorical", "choices": []}), "no choices"),
        (json!({"type": "float", "low": 0.0, "high": 1.0, "logarithmic": true}), "logarithmic"),
        (json!({"type": "normal", "low": 0.0, "high": 1.0}), "normal"),
    ] {
        let error = space(json!({"lr": distribution})).unwrap_err().to_string();
        assert!(error.contains(problem), "{distribution}: {error}");
    }
}

/// Proposes what it is told to, and counts.
struct Fixed(Vec<f64>);

impl Sampler for Fixed {
    fn sample(&mut self, _: &Study, _: &str, _: &Distribution) -> Value {
        Value::Float(self.0.remove(0))
    }
}

#[test]
fn a_study_keeps_what_it_was_told() {
    let space = space(json!({
        "lr": {"type": "float", "low": 0.0, "high": 1.0},
        "k": {"type": "int", "low": 5, "high": 5},
    }))
    .unwrap();
    let mut study = Study::new(Direction::Minimize);
    let mut sampler = Fixed(vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);

    let trial = study.ask(&mut sampler, &space);
    let values: Vec<(&str, &Value)> =
        trial.parameters.iter().map(|(name, chosen)| (name.as_str(), &chosen.value)).collect();
    assert_eq!(values, [("k", &Value::Int(5)), ("lr", &Value::Float(0.1))]);
    study.tell(Ending::Value(3.0));
    study.ask(&mut sampler, &space);
    assert_eq!(study.suggest(&mut sampler, &space, "lr"), Some(Value::Float(0.2)), "asked again, the same");
    assert_eq!(study.suggest(&mut sampler, &space, "momentum"), None);
    study.report(1, 0.5);
    study.report(1, 9.0);
    study.report(2, f64::NAN);
    study.tell(Ending::Pruned);
    study.ask(&mut sampler, &space);
    study.report(1, f64::INFINITY);
    study.tell(Ending::Value(2.0));
    study.ask(&mut sampler, &space);
    study.tell(Ending::Value(f64::NAN));
    study.ask(&mut sampler, &space);
    study.tell(Ending::Value(2.0));
    study.tell(Ending::Value(-1.0)); // nothing runs
    study.ask(&mut sampler, &space); // and is left running

    let states: Vec<State> = study.trials().iter().map(|trial| trial.state).collect();
    use State::{Complete, Failed, Pruned, Running};
    assert_eq!(states, [Complete, Pruned, Complete, Failed, Complete, Running]);
    assert_eq!(study.best().map(|trial| trial.number), Some(2), "the first of equals");
    study.direction = Direction::Maximize;
    assert_eq!(study.best().map(|trial| trial.number), Some(0));
    assert_eq!(study.trials()[1].value, None, "its last report is no number");
    assert_eq!(study.trials()[1].intermediate[&1], 0.5);
}

#[test]
fn the_last_value_of_a_range_can_be_drawn() {
    let space = space(json!({
        "momentum": {"type": "float", "low": 0.0, "high": 1.0, "step": 0.3},
        "width": {"type": "int", "low": 10, "high": 99, "step": 20},
        "fixed": {"type": "float", "low": 0.5, "high": 0.6, "step": 0.2},
    }))
    .unwrap();
    let momentum = Distribution::Float { low: 0.0, high: 0.9, log: false, step: Some(0.3) };
    assert_eq!(space.get("momentum"), Some(&momentum));
    assert_eq!(space.get("width"), Some(&Distribution::Int { low: 10, high: 90, log: false, step: 20 }));
    assert_eq!(space.get("fixed").unwrap().only_value(), Some(Value::Float(0.5)));
}
