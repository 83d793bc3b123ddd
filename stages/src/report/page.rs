//! The whole page: headline, the verdicts at a glance, the evidence for each claim, and how a verdict is reached.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::overview::overview;
use super::rules::rules;
use super::words::{headline, title};
use super::{Figure, Material, ReportError, evidence, policy, style};
use crate::claims::verdict::Verdicts;
use crate::plots::{self, forest::Forest};

/// Sorts and filters, where scripts run.
const SCRIPT: &str = include_str!("page.js");

/// The report as one HTML file. It loads nothing from elsewhere, and its own policy forbids that it ever could: only the
/// style sheet and the script that are part of this program may act in it.
///
/// Claims are anchored by the slugs of their ids; the sections' own anchors start with `_` and a small letter, as no slug
/// of a name does.
pub fn page(material: &Material) -> Result<String, ReportError> {
    let verdicts = &material.verdicts;
    let evidence = evidence::evidence(material)?;
    let title = title(verdicts);
    let sheet = style::sheet();
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy::policy(&sheet, SCRIPT));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "retrial: " (title) }
                style { (PreEscaped(&sheet)) }
            }
            body {
                header {
                    p.brand { "retrial" }
                    h1 { (title) }
                    p.lede { (headline(verdicts).join(" ")) }
                }
                main {
                    (overview(verdicts))
                    (forest(verdicts)?)
                    section aria-labelledby="_evidence" {
                        h2 id="_evidence" { "Evidence" }
                        (evidence)
                    }
                    (rules(verdicts))
                }
                footer {
                    p {
                        "This page holds all that it shows and loads nothing from elsewhere. Its one script sorts and filters "
                        "the table of verdicts."
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(markup.into_string())
}

/// All claims on one axis.
fn forest(verdicts: &Verdicts) -> Result<Markup, ReportError> {
    let Some(forest) = Forest::new(verdicts) else { return Ok(html! {}) };
    Ok(Figure::parse(&plots::svg(&forest)?)?.markup("All claims on one axis: differences in margins of their claims."))
}
