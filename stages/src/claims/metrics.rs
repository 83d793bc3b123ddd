//! Verdicts as metrics for DVC: a few numbers for each claim under each protocol.

use serde_json::{Map, Value, json};

use super::verdict::{ClaimVerdicts, ProtocolVerdict, Verdicts};
use crate::names::part;

/// Path and content, one for each claim and protocol: DVC shows a file as a row of its table.
pub fn metrics(verdicts: &Verdicts) -> Vec<(String, Value)> {
    let of_claim = |claim: &ClaimVerdicts| -> Vec<(String, Value)> {
        let path = |under: &ProtocolVerdict| format!("{}/{}.json", part(&claim.id), part(&under.protocol));
        claim.protocols.iter().map(|under| (path(under), numbers(under))).collect()
    };
    verdicts.claims.iter().flat_map(of_claim).collect()
}

fn numbers(under: &ProtocolVerdict) -> Value {
    let mut numbers = Map::from_iter([("verdict".to_owned(), json!(under.verdict))]);
    let mut add = |name: &str, value: Value| numbers.insert(name.to_owned(), value);
    if let Some(evidence) = &under.evidence {
        add("seeds", json!(evidence.seeds));
        add("difference", json!(evidence.difference));
        add("low", json!(evidence.interval[0]));
        add("high", json!(evidence.interval[1]));
        add("p", json!(evidence.p_holm.unwrap_or(evidence.p_t)));
    }
    if !under.inside.is_empty() {
        add("published", json!(under.inside.len()));
        add("inside", json!(under.inside.iter().filter(|number| number.number.inside).count()));
    }
    Value::Object(numbers)
}
