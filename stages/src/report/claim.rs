//! One claim's evidence: what disagrees, why each verdict is what it is, figures, tables, defects, source.

use maud::{Markup, html};

use super::again::again;
use super::experiment::Shared;
use super::words::{badge, capital, prose};
use super::{Figure, Material, ReportError, amendments, protocols, slug, spread, tables};
use crate::claims::numbers::{decimals_of, plain};
use crate::claims::schema::Side;
use crate::claims::verdict::{ClaimVerdicts, PublishedNumber};
use crate::plots::paired_differences::PairedDifferences;
use crate::plots::palette::Palette;
use crate::plots::{self};

/// Folded behind its name and verdicts.
pub fn evidence(
    claim: &ClaimVerdicts,
    material: &Material,
    shared: &Shared,
    open: bool,
) -> Result<Markup, ReportError> {
    let palette = Palette::of_verdicts(&claim.experiment, &material.verdicts.claims);
    let differences = match PairedDifferences::new(claim, &palette) {
        Some(figure) => Some(Figure::parse(&plots::svg(&figure)?)?),
        None => None,
    };
    let turns = shared.protocols.map(|sides| protocols::turns(claim, sides)).unwrap_or_default();
    let stages = material.stages.get(&claim.experiment).map(Vec::as_slice).unwrap_or_default();
    Ok(html! {
        details.claim id=(slug(&claim.id)) open[open] {
            summary {
                h3 { (claim.id) (amendments::mark(claim)) }
                span.badges {
                    @for under in &claim.protocols {
                        span.under { span.quiet { (under.protocol) } " " (badge(under.verdict)) }
                    }
                }
            }
            p.statement { (prose(&claim.statement)) }
            @if !claim.disagreements.is_empty() {
                div.callout role="note" {
                    h4 { "Where the verdict turns" }
                    @for sentence in &claim.disagreements { p { (prose(sentence)) } }
                }
            }
            h4 { "Why" }
            dl.columns {
                @for under in &claim.protocols {
                    div {
                        dt { (under.protocol) " " (badge(under.verdict)) }
                        dd { (prose(&under.reason)) }
                    }
                }
            }
            @if let Some(figure) = &differences {
                (figure.markup("The difference seed by seed, and its mean."))
            }
            @if !turns.is_empty() {
                h4 { "What lies between the protocols" }
                @for sentence in &turns { p { (capital(sentence)) } }
            }
            (shared.link())
            @if claim.margin.is_some() {
                h4 { "Statistics" }
                (tables::statistics(claim))
            }
            @if claim.protocols.iter().any(|under| !under.inside.is_empty()) {
                h4 { "Published numbers" }
                (tables::inside(claim))
            }
            (published(claim))
            (noise(claim))
            @if claim.protocols.iter().any(|under| !under.controls.is_empty()) {
                h4 { "Controls" }
                (tables::controls(claim))
            }
            (court(claim))
            @if let Some(spread) = material.spreads.get(&claim.experiment) { (spread::repeats(&claim.id, spread)) }
            (defects(claim))
            (source(claim))
            (amendments::criterion(claim))
            (again(stages))
            @if claim.protocols.iter().any(|under| under.evidence.is_some()) {
                details.more { summary { "Every seed" } (tables::seeds(claim)) }
            }
        }
    })
}

/// Where the published numbers lie among our runs.
fn published(claim: &ClaimVerdicts) -> Markup {
    let of = |method: &Side, number: &PublishedNumber| {
        let [low, high] = number.prediction.map(|end| plain(end, decimals_of(number.prediction)));
        let inside = if number.inside { "reproduced" } else { "not reproduced" };
        html! {
            (method) " " strong { (number.published) } ", " (inside) ": one further run of ours would lie between "
            (low) " and " (high) "; " (plain(number.percentile, 0)) " % of our runs lie below the published number. "
        }
    };
    let compared: Vec<_> = claim
        .protocols
        .iter()
        .filter_map(|under| Some((&under.protocol, under.reproduced.as_ref()?, &under.evidence.as_ref()?.comparison)))
        .collect();
    html! {
        @if !compared.is_empty() {
            h4 { "Published numbers" }
            dl.columns {
                @for (protocol, numbers, comparison) in compared {
                    div {
                        dt { (protocol) }
                        dd { p { (of(&comparison.a, &numbers.a)) } p { (of(&comparison.b, &numbers.b)) } }
                    }
                }
            }
        }
    }
}

/// What the test part can show, protocol by protocol.
fn noise(claim: &ClaimVerdicts) -> Markup {
    let floors: Vec<_> =
        claim.protocols.iter().filter_map(|under| Some((&under.protocol, under.noise.as_ref()?))).collect();
    html! {
        @if !floors.is_empty() {
            h4 { "Noise floor" }
            dl.columns {
                @for (protocol, floor) in &floors {
                    div { dt { (protocol) } dd { (prose(&floor.words)) } }
                }
            }
            @if floors.iter().any(|(_, floor)| floor.predictions.is_some()) {
                details.more { summary { "Row by row, every seed" } (tables::predictions(&floors)) }
            }
        }
    }
}

/// The judgement itself, tried with known truths.
fn court(claim: &ClaimVerdicts) -> Markup {
    let all: Vec<_> =
        claim.protocols.iter().flat_map(|under| under.court.iter().map(move |control| (under, control))).collect();
    html! {
        @if !all.is_empty() {
            h4 { "Controls of the judgement" }
            dl {
                @for (under, control) in all {
                    dt {
                        (under.protocol) ", " (control.control) " " (badge(control.verdict))
                        @if !control.passed { " " span.badge.decisive { "not as it must be" } }
                    }
                    dd { (prose(&control.reason)) }
                }
            }
        }
    }
}

fn defects(claim: &ClaimVerdicts) -> Markup {
    html! {
        @if !claim.defects.is_empty() {
            h4 { "Defects of the procedure" }
            dl {
                @for (name, defect) in &claim.defects {
                    dt { (name) @if defect.decisive { " " span.badge.decisive { "decisive" } } }
                    dd {
                        (prose(&defect.summary)) " "
                        span.quiet {
                            @if defect.protocols.is_empty() { "(of the source alone)" }
                            @else { "(under " (defect.protocols.join(", ")) ")" }
                        }
                    }
                }
            }
        }
    }
}

fn source(claim: &ClaimVerdicts) -> Markup {
    html! {
        h4 { "Source" }
        p {
            cite { (claim.source.title) }
            @if let Some(figure) = &claim.source.figure { ", figure " code { (figure) } }
            "."
            @if let Some(published) = &claim.published {
                " Its own verdict: “" (published.verdict.trim()) "”."
            }
        }
        @if let Some(note) = &claim.source.note { p { (prose(note)) } }
    }
}
