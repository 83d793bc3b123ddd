//! An interval as a line of a table shows it: zero, the margin, the estimate, and how far it may be off.

use maud::{Markup, html};

use crate::claims::numbers::{decimals_of, percent, signed};
use crate::claims::verdict::{Evidence, Verdict};

const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 30.0;

/// The stretch that the intervals of one claim share: as far to either side of zero as the farthest of them reaches.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    reach: f64,
    margin: f64,
}

impl Scale {
    pub fn new<'a>(evidence: impl Iterator<Item = &'a Evidence>, margin: f64) -> Self {
        let ends = evidence.flat_map(|evidence| evidence.interval).filter(|end| end.is_finite());
        let reach = ends.fold(1.5 * margin.abs(), |reach, end| reach.max(end.abs()));
        Self { reach: if reach > 0.0 { reach } else { 1.0 }, margin: margin.abs() }
    }

    /// From a difference to a place across the drawing, a little clear of its ends.
    fn x(&self, difference: f64) -> f64 {
        let share = (difference / self.reach).clamp(-1.0, 1.0);
        WIDTH / 2.0 + share * (WIDTH / 2.0 - 8.0)
    }
}

/// "+0.213 to +0.270".
pub fn range(evidence: &Evidence) -> String {
    let [low, high] = evidence.interval.map(|end| signed(end, decimals_of(evidence.interval)));
    format!("{low} to {high}")
}

/// The drawing and, beside it, the numbers.
pub fn interval(evidence: &Evidence, verdict: Verdict, alpha: f64, scale: Scale) -> Markup {
    let estimate = signed(evidence.difference, decimals_of(evidence.interval));
    let label = format!(
        "difference {estimate}, {} interval {}, margin ±{}",
        percent(1.0 - alpha),
        range(evidence),
        scale.margin
    );
    let at = |difference: f64| format!("{:.1}", scale.x(difference));
    let [low, high] = evidence.interval;
    let middle = HEIGHT / 2.0;
    html! {
        div.interval {
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(label) {
                rect.margin x=(at(-scale.margin)) y="2" height=(HEIGHT - 4.0)
                    width=(format!("{:.1}", scale.x(scale.margin) - scale.x(-scale.margin))) {}
                line.axis x1="0" x2=(WIDTH) y1=(middle) y2=(middle) {}
                line.zero x1=(at(0.0)) x2=(at(0.0)) y1="2" y2=(HEIGHT - 2.0) {}
                g class=(super::words::class(verdict)) {
                    line.reach x1=(at(low)) x2=(at(high)) y1=(middle) y2=(middle) {}
                    line.end x1=(at(low)) x2=(at(low)) y1=(middle - 5.0) y2=(middle + 5.0) {}
                    line.end x1=(at(high)) x2=(at(high)) y1=(middle - 5.0) y2=(middle + 5.0) {}
                    circle.estimate cx=(at(evidence.difference)) cy=(middle) r="3.75" {}
                }
            }
            span.numbers aria-hidden="true" { strong { (estimate) } " " span.quiet { (range(evidence)) } }
        }
    }
}
