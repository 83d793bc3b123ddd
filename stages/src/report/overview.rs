//! The verdicts at a glance: a row for each claim under each protocol, with its interval drawn.
//!
//! `page.js` sorts and filters the rows. What it needs to know of them stands in `data-` attributes: of a row what it can be
//! filtered by, of a cell the number by which its column is sorted.

use maud::{Markup, html};

use super::interval::{Scale, interval, predictions};
use super::words::{badge, compared, fate, prose, rank};
use super::{amendments, slug};
use crate::claims::verdict::{ClaimVerdicts, Evidence, ProtocolVerdict, PublishedNumber, Verdicts};
use crate::plots::labels;

/// A column's name in the page's address, and its title.
const COLUMNS: [(&str, &str); 5] = [
    ("protocol", "Protocol"),
    ("verdict", "Verdict"),
    ("difference", "Difference and its interval"),
    ("published-verdict", "Published verdict"),
    ("published-numbers", "Published numbers"),
];

/// How many sentences on disagreements stand beside the verdicts; the evidence has them all.
const KEY_SENTENCES: usize = 2;

/// The table and its key. The roles are spelled out because a narrow screen shows rows as blocks, and browsers then no
/// longer take the table for one.
pub fn overview(verdicts: &Verdicts) -> Markup {
    let mut protocols: Vec<&str> = Vec::new();
    for name in verdicts.claims.iter().flat_map(|claim| &claim.protocols).flat_map(names) {
        if !protocols.contains(&name) {
            protocols.push(name);
        }
    }
    html! {
        section aria-labelledby="_verdicts" {
            h2 id="_verdicts" { "Verdicts" }
            table.overview role="table" aria-labelledby="_verdicts" {
                thead role="rowgroup" {
                    tr role="row" {
                        @for (name, title) in COLUMNS {
                            th scope="col" role="columnheader" data-column=(name) { (title) }
                        }
                    }
                }
                @for claim in &verdicts.claims { (of_claim(claim, &protocols)) }
            }
            p.key {
                span.part { span.swatch.zero {} " no difference" }
                span.part { span.swatch.margin {} " differences that do not matter (the margin)" }
                span.part { span.swatch.published { "◇" } " published difference" }
                span.part { "Left of zero the method that is named first is lower, right of it higher." }
                span.part.by-size { "Sorted by difference, rows stand in order of its size in margins." }
            }
        }
    }
}

fn of_claim(claim: &ClaimVerdicts, protocols: &[&str]) -> Markup {
    let anchor = slug(&claim.id);
    let evidence: Vec<&Evidence> = claim.protocols.iter().filter_map(|under| under.evidence.as_ref()).collect();
    let published = claim.protocols.iter().filter_map(ProtocolVerdict::published_difference);
    let scale = Scale::new(evidence.iter().copied(), published, claim.margin.unwrap_or_default());
    html! {
        tbody role="rowgroup" {
            tr.claim role="row" {
                th colspan=(COLUMNS.len()) scope="rowgroup" role="rowheader" {
                    a href={ "#" (anchor) } { (claim.id) } " " span.statement { (prose(&claim.statement)) }
                    (amendments::mark(claim))
                    @if let Some(first) = evidence.first() {
                        span.quiet.compared { (compared(first)) "; claimed: " (first.comparison.direction) }
                    }
                }
            }
            @for under in &claim.protocols {
                @let place = protocols.iter().position(|protocol| *protocol == under.protocol).unwrap_or_default();
                (row(claim, under, scale, &evidence, place))
            }
            @if !claim.disagreements.is_empty() {
                tr.disagreement role="row" {
                    td colspan=(COLUMNS.len()) role="cell" {
                        @for sentence in claim.disagreements.iter().take(KEY_SENTENCES) { p { (prose(sentence)) } }
                        @if claim.disagreements.len() > KEY_SENTENCES {
                            p { a href={ "#" (anchor) } { "More on where the verdict turns" } }
                        }
                    }
                }
            }
        }
    }
}

fn row(claim: &ClaimVerdicts, under: &ProtocolVerdict, scale: Scale, all: &[&Evidence], place: usize) -> Markup {
    // A protocol may measure something else than the first one, of which the claim's row speaks.
    let other_metric =
        |evidence: &&Evidence| all.first().is_some_and(|first| first.comparison.metric != evidence.comparison.metric);
    let outcome = claim.published_verdict(under);
    let anchor = slug(&claim.id);
    html! {
        tr.under role="row" data-claim=(anchor) data-experiment=(claim.experiment) data-protocols=(names(under).collect::<Vec<_>>().join("\n"))
            data-verdict=(under.verdict.words()) {
            th.protocol scope="row" role="rowheader" data-key=(place) {
                // Needed where rows do not stand under their claim, and to readers who go from row to row.
                a.of href={ "#" (anchor) } { (claim.id) } " " (under.protocols())
            }
            td.verdict role="cell" data-key=(rank(under.verdict)) { (badge(under.verdict)) }
            td.difference role="cell" data-key=[in_margins(claim, under)] {
                @match &under.evidence {
                    Some(evidence) => {
                        (interval(evidence, under.verdict, claim.alpha, scale, under.published_difference()))
                    }
                    None if !under.inside.is_empty() => (predictions(under)),
                    None => span.quiet { "no evidence" },
                }
                @if let Some(evidence) = under.evidence.as_ref().filter(other_metric) {
                    span.quiet.metric { "in " (labels::metric(&evidence.comparison.metric)) }
                }
            }
            td.fate role="cell" data-label="Published verdict" data-key=[outcome.map(|outcome| outcome as u8)] {
                @match outcome {
                    Some(outcome) => (fate(outcome)),
                    None => span.quiet { "none" },
                }
            }
            td.published role="cell" data-label="Published numbers" data-key=[share_inside(under)] {
                @match &under.reproduced {
                    Some(numbers) => { (mark(&numbers.a)) ", " (mark(&numbers.b)) },
                    None if !under.inside.is_empty() => { (under.inside.iter().filter(|number| number.number.inside).count()) " of " (under.inside.len()) " reproduced" },
                    None => span.quiet { "not comparable" },
                }
            }
        }
    }
}

/// A protocol's name, and those of the protocols that come to the same.
fn names(under: &ProtocolVerdict) -> impl Iterator<Item = &str> {
    std::iter::once(&under.protocol).chain(&under.also).map(String::as_str)
}

/// The size of the difference on a scale that all claims share.
fn in_margins(claim: &ClaimVerdicts, under: &ProtocolVerdict) -> Option<f64> {
    let size = under.evidence.as_ref()?.difference / claim.margin?;
    size.is_finite().then_some(size)
}

/// The share of published numbers that were reproduced.
fn share_inside(under: &ProtocolVerdict) -> Option<f64> {
    let pair = under.reproduced.as_ref().map(|numbers| [&numbers.a, &numbers.b]);
    let numbers = pair.into_iter().flatten().chain(under.inside.iter().map(|number| &number.number));
    let (inside, all) = numbers.fold((0, 0), |(inside, all), number| (inside + u32::from(number.inside), all + 1));
    (all > 0).then(|| f64::from(inside) / f64::from(all))
}

/// A published number and whether one more run of ours would come near it.
fn mark(number: &PublishedNumber) -> Markup {
    html! {
        span.mark title=(if number.inside { "reproduced" } else { "not reproduced" }) {
            (number.published) " "
            span.yes[number.inside].no[!number.inside] aria-hidden="true" { (if number.inside { "✓" } else { "✗" }) }
            span.unseen { (if number.inside { "reproduced" } else { "not reproduced" }) }
        }
    }
}
