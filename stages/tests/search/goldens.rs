//! The golden studies: every suggestion is Optuna's, and every trial is pruned where Optuna's was.

use std::collections::BTreeMap;
use std::path::Path;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value as Json;
use stages::search::elementary::Elementary;
use stages::search::median_pruner::MedianPruner;
use stages::search::sampler::{Settings, Version};
use stages::search::space::{Distribution, Space, Value};
use stages::search::study::{Direction, Ending, Study};

use crate::reference::is_reference;

#[derive(Deserialize)]
pub struct Golden {
    pub name: String,
    pub direction: Direction,
    sampler: GoldenSampler,
    space: Vec<Named>,
    pruner: Option<GoldenPruner>,
    pub trials: Vec<GoldenTrial>,
}

/// Parameters, state, value, reports, margin.
type GoldenTrial = (IndexMap<String, Value>, String, Json, Vec<Json>, Option<f64>);

#[derive(Deserialize)]
struct GoldenSampler {
    seed: u32,
    multivariate: Option<bool>,
    n_startup_trials: Option<usize>,
    n_ei_candidates: Option<std::num::NonZeroUsize>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(flatten)]
    distribution: Distribution,
}

#[derive(Deserialize)]
struct GoldenPruner {
    n_startup: Option<usize>,
    warmup: Option<u64>,
    interval: Option<u64>,
    n_min: Option<usize>,
}

/// The golden studies of a version.
pub fn goldens(version: &str) -> Vec<Golden> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/search/optuna-{version}.jsonl"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn number(json: &Json) -> f64 {
    json.as_f64().unwrap_or_else(|| json.as_str().unwrap().parse().unwrap())
}

/// What a study's suggestions were, beside the golden ones.
#[derive(Default, Debug)]
pub struct Agreement {
    suggestions: usize,
    /// Not the same bits.
    inexact: usize,
    /// The greatest relative difference of numbers that are the same up to rounding.
    rounding: f64,
    /// Another candidate where the golden one was the only best.
    wrong: Vec<String>,
    /// Another candidate where two were equal up to rounding.
    ties: usize,
}

impl Golden {
    pub fn settings(&self, rules: Version, functions: Elementary) -> Settings {
        let default = Settings::tpe(rules);
        Settings {
            multivariate: self.sampler.multivariate,
            n_startup_trials: self.sampler.n_startup_trials.unwrap_or(default.n_startup_trials),
            n_ei_candidates: self.sampler.n_ei_candidates.unwrap_or(default.n_ei_candidates),
            functions,
            ..default
        }
    }

    pub fn seed(&self) -> u32 {
        self.sampler.seed
    }

    /// Makes the study again, telling it how the golden trials went. Suggestions must be those of `settings`.
    pub fn make(&self, settings: &Settings, agreement: &mut Agreement) -> Study {
        let space: BTreeMap<String, Distribution> =
            self.space.iter().map(|named| (named.name.clone(), named.distribution.clone())).collect();
        let space = Space::try_from(space).unwrap();
        let mut sampler = settings.sampler(self.sampler.seed);
        let pruner = self.pruner.as_ref().map(|options| {
            let default = MedianPruner::default();
            MedianPruner {
                n_startup_trials: options.n_startup.unwrap_or(default.n_startup_trials),
                n_warmup_steps: options.warmup.unwrap_or(default.n_warmup_steps),
                interval_steps: options.interval.unwrap_or(default.interval_steps),
                n_min_trials: options.n_min.unwrap_or(default.n_min_trials),
            }
        });
        let mut study = Study::new(self.direction);
        for (number_of_trial, (parameters, state, value, reports, margin)) in self.trials.iter().enumerate() {
            study.begin();
            for (name, golden) in parameters {
                let ours = study.suggest(sampler.as_mut(), &space, name).unwrap();
                let place = || format!("{} trial {number_of_trial} {name}: {ours}, Optuna {golden}", self.name);
                agreement.add(&ours, golden, margin.unwrap_or(1.0), place);
            }
            for (step, report) in reports.iter().enumerate() {
                study.report(step as u64, number(report));
                if let Some(pruner) = &pruner {
                    let last = step + 1 == reports.len();
                    let expected = last && state == "PRUNED";
                    assert_eq!(pruner.should_prune(&study), expected, "{} {number_of_trial} {step}", self.name);
                }
            }
            study.tell(match state.as_str() {
                "COMPLETE" => Ending::Value(number(value)),
                "PRUNED" => Ending::Pruned,
                _ => Ending::Value(f64::NAN),
            });
            let told = study.trials()[number_of_trial].value;
            assert_eq!(told, (!value.is_null()).then(|| number(value)), "{} {number_of_trial}", self.name);
        }
        study
    }
}

impl Agreement {
    fn add(&mut self, ours: &Value, golden: &Value, margin: f64, place: impl Fn() -> String) {
        self.suggestions += 1;
        let same_bits = match (ours, golden) {
            (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
            (a, b) => a == b,
        };
        if same_bits {
            return;
        }
        self.inexact += 1;
        match (ours, golden) {
            (Value::Float(a), Value::Float(b)) if (a - b).abs() < 1e-9 * b.abs() => {
                self.rounding = self.rounding.max((a - b).abs() / b.abs());
            }
            _ if margin < 1e-11 => self.ties += 1,
            _ => self.wrong.push(place()),
        }
    }
}

#[test]
fn every_suggestion_is_optunas() {
    for (file, rules, count) in [("5.0", Version::V5_0, 26), ("4.5", Version::V4_5, 14)] {
        let goldens = goldens(file);
        assert_eq!(goldens.len(), count);
        for functions in [Elementary::System, Elementary::Portable] {
            let mut agreement = Agreement::default();
            for golden in &goldens {
                golden.make(&golden.settings(rules, functions), &mut agreement);
            }
            println!("Optuna {file}, {functions:?}: {agreement:?}");
            assert!(agreement.suggestions > 1900);
            assert_eq!(agreement.wrong, Vec::<String>::new(), "Optuna {file}, {functions:?}");
            if is_reference(functions) {
                assert_eq!(agreement.inexact, 0, "Optuna {file}, {functions:?}: bit for bit");
            }
        }
    }
    assert!(!is_reference(Elementary::Portable), "then there need not be two");
}
