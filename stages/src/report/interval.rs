//! An interval as a line of a table shows it: zero, the margin, the estimate, how far it may be off, and what was published.

use maud::{Markup, html};

use super::words::{class, inside};
use crate::claims::numbers::{decimals_of, percent, signed};
use crate::claims::verdict::{Evidence, ProtocolVerdict, Verdict};

const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 30.0;
const MIDDLE: f64 = HEIGHT / 2.0;

/// The stretch that the intervals of one claim share: as far to either side of zero as the farthest of them reaches, or the
/// farthest published difference.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    reach: f64,
    margin: f64,
}

impl Scale {
    pub fn new<'a>(
        evidence: impl Iterator<Item = &'a Evidence>,
        published: impl Iterator<Item = f64>,
        margin: f64,
    ) -> Self {
        let ends = evidence.flat_map(|evidence| evidence.interval).chain(published).filter(|end| end.is_finite());
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
pub fn interval(evidence: &Evidence, verdict: Verdict, alpha: f64, scale: Scale, published: Option<f64>) -> Markup {
    let estimate = signed(evidence.difference, decimals_of(evidence.interval));
    let mut label = format!(
        "difference {estimate}, {} interval {}, margin ±{}",
        percent(1.0 - alpha),
        range(evidence),
        scale.margin
    );
    if let Some(published) = published {
        label.push_str(&format!(", published {}", signed(published, decimals_of(evidence.interval))));
    }
    let margins = [-scale.margin, scale.margin].map(|end| scale.x(end));
    html! {
        div.interval {
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(label) {
                rect.margin x=(place(margins[0])) y="2" height=(HEIGHT - 4.0) width=(place(margins[1] - margins[0])) {}
                (axis())
                line.zero x1=(place(scale.x(0.0))) x2=(place(scale.x(0.0))) y1="2" y2=(HEIGHT - 2.0) {}
                g class=(class(verdict)) { (reach(evidence.interval.map(|end| scale.x(end)))) }
                @if let Some(published) = published.filter(|published| published.is_finite()) {
                    (diamond(scale.x(published)))
                }
                g class=(class(verdict)) {
                    circle.estimate cx=(place(scale.x(evidence.difference))) cy=(MIDDLE) r="3.75" {}
                }
            }
            span.numbers aria-hidden="true" { strong { (estimate) } " " span.quiet { (range(evidence)) } }
        }
    }
}

/// Published numbers among our prediction intervals, each on a scale of its own that makes its interval the middle half.
pub fn predictions(under: &ProtocolVerdict) -> Markup {
    let across = |share: f64| WIDTH * (0.5 + 0.25 * share);
    let places = under.inside.iter().map(|number| {
        let ([low, high], published) = (number.number.prediction, number.number.published);
        let share = (published - 0.5 * (low + high)) / (0.5 * (high - low));
        // A prediction without spread is hit or missed.
        let share = if share.is_finite() { share } else { 2.0_f64.copysign(published - low) };
        across(share.clamp(-1.9, 1.9))
    });
    html! {
        div.interval {
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(inside(under)) {
                (axis())
                g class=(class(under.verdict)) { (reach([-1.0, 1.0].map(across))) }
                @for x in places { (diamond(x)) }
            }
            span.words aria-hidden="true" { (inside(under)) }
        }
    }
}

fn place(x: f64) -> String {
    format!("{x:.1}")
}

fn axis() -> Markup {
    html! { line.axis x1="0" x2=(WIDTH) y1=(MIDDLE) y2=(MIDDLE) {} }
}

/// The interval itself, with its ends.
fn reach([low, high]: [f64; 2]) -> Markup {
    html! {
        line.reach x1=(place(low)) x2=(place(high)) y1=(MIDDLE) y2=(MIDDLE) {}
        @for end in [low, high] {
            line.end x1=(place(end)) x2=(place(end)) y1=(MIDDLE - 5.0) y2=(MIDDLE + 5.0) {}
        }
    }
}

/// A published value.
fn diamond(x: f64) -> Markup {
    html! { path.published d=(format!("M{x:.1} {} l6 6 l-6 6 l-6 -6 z", MIDDLE - 6.0)) {} }
}
