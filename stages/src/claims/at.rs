//! When a run's value is taken: one epoch's, or what several come to.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// One number from a run's values of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum At {
    /// The last epoch's.
    #[default]
    Last,
    /// The best epoch's: the first that [`BestBy`] prefers.
    Best,
    /// The mean over all epochs, from epoch 1 to the last.
    Mean,
    /// The last epoch's less the least of all epochs: how far a loss has risen again.
    Rise,
    /// That of one epoch.
    Epoch(u32),
    /// The least, mean or greatest from one epoch to another, both included.
    Epochs { from: u32, to: u32, take: Take },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Take {
    Min,
    Mean,
    Max,
}

/// What decides which epoch of a run is its best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BestBy {
    /// The least.
    #[default]
    ValLoss,
    /// The greatest.
    ValAccuracy,
}

impl BestBy {
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub fn metric(self) -> &'static str {
        match self {
            Self::ValLoss => "val_loss",
            Self::ValAccuracy => "val_accuracy",
        }
    }
}

impl At {
    /// "last epoch", "best epoch by val_accuracy", "least over epochs 0 to 10".
    pub fn words(self, best_by: BestBy) -> String {
        match self {
            Self::Last => "last epoch".to_owned(),
            Self::Best if best_by.is_default() => "best epoch".to_owned(),
            Self::Best => format!("best epoch by {}", best_by.metric()),
            Self::Mean => "mean over all epochs".to_owned(),
            Self::Rise => "last epoch less the least".to_owned(),
            Self::Epoch(epoch) => format!("epoch {epoch}"),
            Self::Epochs { from, to, take } => {
                let take = match take {
                    Take::Min => "least",
                    Take::Mean => "mean",
                    Take::Max => "greatest",
                };
                format!("{take} over epochs {from} to {to}")
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Last,
    Best,
    Mean,
    Rise,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epochs: Option<[u32; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    take: Option<Take>,
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let none = Fields { epoch: None, epochs: None, take: None };
        match *self {
            Self::Last => Word::Last.serialize(serializer),
            Self::Best => Word::Best.serialize(serializer),
            Self::Mean => Word::Mean.serialize(serializer),
            Self::Rise => Word::Rise.serialize(serializer),
            Self::Epoch(epoch) => Fields { epoch: Some(epoch), ..none }.serialize(serializer),
            Self::Epochs { from, to, take } => {
                Fields { epochs: Some([from, to]), take: Some(take), ..none }.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AtVisitor)
    }
}

struct AtVisitor;

impl<'de> Visitor<'de> for AtVisitor {
    type Value = At;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(
            "`last`, `best`, `mean`, `rise`, `{epoch: 3}` or `{epochs: [0, 10], take: min}` (or `mean`, `max`)",
        )
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<At, E> {
        Ok(match Word::deserialize(StrDeserializer::<E>::new(text))? {
            Word::Last => At::Last,
            Word::Best => At::Best,
            Word::Mean => At::Mean,
            Word::Rise => At::Rise,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<At, A::Error> {
        match Fields::deserialize(MapAccessDeserializer::new(map))? {
            Fields { epoch: Some(epoch), epochs: None, take: None } => Ok(At::Epoch(epoch)),
            Fields { epoch: None, epochs: Some([from, to]), take: Some(take) } if from <= to => {
                Ok(At::Epochs { from, to, take })
            }
            Fields { epochs: Some([from, to]), .. } if from > to => {
                Err(Error::custom(format!("epochs go from {from} back to {to}: give the first one first")))
            }
            _ => Err(Error::custom(format!("the epochs are not clear: expected {}", Expected(self)))),
        }
    }
}

/// A visitor's expectation, as text.
struct Expected(AtVisitor);

impl fmt::Display for Expected {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        self.0.expecting(formatter)
    }
}
