//! The difference between two methods seed by seed, its mean and interval, and the margin below which it does not matter.

use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::HPos;

use super::axis::Axis;
use super::canvas::{Canvas, Figure, PlotError, Stroke, Type};
use super::key::{self, KEY_LINE};
use super::labels;
use super::marks::Mark;
use super::palette::Palette;
use super::panel::{Frame, Panel};
use super::theme::{self, Colour};
use crate::claims::numbers::{percent, signed};
use crate::claims::verdict::{ClaimVerdicts, Evidence};

/// The paired differences behind the verdicts on one claim, one panel a protocol that has evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedDifferences<'a> {
    claim: &'a ClaimVerdicts,
    /// That of the method under test.
    colour: Colour,
    panels: Vec<(&'a str, &'a Evidence)>,
}

impl<'a> PairedDifferences<'a> {
    /// None where no protocol has a seed to show.
    pub fn new(claim: &'a ClaimVerdicts, palette: &Palette) -> Option<Self> {
        let evidence = claim.protocols.iter().filter_map(|of| Some((of.protocol.as_str(), of.evidence.as_ref()?)));
        let panels: Vec<_> = evidence.filter(|(_, evidence)| !evidence.pairs.is_empty()).collect();
        let comparison = &panels.first()?.1.comparison;
        let under_test = comparison.a.method_name().or_else(|| comparison.b.method_name());
        let colour = palette.colour(under_test.unwrap_or_default());
        Some(Self { claim, colour, panels })
    }

    fn margin(&self) -> f64 {
        self.claim.margin.unwrap_or_default()
    }

    /// Least and greatest value of the shared axis: all differences, intervals, the margin, and 0.
    fn range(&self) -> (f64, f64) {
        let differences = self.panels.iter().flat_map(|(_, evidence)| differences(evidence));
        let intervals = self.panels.iter().flat_map(|(_, evidence)| evidence.interval);
        let values = differences.chain(intervals).filter(|value| value.is_finite());
        let start = (-self.margin(), self.margin());
        let (low, high) = values.fold(start, |(low, high), value| (low.min(value), high.max(value)));
        let room = 0.08 * (high - low);
        (low - room, high + room)
    }
}

fn differences(evidence: &Evidence) -> impl Iterator<Item = f64> {
    evidence.pairs.iter().map(|(_, a, b)| a - b)
}

const PANEL_WIDTH: f64 = 480.0;
const PANEL_HEIGHT: f64 = 400.0;
const LEFT: f64 = 150.0;
const BETWEEN: f64 = 44.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 110.0;
/// From the bottom of the frame to the key's first baseline.
const BELOW: f64 = 122.0;
/// Share of a panel's width that is kept for the mean and its interval, right of the seeds.
const MEAN_SHARE: f64 = 0.16;
const DOT: f64 = 6.0;

impl Figure for PairedDifferences<'_> {
    fn size(&self) -> Result<(u32, u32), PlotError> {
        let height = TOP + PANEL_HEIGHT + BELOW + self.key()?.len() as f64 * KEY_LINE;
        Ok((self.width() as u32, height as u32))
    }

    fn description(&self) -> String {
        let panels: Vec<String> = self
            .panels
            .iter()
            .map(|(protocol, evidence)| {
                let [difference, low, high] =
                    [evidence.difference, evidence.interval[0], evidence.interval[1]].map(|value| signed(value, 4));
                format!("{protocol} {difference} ({low} to {high})")
            })
            .collect();
        format!("differences seed by seed for {}; mean and interval: {}", self.claim.id, panels.join(", "))
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Result<(), PlotError> {
        let (low, high) = self.range();
        for (i, (protocol, evidence)) in self.panels.iter().enumerate() {
            let left = LEFT + i as f64 * (PANEL_WIDTH + BETWEEN);
            let frame = Frame { left, top: TOP, right: left + PANEL_WIDTH, bottom: TOP + PANEL_HEIGHT };
            let panel = Panel::new(canvas, frame, seeds_axis(evidence), Axis::new(low, high, 7));
            let comparison = &evidence.comparison;
            let y_label = match labels::unit(&comparison.metric) {
                "" => "difference".to_owned(),
                unit => format!("difference ({unit})"),
            };
            panel.axes("seed", (i == 0).then_some(&y_label))?;
            panel.title(protocol, &labels::metric(&comparison.metric))?;
            self.draw_data(canvas, &panel, evidence)?;
        }
        key::draw(canvas, &self.key()?, (LEFT, TOP + PANEL_HEIGHT + BELOW))?;
        Ok(())
    }
}

