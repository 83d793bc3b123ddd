//! Further seeds for what is undecided: the next block of each experiment that needs one, as changed parameters.

use std::collections::BTreeSet;

use serde_json::Value;

use super::verdict::{ProtocolVerdict, Verdict, Verdicts};
use crate::programs::seeds::Seeds;

/// The parameters to change, as `key=value`; none where every claim is decided by the sequential tests, or where the
/// experiments of the others have `most` seeds already.
///
/// The seeds of an experiment are blocks, a list such as `["0-9", "10-19"]`, under `EXPERIMENT.PROTOCOL_seeds` (with `_` for
/// `-`) or, without that, `EXPERIMENT.seeds`. The next block is as long as the last one.
pub fn further(verdicts: &Verdicts, most: usize, parameter: &dyn Fn(&str) -> Option<Value>) -> Vec<String> {
    let undecided = |under: &&ProtocolVerdict| {
        under.sequential.as_ref().is_some_and(|sequential| sequential.verdict == Verdict::Undecided)
    };
    let mut keys = BTreeSet::new();
    for claim in &verdicts.claims {
        for under in claim.protocols.iter().filter(undecided) {
            let own = format!("{}.{}_seeds", claim.experiment, under.protocol.replace('-', "_"));
            keys.insert(if parameter(&own).is_some() { own } else { format!("{}.seeds", claim.experiment) });
        }
    }
    keys.iter().filter_map(|key| longer(key, parameter(key)?, most)).collect()
}

/// The list with one more block; none where it is full, or no list of blocks.
fn longer(key: &str, value: Value, most: usize) -> Option<String> {
    let mut blocks: Vec<String> = serde_json::from_value(value).ok()?;
    let seeds: Vec<Vec<u64>> =
        blocks.iter().map(|block| block.parse::<Seeds>().ok().map(Seeds::into_vec)).collect::<Option<_>>()?;
    let all: BTreeSet<u64> = seeds.iter().flatten().copied().collect();
    let room = most.saturating_sub(all.len());
    let length = seeds.last()?.len().min(room);
    let first = all.last()?.checked_add(1)?;
    if length == 0 {
        return None;
    }
    blocks.push(format!("{first}-{}", first + length as u64 - 1));
    let blocks: Vec<String> = blocks.iter().map(|block| format!("\"{block}\"")).collect();
    Some(format!("{key}=[{}]", blocks.join(", ")))
}
