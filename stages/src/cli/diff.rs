//! The study's part of `retrial diff`: verdicts that are not the same before and after.

use std::collections::BTreeSet;

use serde::Serialize;
use thiserror::Error;

use crate::claims::numbers::{decimals_of, signed};
use crate::claims::verdict::{ProtocolVerdict, Verdict, Verdicts};

#[derive(Debug, Error)]
#[error("{} cannot be read: {source}", super::audit::VERDICTS)]
pub struct DiffError {
    #[from]
    source: serde_json::Error,
}

/// A claim under a protocol, before and after; `None` where it was not judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub claim: String,
    pub protocol: String,
    pub old: Option<Judged>,
    pub new: Option<Judged>,
}

/// A verdict with what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    pub verdict: Verdict,
    /// Mean paired difference; none for what could not be tested.
    pub difference: Option<f64>,
    pub interval: Option<[f64; 2]>,
    pub seeds: Option<usize>,
}

impl Judged {
    fn of(protocol: &ProtocolVerdict) -> Self {
        let evidence = protocol.evidence.as_ref();
        Self {
            verdict: protocol.verdict,
            difference: evidence.map(|evidence| evidence.difference),
            interval: evidence.map(|evidence| evidence.interval),
            seeds: evidence.map(|evidence| evidence.seeds),
        }
    }

    /// "supported, +0.24 [+0.21, +0.27], 20 seeds".
    pub fn words(&self) -> String {
        let mut words = self.verdict.words().to_owned();
        if let (Some(difference), Some(interval), Some(seeds)) = (self.difference, self.interval, self.seeds) {
            let decimals = decimals_of(interval);
            let [low, high] = interval.map(|end| signed(end, decimals));
            words.push_str(&format!(", {} [{low}, {high}], {seeds} seeds", signed(difference, decimals)));
        }
        words
    }
}

/// The verdicts that differ between two contents of the study's file of verdicts (a state may have none), or that stand on
/// other evidence: in order of claim, and of protocol.
pub fn differences(old: Option<&[u8]>, new: Option<&[u8]>) -> Result<Vec<Change>, DiffError> {
    let read = |bytes: Option<&[u8]>| match bytes {
        Some(bytes) => serde_json::from_slice(bytes),
        None => Ok(Verdicts { claims: Vec::new() }),
    };
    Ok(changes(&read(old)?, &read(new)?))
}

fn changes(old: &Verdicts, new: &Verdicts) -> Vec<Change> {
    let all = [old, new].into_iter().flat_map(|verdicts| &verdicts.claims);
    let names: BTreeSet<(&str, &str)> =
        all.flat_map(|claim| claim.protocols.iter().map(|under| (&*claim.id, &*under.protocol))).collect();
    let change = |(claim, protocol): (&str, &str)| {
        let judged = |verdicts: &Verdicts| {
            let claim = verdicts.claims.iter().find(|candidate| candidate.id == claim)?;
            claim.protocols.iter().find(|under| under.protocol == protocol).map(Judged::of)
        };
        let (old, new) = (judged(old), judged(new));
        (old != new).then(|| Change { claim: claim.to_owned(), protocol: protocol.to_owned(), old, new })
    };
    names.into_iter().filter_map(change).collect()
}
