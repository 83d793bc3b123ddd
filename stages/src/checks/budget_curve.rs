//! How good the best of n trials was, by method: which method wins may depend on how long one searches.
//!
//! Two curves stand side by side. The expected one (`statistics/budget.rs`; Dodge et al. 2019, Tang et al. 2020) takes the
//! trials to be interchangeable, which those of a sampler that learns are not; the other takes them in their order. Both
//! are means over a method's tunings, with their standard deviation: the luck of the sampler's seed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::search::journal::Recorded;
use crate::search::study::{Direction, State, Study, Trial};
use crate::statistics::budget::expected_best;
use crate::statistics::describe;

/// The content of `budget.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    pub experiment: String,
    /// In order of protocol.
    pub protocols: Vec<ProtocolBudget>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProtocolBudget {
    pub protocol: String,
    /// Which validation scores are better.
    pub direction: Direction,
    /// In order of method.
    pub methods: Vec<Curve>,
    /// For each two methods, in their order, where the better of the expected curves changes.
    pub crossings: Vec<Crossing>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    pub method: String,
    /// The seeds of its tunings.
    pub tunings: Vec<u64>,
    /// For 1, 2, … trials.
    pub points: Vec<Point>,
}

/// The best validation score of so many trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    pub trials: usize,
    /// Mean over tunings of what was to be expected of trials in any order; none where trials without a score could be all
    /// there are.
    pub expected: Option<f64>,
    /// Standard deviation between tunings; none for fewer than two.
    pub expected_sd: Option<f64>,
    /// Mean over tunings of what the trials came to in their own order.
    pub in_order: Option<f64>,
    pub in_order_sd: Option<f64>,
}

/// Where two expected curves change places.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Crossing {
    pub a: String,
    pub b: String,
    /// Spans of trials in order, and who is better over them: null where they are equal.
    pub spans: Vec<Span>,
    /// The same in a sentence.
    pub sentence: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub from: usize,
    pub to: usize,
    pub better: Option<String>,
}

#[derive(Debug, Error)]
pub enum BudgetError {
    #[error("{}: the study is called `{name}`, not EXPERIMENT PROTOCOL METHOD, tuning SEED, as `retrial stage tune` calls its own", path.display())]
    Name { path: PathBuf, name: String },
    #[error("{}: this is the tuning of {}: remove one", path.display(), other.display())]
    Repeated { path: PathBuf, other: PathBuf },
    #[error("the studies of {experiment} {protocol} are not all minimized, or all maximized")]
    Directions { experiment: String, protocol: String },
    #[error("there is no journal of {0} among the given files")]
    None(String),
}

/// A study that `retrial stage tune` has written down.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    pub experiment: String,
    pub protocol: String,
    pub method: String,
    pub seed: u64,
}

impl Name {
    /// None for a study that something else has named.
    pub fn parse(text: &str) -> Option<Self> {
        let (place, seed) = text.split_once(", tuning ")?;
        let [experiment, protocol, method] = place.split(' ').collect::<Vec<_>>().try_into().ok()?;
        let seed = seed.parse().ok()?;
        Some(Self { experiment: experiment.into(), protocol: protocol.into(), method: method.into(), seed })
    }
}

/// Of one method, by seed.
type Tunings<'a> = Vec<(u64, &'a Study)>;

/// The curves of an experiment's methods under every protocol that has tuned them; journals of other experiments are passed
/// over.
pub fn budget(experiment: &str, journals: &[(PathBuf, Recorded)]) -> Result<Budget, BudgetError> {
    let mut studies: BTreeMap<Name, (&Path, &Study)> = BTreeMap::new();
    for (path, recorded) in journals {
        let unnamed = || BudgetError::Name { path: path.clone(), name: recorded.name.clone() };
        let name = Name::parse(&recorded.name).ok_or_else(unnamed)?;
        if name.experiment != experiment {
            continue;
        }
        if let Some((other, _)) = studies.insert(name, (path, &recorded.study)) {
            return Err(BudgetError::Repeated { path: path.clone(), other: other.to_owned() });
        }
    }
    if studies.is_empty() {
        return Err(BudgetError::None(experiment.to_owned()));
    }
    let mut protocols: BTreeMap<String, BTreeMap<String, Tunings>> = BTreeMap::new();
    for (name, (_, study)) in studies {
        protocols.entry(name.protocol).or_default().entry(name.method).or_default().push((name.seed, study));
    }
    let protocols = protocols.into_iter().map(|(protocol, methods)| {
        let mut directions = methods.values().flatten().map(|(_, study)| study.direction);
        let direction = directions.next().unwrap_or(Direction::Minimize);
        if directions.any(|other| other != direction) {
            return Err(BudgetError::Directions { experiment: experiment.to_owned(), protocol });
        }
        let methods: Vec<Curve> = methods.into_iter().map(|(method, tunings)| curve(method, &tunings)).collect();
        let pairs = methods.iter().enumerate().flat_map(|(at, a)| methods[at + 1..].iter().map(move |b| (a, b)));
        let crossings = pairs.map(|(a, b)| crossing(direction, a, b)).collect();
        Ok(ProtocolBudget { protocol, direction, methods, crossings })
    });
    Ok(Budget { experiment: experiment.to_owned(), protocols: protocols.collect::<Result<_, _>>()? })
}

