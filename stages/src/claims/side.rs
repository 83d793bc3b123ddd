//! One side of a comparison: a method's runs, or a fixed value.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::fields::some_finite;

#[derive(Debug, Clone, PartialEq)]
pub enum Side {
    /// A method, perhaps with a metric of its own instead of the comparison's.
    Of { method: String, metric: Option<String> },
    /// A threshold: every run of the other side is compared with it.
    Value(f64),
}

impl Side {
    /// A method in the comparison's metric.
    pub fn method(method: &str) -> Self {
        Self::Of { method: method.to_owned(), metric: None }
    }

    pub fn method_name(&self) -> Option<&str> {
        match self {
            Self::Of { method, .. } => Some(method),
            Self::Value(_) => None,
        }
    }
}

/// "svvar", "relu (data_alignment)", "0.5".
impl fmt::Display for Side {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Of { method, metric: None } => formatter.write_str(method),
            Self::Of { method, metric: Some(metric) } => write!(formatter, "{method} ({metric})"),
            Self::Value(value) => write!(formatter, "{value}"),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metric: Option<String>,
    #[serde(default, deserialize_with = "some_finite", skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
}

impl Serialize for Side {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Of { method, metric: None } => serializer.serialize_str(method),
            Self::Of { method, metric } => {
                Fields { method: Some(method.clone()), metric: metric.clone(), value: None }.serialize(serializer)
            }
            Self::Value(value) => Fields { method: None, metric: None, value: Some(*value) }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Side {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SideVisitor)
    }
}

struct SideVisitor;

impl<'de> Visitor<'de> for SideVisitor {
    type Value = Side;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a method's name, `{method: NAME, metric: NAME}` or `{value: 0.5}`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Side, E> {
        Ok(Side::method(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Side, A::Error> {
        match Fields::deserialize(MapAccessDeserializer::new(map))? {
            Fields { method: Some(method), metric, value: None } => Ok(Side::Of { method, metric }),
            Fields { method: None, metric: None, value: Some(value) } => Ok(Side::Value(value)),
            Fields { value: Some(_), .. } => {
                Err(Error::custom("a side is a method or a value, not both: remove `value`, or all but it"))
            }
            Fields { .. } => Err(Error::missing_field("method")),
        }
    }
}
