//! What the claims of an experiment share: its figures, its protocols, what its design gives away, its searches.

use maud::{Markup, html};

use super::words::{capital, count};
use super::{Figure, Material, budget, design, slug, spread};
use crate::checks::Finding;
use crate::checks::budget_curve::Budget;
use crate::claims::numbers::list;
use crate::claims::spread::Spread;
use crate::protocols::differences::SideBySide;

/// The parts of the material that are about one experiment.
pub struct Shared<'a> {
    name: &'a str,
    figures: &'a [Figure],
    pub protocols: Option<&'a SideBySide>,
    findings: Vec<&'a Finding>,
    budget: Option<&'a Budget>,
    spread: Option<&'a Spread>,
}

impl<'a> Shared<'a> {
    pub fn new(material: &'a Material, name: &'a str) -> Self {
        Self {
            name,
            figures: material.figures.get(name).map(Vec::as_slice).unwrap_or_default(),
            protocols: material.checks.protocols.iter().find(|sides| sides.experiment == name),
            findings: material.checks.findings.iter().filter(|finding| finding.experiment == name).collect(),
            budget: material.budgets.get(name),
            spread: material.spreads.get(name).filter(|spread| !spread.shares.is_empty()),
        }
    }

    /// What there is, in words; nothing if there is nothing.
    fn contents(&self) -> Vec<String> {
        let mut contents = Vec::new();
        if !self.figures.is_empty() {
            contents.push(count(self.figures.len(), "figure"));
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
                (figures(shared.figures))
                @if let Some(sides) = shared.protocols { (design::protocols(sides)) }
                (design::checks(&shared.findings))
                @if let Some(budget) = shared.budget { (budget::table(budget)) }
                @if let Some(spread) = shared.spread { (spread::shares(spread)) }
            }
        }
    }
}

/// The first is shown at once, the others on demand.
fn figures(figures: &[Figure]) -> Markup {
    html! {
        @if let [first, more @ ..] = figures {
            h4 { "Figures" }
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
