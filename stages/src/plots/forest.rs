//! All claims at a glance: every estimate with its interval, in margins of its claim, and what was published.
//!
//! Claims speak of losses, accuracies and cosines. What they share is the margin: the difference that begins to matter. In its
//! unit, and with the claimed side on the right, they stand on one axis, and the margin is the same band for all of them.

use std::collections::BTreeMap;
use std::ops::Range;

use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::HPos;

use super::axis::Axis;
use super::canvas::{Canvas, Figure, PlotError, Stroke, Type};
use super::key::{self, KEY_LINE};
use super::labels;
use super::marks::{Mark, level_bar};
use super::panel::Frame;
use super::strips::{HALF_RISE, Strips};
use super::theme::{self, Colour};
use crate::claims::numbers::{decimals_of, list, percent, plain, signed};
use crate::claims::schema::Direction;
use crate::claims::verdict::{ClaimVerdicts, Evidence, ProtocolVerdict, Verdict, Verdicts};

/// The figure's rows, in the order of the claims.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    /// Claims that compare.
    pub compared: Vec<Row>,
    /// Claims that published numbers are those of our runs.
    pub inside: Vec<Row>,
    claims: usize,
    levels: Vec<String>,
}

/// A line of the figure.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// Opens a claim: its name, and what is compared.
    Claim {
        id: String,
        words: String,
    },
    Protocol {
        name: String,
        verdict: Verdict,
        shown: Shown,
        numbers: String,
    },
}

/// What a row draws, in units of the axis.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// In margins, positive as claimed.
    Difference {
        estimate: f64,
        interval: [f64; 2],
        published: Option<f64>,
    },
    /// Published numbers less our mean, in half-widths of our prediction interval.
    Numbers(Vec<f64>),
    Nothing,
}

impl Forest {
    /// None where there is no claim.
    pub fn new(verdicts: &Verdicts) -> Option<Self> {
        let compares = |claim: &&ClaimVerdicts| claim.margin.is_some();
        let (compared, inside): (Vec<_>, Vec<_>) = verdicts.claims.iter().partition(compares);
        let mut levels: Vec<f64> = compared.iter().map(|claim| 1.0 - claim.alpha).collect();
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        let rows = |claims: &[&ClaimVerdicts]| claims.iter().copied().flat_map(rows).collect();
        (!verdicts.claims.is_empty()).then(|| Self {
            compared: rows(&compared),
            inside: rows(&inside),
            claims: verdicts.claims.len(),
            levels: levels.into_iter().map(percent).collect(),
        })
    }

    fn protocols(&self) -> impl Iterator<Item = (Verdict, &Shown)> {
        self.compared.iter().chain(&self.inside).filter_map(|row| match row {
            Row::Claim { .. } => None,
            Row::Protocol { verdict, shown, .. } => Some((*verdict, shown)),
        })
    }

    /// How far the axis has to reach.
    fn reach(&self) -> f64 {
        let furthest = self.protocols().flat_map(|(_, shown)| match shown {
            Shown::Difference { estimate, interval: [low, high], published } => {
                vec![*estimate, *low, *high, published.unwrap_or_default()]
            }
            Shown::Numbers(numbers) => numbers.clone(),
            Shown::Nothing => Vec::new(),
        });
        1.15 * furthest.filter(|value| value.is_finite()).fold(2.0, |reach: f64, value| reach.max(value.abs()))
    }
}

fn rows(claim: &ClaimVerdicts) -> Vec<Row> {
    let evidence: Vec<&Evidence> = claim.protocols.iter().filter_map(|under| under.evidence.as_ref()).collect();
    let words = match evidence.first() {
        Some(evidence) => {
            let comparison = &evidence.comparison;
            let (a, b, metric) = (&comparison.a, &comparison.b, labels::metric(&comparison.metric));
            format!("{a} − {b}: {metric}, {}; claimed: {}", comparison.when(), comparison.direction)
        }
        None if claim.margin.is_none() => "are the published numbers those of our runs?".to_owned(),
        None => String::new(),
    };
    let metric = evidence.first().map(|evidence| evidence.comparison.metric.as_str());
    let of_protocol = |under: &ProtocolVerdict| Row::Protocol {
        name: match &under.evidence {
            Some(evidence) if Some(evidence.comparison.metric.as_str()) != metric => {
                format!("{} ({})", under.protocol, labels::bare_metric(&evidence.comparison.metric))
            }
            _ => under.protocol.clone(),
        },
        verdict: under.verdict,
        shown: shown(claim, under),
        numbers: numbers(under),
    };
    let head = Row::Claim { id: claim.id.clone(), words };
    std::iter::once(head).chain(claim.protocols.iter().map(of_protocol)).collect()
}

