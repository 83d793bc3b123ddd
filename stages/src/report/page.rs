//! The whole page: headline, the verdicts at a glance, the evidence for each claim, and how a verdict is reached.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::interval::{Scale, interval};
use super::words::{badge, compared, count, fate, headline, inside, prose, title};
use super::{Figures, ReportError, Spreads, claim, slug, style};
use crate::claims::numbers::{list, percent};
use crate::claims::verdict::{ClaimVerdicts, Evidence, ProtocolVerdict, PublishedNumber, Verdict, Verdicts};
use crate::plots::labels;

/// The report as one HTML file without scripts, fonts, images or links from elsewhere.
///
/// Claims are anchored by the slugs of their ids; the sections' own anchors start with `_`, as no slug of a name does.
pub fn page(verdicts: &Verdicts, figures: &Figures, spreads: &Spreads) -> Result<String, ReportError> {
    let evidence = claim::all(verdicts, figures, spreads)?;
    let title = title(verdicts);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "retrial: " (title) }
                style { (PreEscaped(style::sheet())) }
            }
            body {
                header {
                    p.brand { "retrial" }
                    h1 { (title) }
                    p.lede { (headline(verdicts).join(" ")) }
                }
                main {
                    (overview(verdicts))
                    section aria-labelledby="_evidence" {
                        h2 id="_evidence" { "Evidence" }
                        (evidence)
                    }
                    (rules(verdicts))
                }
                footer { p { "This page holds all that it shows: no scripts, and nothing from elsewhere." } }
            }
        }
    };
    Ok(markup.into_string())
}

/// One row a claim and protocol. The roles are spelled out because a narrow screen shows rows as blocks, and browsers
/// then no longer take the table for one.
fn overview(verdicts: &Verdicts) -> Markup {
    html! {
        section aria-labelledby="_verdicts" {
            h2 id="_verdicts" { "Verdicts" }
            table.overview role="table" aria-labelledby="_verdicts" {
                thead role="rowgroup" {
                    tr role="row" {
                        th scope="col" role="columnheader" { "Protocol" }
                        th scope="col" role="columnheader" { "Verdict" }
                        th scope="col" role="columnheader" { "Difference and its interval" }
                        th scope="col" role="columnheader" { "Published verdict" }
                        th scope="col" role="columnheader" { "Published numbers" }
                    }
                }
                @for claim in &verdicts.claims { (overview_of(claim)) }
            }
            p.key {
                span.swatch.zero {} " no difference "
                span.swatch.margin {} " margin: differences that do not matter. "
                "Left of zero the method that is named first is lower, right of it higher."
            }
        }
    }
}

/// How many sentences on disagreements stand beside the verdicts; the evidence has them all.
const KEY_SENTENCES: usize = 2;

fn overview_of(claim: &ClaimVerdicts) -> Markup {
    let anchor = slug(&claim.id);
    let evidence: Vec<&Evidence> = claim.protocols.iter().filter_map(|under| under.evidence.as_ref()).collect();
    let scale = Scale::new(evidence.iter().copied(), claim.margin.unwrap_or_default());
    html! {
        tbody role="rowgroup" {
            tr.claim role="row" {
                th colspan="5" scope="rowgroup" role="rowheader" {
                    a href={ "#" (anchor) } { (claim.id) } " " span.statement { (prose(&claim.statement)) }
                    @if let Some(first) = evidence.first() {
                        span.quiet.compared { (compared(first)) "; claimed: " (first.comparison.direction) }
                    }
                }
            }
            @for under in &claim.protocols { (overview_row(claim, under, scale, &evidence)) }
            @if !claim.disagreements.is_empty() {
                tr.disagreement role="row" {
                    td colspan="5" role="cell" {
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

fn overview_row(claim: &ClaimVerdicts, under: &ProtocolVerdict, scale: Scale, all: &[&Evidence]) -> Markup {
    // A protocol may measure something else than the first one, of which the claim's row speaks.
    let other_metric =
        |evidence: &&Evidence| all.first().is_some_and(|first| first.comparison.metric != evidence.comparison.metric);
    html! {
        tr role="row" {
            th.protocol scope="row" role="rowheader" { (under.protocols()) }
            td.verdict role="cell" { (badge(under.verdict)) }
            td.difference role="cell" {
                @match &under.evidence {
                    Some(evidence) => (interval(evidence, under.verdict, claim.alpha, scale)),
                    None if !under.inside.is_empty() => (inside(under)),
                    None => span.quiet { "no evidence" },
                }
                @if let Some(evidence) = under.evidence.as_ref().filter(other_metric) {
                    span.quiet.metric { "in " (labels::metric(&evidence.comparison.metric)) }
                }
            }
            td.fate role="cell" data-label="Published verdict" {
                @match claim.published_verdict(under) {
                    Some(outcome) => (fate(outcome)),
                    None => span.quiet { "none" },
                }
            }
            td.numbers role="cell" data-label="Published numbers" {
                @match &under.reproduced {
                    Some(numbers) => { (mark(&numbers.a)) ", " (mark(&numbers.b)) },
                    None => span.quiet { "not comparable" },
                }
            }
        }
    }
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

/// How a verdict is reached, for a reader who has never seen one.
fn rules(verdicts: &Verdicts) -> Markup {
    let all = verdicts.claims.iter().flat_map(|claim| &claim.protocols);
    let comparisons = all.filter(|under| under.evidence.is_some()).count();
    let mut levels: Vec<f64> = verdicts.claims.iter().map(|claim| claim.alpha).collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let levels: Vec<String> = levels.into_iter().map(percent).collect();
    html! {
        section.rules aria-labelledby="_rules" {
            h2 id="_rules" { "How a verdict is reached" }
            p {
                "Both methods of a comparison run with the same seeds, and the difference is taken seed by seed. Its mean "
                "has an interval (Student's t). The claim's file says which direction is claimed, "
                "which differences would not matter (the margin), and the level α (here " (list(&levels)) ")."
            }
            dl {
                dt { (badge(Verdict::NoDifference)) }
                dd { "Two one-sided t-tests show that the difference lies within the margin. This is looked at first." }
                dt { (badge(Verdict::Supported)) }
                dd { "The paired t-test shows a difference in the direction that is claimed." }
                dt { (badge(Verdict::Contradicted)) }
                dd { "It shows a difference in the other direction." }
                dt { (badge(Verdict::Undecided)) }
                dd { "Neither is shown. The report says how many further seeds would probably settle it." }
                dt { (badge(Verdict::Untestable)) }
                dd { "A number that the test needs does not exist. The report names it." }
            }
            p {
                "The t-tests of all claims under all protocols (here " (count(comparisons, "comparison")) ") are corrected "
                "together by Holm's method. Controls are judged by the same rule without that correction. A published "
                "number counts as reproduced if it lies in our 95 % prediction interval: where one further run of ours "
                "would lie."
            }
        }
    }
}
