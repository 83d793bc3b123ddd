//! A claim file (`claims/*.yaml`): what a source claims, and what would settle it. `docs/claims.md` explains each field.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize};

/// One file: a source and its claims.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimFile {
    pub source: Source,
    /// What is known to be wrong with the source's procedure, by short name.
    #[serde(default)]
    pub defects: BTreeMap<String, Defect>,
    pub claims: Vec<Claim>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub title: String,
    #[serde(default)]
    pub figure: Option<String>,
    #[serde(default)]
    pub note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defect {
    pub summary: String,
    /// The protocols that have the defect; none if only the source has it.
    pub protocols: Vec<String>,
    /// Whether it is believed to decide the published verdict by itself.
    #[serde(default)]
    pub decisive: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    pub id: String,
    /// The claim in our words.
    pub statement: String,
    pub experiment: String,
    pub comparison: Comparison,
    /// Differences up to this size do not matter: the equivalence margin, in the metric's unit; more than 0.
    #[serde(deserialize_with = "positive")]
    pub margin: f64,
    /// The chance of a wrong "supported" or "contradicted" that is put up with, over all claims of a study together;
    /// between 0 and 1.
    #[serde(default = "five_per_cent", deserialize_with = "level")]
    pub alpha: f64,
    #[serde(default)]
    pub published: Option<Published>,
    /// Protocol -> what it changes in the comparison (often nothing), in the order of the file.
    pub protocols: Vec<ProtocolComparison>,
    /// Further comparisons, reported beside the verdict under every protocol.
    #[serde(default)]
    pub controls: Vec<Control>,
}

fn five_per_cent() -> f64 {
    0.05
}

/// `a` against `b`: the claim is that `metric` is `direction` for `a` than for `b`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    pub a: String,
    pub b: String,
    pub metric: String,
    pub at: At,
    pub direction: Direction,
}

/// The epoch whose value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum At {
    /// The last epoch.
    Last,
    /// The first epoch with the least `val_loss`.
    Best,
}

impl fmt::Display for At {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Self::Last => "last",
            Self::Best => "best",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    Higher,
    Lower,
}

impl Direction {
    /// Whether a difference `a − b` has this direction.
    pub fn agrees(self, difference: f64) -> bool {
        match self {
            Self::Higher => difference > 0.0,
            Self::Lower => difference < 0.0,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
        })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The published values of the comparison's metric. Which is the higher is what the source found.
    #[serde(deserialize_with = "finite")]
    pub a: f64,
    #[serde(deserialize_with = "finite")]
    pub b: f64,
    /// What the source concludes, in its own word or two.
    pub verdict: String,
    /// Method -> the published figure's curve of the comparison's metric, one value an epoch.
    #[serde(default)]
    pub curves: BTreeMap<String, Vec<f64>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolComparison {
    pub protocol: String,
    /// The metric under this protocol, where it differs.
    #[serde(default)]
    pub metric: Option<String>,
}

/// A comparison that differs from the claim's in what it names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    pub name: String,
    #[serde(default)]
    pub a: Option<String>,
    #[serde(default)]
    pub b: Option<String>,
    #[serde(default)]
    pub at: Option<At>,
}

fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let expected = "a number greater than 0";
    deserializer.deserialize_f64(Number { accepts: |value| value > 0.0 && value.is_finite(), expected })
}

fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let expected = "a number between 0 and 1, such as 0.05";
    deserializer.deserialize_f64(Number { accepts: |value| value > 0.0 && value < 1.0, expected })
}

fn finite<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    deserializer.deserialize_f64(Number { accepts: f64::is_finite, expected: "a finite number" })
}

/// A number within bounds. They are checked while the value is read, so that the error knows its line.
struct Number {
    accepts: fn(f64) -> bool,
    expected: &'static str,
}

impl Visitor<'_> for Number {
    type Value = f64;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(self.expected)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
        if (self.accepts)(value) { Ok(value) } else { Err(E::invalid_value(Unexpected::Float(value), &self)) }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<f64, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<f64, E> {
        self.visit_f64(value as f64)
    }
}