fn shown(claim: &ClaimVerdicts, under: &ProtocolVerdict) -> Shown {
    let inside: Vec<f64> = under
        .inside
        .iter()
        .map(|inside| {
            let [low, high] = inside.number.prediction;
            (inside.number.published - 0.5 * (low + high)) / (0.5 * (high - low))
        })
        .filter(|distance| distance.is_finite())
        .collect();
    let (Some(evidence), Some(margin)) = (&under.evidence, claim.margin) else {
        return if inside.is_empty() { Shown::Nothing } else { Shown::Numbers(inside) };
    };
    let sign = if evidence.comparison.direction == Direction::Lower { -1.0 } else { 1.0 };
    let in_margins = |difference: f64| sign * difference / margin;
    let [low, high] = evidence.interval.map(in_margins);
    let estimate = in_margins(evidence.difference);
    if ![low, high, estimate].iter().all(|value| value.is_finite()) {
        return Shown::Nothing;
    }
    // Only where the protocol measures what was published.
    let published = under.reproduced.as_ref().map(|numbers| in_margins(numbers.a.published - numbers.b.published));
    Shown::Difference { estimate, interval: [low.min(high), low.max(high)], published }
}

fn numbers(under: &ProtocolVerdict) -> String {
    match &under.evidence {
        Some(evidence) => {
            let decimals = decimals_of(evidence.interval);
            let [low, high] = evidence.interval.map(|end| plain(end, decimals));
            format!("{} ({low} to {high})", signed(evidence.difference, decimals))
        }
        None if under.inside.is_empty() => "no evidence".to_owned(),
        None => {
            let within = under.inside.iter().filter(|inside| inside.number.inside).count();
            format!("{within} of {} inside", under.inside.len())
        }
    }
}

/// Colour, shape and word say the same.
fn sign(verdict: Verdict) -> (Mark, Colour) {
    match verdict {
        Verdict::Supported => (Mark::Up, theme::GREEN),
        Verdict::Contradicted => (Mark::Down, theme::VERMILION),
        Verdict::NoDifference => (Mark::Square, theme::BLUE),
        Verdict::Undecided => (Mark::Ring, theme::ORANGE),
        Verdict::Untestable => (Mark::Cross, theme::QUIET_INK),
    }
}

const MARGIN: f64 = 30.0;
const LEFT: f64 = 340.0;
const PLOT: f64 = 780.0;
const WORD: f64 = 24.0;
const NUMBERS: f64 = 236.0;
const RIGHT: f64 = 394.0;
const WIDTH: f64 = LEFT + PLOT + NUMBERS + RIGHT;
const TOP: f64 = 64.0;
const ROW: f64 = 38.0;
/// Of a panel's axis: its ticks and its label.
const AXIS: f64 = 100.0;
const BETWEEN: f64 = 40.0;

const SMALL: Type = Type::new(theme::SMALL_SIZE, theme::QUIET_INK, HPos::Left);
const TEXT: Type = Type::new(theme::TEXT_SIZE, theme::INK, HPos::Left);

impl Figure for Forest {
    fn size(&self) -> Result<(u32, u32), PlotError> {
        let panels: f64 = self.panels().iter().map(|(rows, _)| rows.len() as f64 * ROW + AXIS).sum();
        let between = (self.panels().len().max(1) - 1) as f64 * BETWEEN;
        let height = TOP + panels + between + self.key()?.len() as f64 * KEY_LINE + 16.0;
        Ok((WIDTH as u32, height as u32))
    }

    fn description(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (verdict, _) in self.protocols() {
            *counts.entry(verdict.words()).or_default() += 1;
        }
        let counts: Vec<String> = counts.into_iter().map(|(words, count)| format!("{count} {words}")).collect();
        let claims = if self.claims == 1 { "one claim".to_owned() } else { format!("{} claims", self.claims) };
        format!("forest plot of {claims} under their protocols, differences in margins of the claim: {}", list(&counts))
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Result<(), PlotError> {
        let mut top = TOP;
        for (rows, label) in self.panels() {
            let frame = Frame { left: LEFT, top, right: LEFT + PLOT, bottom: top + rows.len() as f64 * ROW };
            let strips = Strips::new(canvas, frame, Axis::squeezed(self.reach()), rows.len());
            strips.axis(label)?;
            for block in blocks(rows) {
                ground(canvas, &strips, block)?;
            }
            for (i, row) in rows.iter().enumerate() {
                row.draw(canvas, &strips, i)?;
            }
            top = frame.bottom + AXIS + BETWEEN;
        }
        let sides = [("← against the claim", HPos::Left, LEFT), ("as claimed →", HPos::Right, LEFT + PLOT)];
        if !self.compared.is_empty() {
            for (words, align, x) in sides {
                canvas.text(words, (x, TOP - 22.0), Type { align, ..SMALL })?;
            }
            canvas.text("a − b and its interval", (LEFT + PLOT + NUMBERS, TOP - 22.0), SMALL)?;
        }
        let key = self.key()?;
        key::draw(canvas, &key, (MARGIN, top - BETWEEN + 0.76 * theme::SMALL_SIZE))
    }
}

impl Forest {
    /// The panels that have rows, with the labels of their axes.
    fn panels(&self) -> Vec<(&[Row], &'static str)> {
        let compared = (self.compared.as_slice(), "difference in margins of the claim, positive as claimed");
        let inside = (self.inside.as_slice(), "published number − our mean, in half-widths of the prediction interval");
        [compared, inside].into_iter().filter(|(rows, _)| !rows.is_empty()).collect()
    }

