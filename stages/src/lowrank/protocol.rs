//! The protocols of the low-rank experiment, as data: what each makes of the network and of the measurements.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::configuration::{Configuration, LowrankError, Part};

/// Whose version is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Name {
    /// What the source's code does, defects and all.
    AsRun,
    /// What its stored output of configuration I must have come from: the code as run, but γ applied once.
    AsPublished,
    /// What settles the question.
    Controlled,
}

/// A configuration under one protocol. Both ways to take the test loss and the refit are observed under every protocol
/// (`measure`, `refit`), so they are no part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocol {
    pub name: Name,
    /// How often γ is applied: f = γ^power · aᵀ act(W x).
    pub gamma_power: i32,
    pub outputs: Outputs,
    pub residue: Residue,
}

/// The law of the output weights a, before they are divided by √k.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outputs {
    /// −1 or 0: what came out where a Gaussian was meant. Half of the units are cut off, and with ReLU no prediction is positive.
    MinusOneOrZero,
    Normal,
    /// 1 or −1.
    Signs,
}

/// With which weights the residue r is taken whose direction X_Bᵀ r is compared with the gradient's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Residue {
    /// Those after the step, though the gradient was taken before it: a defect.
    AfterStep,
    BeforeStep,
}

impl Protocol {
    /// A configuration under a protocol.
    pub fn of(name: Name, configuration: &Configuration) -> Result<Self, LowrankError> {
        let third = configuration.part == Part::Third;
        let outputs = match name {
            Name::Controlled => Outputs::Signs,
            _ if third => Outputs::Normal,
            _ => Outputs::MinusOneOrZero,
        };
        match name {
            Name::AsRun => Ok(Self { name, gamma_power: 2, outputs, residue: Residue::AfterStep }),
            Name::AsPublished if third => Ok(Self { name, gamma_power: 1, outputs, residue: Residue::AfterStep }),
            Name::AsPublished => Err(LowrankError::NotUnderProtocol(configuration.id, name)),
            Name::Controlled => Ok(Self { name, gamma_power: 1, outputs, residue: Residue::BeforeStep }),
        }
    }
}

impl Name {
    const ALL: [Self; 3] = [Self::AsRun, Self::AsPublished, Self::Controlled];

    fn text(self) -> &'static str {
        match self {
            Self::AsRun => "as-run",
            Self::AsPublished => "as-published",
            Self::Controlled => "controlled",
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

impl FromStr for Name {
    type Err = LowrankError;

    fn from_str(text: &str) -> Result<Self, LowrankError> {
        let name = Self::ALL.into_iter().find(|name| name.text() == text);
        name.ok_or_else(|| LowrankError::UnknownProtocol(text.to_owned()))
    }
}
