//! A best value at the end of its range asks what lies beyond: the search space may have decided the result.
//!
//! Source: Choi et al. 2019, "On empirical comparisons of optimizers for deep learning".

use std::collections::{BTreeMap, BTreeSet};

use super::{CheckError, Design, Observation};
use crate::claims::numbers::list;
use crate::methods::method::Hyperparameters;
use crate::search::space::{Distribution, Value};

/// Nearer to an end than this part of the range is near, in the logarithm where the range is logarithmic.
const MARGIN: f64 = 0.05;

/// On a grid of at least so many values the two outermost at each end are near it: steps are too coarse for [`MARGIN`].
const GRID: i64 = 10;

pub(super) fn check(design: &Design) -> Result<Vec<Observation>, CheckError> {
    let mut observations = Vec::new();
    if design.experiment.publishes_optima {
        let published = design.experiment.published(design.parameters)?;
        for (arm, best) in &published {
            let near = design.near_ends(best);
            let whose = format!("the published optimum of {arm}");
            observations.push(match near.is_empty() {
                true => Observation::new(false, format!("{whose} lies well inside what was searched")),
                false => Observation::new(true, format!("{whose} is at an end of what was searched: {}", list(&near))),
            });
        }
    }
    let mut tuned: BTreeMap<(String, &str), Ends> = BTreeMap::new();
    for tuning in &design.tunings {
        let Some(best) = &tuning.best else { continue };
        let ends = tuned.entry((tuning.protocol.to_string(), &tuning.method)).or_default();
        let near = design.near_ends(best);
        ends.tunings += 1;
        ends.at_ends += usize::from(!near.is_empty());
        ends.near.extend(near);
    }
    for ((protocol, arm), Ends { tunings, at_ends, near }) in tuned {
        let near: Vec<String> = near.into_iter().collect();
        let sentence = match at_ends {
            0 => format!("the best values of all {tunings} tunings of {arm} lie well inside what was searched"),
            some => {
                format!("{some} of {tunings} tunings of {arm} ended at an end of what was searched: {}", list(&near))
            }
        };
        observations.push(Observation { protocols: vec![protocol], concern: at_ends > 0, sentence });
    }
    Ok(observations)
}

/// How the tunings of one arm ended under one protocol.
#[derive(Debug, Default)]
struct Ends {
    tunings: usize,
    at_ends: usize,
    near: BTreeSet<String>,
}

impl Design<'_> {
    /// "lr 0.0096 in [0.00001, 0.01]" for each value near an end of its range.
    fn near_ends(&self, best: &Hyperparameters) -> Vec<String> {
        let near = best.0.iter().filter_map(|(name, &value)| {
            let distribution = self.search.space.get(name)?;
            is_near_end(distribution, value).then(|| format!("{name} {value} in {}", range(distribution)))
        });
        near.collect()
    }
}

/// Whether a value lies near an end of a range, or beyond it. What is not searched has no ends.
fn is_near_end(distribution: &Distribution, value: f64) -> bool {
    let (low, high, log) = match *distribution {
        Distribution::Float { low, high, log, .. } => (low, high, log),
        Distribution::Int { low, high, log, step } => {
            let steps = (high - low) / step.max(1);
            let (low, high, step) = (low as f64, high as f64, step as f64);
            if steps + 1 >= GRID && (value - low <= step || high - value <= step) {
                return true;
            }
            (low, high, log)
        }
        Distribution::Categorical { .. } => return false,
    };
    let position = |x: f64| if log { libm::log(x) } else { x };
    let part = (position(value) - position(low)) / (position(high) - position(low));
    low < high && !(MARGIN..=1.0 - MARGIN).contains(&part)
}

/// "[1e-5, 0.01]", on a grid "{1, …, 10}".
fn range(distribution: &Distribution) -> String {
    match distribution {
        Distribution::Float { low, high, .. } => format!("[{}, {}]", Value::Float(*low), Value::Float(*high)),
        Distribution::Int { low, high, .. } => format!("{{{low}, …, {high}}}"),
        Distribution::Categorical { choices } => {
            format!("{{{}}}", choices.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
    }
}
