//! Whether a machine computes what it should: `machine` looks at the one that this runs on, `device` holds a device's results against
//! the CPU's.

use std::fmt;

use serde::Serialize;

pub mod device;
pub mod machine;

/// What a look at one thing found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    pub subject: String,
    pub state: State,
    pub words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Pass,
    /// Worth knowing; nothing is wrong.
    Note,
    /// Results cannot be trusted, or runs will fail.
    Fail,
}

impl Finding {
    fn new(subject: impl Into<String>, state: State, words: impl Into<String>) -> Self {
        Self { subject: subject.into(), state, words: words.into() }
    }

    /// Pass, or fail.
    fn passes(subject: impl Into<String>, passes: bool, words: impl Into<String>) -> Self {
        Self::new(subject, if passes { State::Pass } else { State::Fail }, words)
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Pass => "pass",
            Self::Note => "note",
            Self::Fail => "FAIL",
        })
    }
}
