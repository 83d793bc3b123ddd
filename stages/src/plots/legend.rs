//! The legend of a figure: samples of what is drawn, each with its words, in as many rows as they need.

use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, PlotError, Stroke, Type, text_width};
use super::marks::{Mark, level_bar};
use super::theme::{self, Colour};

/// What an entry shows.
#[derive(Debug, Clone, Copy)]
pub enum Sample {
    Line(Stroke),
    Band(Colour),
    Mark(Mark, Colour),
    /// A mean and its interval, across a row.
    Interval(Colour),
}

/// Entries, each at its place.
pub struct Legend {
    entries: Vec<Entry>,
    height: f64,
}

struct Entry {
    sample: Sample,
    words: String,
    /// Left end of the sample, middle of the row.
    place: (f64, f64),
}

const TOP: f64 = 18.0;
const ROW: f64 = 44.0;
/// The gap after a sample, and the gap to the next entry.
const SAMPLE_GAP: f64 = 14.0;
const ENTRY_GAP: f64 = 44.0;
const WORDS: Type = Type::new(theme::TEXT_SIZE, theme::INK, HPos::Left);

impl Legend {
    /// Entries side by side from `left` to `right`.
    pub fn new(samples: Vec<(Sample, String)>, left: f64, right: f64) -> Result<Self, PlotError> {
        let mut entries = Vec::new();
        let (mut x, mut y) = (left, TOP + 0.5 * ROW);
        for (sample, words) in samples {
            let width = sample.width() + SAMPLE_GAP + text_width(&words, WORDS)?;
            if x > left && x + width > right {
                (x, y) = (left, y + ROW);
            }
            entries.push(Entry { sample, words, place: (x, y) });
            x += width + ENTRY_GAP;
        }
        Ok(Self { entries, height: y + 0.5 * ROW })
    }

    /// From the top of the figure to below the last row.
    pub fn height(&self) -> f64 {
        self.height
    }

    pub fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Result<(), PlotError> {
        for Entry { sample, words, place: (x, y) } in &self.entries {
            let (end, middle) = (x + sample.width(), x + 0.5 * sample.width());
            match *sample {
                Sample::Line(stroke) => canvas.line(&[(*x, *y), (end, *y)], stroke)?,
                Sample::Band(colour) => {
                    let corners = [(*x, y - 9.0), (end, y - 9.0), (end, y + 9.0), (*x, y + 9.0)];
                    canvas.area(&corners, colour, theme::BAND_OPACITY)?;
                }
                Sample::Mark(mark, colour) => mark.draw(canvas, (middle, *y), theme::mark_radius(mark), colour)?,
                Sample::Interval(colour) => {
                    level_bar(canvas, [*x, end], *y, Stroke::solid(colour, theme::MARK_WIDTH))?;
                    Mark::Diamond.draw(canvas, (middle, *y), theme::mark_radius(Mark::Diamond), colour)?;
                }
            }
            canvas.text(words, (end + SAMPLE_GAP, y + 0.36 * theme::TEXT_SIZE), WORDS)?;
        }
        Ok(())
    }
}

impl Sample {
    fn width(self) -> f64 {
        match self {
            Self::Line(_) | Self::Band(_) | Self::Interval(_) => 52.0,
            Self::Mark(..) => 22.0,
        }
    }
}
