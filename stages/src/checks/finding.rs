//! What checks find, as data: reports show it without the code that trains.

use serde::{Deserialize, Serialize};

use crate::protocols::sides::SideBySide;

/// The content of `checks.json`: what was looked at, whether it gives concern or not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Checks {
    /// In order of experiment, then of [`Check`].
    pub findings: Vec<Finding>,
    /// The protocols of each experiment side by side.
    #[serde(default)]
    pub protocols: Vec<SideBySide>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub experiment: String,
    pub check: Check,
    /// The protocols that it is about; none: the source itself.
    pub protocols: Vec<String>,
    /// Whether a reader should think twice.
    pub concern: bool,
    /// What was found, in one sentence without its full stop.
    pub sentence: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Is a best value near an end of its range?
    SearchEdge,
    /// Does a method's search space contain the baseline?
    Nesting,
    /// Do all methods get the same budget, and trials the length of final runs?
    Budget,
    /// What chooses epochs and hyper-parameters?
    Selection,
    /// Can so many samples give the reported accuracy?
    Grim,
}

impl Check {
    pub fn words(self) -> &'static str {
        match self {
            Self::SearchEdge => "search edge",
            Self::Nesting => "nesting",
            Self::Budget => "budget",
            Self::Selection => "selection",
            Self::Grim => "reported numbers",
        }
    }
}