fn curve(method: String, tunings: &[(u64, &Study)]) -> Curve {
    let expected: Vec<Vec<Option<f64>>> = tunings.iter().map(|(_, study)| expected(study)).collect();
    let in_order: Vec<Vec<Option<f64>>> = tunings.iter().map(|(_, study)| in_order(study)).collect();
    // Tunings of one method have the same trials; were one cut short, the curves end with it.
    let trials = expected.iter().map(Vec::len).min().unwrap_or(0);
    let point = |at: usize| {
        let (expected, expected_sd) = over(&expected, at);
        let (in_order, in_order_sd) = over(&in_order, at);
        Point { trials: at + 1, expected, expected_sd, in_order, in_order_sd }
    };
    let seeds = tunings.iter().map(|(seed, _)| *seed).collect();
    Curve { method, tunings: seeds, points: (0..trials).map(point).collect() }
}

/// Mean and standard deviation over tunings; none where one of them has no value.
fn over(curves: &[Vec<Option<f64>>], at: usize) -> (Option<f64>, Option<f64>) {
    let Some(values) = curves.iter().map(|curve| curve[at]).collect::<Option<Vec<f64>>>() else { return (None, None) };
    (Some(describe::mean(&values)), Some(describe::sd(&values)).filter(|sd| sd.is_finite()))
}

/// The value of a finished trial: its score, and of one that was given up the best that it reached.
fn score(direction: Direction, trial: &Trial) -> Option<f64> {
    let better = |best: f64, next: f64| if direction.better(next, best) { next } else { best };
    let reached = match trial.state {
        State::Complete => trial.value,
        State::Pruned => trial.intermediate.values().copied().filter(|value| value.is_finite()).reduce(better),
        State::Running | State::Failed => None,
    };
    reached.filter(|value| value.is_finite())
}

fn scores(study: &Study) -> Vec<Option<f64>> {
    let finished = study.trials().iter().filter(|trial| trial.state != State::Running);
    finished.map(|trial| score(study.direction, trial)).collect()
}

fn expected(study: &Study) -> Vec<Option<f64>> {
    let sign = match study.direction {
        Direction::Minimize => -1.0,
        Direction::Maximize => 1.0,
    };
    let scores = scores(study);
    let values: Vec<f64> = scores.iter().flatten().map(|value| sign * value).collect();
    let best = expected_best(&values, scores.len() - values.len());
    best.into_iter().map(|value| value.map(|value| sign * value)).collect()
}

fn in_order(study: &Study) -> Vec<Option<f64>> {
    let mut best: Option<f64> = None;
    let after = |score: Option<f64>| {
        best = match (best, score) {
            (Some(best), Some(score)) if !study.direction.better(score, best) => Some(best),
            (best, score) => score.or(best),
        };
        best
    };
    scores(study).into_iter().map(after).collect()
}

fn crossing(direction: Direction, a: &Curve, b: &Curve) -> Crossing {
    let mut spans: Vec<Span> = Vec::new();
    for (of_a, of_b) in a.points.iter().zip(&b.points) {
        let (Some(value_a), Some(value_b)) = (of_a.expected, of_b.expected) else { continue };
        let better = if value_a == value_b {
            None
        } else if direction.better(value_a, value_b) {
            Some(a.method.clone())
        } else {
            Some(b.method.clone())
        };
        match spans.last_mut().filter(|span| span.better == better && span.to + 1 == of_a.trials) {
            Some(span) => span.to = of_a.trials,
            None => spans.push(Span { from: of_a.trials, to: of_a.trials, better }),
        }
    }
    let sentence = sentence(&spans, &a.method, &b.method);
    Crossing { a: a.method.clone(), b: b.method.clone(), spans, sentence }
}

/// "b beats a only below 7 trials" and the like.
fn sentence(spans: &[Span], a: &str, b: &str) -> String {
    let other = |better: &str| if better == a { b.to_owned() } else { a.to_owned() };
    match spans {
        [] => format!("{a} and {b} have no scores to compare"),
        [Span { better: None, .. }] => format!("{a} and {b} are equally good at any number of trials"),
        [Span { better: Some(better), .. }] => format!("{better} beats {} at any number of trials", other(better)),
        [Span { better: Some(first), .. }, Span { better: Some(_), from, .. }] => {
            format!("{first} beats {} only below {from} trials", other(first))
        }
        spans => {
            let span = |span: &Span| {
                let who = span
                    .better
                    .as_ref()
                    .map_or_else(|| "neither is better".to_owned(), |who| format!("{who} is better"));
                let trials =
                    if span.from == span.to { span.from.to_string() } else { format!("{} to {}", span.from, span.to) };
                format!("{who} with {trials} trials")
            };
            spans.iter().map(span).collect::<Vec<_>>().join(", ")
        }
    }
}
