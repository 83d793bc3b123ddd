//! Which criteria were changed after results existed, from the verdicts on record.

use std::collections::BTreeMap;

use serde::Serialize;

use super::verdict::{ClaimVerdicts, Verdicts};

/// Verdicts that were once reached.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// When they were reached, as a person reads it.
    pub when: String,
    pub verdicts: Verdicts,
}

/// A criterion that is not the one by which the claim was first judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Amendment {
    /// When the claim was first judged with results.
    pub first_judged: String,
    /// The criterion's digest then.
    pub first: String,
    /// And now.
    pub now: String,
    /// Whether the claim file owns up to the change.
    pub owned: bool,
}

/// Claim -> amendment, for the claims of `now` whose criterion differs from that of their first verdict with evidence.
///
/// `earlier` is in order of time. A criterion may be changed freely while there is nothing to look at: verdicts without any
/// evidence don't count, nor do those from before criteria were written down.
pub fn amended(now: &Verdicts, earlier: &[Earlier]) -> BTreeMap<String, Amendment> {
    let amendment = |claim: &ClaimVerdicts| {
        let first = earlier.iter().find_map(|earlier| {
            let known =
                |known: &&ClaimVerdicts| known.id == claim.id && has_evidence(known) && !known.criterion.is_empty();
            earlier.verdicts.claims.iter().find(known).map(|known| (&earlier.when, &known.criterion))
        });
        let (when, criterion) = first.filter(|(_, criterion)| **criterion != claim.criterion)?;
        let amendment = Amendment {
            first_judged: when.clone(),
            first: criterion.clone(),
            now: claim.criterion.clone(),
            owned: claim.amendments.iter().any(|owned| owned.was == *criterion),
        };
        Some((claim.id.clone(), amendment))
    };
    now.claims.iter().filter_map(amendment).collect()
}

fn has_evidence(claim: &ClaimVerdicts) -> bool {
    claim.protocols.iter().any(|under| under.evidence.is_some() || !under.inside.is_empty())
}
