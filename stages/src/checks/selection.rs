//! What chooses epochs and hyper-parameters must not be what the result is reported on.
//!
//! The roles of data are types (`protocols/parts.rs`), so this reads what a protocol says of itself and cannot miss a leak.

use std::collections::BTreeMap;

use super::{Design, Observation};
use crate::protocols::protocol::Judge;
use crate::train::Criterion;

pub(super) fn check(design: &Design) -> Vec<Observation> {
    let mut judges: BTreeMap<(bool, String), Vec<String>> = BTreeMap::new();
    for protocol in &design.protocols {
        let measure = match protocol.criterion {
            Criterion::Loss => "loss",
            Criterion::Accuracy => "accuracy",
        };
        let (leaks, rows) = match protocol.judge {
            Judge::Test => (true, "the test part, on which the result is then reported"),
            Judge::LastRows { .. } => (false, "the last rows of the training part, held out"),
            Judge::Validation { .. } => (false, "rows of the training part, held out at random"),
        };
        let sentence = format!("epochs and hyper-parameters are chosen by the {measure} on {rows}");
        judges.entry((leaks, sentence)).or_default().push(protocol.name.to_string());
    }
    let observation = |((concern, sentence), protocols)| Observation { protocols, concern, sentence };
    judges.into_iter().rev().map(observation).collect()
}
