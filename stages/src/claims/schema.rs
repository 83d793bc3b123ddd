//! A claim file (`claims/*.yaml`): what a source claims, and what would settle it. `docs/claims.md` explains each field.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use super::at::{At, BestBy, Take};
use super::fields::{date, digest, finite, positive, positive_scale, said};
pub use super::side::Side;
use super::verdict::Verdict;

/// One file: a source and its claims.
#[derive(Debug, Clone, PartialEq, Deserialize)]
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

/// A claim; `written.rs` reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    pub id: String,
    /// The claim in our words.
    pub statement: String,
    pub experiment: String,
    /// The parameter that lists the seeds which it rests on, where that is not the usual one.
    pub seeds: Option<String>,
    pub question: Question,
    /// The chance of a wrong "supported" or "contradicted" that is put up with, over all claims of a study together;
    /// between 0 and 1.
    pub alpha: f64,
    pub published: Option<Published>,
    /// Protocol -> what it changes in the comparison (often nothing), in the order of the file.
    pub protocols: Vec<ProtocolComparison>,
    /// Further comparisons, reported beside the verdict under every protocol.
    pub controls: Vec<Control>,
    /// Controls of the judgement itself, under every protocol.
    pub court: Vec<Court>,
    /// How the criterion was changed after the claim was first judged.
    pub amendments: Vec<OwnedAmendment>,
}

/// A change of a claim's criterion that its file owns up to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnedAmendment {
    /// The day: YYYY-MM-DD.
    #[serde(deserialize_with = "date")]
    pub date: String,
    /// The digest of the criterion until then.
    #[serde(deserialize_with = "digest")]
    pub was: String,
    #[serde(deserialize_with = "said")]
    pub why: String,
}

/// What would settle a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// How do two sides compare?
    Compare {
        comparison: Comparison,
        /// Differences up to this size do not matter: the equivalence margin, in the metric's unit; more than 0.
        margin: f64,
    },
    /// Do published numbers lie where one more run of ours would?
    PublishedInside(Vec<PublishedValue>),
}

impl Claim {
    /// What is compared, where the claim compares.
    pub fn comparison(&self) -> Option<&Comparison> {
        match &self.question {
            Question::Compare { comparison, .. } => Some(comparison),
            Question::PublishedInside(_) => None,
        }
    }

    pub fn margin(&self) -> Option<f64> {
        match self.question {
            Question::Compare { margin, .. } => Some(margin),
            Question::PublishedInside(_) => None,
        }
    }
}

/// `a` against `b`: the claim is that `metric` is `direction` for `a` than for `b`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    pub a: Side,
    pub b: Side,
    /// What is compared, unless a side names its own.
    pub metric: String,
    pub at: At,
    /// What decides which epoch is the best.
    #[serde(default, skip_serializing_if = "BestBy::is_default")]
    pub best_by: BestBy,
    pub direction: Direction,
    /// The rows that an accuracy is a share of, where the tables have no `test_size`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
}

impl Comparison {
    /// The method and metric of a side; none for a fixed value.
    pub fn measured<'a>(&'a self, side: &'a Side) -> Option<(&'a str, &'a str)> {
        match side {
            Side::Of { method, metric } => Some((method, metric.as_ref().unwrap_or(&self.metric))),
            Side::Value(_) => None,
        }
    }

    /// The comparison as a protocol, and perhaps a control, changes it.
    pub fn under(&self, protocol: Option<&ProtocolComparison>, control: Option<&Control>) -> Self {
        let mut comparison = self.clone();
        if let Some(metric) = protocol.and_then(|protocol| protocol.metric.as_ref()) {
            comparison.metric.clone_from(metric);
        }
        if let Some(Control { a, b, metric, at, .. }) = control {
            comparison.a = a.clone().unwrap_or(comparison.a);
            comparison.b = b.clone().unwrap_or(comparison.b);
            comparison.metric = metric.clone().unwrap_or(comparison.metric);
            comparison.at = at.unwrap_or(comparison.at);
        }
        comparison
    }

    /// "last epoch", "best epoch by val_accuracy", "mean over all epochs".
    pub fn when(&self) -> String {
        self.at.words(self.best_by)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    Higher,
    Lower,
    /// Either: the claim is that there is a difference.
    Different,
}

impl Direction {
    /// Whether a difference `a − b` has this direction.
    pub fn agrees(self, difference: f64) -> bool {
        match self {
            Self::Higher => difference > 0.0,
            Self::Lower => difference < 0.0,
            Self::Different => difference != 0.0,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::Different => "different",
        })
    }
}

/// What the source published, in the metric's unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// The published values of the comparison's metric. Which is the higher is what the source found.
    pub a: f64,
    pub b: f64,
    /// What the source concludes, in its own word or two.
    pub verdict: String,
    /// Method -> the published figure's curve of the comparison's metric, one value an epoch.
    #[serde(default)]
    pub curves: BTreeMap<String, Vec<f64>>,
}

/// A published number of one method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedValue {
    pub method: String,
    pub metric: String,
    #[serde(default)]
    pub at: At,
    #[serde(default, skip_serializing_if = "BestBy::is_default")]
    pub best_by: BestBy,
    #[serde(deserialize_with = "finite")]
    pub value: f64,
    /// What the number as published is multiplied by to be in the metric's unit.
    #[serde(default = "one", deserialize_with = "positive_scale", skip_serializing_if = "is_one")]
    pub scale: f64,
    /// How far our prediction interval may reach from its middle, in the metric's unit: where it reaches further it can't tell.
    #[serde(default, deserialize_with = "positive", skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
}

pub(super) fn one() -> f64 {
    1.0
}

fn is_one(value: &f64) -> bool {
    *value == 1.0
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolComparison {
    pub protocol: String,
    /// Protocols that come to the same here, and are not run again: the source stated what it ran, say.
    #[serde(default)]
    pub also: Vec<String>,
    /// The metric under this protocol, where it differs.
    #[serde(default)]
    pub metric: Option<String>,
    /// The verdict that is expected: another one is reported as a failure.
    #[serde(default)]
    pub expect: Option<Verdict>,
}

/// A comparison that differs from the claim's in what it names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    pub name: String,
    #[serde(default)]
    pub a: Option<Side>,
    #[serde(default)]
    pub b: Option<Side>,
    #[serde(default)]
    pub metric: Option<String>,
    #[serde(default)]
    pub at: Option<At>,
}

/// A control whose outcome is known beforehand: it tries the judgement, not the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Court {
    /// One method's runs against its own other runs: there is nothing to find.
    Negative,
    /// The same with an effect added that matters: it must be found.
    Positive,
}

impl fmt::Display for Court {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Self::Negative => "negative",
            Self::Positive => "positive",
        })
    }
}
