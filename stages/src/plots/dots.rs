//! Runs as dots, one row a method: every score, their mean and its interval, and what was published.

use plotters::prelude::DrawingBackend;

use super::axis::Axis;
use super::canvas::{Canvas, Figure, PlotError, Stroke};
use super::key::{self, KEY_LINE};
use super::marks::{Mark, level_bar};
use super::panel::Frame;
use super::strips::{Strips, swarm};
use super::theme::{self, Colour};

/// Panels below one another; those with the same label share their axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Dots {
    pub description: String,
    pub panels: Vec<DotPanel>,
    /// What the marks are.
    pub key: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct DotPanel {
    pub title: String,
    pub remark: String,
    pub label: String,
    pub rows: Vec<DotRow>,
    /// A number that the rows are held against.
    pub threshold: Option<f64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct DotRow {
    pub name: String,
    pub colour: Colour,
    /// Finite scores.
    pub values: Vec<f64>,
    pub mean: Option<(f64, [f64; 2])>,
    pub published: Option<f64>,
    /// The run that the others repeat.
    pub own: Option<f64>,
    /// Right of the row.
    pub note: String,
}

impl DotPanel {
    fn values(&self) -> impl Iterator<Item = f64> {
        let of_row = |row: &DotRow| {
            let mean = row.mean.map(|(mean, [low, high])| [mean, low, high]);
            let marks = mean.into_iter().flatten().chain(row.published).chain(row.own);
            row.values.iter().copied().chain(marks).collect::<Vec<f64>>()
        };
        self.rows.iter().flat_map(of_row).chain(self.threshold).filter(|value| value.is_finite())
    }
}

const LEFT: f64 = 400.0;
const PLOT: f64 = 860.0;
const RIGHT: f64 = 380.0;
const MARGIN: f64 = 30.0;
const TOP: f64 = 18.0;
const TITLE: f64 = 48.0;
const ROW: f64 = 84.0;
/// Ticks and label of an axis; ticks alone, where the panel below has the same axis.
const AXIS: f64 = 106.0;
const TICKS: f64 = 60.0;
/// Dots lie around this height above a row's middle, mean and published number below it.
const RISE: f64 = 12.0;
const FALL: f64 = 26.0;
const REACH: f64 = 18.0;

impl Figure for Dots {
    fn size(&self) -> Result<(u32, u32), PlotError> {
        let panels: f64 = (0..self.panels.len()).map(|i| self.height_of(i)).sum();
        let key = self.lines()?.len() as f64 * KEY_LINE;
        Ok(((LEFT + PLOT + RIGHT) as u32, (TOP + panels + key + 20.0) as u32))
    }

    fn description(&self) -> String {
        self.description.clone()
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Result<(), PlotError> {
        let mut top = TOP;
        for (i, panel) in self.panels.iter().enumerate() {
            let start = top + TITLE;
            let bottom = start + panel.rows.len() as f64 * ROW;
            let frame = Frame { left: LEFT, top: start, right: LEFT + PLOT, bottom };
            let (low, high) = self.range(&panel.label);
            let strips = Strips::new(canvas, frame, Axis::new(low, high, 8), panel.rows.len());
            strips.title(&panel.title, &panel.remark, MARGIN)?;
            strips.grid(0..panel.rows.len())?;
            strips.axis(if self.has_label(i) { &panel.label } else { "" })?;
            if let Some(threshold) = panel.threshold {
                let x = strips.x(threshold);
                canvas.line(&[(x, start), (x, bottom)], Stroke::solid(theme::INK, theme::AXIS_WIDTH))?;
            }
            for (i, row) in panel.rows.iter().enumerate() {
                row.draw(canvas, &strips, i)?;
            }
            top += self.height_of(i);
        }
        key::draw(canvas, &self.lines()?, (MARGIN, top + 0.76 * theme::SMALL_SIZE))
    }
}

impl Dots {
    fn lines(&self) -> Result<Vec<String>, PlotError> {
        key::lines(&self.key, LEFT + PLOT + RIGHT - 2.0 * MARGIN)
    }

    fn has_label(&self, i: usize) -> bool {
        self.panels.get(i + 1).is_none_or(|next| next.label != self.panels[i].label)
    }

    fn height_of(&self, i: usize) -> f64 {
        TITLE + self.panels[i].rows.len() as f64 * ROW + if self.has_label(i) { AXIS } else { TICKS }
    }

    fn range(&self, label: &str) -> (f64, f64) {
        let panels = self.panels.iter().filter(|panel| panel.label == label);
        let ends = (f64::INFINITY, f64::NEG_INFINITY);
        let (low, high) =
            panels.flat_map(DotPanel::values).fold(ends, |(low, high), value| (low.min(value), high.max(value)));
        let room = 0.04 * (high - low);
        (low - room, high + room)
    }
}

impl DotRow {
    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>, strips: &Strips<B>, row: usize) -> Result<(), PlotError> {
        strips.name(row, &self.name)?;
        strips.note(row, &self.note)?;
        let (above, below) = (strips.y(row) - RISE, strips.y(row) + FALL);
        // A hundred runs and more are smaller, so that they still have room.
        let radius =
            if self.values.len() > 60 { 0.6 * theme::mark_radius(Mark::Dot) } else { theme::mark_radius(Mark::Dot) };
        let along: Vec<f64> = self.values.iter().map(|value| strips.x(*value)).collect();
        for place in swarm(&along, above, radius, REACH) {
            Mark::Dot.draw(canvas, place, radius, self.colour)?;
        }
        if let Some(own) = self.own {
            let x = strips.x(own);
            canvas.line(&[(x, above - REACH), (x, above + REACH)], Stroke::solid(theme::INK, theme::MARK_WIDTH))?;
        }
        if let Some((mean, interval)) = self.mean {
            let stroke = Stroke::solid(theme::INK, theme::MARK_WIDTH);
            level_bar(canvas, interval.map(|end| strips.x(end)), below, stroke)?;
            Mark::Diamond.draw(canvas, (strips.x(mean), below), theme::mark_radius(Mark::Diamond), theme::INK)?;
        }
        if let Some(published) = self.published {
            let radius = theme::mark_radius(Mark::OpenDiamond);
            Mark::OpenDiamond.draw(canvas, (strips.x(published), below), radius, self.colour)?;
        }
        Ok(())
    }
}
