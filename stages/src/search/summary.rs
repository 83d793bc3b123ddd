//! What a study came to: its best values in the order in which they were found, and whether the space was wide enough.

use super::space::{Distribution, Value};
use super::study::{State, Study, Trial};

/// Nearer to an end than this part of the range, a best value asks for a wider range.
pub const MARGIN: f64 = 0.05;

/// Which end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Low,
    High,
}

/// A parameter whose best value sits at an end of its range.
#[derive(Debug, Clone, PartialEq)]
pub struct AtEnd {
    pub parameter: String,
    pub value: Value,
    pub end: End,
    /// The end itself.
    pub limit: Value,
    /// The part of the range between the two, in the logarithm where the range is logarithmic.
    pub distance: f64,
}

/// For each trial the best value until then, if there is one.
pub fn best_so_far(study: &Study) -> Vec<Option<f64>> {
    let mut best: Option<f64> = None;
    let after = |trial: &Trial| {
        let value = trial.value.filter(|_| trial.state == State::Complete);
        best = match (best, value) {
            (Some(best), Some(value)) if !study.direction.better(value, best) => Some(best),
            (best, value) => value.or(best),
        };
        best
    };
    study.trials().iter().map(after).collect()
}

/// The numerical parameters of the best trial that sit within [`MARGIN`] of an end.
pub fn at_ends(study: &Study) -> Vec<AtEnd> {
    let Some(best) = study.best() else { return Vec::new() };
    let ends = best.parameters.iter().filter_map(|(name, chosen)| {
        let (end, limit, distance) = nearest_end(&chosen.distribution, chosen.value.number()?)?;
        let (parameter, value) = (name.clone(), chosen.value.clone());
        (distance < MARGIN).then_some(AtEnd { parameter, value, end, limit, distance })
    });
    ends.collect()
}

/// None for what has no ends, or no width.
fn nearest_end(distribution: &Distribution, value: f64) -> Option<(End, Value, f64)> {
    let (low, high, log) = match *distribution {
        Distribution::Float { low, high, log, .. } => (low, high, log),
        Distribution::Int { low, high, log, .. } => (low as f64, high as f64, log),
        Distribution::Categorical { .. } => return None,
    };
    let position = |x: f64| if log { x.ln() } else { x };
    let part = (position(value) - position(low)) / (position(high) - position(low));
    if part.is_nan() {
        return None;
    }
    let end = if part < 0.5 { End::Low } else { End::High };
    let (limit, distance) = match end {
        End::Low => (low, part),
        End::High => (high, 1.0 - part),
    };
    let limit = if matches!(distribution, Distribution::Int { .. }) {
        distribution.external(limit)
    } else {
        Value::Float(limit)
    };
    Some((end, limit, distance.max(0.0)))
}
