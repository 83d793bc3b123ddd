//! What a search did: the best score so far by trial, and every trial's score by each parameter's value.

use std::collections::BTreeMap;

use plotters::prelude::DrawingBackend;

use super::axis::Axis;
use super::canvas::{Canvas, Figure, PlotError, Stroke};
use super::grid::Grid;
use super::legend::{Legend, Sample};
use super::marks::Mark;
use super::palette::Palette;
use super::panel::{Frame, Panel};
use super::theme::{self, Colour};
use crate::search::elementary::Elementary;
use crate::search::space::Distribution;
use crate::search::study::{Direction, State, Study, Trial};
use crate::search::summary::{MARGIN, best_so_far};
use crate::statistics::describe;

/// The tunings of a protocol, one row a method.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning<'a> {
    protocol: String,
    methods: Vec<Tuned<'a>>,
    /// The parameters that were searched, those of most methods first: a column each.
    parameters: Vec<String>,
}

/// A method's searches, one a seed.
#[derive(Debug, Clone, PartialEq)]
struct Tuned<'a> {
    method: &'a str,
    colour: Colour,
    studies: Vec<&'a Study>,
}

impl<'a> Tuning<'a> {
    /// Of each method its searches, in order of their seeds; none where no trial has a score.
    pub fn new(protocol: &str, tunings: &BTreeMap<&'a str, Vec<&'a Study>>, palette: &Palette) -> Option<Self> {
        let of_method = |(method, studies): (&&'a str, &Vec<&'a Study>)| Tuned {
            method,
            colour: palette.colour(method),
            studies: studies.clone(),
        };
        let mut methods: Vec<Tuned> = tunings.iter().map(of_method).collect();
        methods.sort_by_key(|tuned| palette.methods().position(|name| name == tuned.method).unwrap_or(usize::MAX));

        let mut searched: BTreeMap<&str, usize> = BTreeMap::new();
        for tuned in &methods {
            for parameter in tuned.space().keys() {
                *searched.entry(parameter).or_default() += 1;
            }
        }
        let mut parameters: Vec<(&str, usize)> = searched.into_iter().collect();
        parameters.sort_by_key(|(_, methods)| std::cmp::Reverse(*methods));
        let parameters = parameters.into_iter().map(|(name, _)| name.to_owned()).collect();
        let figure = Self { protocol: protocol.to_owned(), parameters, methods };
        (!figure.scores().is_empty()).then_some(figure)
    }

    fn direction(&self) -> Direction {
        let first = self.methods.iter().flat_map(|tuned| &tuned.studies).next();
        first.map_or(Direction::Minimize, |study| study.direction)
    }

    /// Of all trials that have one.
    fn scores(&self) -> Vec<f64> {
        let studies = self.methods.iter().flat_map(|tuned| &tuned.studies);
        studies.flat_map(|study| study.trials()).filter_map(score).collect()
    }

    /// What the best so far went through.
    fn best(&self) -> Axis {
        let studies = self.methods.iter().flat_map(|tuned| &tuned.studies);
        let bests = studies.flat_map(|study| best_so_far(study)).flatten().filter(|best| best.is_finite());
        let ends = (f64::INFINITY, f64::NEG_INFINITY);
        let (low, high) = bests.fold(ends, |(low, high), best| (low.min(best), high.max(best)));
        let room = 0.06 * (high - low);
        Axis::new(low - room, high + room, 6)
    }

    /// From the best score to the worst, but for trials so bad that they would press all others flat: those lie at the
    /// axis's end.
    fn axis(&self) -> Axis {
        let scores = self.scores();
        let sign = if self.direction() == Direction::Minimize { 1.0 } else { -1.0 };
        let badness: Vec<f64> = scores.iter().map(|score| sign * score).collect();
        let [best, usual, worst] = [0.0, 0.75, 1.0].map(|q| describe::quantile(&badness, q));
        let worst = worst.min(best + 4.0 * (usual - best).max(f64::MIN_POSITIVE));
        let room = 0.06 * (worst - best);
        let ends = [sign * (best - room), sign * (worst + room)];
        Axis::new(ends[0].min(ends[1]), ends[0].max(ends[1]), 6)
    }
}

fn score(trial: &Trial) -> Option<f64> {
    let scored = matches!(trial.state, State::Complete | State::Pruned);
    trial.value.filter(|value| scored && value.is_finite())
}

