//! A panel of rows: each has a name on the left, and all share an axis below.

use std::ops::Range;

use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::HPos;

use super::axis::Axis;
use super::canvas::{Canvas, Place, PlotError, Stroke, Type};
use super::panel::{Frame, REMARK};
use super::theme;

/// A frame whose height is cut into equal rows.
pub struct Strips<'c, B: DrawingBackend> {
    canvas: &'c Canvas<B>,
    frame: Frame,
    x: Axis,
    rows: usize,
}

const NAME: Type = Type::new(theme::TEXT_SIZE, theme::INK, HPos::Right);

/// From a baseline up to the middle of its small letters and digits, in em.
pub const HALF_RISE: f64 = 0.36;

impl<'c, B: DrawingBackend> Strips<'c, B> {
    /// Draws nothing yet.
    pub fn new(canvas: &'c Canvas<B>, frame: Frame, x: Axis, rows: usize) -> Self {
        Self { canvas, frame, x, rows }
    }

    /// Where on the canvas a number lies.
    pub fn x(&self, value: f64) -> f64 {
        self.frame.left + self.x.share(value) * (self.frame.right - self.frame.left)
    }

    /// The middle of a row, counted from 0 at the top.
    pub fn y(&self, row: usize) -> f64 {
        self.frame.top + (row as f64 + 0.5) * self.row_height()
    }

    pub fn row_height(&self) -> f64 {
        (self.frame.bottom - self.frame.top) / self.rows.max(1) as f64
    }

    /// Upright lines at the ticks, over these rows.
    pub fn grid(&self, rows: Range<usize>) -> Result<(), PlotError> {
        let [top, bottom] = self.ends(rows);
        for (value, _) in &self.x.ticks {
            let x = self.x(*value);
            self.canvas.line(&[(x, top), (x, bottom)], Stroke::solid(theme::GRID, theme::GRID_WIDTH))?;
        }
        Ok(())
    }

    /// Upper and lower end of rows that follow one another.
    pub fn ends(&self, rows: Range<usize>) -> [f64; 2] {
        [rows.start, rows.end].map(|row| self.frame.top + row as f64 * self.row_height())
    }

    /// The axis below the last row, with its labels.
    pub fn axis(&self, label: &str) -> Result<(), PlotError> {
        let Frame { left, right, bottom, .. } = self.frame;
        let small = Type::new(theme::SMALL_SIZE, theme::QUIET_INK, HPos::Center);
        let axis = Stroke::solid(theme::QUIET_INK, theme::AXIS_WIDTH);
        for (value, words) in &self.x.ticks {
            let x = self.x(*value);
            self.canvas.line(&[(x, bottom), (x, bottom + 7.0)], axis)?;
            self.canvas.text(words, (x, bottom + 14.0 + 0.76 * theme::SMALL_SIZE), small)?;
        }
        self.canvas.line(&[(left, bottom), (right, bottom)], axis)?;
        let words = Type::new(theme::TEXT_SIZE, theme::INK, HPos::Center);
        self.canvas.text(label, ((left + right) / 2.0, bottom + 74.0), words)
    }

    /// Bold title above the frame, from `left`, and a quiet remark over the frame itself.
    pub fn title(&self, title: &str, remark: &str, left: f64) -> Result<(), PlotError> {
        let y = self.frame.top - 16.0;
        let bold = Type { bold: true, ..Type::new(theme::TITLE_SIZE, theme::INK, HPos::Left) };
        self.canvas.text(title, (left, y), bold)?;
        self.canvas.text(remark, (self.frame.left, y), REMARK)
    }

    /// What a row is called, left of the frame.
    pub fn name(&self, row: usize, words: &str) -> Result<(), PlotError> {
        let place = (self.frame.left - 18.0, self.y(row) + HALF_RISE * theme::TEXT_SIZE);
        self.canvas.text(words, place, NAME)
    }

    /// Quiet words right of the frame.
    pub fn note(&self, row: usize, words: &str) -> Result<(), PlotError> {
        let place = (self.frame.right + 18.0, self.y(row) + HALF_RISE * theme::SMALL_SIZE);
        self.canvas.text(words, place, REMARK)
    }
}

/// Places for dots at these distances along a row, moved up and down so that none covers another by more than they must:
/// none moves further than `reach` from the row's middle.
pub fn swarm(along: &[f64], y: f64, radius: f64, reach: f64) -> Vec<Place> {
    let mut order: Vec<usize> = (0..along.len()).collect();
    order.sort_by(|i, j| along[*i].total_cmp(&along[*j]).then(i.cmp(j)));
    let step = radius;
    let steps = (reach / step).floor() as i32;
    let mut placed: Vec<(usize, Place)> = Vec::new();
    for i in order {
        let near = |place: &Place| (along[i] - place.0).abs() < 2.0 * radius;
        let neighbours: Vec<Place> = placed.iter().map(|(_, place)| *place).filter(near).collect();
        let free = |offset: &f64| {
            neighbours.iter().all(|place| {
                let (dx, dy) = (along[i] - place.0, y + offset - place.1);
                dx * dx + dy * dy >= 4.0 * radius * radius
            })
        };
        let offsets = (0..=2 * steps).map(|n| if n % 2 == 0 { n / 2 } else { -(n + 1) / 2 });
        let offset = offsets.map(|n| f64::from(n) * step).find(free).unwrap_or(0.0);
        placed.push((i, (along[i], y + offset)));
    }
    placed.sort_by_key(|(i, _)| *i);
    placed.into_iter().map(|(_, place)| place).collect()
}
