//! What decides a verdict, as a digest: a criterion that was changed after its results were seen can't be told otherwise.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::schema::{Claim, Question};

/// SHA-256 of all that decides a claim's verdicts: experiment, comparison or published numbers, margin, α, protocols with
/// their metrics. Not of what is only said about it: statement, source, controls, the published result, expectations.
pub fn digest(claim: &Claim) -> String {
    let question = match &claim.question {
        Question::Compare { comparison, margin } => json!({ "comparison": comparison, "margin": margin }),
        Question::PublishedInside(values) => json!({ "published_inside": values }),
    };
    let protocols: Vec<_> = claim.protocols.iter().map(|under| (&under.protocol, &under.metric)).collect();
    // Objects of serde_json are sorted by key, and floats print as the shortest text that reads back the same.
    let criterion =
        json!({ "experiment": claim.experiment, "question": question, "alpha": claim.alpha, "protocols": protocols });
    Sha256::digest(criterion.to_string()).iter().map(|byte| format!("{byte:02x}")).collect()
}
