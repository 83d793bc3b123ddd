//! How good the best of n trials was to be expected, by method, one panel a protocol, and how far tunings part.

use plotters::prelude::DrawingBackend;

use super::axis::Axis;
use super::canvas::{Canvas, Figure, PlotError, Stroke};
use super::grid::Grid;
use super::legend::{Legend, Sample};
use super::palette::Palette;
use super::panel::Panel;
use super::theme::{self, Colour};
use crate::checks::budget_curve::{Budget, Curve, Point, ProtocolBudget};
use crate::search::study::Direction;

/// The budget curves of an experiment; panels share the axis of the score.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetCurves<'a> {
    budget: &'a Budget,
    /// In the order of the legend.
    methods: Vec<(&'a str, Colour)>,
}

impl<'a> BudgetCurves<'a> {
    /// None where no method has a score.
    pub fn new(budget: &'a Budget, palette: &Palette) -> Option<Self> {
        let curves = || budget.protocols.iter().flat_map(|protocol| &protocol.methods);
        let scored = curves().any(|curve| curve.points.iter().any(|point| point.expected.is_some()));
        let mut methods: Vec<&str> = Vec::new();
        for curve in curves() {
            if !methods.contains(&curve.method.as_str()) {
                methods.push(&curve.method);
            }
        }
        methods.sort_by_key(|method| palette.methods().position(|name| name == *method).unwrap_or(usize::MAX));
        let methods = methods.into_iter().map(|method| (method, palette.colour(method))).collect();
        scored.then_some(Self { budget, methods })
    }

    fn colour(&self, method: &str) -> Colour {
        self.methods.iter().find(|(name, _)| *name == method).map_or(theme::QUIET_INK, |(_, colour)| *colour)
    }

    /// The axis of the scores: all that is drawn, but for what a first bad trial or two would make of it.
    fn scores(&self) -> Axis {
        let points =
            || self.budget.protocols.iter().flat_map(|protocol| &protocol.methods).flat_map(|curve| &curve.points);
        let means = points().flat_map(|point| [point.expected, point.in_order]).flatten();
        let (low, high) = extent(means);
        let bands = points().filter_map(band).flatten();
        let (band_low, band_high) = extent(bands.chain([low, high]));
        let room = 0.25 * (high - low);
        let (low, high) = (low.min(band_low.max(low - room)), high.max(band_high.min(high + room)));
        let edge = 0.03 * (high - low);
        Axis::new(low - edge, high + edge, 7)
    }

    fn grid(&self) -> Result<Grid, PlotError> {
        let columns = self.budget.protocols.len();
        let mut grid = Grid {
            columns,
            rows: 1,
            panel: (480.0, 400.0),
            gap: (44.0, 0.0),
            left: 140.0,
            top: 0.0,
            right: 30.0,
            below: 96.0,
        };
        // A single panel is still as wide as the legend's longest entry.
        grid.panel.0 = if columns == 1 { 760.0 } else { grid.panel.0 };
        grid.top = self.legend(&grid)?.height() + 112.0;
        Ok(grid)
    }

    fn legend(&self, grid: &Grid) -> Result<Legend, PlotError> {
        let line = |colour| Sample::Line(Stroke::solid(colour, theme::DATA_WIDTH));
        let mut samples: Vec<(Sample, String)> =
            self.methods.iter().map(|(method, colour)| (line(*colour), (*method).to_owned())).collect();
        samples.push((Sample::Band(theme::INK), "± standard deviation between tunings".to_owned()));
        samples.push((Sample::Line(Stroke::behind(theme::INK)), "trials in their own order".to_owned()));
        Legend::new(samples, grid.left, grid.width() - grid.right)
    }
}

fn band(point: &Point) -> Option<[f64; 2]> {
    let (mean, sd) = point.expected.zip(point.expected_sd)?;
    Some([mean - sd, mean + sd])
}

fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let finite = values.filter(|value| value.is_finite());
    finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

impl Figure for BudgetCurves<'_> {
    fn size(&self) -> Result<(u32, u32), PlotError> {
        let grid = self.grid()?;
        Ok((grid.width() as u32, grid.height() as u32))
    }

    fn description(&self) -> String {
        let crossings = self.budget.protocols.iter().flat_map(|protocol| {
            protocol.crossings.iter().map(move |crossing| format!("{}: {}", protocol.protocol, crossing.sentence))
        });
        let crossings: Vec<String> = crossings.collect();
        format!("best score to be expected of n trials, mean over tunings; {}", crossings.join("; "))
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Result<(), PlotError> {
        let grid = self.grid()?;
        self.legend(&grid)?.draw(canvas)?;
        for (i, protocol) in self.budget.protocols.iter().enumerate() {
            let longest = protocol.methods.iter().map(|curve| curve.points.len()).max().unwrap_or(0);
            let panel = Panel::new(canvas, grid.frame(i, 0), Axis::whole(1, longest as u32, 7), self.scores());
            panel.axes("trials", (i == 0).then(|| score(protocol.direction)))?;
            panel.title(&protocol.protocol, &remark(protocol))?;
            for curve in &protocol.methods {
                let places = |of: fn(&Point) -> Option<f64>| -> Vec<(f64, f64)> {
                    let point = |point: &Point| Some((point.trials as f64, of(point)?));
                    curve.points.iter().filter_map(point).collect()
                };
                let colour = self.colour(&curve.method);
                panel.band(
                    &places(|p| band(p).map(|[low, _]| low)),
                    &places(|p| band(p).map(|[_, high]| high)),
                    colour,
                )?;
                panel.line(&places(|p| p.in_order), Stroke::behind(colour))?;
                panel.line(&places(|p| p.expected), Stroke::solid(colour, theme::DATA_WIDTH))?;
            }
        }
        Ok(())
    }
}

/// The label of a score that only a search knows.
pub fn score(direction: Direction) -> &'static str {
    match direction {
        Direction::Minimize => "best score (lower is better)",
        Direction::Maximize => "best score (higher is better)",
    }
}

fn remark(protocol: &ProtocolBudget) -> String {
    let tunings = protocol.methods.iter().map(|curve: &Curve| curve.tunings.len()).max().unwrap_or(0);
    if tunings == 1 { "1 tuning of each method".to_owned() } else { format!("{tunings} tunings of each method") }
}
