//! How good the best of n trials was to be expected, method by method: which wins may depend on how long one searches.

use maud::{Markup, html};

use super::tables::scrolling;
use crate::checks::budget_curve::{Budget, Curve, Point, ProtocolBudget};
use crate::claims::numbers::{decimals_for, plain};
use crate::search::study::Direction;

/// The numbers of trials that are shown; the last one of a search always is.
const SHOWN: [usize; 10] = [1, 2, 3, 5, 10, 15, 20, 30, 50, 100];

/// A row for each number of trials, a column for each method, protocol by protocol.
pub fn table(budget: &Budget) -> Markup {
    html! {
        p {
            "The best validation score to be expected of so many trials: mean over a method's tunings ± their standard "
            "deviation, trials taken to be interchangeable."
        }
        @for of in &budget.protocols { (of_protocol(of)) }
    }
}

fn of_protocol(of: &ProtocolBudget) -> Markup {
    let most = of.methods.iter().map(|curve| curve.points.len()).max().unwrap_or(0);
    let trials = (1..=most).filter(|trials| SHOWN.contains(trials) || *trials == most);
    let better = match of.direction {
        Direction::Minimize => "lower is better",
        Direction::Maximize => "higher is better",
    };
    let label = format!("Search budgets, {}", of.protocol);
    html! {
        h5 { (of.protocol) " " span.quiet { (better) } }
        (scrolling(&label, html! {
            table.numbers {
                thead {
                    tr { th scope="col" { "trials" } @for curve in &of.methods { th scope="col" { (curve.method) } } }
                }
                tbody {
                    @for trials in trials {
                        tr {
                            th scope="row" { (trials) }
                            @for curve in &of.methods { td { (score(curve, trials)) } }
                        }
                    }
                }
            }
        }))
        @for crossing in &of.crossings { p.crossing { (crossing.sentence) "." } }
    }
}

fn score(curve: &Curve, trials: usize) -> String {
    let Some(Point { expected: Some(expected), expected_sd, .. }) = curve.points.iter().find(|of| of.trials == trials)
    else {
        return "–".to_owned();
    };
    // One number of digits for a method, that of its steadiest score.
    let spreads = curve.points.iter().filter_map(|point| point.expected_sd).filter(|sd| *sd > 0.0);
    let digits = spreads.reduce(f64::min).map_or(4, decimals_for).min(4);
    match expected_sd {
        Some(sd) => format!("{} ± {}", plain(*expected, digits), plain(*sd, digits)),
        None => plain(*expected, digits),
    }
}
