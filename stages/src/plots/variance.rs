//! What the spread between seeds is made of: the variance that each source of chance makes by itself.

use plotters::prelude::DrawingBackend;

use super::axis::Axis;
use super::canvas::{Canvas, Figure, PlotError, Stroke};
use super::key::{self, KEY_LINE};
use super::labels;
use super::marks::{Mark, level_bar};
use super::palette::Palette;
use super::panel::Frame;
use super::strips::Strips;
use super::theme::{self, Colour};
use crate::claims::numbers::{decimals_for, plain};
use crate::claims::spread::{Share, Spread};

/// Scores of a method under a protocol, each with its sources.
#[derive(Debug, Clone, PartialEq)]
pub struct Variance<'a> {
    panels: Vec<(Colour, Vec<&'a Share>)>,
}

/// The sources in the order in which a run draws them; all together come last.
const ORDER: [&str; 5] = ["data", "split", "weights", "order", TOGETHER];
const TOGETHER: &str = "all";

impl<'a> Variance<'a> {
    /// None where no source was varied by itself.
    pub fn new(spread: &'a Spread, palette: &Palette) -> Option<Self> {
        let same = |x: &Share, y: &Share| {
            (&x.protocol, &x.method, &x.metric, x.at, x.best_by) == (&y.protocol, &y.method, &y.metric, y.at, y.best_by)
        };
        let mut panels: Vec<(Colour, Vec<&Share>)> = Vec::new();
        for share in spread.shares.iter().filter(|share| share.share.is_finite()) {
            match panels.iter_mut().find(|(_, shares)| same(shares[0], share)) {
                Some((_, shares)) => shares.push(share),
                None => panels.push((palette.colour(&share.method), vec![share])),
            }
        }
        for (_, shares) in &mut panels {
            shares.sort_by_key(|share| ORDER.iter().position(|source| *source == share.source));
        }
        (!panels.is_empty()).then_some(Self { panels })
    }

    fn axis(&self) -> Axis {
        let shares = self.panels.iter().flat_map(|(_, shares)| shares);
        let ends = shares.flat_map(|share| [share.share, share.interval[0], share.interval[1]]);
        let ends = ends.filter(|end| end.is_finite() && *end > 0.0);
        let (low, high) = ends.fold((0.5_f64, 2.0_f64), |(low, high), end| (low.min(end), high.max(end)));
        Axis::log(low / 1.1, high * 1.1, 8)
    }
}

const LEFT: f64 = 400.0;
const PLOT: f64 = 860.0;
const RIGHT: f64 = 300.0;
const MARGIN: f64 = 30.0;
const TOP: f64 = 18.0;
const TITLE: f64 = 48.0;
const ROW: f64 = 44.0;
const TICKS: f64 = 60.0;
/// Of the last panel: ticks and label.
const AXIS: f64 = 106.0;

impl Figure for Variance<'_> {
    fn size(&self) -> Result<(u32, u32), PlotError> {
        let rows: usize = self.panels.iter().map(|(_, shares)| shares.len()).sum();
        let ticks = (self.panels.len() - 1) as f64 * TICKS + AXIS;
        let height = TOP + self.panels.len() as f64 * TITLE + rows as f64 * ROW + ticks;
        Ok(((LEFT + PLOT + RIGHT) as u32, (height + key()?.len() as f64 * KEY_LINE + 20.0) as u32))
    }

    fn description(&self) -> String {
        let panels: Vec<String> = self.panels.iter().map(|(_, shares)| title(shares[0])).collect();
        format!("variance by source of chance, each varied by itself, with 95 % intervals: {}", panels.join("; "))
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Result<(), PlotError> {
        let mut top = TOP;
        for (i, (colour, shares)) in self.panels.iter().enumerate() {
            let last = i + 1 == self.panels.len();
            let start = top + TITLE;
            let bottom = start + shares.len() as f64 * ROW;
            let frame = Frame { left: LEFT, top: start, right: LEFT + PLOT, bottom };
            let strips = Strips::new(canvas, frame, self.axis(), shares.len());
            strips.title(&title(shares[0]), "", MARGIN)?;
            strips.grid(0..shares.len())?;
            strips.axis(if last { "variance, as a multiple of that with all sources together" } else { "" })?;
            let one = strips.x(1.0);
            canvas.line(&[(one, start), (one, bottom)], Stroke::solid(theme::INK, theme::AXIS_WIDTH))?;
            for (i, share) in shares.iter().enumerate() {
                row(canvas, &strips, i, share, *colour)?;
            }
            top = bottom + if last { AXIS } else { TICKS };
        }
        key::draw(canvas, &key()?, (MARGIN, top + 0.76 * theme::SMALL_SIZE))
    }
}

fn row<B: DrawingBackend>(
    canvas: &Canvas<B>,
    strips: &Strips<B>,
    row: usize,
    share: &Share,
    colour: Colour,
) -> Result<(), PlotError> {
    let y = strips.y(row);
    // Against itself it has no interval.
    let together = share.source == TOGETHER;
    strips.name(row, if together { "all together" } else { &share.source })?;
    strips.note(row, &format!("sd {} ({} runs)", plain(share.sd, decimals_for(share.sd)), share.n))?;
    if !together {
        level_bar(canvas, share.interval.map(|end| strips.x(end)), y, Stroke::solid(colour, theme::MARK_WIDTH))?;
    }
    let colour = if together { theme::INK } else { colour };
    Mark::Diamond.draw(canvas, (strips.x(share.share), y), theme::mark_radius(Mark::Diamond), colour)
}

fn title(share: &Share) -> String {
    let (metric, when) = (labels::metric(&share.metric), share.at.words(share.best_by));
    format!("{}, {}: {metric}, {when}", share.method, share.protocol)
}

fn key() -> Result<Vec<String>, PlotError> {
    let parts = [
        "diamond and bar: variance with one source varied and all others fixed, with its 95 % interval".to_owned(),
        "sources act on one another, so their shares need not add up to 1".to_owned(),
    ];
    key::lines(&parts, LEFT + PLOT + RIGHT - 2.0 * MARGIN)
}
