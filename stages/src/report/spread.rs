//! What a single run leaves open: the same run with the last bits of its weights changed, and the shares of the sources of
//! chance.

use maud::{Markup, html};

use super::tables::scrolling;
use super::words::count;
use crate::claims::numbers::{decimals_for, plain, signed};
use crate::claims::spread::{Repeats, Share, Spread};
use crate::plots::labels;
use crate::statistics::describe;

/// The repetitions of a claim's runs; nothing if there are none.
pub fn repeats(claim: &str, spread: &Spread) -> Markup {
    let of_claim: Vec<&Repeats> = spread.repeats.iter().filter(|repeats| repeats.claim == claim).collect();
    html! {
        @if !of_claim.is_empty() {
            h4 { "What a single run leaves open" }
            @for repeats in &of_claim { (one(repeats)) }
        }
    }
}

fn one(repeats: &Repeats) -> Markup {
    let Repeats { protocol, a, b, metric, at, best_by, published, own, values, agreeing, .. } = repeats;
    let columns: [(String, Option<f64>, f64, Vec<f64>); 2] = [
        (a.clone(), published.map(|(a, _)| a), own.0, values.iter().map(|(a, _)| *a).collect()),
        (b.clone(), published.map(|(_, b)| b), own.1, values.iter().map(|(_, b)| *b).collect()),
    ];
    let differences: Vec<f64> = values.iter().map(|(a, b)| a - b).collect();
    let digits = decimals_for(describe::sd(&differences)).min(4);
    let range = |values: &[f64], show: &dyn Fn(f64) -> String| {
        let (low, high) = (values.iter().copied().reduce(f64::min), values.iter().copied().reduce(f64::max));
        low.zip(high).map_or("–".to_owned(), |(low, high)| format!("{} to {}", show(low), show(high)))
    };
    let shown = |value: f64| plain(value, digits);
    let with_sign = |value: f64| signed(value, digits);
    html! {
        p {
            "One run under " (protocol) " again, " (count(values.len(), "time")) ", each time with the last bit of about half of its \
             initial weights changed: " (agreeing) " of " (values.len()) " have the difference on the claimed side ("
            (labels::metric(metric)) ", " (at.words(*best_by)) ")."
        }
        (scrolling("Repetitions", html! {
            table.numbers {
                thead {
                    tr { td {} th scope="col" { "published" } th scope="col" { "this run" } th scope="col" { "mean ± sd" } th scope="col" { "range" } }
                }
                tbody {
                    @for (name, published, own, values) in &columns {
                        tr {
                            th scope="row" { (name) }
                            td { (published.map_or("–".to_owned(), shown)) }
                            td { (shown(*own)) }
                            td { (shown(describe::mean(values))) " ± " (shown(describe::sd(values))) }
                            td { (range(values, &shown)) }
                        }
                    }
                    tr {
                        th scope="row" { (a) " − " (b) }
                        td { (published.map_or("–".to_owned(), |(a, b)| with_sign(a - b))) }
                        td { (with_sign(own.0 - own.1)) }
                        td { (with_sign(describe::mean(&differences))) " ± " (shown(describe::sd(&differences))) }
                        td { (range(&differences, &with_sign)) }
                    }
                }
            }
        }))
    }
}

/// Where the spread between seeds comes from; nothing if it was not looked into.
pub fn shares(spread: &Spread) -> Markup {
    let Some(first) = spread.shares.first() else { return html! {} };
    let of_first = |share: &&Share| {
        (&share.protocol, &share.method, &share.metric, share.at, share.best_by)
            == (&first.protocol, &first.method, &first.metric, first.at, first.best_by)
    };
    let shares: Vec<&Share> = spread.shares.iter().filter(of_first).collect();
    html! {
        p {
            "The " (first.method) " under " (first.protocol) " with one source of chance varied at a time: "
            (labels::metric(&first.metric)) ", " (first.at.words(first.best_by)) ". Shares of the variance with all of them varied together; they need \
             not add up to one, since sources act on one another. Intervals are of the F distribution, 95 %."
        }
        (scrolling("Sources of chance", html! {
            table.numbers {
                thead {
                    tr { td {} th scope="col" { "runs" } th scope="col" { "sd" } th scope="col" { "share" } th scope="col" { "its interval" } }
                }
                tbody {
                    @for share in &shares {
                        tr {
                            th scope="row" { (share.source) }
                            td { (share.n) }
                            td { (plain(share.sd, decimals_for(share.sd) + 1)) }
                            @if share.source == "all" { td { "–" } td { "–" } }
                            @else {
                                td { (whole(share.share)) }
                                td { (whole(share.interval[0])) " to " (whole(share.interval[1])) }
                            }
                        }
                    }
                }
            }
        }))
    }
}

fn whole(share: f64) -> String {
    format!("{} %", plain(100.0 * share, 0))
}
