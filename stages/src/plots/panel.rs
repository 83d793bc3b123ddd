//! A pair of axes on a canvas: from data to places, and what stands around them.

use plotters::prelude::{DrawingBackend, RGBColor};
use plotters::style::text_anchor::HPos;

use super::axis::Axis;
use super::canvas::{Canvas, Place, PlotError, Stroke, Type, text_width};
use super::theme;
use super::thin::thin;

/// How remarks are set.
pub const REMARK: Type = Type::new(theme::SMALL_SIZE, theme::QUIET_INK, HPos::Left);

/// A rectangle of the canvas.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

/// A frame with its two axes. Data outside of the axes is drawn at their ends.
pub struct Panel<'c, B: DrawingBackend> {
    canvas: &'c Canvas<B>,
    frame: Frame,
    x: Axis,
    y: Axis,
}

impl<'c, B: DrawingBackend> Panel<'c, B> {
    /// Draws nothing yet.
    pub fn new(canvas: &'c Canvas<B>, frame: Frame, x: Axis, y: Axis) -> Self {
        Self { canvas, frame, x, y }
    }

    /// Where on the canvas a point of the data lies.
    pub fn place(&self, (x, y): (f64, f64)) -> Place {
        let Frame { left, top, right, bottom } = self.frame;
        (left + self.x.share(x) * (right - left), bottom - self.y.share(y) * (bottom - top))
    }

    /// Grid, axes and tick labels; `y_labels` are left out where the neighbour on the left shows the same.
    pub fn axes(&self, x_label: &str, y_label: Option<&str>) -> Result<(), PlotError> {
        let Frame { left, top, right, bottom } = self.frame;
        let grid = Stroke::solid(theme::GRID, theme::GRID_WIDTH);
        let axis = Stroke::solid(theme::QUIET_INK, theme::AXIS_WIDTH);
        let small = Type::new(theme::SMALL_SIZE, theme::QUIET_INK, HPos::Center);
        for (value, label) in &self.y.ticks {
            let (_, y) = self.place((self.x.low, *value));
            self.canvas.line(&[(left, y), (right, y)], grid)?;
            if y_label.is_some() {
                let place = (left - 12.0, y + 0.36 * theme::SMALL_SIZE);
                self.canvas.text(label, place, Type { align: HPos::Right, ..small })?;
            }
        }
        for (value, label) in &self.x.ticks {
            let (x, _) = self.place((*value, self.y.low));
            self.canvas.line(&[(x, bottom), (x, bottom + 7.0)], axis)?;
            self.canvas.text(label, (x, bottom + 14.0 + 0.76 * theme::SMALL_SIZE), small)?;
        }
        self.canvas.line(&[(left, bottom), (right, bottom)], axis)?;
        let text = Type::new(theme::TEXT_SIZE, theme::INK, HPos::Center);
        let middle = ((left + right) / 2.0, (top + bottom) / 2.0);
        self.canvas.text(x_label, (middle.0, bottom + 74.0), text)?;
        if let Some(y_label) = y_label {
            let widths = self.y.ticks.iter().map(|(_, label)| text_width(label, small));
            let widest = widths.collect::<Result<Vec<_>, _>>()?.into_iter().fold(0.0, f64::max);
            let x = (left - 88.0).min(left - 26.0 - widest);
            self.canvas.text(y_label, (x, middle.1), Type { upwards: true, ..text })?;
        }
        Ok(())
    }

    /// Bold title above the frame, with a quiet remark on a line of its own below it.
    pub fn title(&self, title: &str, remark: &str) -> Result<(), PlotError> {
        let Frame { left, top, .. } = self.frame;
        let bold = Type { bold: true, ..Type::new(theme::TITLE_SIZE, theme::INK, HPos::Left) };
        self.canvas.text(title, (left, top - 50.0), bold)?;
        self.canvas.text(remark, (left, top - 18.0), REMARK)
    }

    /// A line through points of the data.
    pub fn line(&self, points: &[(f64, f64)], stroke: Stroke) -> Result<(), PlotError> {
        let places: Vec<Place> = points.iter().map(|point| self.place(*point)).collect();
        self.canvas.line(&places, stroke)
    }

    /// The area between a lower and an upper line.
    pub fn band(&self, lower: &[(f64, f64)], upper: &[(f64, f64)], colour: RGBColor) -> Result<(), PlotError> {
        self.faint_band(lower, upper, colour, theme::BAND_OPACITY)
    }

    /// The same, as faint as `opacity` says.
    pub fn faint_band(
        &self,
        lower: &[(f64, f64)],
        upper: &[(f64, f64)],
        colour: RGBColor,
        opacity: f64,
    ) -> Result<(), PlotError> {
        let [lower, mut upper] = [lower, upper].map(|line| {
            let places: Vec<Place> = line.iter().map(|point| self.place(*point)).collect();
            thin(&places)
        });
        upper.reverse();
        let outline = [lower, upper].concat();
        self.canvas.area(&outline, colour, opacity)
    }

    /// A point of the data; the radius is in units of the figure.
    pub fn dot(&self, point: (f64, f64), radius: f64, colour: RGBColor) -> Result<(), PlotError> {
        self.canvas.dot(self.place(point), radius, colour)
    }
}