/// Seeds stand side by side in order, the mean right of them; as many of their numbers are written as there is room for.
fn seeds_axis(evidence: &Evidence) -> Axis {
    let n = evidence.pairs.len();
    let low = -0.05 * n as f64 - 0.5;
    let high = (n as f64 - 0.5 - low * MEAN_SHARE) / (1.0 - MEAN_SHARE);

    let seeds: Vec<String> = evidence.pairs.iter().map(|(seed, ..)| seed.to_string()).collect();
    let longest = seeds.iter().map(String::len).max().unwrap_or(0);
    // In units of the axis; a digit is 0.64 em wide, and "mean" takes about four.
    let digit = 0.64 * theme::SMALL_SIZE / PANEL_WIDTH * (high - low);
    let room = digit * (longest as f64 + 2.0);
    let before_mean = mean_place(n, high) - digit * (0.5 * longest as f64 + 3.0);
    let steps = (0..12).flat_map(|exponent| [1, 2, 5].map(|step| step * 10usize.pow(exponent)));
    let every = steps.into_iter().find(|every| n.div_ceil(*every) <= 5 && *every as f64 >= room).unwrap_or(n.max(1));
    let ticks = seeds.into_iter().enumerate().step_by(every).map(|(i, seed)| (i as f64, seed));
    Axis::with_ticks(low, high, ticks.filter(|(at, _)| *at <= before_mean).collect())
}

/// Where the mean stands: in the middle of the room right of the last of `n` seeds.
fn mean_place(n: usize, high: f64) -> f64 {
    (n as f64 - 0.5 + high) / 2.0
}

impl PairedDifferences<'_> {
    fn draw_data<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        panel: &Panel<B>,
        evidence: &Evidence,
    ) -> Result<(), PlotError> {
        let axis = seeds_axis(evidence);
        let across = |y: f64| [(axis.low, y), (axis.high, y)];
        let margin = self.margin();
        panel.band(&across(-margin), &across(margin), theme::QUIET_INK)?;
        panel.line(&across(0.0), Stroke::solid(theme::INK, theme::AXIS_WIDTH))?;

        let colour = self.colour;
        let crowded = evidence.pairs.len() > 60;
        for (i, difference) in differences(evidence).enumerate() {
            let x = i as f64;
            if !crowded {
                let stem = Stroke { opacity: 0.5, ..Stroke::solid(colour, theme::BEHIND_WIDTH) };
                panel.line(&[(x, 0.0), (x, difference)], stem)?;
            }
            panel.dot((x, difference), if crowded { 0.5 * DOT } else { DOT }, colour)?;
        }

        let mean_at = mean_place(evidence.pairs.len(), axis.high);
        let [low, high] = evidence.interval;
        let bar = Stroke::solid(theme::INK, theme::DATA_WIDTH);
        panel.line(&[(mean_at, low), (mean_at, high)], bar)?;
        for end in [low, high] {
            let (x, y) = panel.place((mean_at, end));
            canvas.line(&[(x - 10.0, y), (x + 10.0, y)], bar)?;
        }
        Mark::Diamond.draw(canvas, panel.place((mean_at, evidence.difference)), 12.0, theme::INK)?;
        let words = Type::new(theme::SMALL_SIZE, theme::QUIET_INK, HPos::Center);
        let (x, bottom) = panel.place((mean_at, f64::NEG_INFINITY));
        canvas.text("mean", (x, bottom + 14.0 + 0.76 * theme::SMALL_SIZE), words)
    }

    /// What is subtracted from what, and what diamond and band are; in as many lines as the figure's width asks for.
    fn key(&self) -> Result<Vec<String>, PlotError> {
        let Some((_, evidence)) = self.panels.first() else { return Ok(Vec::new()) };
        let comparison = &evidence.comparison;
        let parts = [
            format!("difference: {} − {}, {}", comparison.a, comparison.b, comparison.when()),
            format!("diamond: mean with its {} interval", percent(1.0 - self.claim.alpha)),
            format!("grey band: margin ±{}", self.margin()),
        ];
        key::lines(&parts, self.width() - LEFT - RIGHT)
    }

    fn width(&self) -> f64 {
        let panels = self.panels.len() as f64;
        LEFT + panels * PANEL_WIDTH + (panels - 1.0) * BETWEEN + RIGHT
    }
}
