//! The tables of a claim: statistics by protocol, controls, and every seed.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::interval::{Scale, interval, range};
use super::words::{badge, compared, count};
use crate::claims::judge::MOST_SEEDS;
use crate::claims::numbers::{decimals_for, decimals_of, p_value, percent, plain, signed};
use crate::claims::verdict::{
    ClaimVerdicts, Evidence, InsideNumber, NoiseFloor, ProtocolVerdict, Sequential, Tunings, Verdict,
};
use crate::plots::labels;

/// A table that scrolls sideways by itself where the page is narrow.
pub fn scrolling(label: &str, table: Markup) -> Markup {
    html! { div.scroll tabindex="0" role="region" aria-label=(label) { (table) } }
}

/// The row that is there only where something was tuned.
const TUNINGS: &str = "Tunings";

/// A row of the statistics table: its name, and the cell under a protocol that has evidence.
type Row<'a> = (String, Box<dyn Fn(&ProtocolVerdict, &Evidence) -> String + 'a>);

/// One column a protocol, one row a number.
pub fn statistics(claim: &ClaimVerdicts) -> Markup {
    let Some(first) = claim.protocols.iter().find_map(|under| under.evidence.as_ref()) else {
        return html! { p { "There are none: no protocol has the runs that the comparison needs." } };
    };
    let (a, b) = (&first.comparison.a, &first.comparison.b);
    let mean = |mean: f64, sd: f64| {
        let digits = decimals_for(sd).min(4);
        format!("{} ± {}", plain(mean, digits), plain(sd, digits))
    };
    let optional = |p: Option<f64>| p.map_or("–".to_owned(), p_value);
    let mut rows: Vec<Row> = vec![
        (
            "Compared in".into(),
            Box::new(|_, e| format!("{}, {}", labels::metric(&e.comparison.metric), e.comparison.when())),
        ),
        ("Seeds".into(), Box::new(|_, e| seeds_and_failed(e))),
        (TUNINGS.into(), Box::new(|_, e| tunings(e))),
        (format!("{a}, mean ± sd"), Box::new(move |_, e| mean(e.mean_a, e.sd_a))),
        (format!("{b}, mean ± sd"), Box::new(move |_, e| mean(e.mean_b, e.sd_b))),
        (format!("{a} − {b}"), Box::new(|_, e| signed(e.difference, decimals_of(e.interval)))),
        (format!("its {} interval", percent(1.0 - claim.alpha)), Box::new(|_, e| range(e))),
        ("p, paired t-test".into(), Box::new(|_, e| p_value(e.p_t))),
        ("p, after Holm".into(), Box::new(move |_, e| optional(e.p_holm))),
        ("p, sign-flip test".into(), Box::new(move |_, e| optional(e.p_sign_flip))),
        (format!("p, within ±{}", claim.margin.unwrap_or_default()), Box::new(|_, e| p_value(e.p_equivalence))),
        ("Effect size dz".into(), Box::new(|_, e| e.dz.map_or("–".to_owned(), |dz| signed(dz, 2)))),
        ("Further to decide".into(), Box::new(|under, e| further(under.verdict, e))),
        ("Verdict, looked at after every seed".into(), Box::new(|under, _| sequential(under))),
    ];
    if claim.protocols.iter().filter_map(|under| under.evidence.as_ref()).all(|evidence| evidence.tunings.is_none()) {
        rows.retain(|(name, _)| name != TUNINGS);
    }
    let table = html! {
        table.numbers {
            thead {
                tr { td {} @for under in &claim.protocols { th scope="col" { (under.protocol) } } }
            }
            tbody {
                @for (name, cell) in &rows {
                    tr {
                        th scope="row" { (name) }
                        @for under in &claim.protocols {
                            td { @match &under.evidence { Some(evidence) => (cell(under, evidence)), None => "–" } }
                        }
                    }
                }
            }
        }
    };
    scrolling("Statistics by protocol", table)
}

fn seeds_and_failed(evidence: &Evidence) -> String {
    if evidence.failed_seeds.is_empty() {
        return evidence.seeds.to_string();
    }
    let failed: Vec<String> = evidence.failed_seeds.iter().map(u64::to_string).collect();
    format!("{} (failed: {})", evidence.seeds, failed.join(", "))
}

/// How many, and how often chance alone would make them differ so.
fn tunings(evidence: &Evidence) -> String {
    match &evidence.tunings {
        None => "–".to_owned(),
        Some(Tunings { differences, p: None }) => differences.len().to_string(),
        Some(Tunings { differences, p: Some(p) }) => {
            format!("{} (p = {} that they are one)", differences.len(), p_value(*p))
        }
    }
}

fn sequential(under: &ProtocolVerdict) -> String {
    match &under.sequential {
        None => "–".to_owned(),
        Some(Sequential { verdict: Verdict::Undecided, .. }) => Verdict::Undecided.words().to_owned(),
        Some(Sequential { verdict, seeds, .. }) => format!("{} after {}", verdict.words(), count(*seeds, "seed")),
    }
}

fn further(verdict: Verdict, evidence: &Evidence) -> String {
    let (_, unit) = evidence.units();
    match (verdict, evidence.further_seeds) {
        (_, Some(more)) => count(more, unit),
        (Verdict::Undecided, None) => format!("more than {MOST_SEEDS} {unit}s"),
        _ => "–".to_owned(),
    }
}

