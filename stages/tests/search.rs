//! Spaces, samplers and studies through their public door.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::json;
use stages::search::sampler::{RandomSampler, Sampler};
use stages::search::space::{Distribution, Space, Value};
use stages::search::study::{Direction, Ending, State, Study};

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(flatten)]
    distribution: Distribution,
}

#[derive(Deserialize)]
struct GoldenStudy {
    seed: u32,
    space: Vec<Named>,
    trials: Vec<BTreeMap<String, Value>>,
}

/// Optuna 5.0.0's first ten trials, which its default sampler draws at random, over every kind of distribution.
#[test]
fn random_trials_are_optunas() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/search/random.json");
    let golden: GoldenStudy = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let distributions = golden.space.iter().map(|named| (named.name.clone(), named.distribution.clone()));
    let space = Space::try_from(distributions.collect::<BTreeMap<_, _>>()).unwrap();
    let mut study = Study::new(Direction::Minimize, space);
    let mut sampler = RandomSampler::seeded(golden.seed);
    for trial in &golden.trials {
        study.begin();
        for Named { name, .. } in &golden.space {
            let value = study.suggest(&mut sampler, name).unwrap();
            match (&value, &trial[name]) {
                // The last bit is the C library's exp.
                (Value::Float(ours), Value::Float(theirs)) => {
                    assert!((ours - theirs).abs() <= 1e-15 * theirs.abs(), "{name}: {ours}, Optuna {theirs}");
                }
                (ours, theirs) => assert_eq!(ours, theirs, "{name}"),
            }
        }
        study.tell(Ending::Value(1.0));
    }
}

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
    let mut study = Study::new(Direction::Minimize, space);
    let mut sampler = Fixed(vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);

    let trial = study.ask(&mut sampler);
    assert_eq!(trial.parameters, BTreeMap::from([("lr".into(), Value::Float(0.1)), ("k".into(), Value::Int(5))]));
    study.tell(Ending::Value(3.0));
    study.ask(&mut sampler);
    assert_eq!(study.suggest(&mut sampler, "lr"), Some(Value::Float(0.2)), "asked again, the same");
    assert_eq!(study.suggest(&mut sampler, "momentum"), None);
    study.report(1, 0.5);
    study.report(1, 9.0);
    study.report(2, f64::NAN);
    study.tell(Ending::Pruned);
    study.ask(&mut sampler);
    study.report(1, f64::INFINITY);
    study.tell(Ending::Value(2.0));
    study.ask(&mut sampler);
    study.tell(Ending::Value(f64::NAN));
    study.ask(&mut sampler);
    study.tell(Ending::Value(2.0));
    study.tell(Ending::Value(-1.0)); // nothing runs
    study.ask(&mut sampler); // and is left running

    let states: Vec<State> = study.trials().iter().map(|trial| trial.state).collect();
    use State::{Complete, Failed, Pruned, Running};
    assert_eq!(states, [Complete, Pruned, Complete, Failed, Complete, Running]);
    assert_eq!(study.best().map(|trial| trial.number), Some(2), "the first of equals");
    study.direction = Direction::Maximize;
    assert_eq!(study.best().map(|trial| trial.number), Some(0));
    assert_eq!(study.trials()[1].value, None, "its last report is no number");
    assert_eq!(study.trials()[1].intermediate[&1], 0.5);

    let text = serde_json::to_string(&study).unwrap();
    assert!(text.contains(r#"[[1,0.5],[2,"nan"]]"#) && text.contains(r#"[[1,"inf"]]"#), "{text}");
    let read: Study = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    assert_eq!(read.best(), study.best());
}
