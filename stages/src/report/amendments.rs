//! Criteria that were changed after results existed, as far as claim files own up to it.
//!
//! A page is made from its inputs alone. What the run records know of earlier criteria, `retrial audit` adds.

use maud::{Markup, html};

use super::words::prose;
use crate::claims::verdict::ClaimVerdicts;

/// A word beside the claim's name.
pub fn mark(claim: &ClaimVerdicts) -> Markup {
    html! {
        @if !claim.amendments.is_empty() { " " span.badge.amended { "amended" } }
    }
}

/// What was changed, when and why, and how anyone can look for more.
pub fn criterion(claim: &ClaimVerdicts) -> Markup {
    html! {
        @if !claim.amendments.is_empty() {
            h4 { "Amended criterion" }
            p { "What decides the verdict was changed after the claim was first judged." }
            dl {
                @for amendment in &claim.amendments {
                    dt { (amendment.date) }
                    dd { (prose(&amendment.why)) " " span.quiet { "The criterion until then: " code { (amendment.was) } "." } }
                }
            }
        }
        @if !claim.criterion.is_empty() {
            p.quiet {
                "The criterion (comparison, margin, level, protocols) has the digest " code { (claim.criterion) }
                ": it changes if any of them is amended. " code { "retrial audit" }
                " compares it with that of the first verdicts on record."
            }
        }
    }
}
