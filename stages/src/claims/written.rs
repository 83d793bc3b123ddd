//! A claim as its file has it, and what it means: numbers scaled, defaults filled in, what contradicts itself refused.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::fields::{finite, level, positive, positive_scale, some_finite};
use super::schema::{
    Claim, Comparison, Control, Court, OwnedAmendment, ProtocolComparison, Published, PublishedValue, Question, one,
};
use super::side::Side;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenClaim {
    id: String,
    statement: String,
    experiment: String,
    #[serde(default)]
    seeds: Option<String>,
    #[serde(default)]
    comparison: Option<Comparison>,
    #[serde(default)]
    published_inside: Option<Vec<PublishedValue>>,
    #[serde(default, deserialize_with = "positive")]
    margin: Option<f64>,
    #[serde(default = "five_per_cent", deserialize_with = "level")]
    alpha: f64,
    #[serde(default)]
    published: Option<WrittenPublished>,
    protocols: Vec<ProtocolComparison>,
    #[serde(default)]
    controls: Vec<WrittenControl>,
    #[serde(default)]
    amendments: Vec<OwnedAmendment>,
}

fn five_per_cent() -> f64 {
    0.05
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPublished {
    #[serde(deserialize_with = "finite")]
    a: f64,
    #[serde(default, deserialize_with = "some_finite")]
    b: Option<f64>,
    verdict: String,
    #[serde(default)]
    curves: BTreeMap<String, Vec<f64>>,
    #[serde(default = "one", deserialize_with = "positive_scale")]
    scale: f64,
}

/// `negative`, `positive`, or a comparison.
enum WrittenControl {
    Court(Court),
    Comparison(Control),
}

impl WrittenClaim {
    fn meaning<E: Error>(self) -> Result<Claim, E> {
        let question = match (self.comparison, self.published_inside) {
            (Some(comparison), None) => {
                Question::Compare { comparison, margin: self.margin.ok_or_else(|| E::missing_field("margin"))? }
            }
            (None, Some(values)) => {
                let senseless = [
                    ("margin", self.margin.is_some()),
                    ("published", self.published.is_some()),
                    ("controls", !self.controls.is_empty()),
                ];
                if let Some((field, _)) = senseless.into_iter().find(|(_, given)| *given) {
                    return Err(E::custom(format!(
                        "`{field}` has no meaning beside `published_inside`, which compares nothing: remove it"
                    )));
                }
                if values.is_empty() {
                    return Err(E::custom("`published_inside` lists no number: add one"));
                }
                Question::PublishedInside(values)
            }
            (Some(_), Some(_)) => {
                return Err(E::custom(
                    "a claim has `comparison` or `published_inside`, not both: make two claims of it",
                ));
            }
            (None, None) => return Err(E::custom("missing field `comparison` or `published_inside`")),
        };
        let published = match (self.published, &question) {
            (Some(published), Question::Compare { comparison, .. }) => Some(published.meaning(comparison)?),
            _ => None,
        };
        let (mut controls, mut court) = (Vec::new(), Vec::new());
        for control in self.controls {
            match control {
                WrittenControl::Court(control) if court.contains(&control) => {
                    return Err(E::custom("`controls` names `negative` or `positive` twice: remove one"));
                }
                WrittenControl::Court(control) => court.push(control),
                WrittenControl::Comparison(control) => controls.push(control),
            }
        }
        Ok(Claim {
            id: self.id,
            statement: self.statement,
            experiment: self.experiment,
            seeds: self.seeds,
            question,
            alpha: self.alpha,
            published,
            protocols: self.protocols,
            controls,
            court,
            amendments: self.amendments,
        })
    }
}

impl WrittenPublished {
    fn meaning<E: Error>(self, comparison: &Comparison) -> Result<Published, E> {
        let Self { a, b, verdict, curves, scale } = self;
        let b = match (b, &comparison.b) {
            (Some(b), _) => b * scale,
            // Nothing is published about a threshold: it is what it is.
            (None, Side::Value(value)) => *value,
            (None, Side::Of { .. }) => return Err(E::missing_field("b")),
        };
        let scaled = |curve: Vec<f64>| curve.into_iter().map(|value| value * scale).collect();
        let curves = curves.into_iter().map(|(method, curve)| (method, scaled(curve))).collect();
        Ok(Published { a: a * scale, b, verdict, curves })
    }
}

impl<'de> Deserialize<'de> for Claim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ClaimVisitor)
    }
}

/// The claim is made sense of while it is read, so that the error knows its line.
struct ClaimVisitor;

impl<'de> Visitor<'de> for ClaimVisitor {
    type Value = Claim;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a claim")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Claim, A::Error> {
        WrittenClaim::deserialize(MapAccessDeserializer::new(map))?.meaning()
    }
}

impl<'de> Deserialize<'de> for WrittenControl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ControlVisitor)
    }
}

struct ControlVisitor;

impl<'de> Visitor<'de> for ControlVisitor {
    type Value = WrittenControl;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("`negative`, `positive`, or a comparison with a `name`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<WrittenControl, E> {
        match text {
            "negative" => Ok(WrittenControl::Court(Court::Negative)),
            "positive" => Ok(WrittenControl::Court(Court::Positive)),
            _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WrittenControl, A::Error> {
        Control::deserialize(MapAccessDeserializer::new(map)).map(WrittenControl::Comparison)
    }
}
