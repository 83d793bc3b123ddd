//! A metric by epoch: mean over seeds and its 95 % interval per method, one panel a protocol, the published curve behind.

use std::collections::BTreeMap;

use plotters::prelude::DrawingBackend;

use super::axis::Axis;
use super::canvas::{Canvas, Figure, PlotError, Stroke, text_width};
use super::legend::{Legend, Sample};
use super::palette::{Palette, protocols};
use super::panel::{Frame, Panel, REMARK};
use super::{labels, theme};
use crate::claims::schema::Claim;
use crate::statistics::{describe, interval};
use crate::table::Observation;

/// The level of the bands: intervals of the mean, not of the runs.
const LEVEL: f64 = 0.95;

/// The figure's data: panels share the axis of the metric.
#[derive(Debug, Clone, PartialEq)]
pub struct LearningCurves {
    pub metric: String,
    /// All methods of the figure, in the order of the legend.
    pub methods: Vec<String>,
    pub palette: Palette,
    pub panels: Vec<CurvePanel>,
    /// Method -> published curve, one value an epoch from epoch 1; the same in every panel.
    pub published: BTreeMap<String, Vec<f64>>,
}

/// The curves of one protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct CurvePanel {
    pub protocol: String,
    pub curves: Vec<Curve>,
}

/// One method's runs under one protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    pub method: String,
    /// Seeds that were run.
    pub seeds: usize,
    /// Seeds left out because one of their values is not finite.
    pub failed: usize,
    pub points: Vec<CurvePoint>,
}

/// Mean over seeds at one epoch, and the 95 % t interval of that mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    pub epoch: u32,
    pub mean: f64,
    pub low: f64,
    pub high: f64,
}

impl LearningCurves {
    /// The curves of `metric` in `experiment`; none where the table has no row of it.
    ///
    /// Protocols come in the order of the claims, methods as the claims name them, the reference first; what the claims
    /// do not name follows in order of name. The order of the rows does not matter.
    pub fn new(observations: &[Observation], experiment: &str, metric: &str, claims: &[&Claim]) -> Option<Self> {
        let claims: Vec<&Claim> = claims.iter().copied().filter(|claim| claim.experiment == experiment).collect();
        let mut rows: Vec<&Observation> =
            observations.iter().filter(|row| row.experiment == experiment && row.metric == metric).collect();
        // Should a table say something twice, the greater value counts, whichever comes first.
        rows.sort_by(|x, y| (x.seed, x.epoch).cmp(&(y.seed, y.epoch)).then(x.value.total_cmp(&y.value)));
        if rows.is_empty() {
            return None;
        }

        let of_experiment = observations.iter().filter(|row| row.experiment == experiment);
        let palette = Palette::of_claims(experiment, &claims, of_experiment.map(|row| row.method.as_str()));
        let has_rows = |method: &&str| rows.iter().any(|row| row.method == **method);
        let methods: Vec<String> = palette.methods().filter(has_rows).map(str::to_owned).collect();

        let present = rows.iter().map(|row| row.protocol.as_str());
        let panels = protocols(experiment, &claims, present).into_iter().map(|protocol| {
            let curves = methods.iter().filter_map(|method| {
                let of_method = rows.iter().filter(|row| row.protocol == protocol && row.method == *method);
                curve(method, of_method.map(|row| (row.seed, row.epoch, row.value)))
            });
            CurvePanel { curves: curves.collect(), protocol }
        });
        let mut published = BTreeMap::new();
        let measures = |claim: &&&Claim| claim.comparison().is_some_and(|comparison| comparison.metric == metric);
        for claim in claims.iter().filter(measures) {
            for (method, values) in claim.published.iter().flat_map(|published| &published.curves) {
                published.entry(method.clone()).or_insert_with(|| values.clone());
            }
        }
        let panels = panels.collect();
        Some(Self { metric: metric.to_owned(), methods, palette, panels, published })
    }
}

/// Of rows (seed, epoch, value). Seeds with a value that is not finite are left out whole: a mean over other seeds at every
/// epoch would jump.
pub(super) fn curve(method: &str, rows: impl Iterator<Item = (u64, u32, f64)>) -> Option<Curve> {
    let mut by_seed: BTreeMap<u64, BTreeMap<u32, f64>> = BTreeMap::new();
    for (seed, epoch, value) in rows {
        by_seed.entry(seed).or_default().insert(epoch, value);
    }
    let seeds = by_seed.len();
    by_seed.retain(|_, values| values.values().all(|value| value.is_finite()));
    let failed = seeds - by_seed.len();

    let mut by_epoch: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (epoch, value) in by_seed.into_values().flatten() {
        by_epoch.entry(epoch).or_default().push(value);
    }
    let points = by_epoch.into_iter().map(|(epoch, values)| {
        let mean = describe::mean(&values);
        // A single seed has a mean but no interval.
        let [low, high] = interval::t_interval(&values, LEVEL).map(|end| if end.is_nan() { mean } else { end });
        CurvePoint { epoch, mean, low, high }
    });
    (seeds > 0).then(|| Curve { method: method.to_owned(), seeds, failed, points: points.collect() })
}

const PANEL_WIDTH: f64 = 480.0;
const PANEL_HEIGHT: f64 = 400.0;
const LEFT: f64 = 130.0;
const BETWEEN: f64 = 44.0;
const RIGHT: f64 = 30.0;
const BELOW: f64 = 96.0;
const TITLES: f64 = 112.0;

/// How much wider than the mean curves' own range the axis may get for the bands' sake: one diverging run would
/// otherwise press everything else flat.
const ROOM_FOR_BANDS: f64 = 0.5;

