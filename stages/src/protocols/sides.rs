//! Protocols side by side, as data: what `differences` finds, and reports show without the code that trains.

use serde::{Deserialize, Serialize};

/// What stands where a protocol does without what a field is about.
pub(super) const NOT_RUN: &str = "not run";

/// An experiment's protocols side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SideBySide {
    pub experiment: String,
    pub protocols: Vec<String>,
    pub fields: Vec<Field>,
}

/// A decision, as each protocol takes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    pub name: String,
    pub values: Vec<String>,
}

impl Field {
    pub fn differs(&self) -> bool {
        self.values.windows(2).any(|pair| pair[0] != pair[1])
    }
}

impl SideBySide {
    /// The fields in which two protocols differ, of what both run; none if one of them is not here.
    pub fn between(&self, first: &str, second: &str) -> Option<Vec<&str>> {
        let place = |name: &str| self.protocols.iter().position(|protocol| protocol == name);
        let (first, second) = (place(first)?, place(second)?);
        let differ = self.fields.iter().filter(|field| {
            let (first, second) = (&field.values[first], &field.values[second]);
            first != second && first != NOT_RUN && second != NOT_RUN
        });
        Some(differ.map(|field| field.name.as_str()).collect())
    }
}