impl Tuned<'_> {
    /// What was searched; parameters of a single value are no search.
    fn space(&self) -> BTreeMap<&str, &Distribution> {
        let trials = self.studies.iter().flat_map(|study| study.trials());
        let chosen = trials.flat_map(|trial| &trial.parameters);
        let searched = chosen.filter(|(_, chosen)| chosen.distribution.only_value().is_none());
        searched.map(|(name, chosen)| (name.as_str(), &chosen.distribution)).collect()
    }

    fn remark(&self) -> String {
        let trials: usize = self.studies.iter().map(|study| study.trials().len()).sum();
        match self.studies.len() {
            1 => format!("1 tuning, {trials} trials"),
            tunings => format!("{tunings} tunings, {trials} trials in all"),
        }
    }
}

const HEIGHT: f64 = 250.0;
/// Trials have an axis of their own, left of the parameters' panels.
const SHIFT: f64 = 106.0;
const BEST: f64 = 9.0;
const TRIAL: f64 = 5.0;

impl Figure for Tuning<'_> {
    fn size(&self) -> Result<(u32, u32), PlotError> {
        let grid = self.grid()?;
        Ok((grid.width() as u32, grid.height() as u32))
    }

    fn description(&self) -> String {
        let methods: Vec<&str> = self.methods.iter().map(|tuned| tuned.method).collect();
        format!(
            "tuning under {}: best score so far by trial, and score by value of {}, for {}",
            self.protocol,
            self.parameters.join(", "),
            methods.join(", ")
        )
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Result<(), PlotError> {
        let grid = self.grid()?;
        self.legend(&grid)?.draw(canvas)?;
        for (row, tuned) in self.methods.iter().enumerate() {
            let longest = tuned.studies.iter().map(|study| study.trials().len()).max().unwrap_or(0);
            let panel = Panel::new(canvas, grid.frame(0, row), Axis::whole(1, longest as u32, 6), self.best());
            panel.axes("trial", Some("best score so far"))?;
            panel.title(tuned.method, &tuned.remark())?;
            for study in &tuned.studies {
                panel
                    .line(&steps(study), Stroke { opacity: 0.8, ..Stroke::solid(tuned.colour, theme::BEHIND_WIDTH) })?;
            }
            let space = tuned.space();
            for (column, name) in self.parameters.iter().enumerate() {
                let Some(distribution) = space.get(name.as_str()) else { continue };
                let span = Span::new(distribution, if grid.columns > 3 { 4 } else { 5 });
                let panel = Panel::new(canvas, shifted(grid.frame(column + 1, row)), span.axis.clone(), self.axis());
                panel.axes(name, (column == 0).then(|| label(self.direction())))?;
                self.trials(canvas, &panel, tuned, name, &span)?;
            }
        }
        Ok(())
    }
}

