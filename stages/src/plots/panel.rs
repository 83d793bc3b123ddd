//! A pair of axes on a canvas: from data to places, with ticks at round numbers.

use plotters::prelude::{DrawingBackend, RGBColor};
use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, Place, PlotError, Stroke, Type};
use super::theme;

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

/// The stretch of numbers that an axis shows, with its ticks.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    pub low: f64,
    pub high: f64,
    /// Where the ticks are and what is written at them.
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    /// From `low` to `high`, with up to `most` ticks at multiples of 1, 2 or 5 times a power of ten.
    /// A stretch without length is widened by one half to either side; ends that are not finite count as 0.
    pub fn new(low: f64, high: f64, most: usize) -> Self {
        let (low, high) = if low.is_finite() && high.is_finite() { (low, high) } else { (0.0, 0.0) };
        let (low, high) = if high > low { (low, high) } else { (low - 0.5, low + 0.5) };
        let ticks = round_numbers(low, high, most);
        Self { low, high, ticks }
    }

    /// Whole numbers from `first` to `last`, ticks among them, with a little room beyond the ends.
    pub fn whole(first: u32, last: u32, most: usize) -> Self {
        let room = (f64::from(last) - f64::from(first)).max(1.0) * 0.02;
        let (low, high) = (f64::from(first), f64::from(last));
        let mut ticks = round_numbers(low, high.max(low + 1.0), most);
        ticks.retain(|(value, _)| value.fract() == 0.0 && *value <= high);
        Self { low: low - room, high: high + room, ticks }
    }

    fn share(&self, value: f64) -> f64 {
        (value.clamp(self.low, self.high) - self.low) / (self.high - self.low)
    }
}

/// The finest grid of 1, 2 or 5 times a power of ten with at most `most` members between `low` and `high`.
fn round_numbers(low: f64, high: f64, most: usize) -> Vec<(f64, String)> {
    let steps = (-12..=12).flat_map(|exponent| [1.0, 2.0, 5.0].map(|digit| (digit, exponent)));
    for (digit, exponent) in steps {
        // A negative power of ten is divided by, not multiplied with: 3 / 10 is the double nearest to 0.3.
        let tick = |index: f64| match exponent {
            0.. => index * digit * 10f64.powi(exponent),
            _ => index * digit / 10f64.powi(-exponent),
        };
        // A hair of tolerance, so that ends which are themselves round keep their tick.
        let first = (low / tick(1.0) - 1e-9).ceil();
        let last = (high / tick(1.0) + 1e-9).floor();
        let count = last - first + 1.0;
        if count <= most as f64 {
            let decimals = usize::try_from(-exponent).unwrap_or(0);
            let label = |value: f64| format!("{value:.decimals$}").replace('-', "−");
            // Adding 0 turns −0 into 0.
            return (0..count.max(0.0) as usize)
                .map(|i| tick(first + i as f64) + 0.0)
                .map(|value| (value, label(value)))
                .collect();
        }
    }
    Vec::new()
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
            self.canvas.text(y_label, (left - 88.0, middle.1), Type { upwards: true, ..text })?;
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
        let outline: Vec<Place> = lower.iter().chain(upper.iter().rev()).map(|point| self.place(*point)).collect();
        self.canvas.area(&outline, colour, theme::BAND_OPACITY)
    }

    /// A point of the data; the radius is in units of the figure.
    pub fn dot(&self, point: (f64, f64), radius: f64, colour: RGBColor) -> Result<(), PlotError> {
        self.canvas.dot(self.place(point), radius, colour)
    }
}
