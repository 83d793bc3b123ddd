//! What the claims of an experiment share: its figures, its protocols, what its design gives away, its searches.

use maud::{Markup, html};

use super::words::{capital, count};
use super::{Figure, Material, budget, design, slug, spread};
use crate::checks::budget_curve::Budget;
use crate::checks::finding::Finding;
use crate::claims::numbers::list;
use crate::claims::spread::Spread;
use crate::protocols::sides::SideBySide;

/// What a figure is about: it stands beside the tables on the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topic {
    Results,
    Searches,
    Spread,
}

impl Topic {
    /// By the beginning of its name.
    fn of(figure: &Figure) -> Self {
        match figure.name.split('-').next() {
            Some("budget" | "tuning") => Self::Searches,
            Some("repeats" | "variance") => Self::Spread,
            _ => Self::Results,
        }
    }
}

/// The parts of the material that are about one experiment.
pub struct Shared<'a> {
    name: &'a str,
    /// The figures of its results, of its searches, and of the spread of its runs.
    results: Vec<&'a Figure>,
    searches: Vec<&'a Figure>,
    sources: Vec<&'a Figure>,
    pub protocols: Option<&'a SideBySide>,
    findings: Vec<&'a Finding>,
    budget: Option<&'a Budget>,
    spread: Option<&'a Spread>,
}

impl<'a> Shared<'a> {
    pub fn new(material: &'a Material, name: &'a str) -> Self {
        let figures = material.figures.get(name).map(Vec::as_slice).unwrap_or_default();
        let on = |topic: Topic| figures.iter().filter(|figure| Topic::of(figure) == topic).collect();
        Self {
            name,
            results: on(Topic::Results),
            searches: on(Topic::Searches),
            sources: on(Topic::Spread),
            protocols: material.checks.protocols.iter().find(|sides| sides.experiment == name),
            findings: material.checks.findings.iter().filter(|finding| finding.experiment == name).collect(),
            budget: material.budgets.get(name),
            spread: material.spreads.get(name).filter(|spread| !spread.shares.is_empty()),
        }
    }

    /// What there is, in words; nothing if there is nothing.
    fn contents(&self) -> Vec<String> {
        let mut contents = Vec::new();
        let figures = self.results.len() + self.searches.len() + self.sources.len();
        if figures > 0 {
            contents.push(count(figures, "figure"));
        }
        if self.protocols.is_some() {
            contents.push("protocols side by side".to_owned());
        }
        if !self.findings.is_empty() {
            contents.push(design::counted(&self.findings));
        }
        if self.budget.is_some() {
            contents.push("search budgets".to_owned());
        }
        if self.spread.is_some() {
            contents.push("sources of spread".to_owned());
        }
        contents
    }

    /// From a claim to here; nothing if there is nothing here.
    pub fn link(&self) -> Markup {
        let contents = self.contents();
        html! {
            @if !contents.is_empty() {
                p {
                    "Shared with the other claims on it: see " a href={ "#" (self.anchor()) } { "the experiment " (self.name) }
                    " for " (list(&contents)) "."
                }
            }
        }
    }

    fn anchor(&self) -> String {
        format!("_experiment-{}", slug(self.name))
    }
}

pub fn evidence(shared: &Shared) -> Markup {
    let contents = shared.contents();
    html! {
        @if !contents.is_empty() {
            details.experiment id=(shared.anchor()) data-experiment=(shared.name) {
                summary {
                    h3 { "Experiment " (shared.name) }
                    span.quiet { (contents.join(" · ")) }
                }
                @if !shared.results.is_empty() {
                    h4 { "Figures" }
                    (figures(&shared.results))
                }
                @if let Some(sides) = shared.protocols { (design::protocols(sides)) }
                (design::checks(&shared.findings))
                @if shared.budget.is_some() || !shared.searches.is_empty() {
                    h4 { "Searches" }
                    (figures(&shared.searches))
                    @if let Some(budget) = shared.budget { (budget::table(budget)) }
                }
                @if shared.spread.is_some() || !shared.sources.is_empty() {
                    h4 { "Where the spread comes from" }
                    (figures(&shared.sources))
                    @if let Some(spread) = shared.spread { (spread::shares(spread)) }
                }
            }
        }
    }
}

/// The first is shown at once, the others on demand.
fn figures(figures: &[&Figure]) -> Markup {
    html! {
        @if let [first, more @ ..] = figures {
            (first.markup(&caption(first)))
            @if !more.is_empty() {
                details.more {
                    summary { (count(more.len(), "more figure")) }
                    @for figure in more { (figure.markup(&caption(figure))) }
                }
            }
        }
    }
}

fn caption(figure: &Figure) -> String {
    if figure.title.is_empty() { String::new() } else { format!("{}.", capital(&figure.title)) }
}
