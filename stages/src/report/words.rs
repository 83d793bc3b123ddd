//! Sentences and names that page and summary share.

use maud::{Markup, html};

use crate::claims::numbers::list;
use crate::claims::verdict::{ClaimVerdicts, Evidence, ProtocolVerdict, PublishedVerdict, Verdict, Verdicts};
use crate::plots::labels;

/// All verdicts there are, in the order in which they are counted.
const VERDICTS: [Verdict; 5] =
    [Verdict::Supported, Verdict::Contradicted, Verdict::NoDifference, Verdict::Undecided, Verdict::Untestable];

/// The verdict's place in that order.
pub fn rank(verdict: Verdict) -> usize {
    VERDICTS.iter().position(|given| *given == verdict).unwrap_or(VERDICTS.len())
}

/// The verdict's class in the style sheet.
pub fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Supported => "supported",
        Verdict::Contradicted => "contradicted",
        Verdict::NoDifference => "no-difference",
        Verdict::Undecided => "undecided",
        Verdict::Untestable => "untestable",
    }
}

/// A sign beside the word, so that verdicts can be told apart at a glance and without colour.
pub fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Supported => "✓",
        Verdict::Contradicted => "✗",
        Verdict::NoDifference => "≈",
        Verdict::Undecided => "?",
        Verdict::Untestable => "–",
    }
}

pub fn badge(verdict: Verdict) -> Markup {
    html! {
        span class={ "badge " (class(verdict)) } { span aria-hidden="true" { (sign(verdict)) } " " (verdict.words()) }
    }
}

/// What became of the source's finding, in a word.
pub fn fate(outcome: PublishedVerdict) -> &'static str {
    match outcome {
        PublishedVerdict::Reproduced => "reproduced",
        PublishedVerdict::Reversed => "turned round",
        PublishedVerdict::Vanished => "vanished",
        PublishedVerdict::Open => "open",
    }
}

/// "Verdicts on 5 claims".
pub fn title(verdicts: &Verdicts) -> String {
    format!("Verdicts on {}", count(verdicts.claims.len(), "claim"))
}

/// The whole study in two or three sentences.
pub fn headline(verdicts: &Verdicts) -> Vec<String> {
    let claims = &verdicts.claims;
    let all: Vec<Verdict> = claims.iter().flat_map(|claim| &claim.protocols).map(|under| under.verdict).collect();
    if all.is_empty() {
        return vec!["The study has no verdict: there is no claim that names a protocol.".to_owned()];
    }
    let counts: Vec<String> = VERDICTS
        .iter()
        .map(|verdict| (all.iter().filter(|given| *given == verdict).count(), verdict.words()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    let mut sentences =
        vec![format!("{}, {}: {}.", count(claims.len(), "claim"), count(all.len(), "verdict"), list(&counts))];

    let divided = claims.iter().filter(|claim| protocols_differ(claim)).count();
    if claims.iter().any(|claim| claim.protocols.len() > 1) {
        sentences.push(match (claims.len(), divided) {
            (1, 0) => "The verdict is the same under every protocol.".to_owned(),
            (1, _) => "The verdict depends on the protocol.".to_owned(),
            (all, divided) => format!("For {divided} of {all} claims the verdict depends on the protocol."),
        });
    }

    let with_numbers: Vec<(bool, bool)> = claims
        .iter()
        .flat_map(|claim| &claim.protocols)
        .filter_map(|under| under.reproduced.as_ref())
        .map(|numbers| (numbers.a.inside, numbers.b.inside))
        .collect();
    if !with_numbers.is_empty() {
        let both = with_numbers.iter().filter(|inside| **inside == (true, true)).count();
        sentences
            .push(format!("Both published numbers were reproduced in {both} of {} comparisons.", with_numbers.len()));
    }
    sentences
}

/// Whether the protocols that could be judged came to different verdicts.
pub fn protocols_differ(claim: &ClaimVerdicts) -> bool {
    let mut judged =
        claim.protocols.iter().map(|under| under.verdict).filter(|verdict| *verdict != Verdict::Untestable);
    judged.next().is_some_and(|first| judged.any(|verdict| verdict != first))
}

/// "svvar − baseline in validation loss (nats), last epoch".
pub fn compared(evidence: &Evidence) -> String {
    let comparison = &evidence.comparison;
    let metric = labels::metric(&comparison.metric);
    format!("{} − {} in {metric}, {}", comparison.a, comparison.b, comparison.when())
}

/// "5 of 6 published numbers inside our prediction intervals", for a claim about just that.
pub fn inside(under: &ProtocolVerdict) -> String {
    let inside = under.inside.iter().filter(|number| number.number.inside).count();
    format!("{inside} of {} inside our prediction intervals", count(under.inside.len(), "published number"))
}

/// With a capital letter at its beginning.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

/// "1 claim", "2 claims".
pub fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// Text from a file, with what stands between backticks set as code.
pub fn prose(text: &str) -> Markup {
    let parts: Vec<&str> = text.trim().split('`').collect();
    if parts.len().is_multiple_of(2) {
        return html! { (text.trim()) };
    }
    html! {
        @for (i, part) in parts.iter().enumerate() {
            @if i % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
