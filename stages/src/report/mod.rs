//! What a person reads at the end: one page that needs nothing but itself, and a summary in Markdown.
//!
//! Templates are `maud`'s: whatever is put into one is escaped.

mod page; // the whole page
mod policy; // what may act in it
mod style; // the style sheet
mod overview; // the verdicts at a glance
mod interval; // an interval as a row of a table shows it
mod evidence; // what each experiment's claims rest on
mod claim; // one claim's evidence
mod tables; // its tables
mod amendments; // criteria changed after results existed
mod again; // how to run it again, and where it came from
mod experiment; // what the claims of an experiment share
mod design; // protocols side by side, and checks without training
mod budget; // the best of n trials
mod spread; // what a single run leaves open
mod figure; // figures inside the page
mod rules; // how a verdict is reached
mod summary; // the same in Markdown
pub mod protocols; // protocols side by side
pub(crate) mod wrap; // text in lines of a given width
mod junit; // for continuous integration
mod words; // sentences that both share

use std::collections::BTreeMap;

pub use figure::{Figure, FigureError};
pub use junit::junit;
pub use page::page;
pub use summary::{for_pull_request, summary};
use thiserror::Error;

use crate::checks::budget_curve::Budget;
use crate::checks::finding::Checks;
use crate::claims::spread::Spread;
use crate::claims::verdict::Verdicts;
use crate::plots::PlotError;

/// Experiment -> its figures, in the order in which they are shown.
pub type Figures = BTreeMap<String, Vec<Figure>>;

/// Experiment -> what its repeated runs say.
pub type Spreads = BTreeMap<String, Spread>;

/// All that the page is made from.
#[derive(Debug, Clone)]
pub struct Material {
    pub verdicts: Verdicts,
    pub figures: Figures,
    pub spreads: Spreads,
    pub checks: Checks,
    /// Experiment -> the best of n trials.
    pub budgets: BTreeMap<String, Budget>,
    /// Experiment -> the stages whose runs its claims rest on, as `retrial repro` takes them.
    pub stages: BTreeMap<String, Vec<String>>,
}

impl Material {
    /// Verdicts, and nothing else yet.
    pub fn of(verdicts: Verdicts) -> Self {
        Self {
            verdicts,
            figures: Figures::new(),
            spreads: Spreads::new(),
            checks: Checks::default(),
            budgets: BTreeMap::new(),
            stages: BTreeMap::new(),
        }
    }
}

/// Why there is no report.
#[derive(Debug, Error)]
pub enum ReportError {
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error(transparent)]
    Figure(#[from] FigureError),
}

/// A name that is safe in file names and anchors: letters, digits, `-` and `.` stay, all else becomes `_` and its code.
/// Different names stay different.
pub fn slug(name: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    name.bytes().map(|byte| if safe(byte) { (byte as char).to_string() } else { format!("_{byte:02X}") }).collect()
}
