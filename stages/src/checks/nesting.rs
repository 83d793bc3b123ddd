//! A method whose search space does not contain the baseline cannot be found to be useless: whatever the search picks, the
//! method acts.

use super::{CheckError, Design, Observation};
use crate::data::mnist1d::CLASSES;
use crate::search::space::{Distribution, Value};

/// At which value of which hyper-parameter a method does nothing.
enum Neutral {
    At(&'static str, f64),
    /// At the rank that no weight matrix exceeds.
    FullRank(&'static str),
}

/// By method. One that is not here has no value at which it is the baseline, or is the baseline.
const NEUTRAL: [(&str, Neutral); 5] = [
    ("iwsva", Neutral::At("strength", 0.0)),
    ("svvar", Neutral::At("strength", 0.0)),
    ("decorr", Neutral::At("alpha", 0.0)),
    ("gwd", Neutral::At("alpha", 0.0)),
    ("svdgrad", Neutral::FullRank("k")),
];

pub(super) fn check(design: &Design) -> Result<Vec<Observation>, CheckError> {
    let mut observations = Vec::new();
    for (arm, method) in design.arms()? {
        let Some((_, neutral)) = NEUTRAL.iter().find(|(name, _)| *name == method.name) else { continue };
        let (parameter, value, what) = match neutral {
            Neutral::At(parameter, value) => (*parameter, *value, format!("{value}")),
            Neutral::FullRank(parameter) => {
                let rank = full_rank(design)?;
                (*parameter, rank as f64, format!("{rank}, the full rank"))
            }
        };
        let Some(distribution) = design.search.space.get(parameter) else { continue };
        let contains = reaches(distribution, value);
        let sentence = match contains {
            true => format!("what is searched for {} contains the baseline, {parameter} = {what}", arm.name),
            false => format!(
                "what is searched for {} does not contain the baseline, {parameter} = {what}: it cannot find that the \
                 method is best left out",
                arm.name
            ),
        };
        observations.push(Observation::new(!contains, sentence));
    }
    Ok(observations)
}

/// Whether a search can draw a value, or one beyond it where more than all is all.
fn reaches(distribution: &Distribution, value: f64) -> bool {
    match distribution {
        Distribution::Float { low, high, .. } => *low <= value && value <= *high,
        Distribution::Int { low, high, .. } => (*low as f64) <= value && value <= *high as f64,
        Distribution::Categorical { choices } => choices.iter().filter_map(Value::number).any(|choice| choice == value),
    }
}

/// The greatest rank of the network's weight matrices.
fn full_rank(design: &Design) -> Result<usize, CheckError> {
    let options = (design.experiment.data)(design.parameters)?;
    let hidden = design.protocols.first().map(|protocol| protocol.hidden.as_slice()).unwrap_or_default();
    let widths: Vec<usize> = [&[options.final_seq_length], hidden, &[CLASSES]].concat();
    Ok(widths.windows(2).map(|pair| pair[0].min(pair[1])).max().unwrap_or(0))
}