    fn key(&self) -> Result<Vec<String>, PlotError> {
        let parts = [
            format!("bar: interval at level {} of the mean paired difference", list(&self.levels)),
            "grey band: the margin, where differences do not matter".to_owned(),
            "open diamond: published".to_owned(),
            "beyond ±1 the axis is compressed".to_owned(),
        ];
        let inside = "grey band of the lower part: our prediction interval".to_owned();
        let mut shown: Vec<String> = parts.to_vec();
        if self.compared.is_empty() {
            shown.drain(..2);
        }
        if !self.inside.is_empty() {
            shown.push(inside);
        }
        key::lines(&shown, WIDTH - 2.0 * MARGIN)
    }
}

impl Row {
    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>, strips: &Strips<B>, i: usize) -> Result<(), PlotError> {
        let y = strips.y(i);
        let (name, verdict, shown, numbers) = match self {
            Self::Claim { id, words } => return claim_head(canvas, y, id, words),
            Self::Protocol { name, verdict, shown, numbers } => (name, *verdict, shown, numbers),
        };
        strips.name(i, name)?;
        let (mark, colour) = sign(verdict);
        match shown {
            Shown::Difference { estimate, interval, published } => {
                if let Some(published) = published {
                    Mark::OpenDiamond.draw(canvas, (strips.x(*published), y), 12.0, theme::INK)?;
                }
                level_bar(canvas, interval.map(|end| strips.x(end)), y, Stroke::solid(colour, theme::MARK_WIDTH))?;
                mark.draw(canvas, (strips.x(*estimate), y), theme::mark_radius(mark), colour)?;
            }
            Shown::Numbers(numbers) => {
                for number in numbers {
                    Mark::OpenDiamond.draw(canvas, (strips.x(*number), y), 11.0, theme::INK)?;
                }
            }
            Shown::Nothing => {}
        }
        let x = LEFT + PLOT + WORD;
        mark.draw(canvas, (x, y), theme::mark_radius(mark), colour)?;
        canvas.text(
            verdict.words(),
            (x + 20.0, y + HALF_RISE * theme::SMALL_SIZE),
            Type { colour: theme::INK, ..SMALL },
        )?;
        canvas.text(numbers, (LEFT + PLOT + NUMBERS, y + HALF_RISE * theme::SMALL_SIZE), SMALL)
    }
}

/// Rows of protocols that follow one another: grid and margin stop for the words between them.
fn blocks(rows: &[Row]) -> Vec<Range<usize>> {
    let mut blocks: Vec<Range<usize>> = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        match (row, blocks.last_mut()) {
            (Row::Claim { .. }, _) => {}
            (Row::Protocol { .. }, Some(block)) if block.end == i => block.end += 1,
            (Row::Protocol { .. }, _) => blocks.push(i..i + 1),
        }
    }
    blocks
}

/// Grid, margin and zero behind rows.
fn ground<B: DrawingBackend>(canvas: &Canvas<B>, strips: &Strips<B>, rows: Range<usize>) -> Result<(), PlotError> {
    let [top, bottom] = strips.ends(rows.clone());
    let [left, zero, right] = [-1.0, 0.0, 1.0].map(|end| strips.x(end));
    canvas.area(
        &[(left, top), (right, top), (right, bottom), (left, bottom)],
        theme::QUIET_INK,
        theme::BAND_OPACITY,
    )?;
    strips.grid(rows)?;
    canvas.line(&[(zero, top), (zero, bottom)], Stroke::solid(theme::INK, theme::AXIS_WIDTH))
}

/// A claim's name and what it compares, over the whole width.
fn claim_head<B: DrawingBackend>(canvas: &Canvas<B>, y: f64, id: &str, words: &str) -> Result<(), PlotError> {
    let above = y - 0.5 * ROW;
    canvas
        .line(&[(MARGIN, above + 2.0), (WIDTH - MARGIN, above + 2.0)], Stroke::solid(theme::GRID, theme::AXIS_WIDTH))?;
    let baseline = y + HALF_RISE * theme::TEXT_SIZE;
    let bold = Type { bold: true, ..TEXT };
    canvas.text(id, (MARGIN, baseline), bold)?;
    canvas.text(words, (MARGIN + super::canvas::text_width(id, bold)? + 16.0, baseline), SMALL)
}
