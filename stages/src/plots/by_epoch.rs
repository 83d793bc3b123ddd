//! Many small panels of curves by epoch, on a logarithmic axis: runs of many kinds side by side.

use plotters::prelude::DrawingBackend;

use super::axis::Axis;
use super::canvas::{Canvas, Figure, PlotError, Stroke};
use super::grid::Grid;
use super::key::{self, KEY_LINE};
use super::learning_curves::{Curve, CurvePoint};
use super::legend::{Legend, Sample};
use super::panel::Panel;
use super::theme::{self, Colour};

/// Rows of panels; those of one row share their axes.
#[derive(Debug, Clone, PartialEq)]
pub struct ByEpoch {
    pub description: String,
    pub rows: Vec<PanelRow>,
    /// What colours, and solid and dashed lines, stand for.
    pub colours: Vec<(Colour, String)>,
    pub lines: Vec<(LineStyle, String)>,
    pub key: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct PanelRow {
    pub label: String,
    pub scale: ValueScale,
    pub panels: Vec<EpochPanel>,
    /// A level that the curves are held against.
    pub level: Option<f64>,
}

/// The axis of the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueScale {
    /// From 0 to 1: cosines, shares.
    Unit,
    /// From 0 to the greatest.
    FromZero,
    /// Over all powers of ten.
    Logarithmic,
}

#[derive(Debug, Clone, PartialEq)]
pub struct EpochPanel {
    pub title: String,
    pub remark: String,
    pub curves: Vec<(Colour, LineStyle, Curve)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineStyle {
    Solid,
    Dashed,
}

impl LineStyle {
    fn stroke(self, colour: Colour) -> Stroke {
        let solid = Stroke::solid(colour, WIDTH);
        match self {
            Self::Solid => solid,
            Self::Dashed => Stroke { dash: Some((10.0, 7.0)), ..solid },
        }
    }
}

/// Panels are small, so lines are thinner than elsewhere.
const WIDTH: f64 = 3.5;
/// Bands of curves that cross in small panels are fainter than elsewhere.
const BAND: f64 = 0.16;

impl PanelRow {
    fn points(&self) -> impl Iterator<Item = &CurvePoint> {
        self.panels.iter().flat_map(|panel| &panel.curves).flat_map(|(_, _, curve)| &curve.points)
    }

    fn values(&self) -> Axis {
        let means = || self.points().map(|point| point.mean).filter(|mean| mean.is_finite());
        let greatest = means().fold(f64::MIN_POSITIVE, f64::max).max(self.level.unwrap_or(f64::MIN_POSITIVE));
        match self.scale {
            ValueScale::Unit => Axis::new(0.0, 1.0, 3),
            ValueScale::FromZero => Axis::new(0.0, 1.05 * greatest, 5),
            ValueScale::Logarithmic => {
                let least = means().filter(|mean| *mean > 0.0).fold(f64::INFINITY, f64::min);
                Axis::log(least / 1.5, greatest * 1.5, 5)
            }
        }
    }

    /// Epochs count from 0 here, and a logarithm has no 0: the first is at 1.
    fn epochs(&self) -> Axis {
        let last = self.points().map(|point| point.epoch).max().unwrap_or(0);
        Axis::log(1.0, f64::from(last) + 1.0, 4)
    }
}

impl ByEpoch {
    fn grid(&self) -> Result<Grid, PlotError> {
        let columns = self.rows.iter().map(|row| row.panels.len()).max().unwrap_or(1);
        let mut grid = Grid {
            columns,
            rows: self.rows.len(),
            panel: (if columns > 3 { 330.0 } else { 440.0 }, 220.0),
            gap: (66.0, 158.0),
            left: 150.0,
            top: 0.0,
            right: 30.0,
            below: 100.0,
        };
        grid.top = self.legend(&grid)?.height() + 96.0;
        Ok(grid)
    }

    fn legend(&self, grid: &Grid) -> Result<Legend, PlotError> {
        let colours =
            self.colours.iter().map(|(colour, words)| (Sample::Line(LineStyle::Solid.stroke(*colour)), words));
        let lines = self.lines.iter().map(|(line, words)| (Sample::Line(line.stroke(theme::INK)), words));
        let samples: Vec<(Sample, String)> =
            colours.chain(lines).map(|(sample, words)| (sample, words.clone())).collect();
        Legend::new(samples, grid.left, grid.width() - grid.right)
    }

    fn lines(&self, grid: &Grid) -> Result<Vec<String>, PlotError> {
        key::lines(&self.key, grid.width() - grid.left - grid.right)
    }
}

impl Figure for ByEpoch {
    fn size(&self) -> Result<(u32, u32), PlotError> {
        let grid = self.grid()?;
        let key = self.lines(&grid)?.len() as f64 * KEY_LINE;
        Ok((grid.width() as u32, (grid.height() + key + 16.0) as u32))
    }

    fn description(&self) -> String {
        self.description.clone()
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Result<(), PlotError> {
        let grid = self.grid()?;
        self.legend(&grid)?.draw(canvas)?;
        for (i, row) in self.rows.iter().enumerate() {
            let last = i + 1 == self.rows.len();
            for (column, small) in row.panels.iter().enumerate() {
                let panel = Panel::new(canvas, grid.frame(column, i), row.epochs(), row.values());
                panel.axes(if last { "epoch, counted from 1" } else { "" }, (column == 0).then_some(&row.label))?;
                panel.title(&small.title, &small.remark)?;
                if let Some(level) = row.level {
                    let x = row.epochs();
                    panel.line(&[(x.low, level), (x.high, level)], Stroke::solid(theme::INK, theme::AXIS_WIDTH))?;
                }
                small.draw(&panel)?;
            }
        }
        key::draw(canvas, &self.lines(&grid)?, (grid.left, grid.height() + 0.5 * theme::SMALL_SIZE))
    }
}

impl EpochPanel {
    fn draw<B: DrawingBackend>(&self, panel: &Panel<B>) -> Result<(), PlotError> {
        let places = |curve: &Curve, of: fn(&CurvePoint) -> f64| -> Vec<(f64, f64)> {
            curve.points.iter().map(|point| (f64::from(point.epoch) + 1.0, of(point))).collect()
        };
        for (colour, _, curve) in self.curves.iter().filter(|(_, _, curve)| curve.seeds - curve.failed > 1) {
            panel.faint_band(&places(curve, |p| p.low), &places(curve, |p| p.high), *colour, BAND)?;
        }
        for (colour, line, curve) in &self.curves {
            panel.line(&places(curve, |p| p.mean), line.stroke(*colour))?;
        }
        Ok(())
    }
}