impl Figure for LearningCurves {
    fn size(&self) -> Result<(u32, u32), PlotError> {
        let height = self.legend()?.height() + TITLES + PANEL_HEIGHT + BELOW;
        Ok((self.width() as u32, height as u32))
    }

    fn description(&self) -> String {
        let protocols: Vec<&str> = self.panels.iter().map(|panel| panel.protocol.as_str()).collect();
        let published = if self.published.is_empty() { "" } else { "; dashed: the published figure" };
        format!(
            "{} by epoch for {}; mean over seeds with its 95 % interval, one panel a protocol ({}){published}",
            labels::metric(&self.metric),
            self.methods.join(", "),
            protocols.join(", "),
        )
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Result<(), PlotError> {
        let legend = self.legend()?;
        legend.draw(canvas)?;
        let colour_of = |method: &str| self.palette.colour(method);
        let (low, high) = self.range();
        let top = legend.height() + TITLES;
        for (i, panel) in self.panels.iter().enumerate() {
            let left = LEFT + i as f64 * (PANEL_WIDTH + BETWEEN);
            let frame = Frame { left, top, right: left + PANEL_WIDTH, bottom: top + PANEL_HEIGHT };
            let axes = Panel::new(canvas, frame, self.epochs(panel), Axis::new(low, high, 7));
            let y_label = (i == 0).then(|| labels::metric(&self.metric));
            axes.axes("epoch", y_label.as_deref())?;
            axes.title(&panel.protocol, &panel.remark()?)?;
            for (method, values) in &self.published {
                let points = values.iter().enumerate().map(|(i, value)| (i as f64 + 1.0, *value));
                let points: Vec<(f64, f64)> = points.filter(|(_, value)| value.is_finite()).collect();
                axes.line(&points, Stroke::behind(colour_of(method)))?;
            }
            for curve in &panel.curves {
                let bound = |of: fn(&CurvePoint) -> f64| -> Vec<(f64, f64)> {
                    curve.points.iter().map(|point| (f64::from(point.epoch), of(point))).collect()
                };
                axes.band(&bound(|p| p.low), &bound(|p| p.high), colour_of(&curve.method))?;
            }
            for curve in &panel.curves {
                let colour = colour_of(&curve.method);
                let means: Vec<(f64, f64)> = curve.points.iter().map(|p| (f64::from(p.epoch), p.mean)).collect();
                match means[..] {
                    [only] => axes.dot(only, theme::DATA_WIDTH, colour)?,
                    _ => axes.line(&means, Stroke::solid(colour, theme::DATA_WIDTH))?,
                }
            }
        }
        Ok(())
    }
}

impl CurvePanel {
    /// How many seeds there are, and which runs failed, or only how many where there is no room for names.
    fn remark(&self) -> Result<String, PlotError> {
        let (least, most) = self
            .curves
            .iter()
            .fold((usize::MAX, 0), |(least, most), curve| (least.min(curve.seeds), most.max(curve.seeds)));
        let seeds = match (least, most) {
            (_, 1) => "1 seed".to_owned(),
            (least, most) if least < most => format!("{least} to {most} seeds"),
            (_, most) => format!("{most} seeds"),
        };
        let failed: Vec<&Curve> = self.curves.iter().filter(|curve| curve.failed > 0).collect();
        let named = failed.iter().map(|curve| format!("; {} of {} failed", curve.failed, curve.method));
        let remark = format!("{seeds}{}", named.collect::<String>());
        if text_width(&remark, REMARK)? <= PANEL_WIDTH {
            return Ok(remark);
        }
        Ok(format!("{seeds}; {} runs failed", failed.iter().map(|curve| curve.failed).sum::<usize>()))
    }
}

impl LearningCurves {
    fn width(&self) -> f64 {
        let panels = self.panels.len() as f64;
        LEFT + panels * PANEL_WIDTH + (panels - 1.0).max(0.0) * BETWEEN + RIGHT
    }

    /// Least and greatest value of the shared axis.
    fn range(&self) -> (f64, f64) {
        let points = || self.panels.iter().flat_map(|panel| &panel.curves).flat_map(|curve| &curve.points);
        let published = self.published.values().flatten().copied().filter(|value| value.is_finite());
        let (low, high) = extent(points().map(|point| point.mean).chain(published));
        let (band_low, band_high) = extent(points().flat_map(|point| [point.low, point.high]));
        let room = ROOM_FOR_BANDS * (high - low);
        let (low, high) = (low.min(band_low.max(low - room)), high.max(band_high.min(high + room)));
        let margin = 0.03 * (high - low);
        (low - margin, high + margin)
    }

    fn epochs(&self, panel: &CurvePanel) -> Axis {
        let observed = panel.curves.iter().flat_map(|curve| &curve.points).map(|point| point.epoch).max();
        let published = self.published.values().map(|values| values.len() as u32).max();
        Axis::whole(1, observed.unwrap_or(1).max(published.unwrap_or(1)), 6)
    }

    fn legend(&self) -> Result<Legend, PlotError> {
        let line = |method: &String| Sample::Line(Stroke::solid(self.palette.colour(method), theme::DATA_WIDTH));
        let mut samples: Vec<(Sample, String)> =
            self.methods.iter().map(|method| (line(method), method.clone())).collect();
        samples.push((Sample::Band(theme::INK), "95 % interval of the mean".to_owned()));
        if !self.published.is_empty() {
            samples.push((Sample::Line(Stroke::behind(theme::INK)), "published figure".to_owned()));
        }
        Legend::new(samples, LEFT, self.width() - RIGHT)
    }
}

fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}