/// One row a published number and protocol, where these are what the claim is about.
pub fn inside(claim: &ClaimVerdicts) -> Markup {
    let table = html! {
        table.controls {
            thead {
                tr {
                    th scope="col" { "Number" }
                    th scope="col" { "Published" }
                    th scope="col" { "Our runs, mean ± sd" }
                    th scope="col" { "One more run of ours" }
                    th scope="col" { "Percentile" }
                    th scope="col" { "Inside" }
                }
            }
            @for under in claim.protocols.iter().filter(|under| !under.inside.is_empty()) {
                tbody {
                    tr.group { th colspan="6" scope="rowgroup" { (under.protocol) } }
                    @for number in &under.inside { (inside_row(number)) }
                }
            }
        }
    };
    scrolling("Published numbers", table)
}

fn inside_row(of: &InsideNumber) -> Markup {
    let InsideNumber { method, metric, at, best_by, seeds, mean, sd, number, .. } = of;
    let digits = decimals_for(*sd);
    let [low, high] = number.prediction.map(|end| plain(end, decimals_of(number.prediction)));
    html! {
        tr {
            th scope="row" { (method) ", " (labels::metric(metric)) ", " (at.words(*best_by)) }
            td.number { (number.published) }
            td.number { (plain(*mean, digits)) " ± " (plain(*sd, digits)) span.quiet { " (" (count(*seeds, "seed")) ")" } }
            td.number { (low) " to " (high) }
            td.number { (plain(number.percentile, 0)) " %" }
            td { (if number.inside { "yes" } else { "no" }) }
        }
    }
}

/// McNemar's test of each seed, under each protocol that has predictions.
pub fn predictions(floors: &[(&String, &NoiseFloor)]) -> Markup {
    let table = html! {
        table.numbers {
            thead {
                tr {
                    th scope="col" { "Protocol" }
                    th scope="col" { "Seed" }
                    th scope="col" { "Only the first right" }
                    th scope="col" { "Only the second right" }
                    th scope="col" { "p, McNemar" }
                }
            }
            tbody {
                @for (protocol, floor) in floors {
                    @for test in floor.predictions.iter().flat_map(|tests| &tests.seeds) {
                        tr {
                            th scope="row" { (protocol) }
                            td { (test.seed) }
                            td { (test.only_a) }
                            td { (test.only_b) }
                            td { (p_value(test.p)) }
                        }
                    }
                }
            }
        }
    };
    scrolling("McNemar's test by seed", table)
}

/// One row a control and protocol.
pub fn controls(claim: &ClaimVerdicts) -> Markup {
    let all = claim.protocols.iter().flat_map(|under| &under.controls);
    let evidence = all.filter_map(|control| control.evidence.as_ref());
    let scale = Scale::new(evidence, std::iter::empty(), claim.margin.unwrap_or_default());
    let mut names: Vec<&str> = Vec::new();
    for control in claim.protocols.iter().flat_map(|under| &under.controls) {
        if !names.contains(&control.name.as_str()) {
            names.push(&control.name);
        }
    }
    let table = html! {
        table.controls {
            thead {
                tr {
                    th scope="col" { "Protocol" }
                    th scope="col" { "Verdict" }
                    th scope="col" { "Difference and its interval" }
                    th scope="col" { "p" }
                    th scope="col" { "Compared" }
                }
            }
            @for name in names {
                tbody {
                    tr.group { th colspan="5" scope="rowgroup" { (name) } }
                    @for under in &claim.protocols {
                        @for control in under.controls.iter().filter(|control| control.name == name) {
                            tr {
                                th scope="row" { (under.protocol) }
                                td { (badge(control.verdict)) }
                                @match &control.evidence {
                                    Some(evidence) => {
                                        td { (interval(evidence, control.verdict, claim.alpha, scale, None)) }
                                        td.number { (p_value(evidence.p_t)) }
                                        td.quiet { (compared(evidence)) }
                                    }
                                    None => td colspan="3" { (super::words::prose(&control.reason)) },
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    scrolling("Controls", table)
}

/// One row a seed, three columns a protocol.
pub fn seeds(claim: &ClaimVerdicts) -> Markup {
    let shown: Vec<(&str, &Evidence)> =
        claim.protocols.iter().filter_map(|under| Some((under.protocol.as_str(), under.evidence.as_ref()?))).collect();
    let seeds: BTreeSet<u64> = shown.iter().flat_map(|(_, e)| e.pairs.iter().map(|(seed, ..)| *seed)).collect();
    let table = html! {
        table.numbers.seeds {
            thead {
                tr {
                    th scope="col" rowspan="2" { "Seed" }
                    @for (protocol, _) in &shown { th scope="colgroup" colspan="3" { (protocol) } }
                }
                tr {
                    @for (_, evidence) in &shown {
                        th scope="col" { (evidence.comparison.a) }
                        th scope="col" { (evidence.comparison.b) }
                        th scope="col" { "difference" }
                    }
                }
            }
            tbody {
                @for seed in seeds {
                    tr {
                        th scope="row" { (seed) }
                        @for (_, evidence) in &shown {
                            @match evidence.pairs.iter().find(|(own, ..)| *own == seed) {
                                Some((_, a, b)) => {
                                    td { (plain(*a, 4)) } td { (plain(*b, 4)) } td { (signed(a - b, 4)) }
                                }
                                None => { td { "–" } td { "–" } td { "–" } }
                            }
                        }
                    }
                }
            }
        }
    };
    scrolling("Every seed", table)
}