impl Tuning<'_> {
    fn grid(&self) -> Result<Grid, PlotError> {
        let columns = self.parameters.len() + 1;
        let width = if columns > 3 { 276.0 } else { 400.0 };
        let mut grid = Grid {
            columns,
            rows: self.methods.len(),
            panel: (width, HEIGHT),
            gap: (44.0, 200.0),
            left: 140.0,
            top: 0.0,
            right: 30.0 + SHIFT,
            below: 96.0,
        };
        grid.top = self.legend(&grid)?.height() + 112.0;
        Ok(grid)
    }

    fn legend(&self, grid: &Grid) -> Result<Legend, PlotError> {
        let trials = || self.methods.iter().flat_map(|tuned| &tuned.studies).flat_map(|study| study.trials());
        let any = |state| trials().any(|trial| trial.state == state);
        let mut samples = vec![
            (Sample::Mark(Mark::Dot, theme::QUIET_INK), "trial".to_owned()),
            (Sample::Mark(Mark::Diamond, theme::INK), "best of a tuning".to_owned()),
        ];
        if any(State::Pruned) {
            samples.insert(1, (Sample::Mark(Mark::Ring, theme::QUIET_INK), "given up early".to_owned()));
        }
        if any(State::Failed) {
            samples.insert(1, (Sample::Mark(Mark::Cross, theme::QUIET_INK), "no score".to_owned()));
        }
        if !self.parameters.is_empty() {
            samples.push((Sample::Line(edge()), "edge of the search".to_owned()));
            samples.push((Sample::Band(theme::QUIET_INK), "its outer 5 %".to_owned()));
        }
        Legend::new(samples, grid.left, grid.width() - grid.right)
    }

    fn trials<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        panel: &Panel<B>,
        tuned: &Tuned,
        name: &str,
        span: &Span,
    ) -> Result<(), PlotError> {
        let scores = self.axis();
        for [end, inner] in &span.ends {
            let upright = |x: f64| [(x, scores.low), (x, scores.high)];
            let corners = [upright(*end), upright(*inner)].concat();
            let places: Vec<_> = [0, 1, 3, 2].into_iter().map(|corner: usize| panel.place(corners[corner])).collect();
            canvas.area(&places, theme::QUIET_INK, theme::BAND_OPACITY)?;
            panel.line(&upright(*end), edge())?;
        }
        let worst = if self.direction() == Direction::Minimize { scores.high } else { scores.low };
        for study in &tuned.studies {
            for trial in study.trials() {
                let Some(x) = value(trial, name) else { continue };
                let (mark, colour, radius) = match trial.state {
                    State::Complete => (Mark::Dot, tuned.colour, TRIAL),
                    State::Pruned => (Mark::Ring, tuned.colour, TRIAL),
                    State::Failed => (Mark::Cross, theme::QUIET_INK, 7.0),
                    State::Running => continue,
                };
                mark.draw(canvas, panel.place((x, score(trial).unwrap_or(worst))), radius, colour)?;
            }
        }
        // Over all others.
        for best in tuned.studies.iter().filter_map(|study| study.best()) {
            if let Some((x, y)) = value(best, name).zip(score(best)) {
                Mark::Diamond.draw(canvas, panel.place((x, y)), BEST, theme::INK)?;
            }
        }
        Ok(())
    }
}

fn shifted(frame: Frame) -> Frame {
    Frame { left: frame.left + SHIFT, right: frame.right + SHIFT, ..frame }
}

fn value(trial: &Trial, name: &str) -> Option<f64> {
    let chosen = trial.parameters.get(name)?;
    chosen.distribution.internal(&chosen.value)
}

/// The best score so far, as a staircase: it changes where a trial ends.
fn steps(study: &Study) -> Vec<(f64, f64)> {
    let mut places: Vec<(f64, f64)> = Vec::new();
    for (i, best) in best_so_far(study).into_iter().enumerate() {
        let Some(best) = best.filter(|best| best.is_finite()) else { continue };
        let trial = i as f64 + 1.0;
        places.extend(places.last().map(|(_, before)| (trial, *before)));
        places.push((trial, best));
    }
    places
}

fn edge() -> Stroke {
    Stroke { dash: Some((9.0, 6.0)), ..Stroke::solid(theme::QUIET_INK, theme::AXIS_WIDTH) }
}

fn label(direction: Direction) -> &'static str {
    match direction {
        Direction::Minimize => "score (low is good)",
        Direction::Maximize => "score (high is good)",
    }
}

/// A parameter's axis, a little wider than what was searched.
struct Span {
    axis: Axis,
    /// Each edge of the search, and how far in a best value asks for a wider one.
    ends: Vec<[f64; 2]>,
}

/// Room beyond the edges, as a share of the range.
const ROOM: f64 = 0.06;

impl Span {
    fn new(distribution: &Distribution, ticks: usize) -> Self {
        let (low, high, log) = match distribution {
            Distribution::Float { low, high, log, .. } => (*low, *high, *log),
            Distribution::Int { low, high, log, .. } => (*low as f64, *high as f64, *log),
            Distribution::Categorical { choices } => {
                let names = choices.iter().enumerate().map(|(i, choice)| (i as f64, choice.to_string())).collect();
                return Self { axis: Axis::with_ticks(-0.5, choices.len() as f64 - 0.5, names), ends: Vec::new() };
            }
        };
        let along = |share: f64| {
            if log {
                let ratio = Elementary::Portable.ln(high / low);
                low * Elementary::Portable.exp(share * ratio)
            } else {
                low + share * (high - low)
            }
        };
        let (from, to) = (along(-ROOM), along(1.0 + ROOM));
        let axis = if log { Axis::log(from, to, ticks) } else { Axis::new(from, to, ticks) };
        Self { axis, ends: vec![[low, along(MARGIN)], [high, along(1.0 - MARGIN)]] }
    }
}
