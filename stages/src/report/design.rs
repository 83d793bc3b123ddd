//! How an experiment is set up: its protocols side by side, and what can be said about it without training.

use maud::{Markup, html};

use super::tables::scrolling;
use super::words::{capital, count, prose};
use crate::checks::finding::Finding;
use crate::claims::numbers::list;
use crate::protocols::sides::{Field, SideBySide};

/// What differs between the protocols as a table, and what does not in a line.
pub fn protocols(sides: &SideBySide) -> Markup {
    let (differing, same): (Vec<&Field>, Vec<&Field>) = sides.fields.iter().partition(|field| field.differs());
    let same: Vec<String> =
        same.into_iter().filter_map(|field| Some(format!("{}: {}", field.name, field.values.first()?))).collect();
    html! {
        h4 { "Protocols side by side" }
        @if !differing.is_empty() {
            (scrolling("Protocols side by side", html! {
                table.sides {
                    thead { tr { td {} @for protocol in &sides.protocols { th scope="col" { (protocol) } } } }
                    tbody {
                        @for field in differing {
                            tr {
                                th scope="row" { (field.name) }
                                @for value in &field.values { td { (value) } }
                            }
                        }
                    }
                }
            }))
        }
        @if !same.is_empty() { p.quiet.same { "The same under all: " (same.join("; ")) "." } }
    }
}

/// "12 checks, 3 of concern".
pub fn counted(findings: &[&Finding]) -> String {
    let concerns = findings.iter().filter(|finding| finding.concern).count();
    format!("{}, {concerns} of concern", count(findings.len(), "check"))
}

/// What gives concern at once, the rest on demand.
pub fn checks(findings: &[&Finding]) -> Markup {
    let (concerns, fine): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().copied().partition(|finding| finding.concern);
    html! {
        @if !findings.is_empty() {
            h4 { "Checks without training" }
            @if concerns.is_empty() { p { (counted(findings)) "." } } @else { (found(&concerns)) }
            @if !fine.is_empty() {
                details.more {
                    summary { (count(fine.len(), "check")) " without concern" }
                    (found(&fine))
                }
            }
        }
    }
}

/// By check, in their order.
fn found(findings: &[&Finding]) -> Markup {
    let groups = findings.chunk_by(|first, second| first.check == second.check);
    html! {
        dl.found {
            @for group in groups {
                dt { (group[0].check.words()) }
                @for finding in group {
                    dd {
                        (prose(&capital(&finding.sentence))) "."
                        @if !finding.protocols.is_empty() { " " span.quiet { "(" (list(&finding.protocols)) ")" } }
                    }
                }
            }
        }
    }
}
