//! Further seeds for what is undecided: the next block of each experiment that needs one, as changed parameters.

use std::collections::BTreeSet;

use serde_json::Value;

use super::verdict::{ProtocolVerdict, Verdict, Verdicts};
use crate::blocks::Blocks;

/// The parameters to change, as `key=value`; none where every claim is decided by the sequential tests, or where the
/// experiments of the others have `most` seeds already.
///
/// The seeds of an experiment are blocks, a list such as `["0-9", "10-19"]`, under the parameter that the claim names, or
/// `EXPERIMENT.PROTOCOL_seeds` (with `_` for `-`), or else `EXPERIMENT.seeds`. The next block is as long as the last one.
pub fn further(verdicts: &Verdicts, most: usize, parameter: &dyn Fn(&str) -> Option<Value>) -> Vec<String> {
    let undecided = |under: &&ProtocolVerdict| {
        under.sequential.as_ref().is_some_and(|sequential| sequential.verdict == Verdict::Undecided)
    };
    let mut keys = BTreeSet::new();
    for claim in &verdicts.claims {
        for under in claim.protocols.iter().filter(undecided) {
            let own = || {
                let own = format!("{}.{}_seeds", claim.experiment, under.protocol.replace('-', "_"));
                if parameter(&own).is_some() { own } else { format!("{}.seeds", claim.experiment) }
            };
            keys.insert(claim.seeds.clone().unwrap_or_else(own));
        }
    }
    let longer = |key: &String| Some(format!("{key}={}", Blocks::read(&parameter(key)?)?.one_more(most)?.text()));
    keys.iter().filter_map(longer).collect()
}
