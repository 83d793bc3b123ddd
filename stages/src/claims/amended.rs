//! Which criteria were changed after results existed, from the verdicts on record.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::verdict::{ClaimVerdicts, Verdicts};

/// What was once judged with results.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// When, as a person reads it.
    pub when: String,
    /// Claim -> digest of its criterion.
    pub criteria: BTreeMap<String, String>,
}

impl Earlier {
    /// From a verdicts file of any build: it says with which criterion a claim was judged, however else it has changed its shape.
    ///
    /// Verdicts without any evidence don't count, nor do those from before criteria were written down.
    pub fn read(when: &str, file: &[u8]) -> Option<Self> {
        let file: Value = serde_json::from_slice(file).ok()?;
        let judged = file.get("claims")?.as_array()?.iter().filter(|claim| has_evidence(claim));
        let criterion = |claim: &Value| {
            let text = |key: &str| claim.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
            Some((text("id")?, text("criterion")?))
        };
        Some(Self { when: when.to_owned(), criteria: judged.filter_map(criterion).collect() })
    }
}

fn has_evidence(claim: &Value) -> bool {
    let protocols = claim.get("protocols").and_then(Value::as_array);
    protocols.into_iter().flatten().any(|under| {
        let numbers = under.get("inside").and_then(Value::as_array);
        under.get("evidence").is_some_and(Value::is_object) || numbers.is_some_and(|numbers| !numbers.is_empty())
    })
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
/// `earlier` is in order of time. A criterion may be changed freely while there is nothing to look at.
pub fn amended(now: &Verdicts, earlier: &[Earlier]) -> BTreeMap<String, Amendment> {
    let amendment = |claim: &ClaimVerdicts| {
        let first = earlier.iter().find_map(|earlier| Some((&earlier.when, earlier.criteria.get(&claim.id)?)));
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
