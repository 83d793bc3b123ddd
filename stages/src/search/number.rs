//! Numbers in JSON files, where NaN and the infinities, which JSON lacks, are the texts "nan", "inf" and "-inf".
//!
//! For `#[serde(with = "…")]`: `option` for a number that may be missing, `pairs` for a map from steps to numbers.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number as it is written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Number(f64),
    Text(String),
}

impl From<f64> for Written {
    fn from(value: f64) -> Self {
        match value {
            value if value.is_nan() => Self::Text("nan".to_owned()),
            f64::INFINITY => Self::Text("inf".to_owned()),
            f64::NEG_INFINITY => Self::Text("-inf".to_owned()),
            value => Self::Number(value),
        }
    }
}

impl TryFrom<Written> for f64 {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Number(value) => Ok(value),
            Written::Text(text) => match text.as_str() {
                "nan" => Ok(f64::NAN),
                "inf" => Ok(f64::INFINITY),
                "-inf" => Ok(f64::NEG_INFINITY),
                _ => Err(format!("`{text}` is not a number")),
            },
        }
    }
}

pub mod option {
    use super::*;

    pub fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(Written::from).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        let written = Option::<Written>::deserialize(deserializer)?;
        written.map(f64::try_from).transpose().map_err(D::Error::custom)
    }
}

pub mod pairs {
    use super::*;

    pub fn serialize<S: Serializer>(values: &BTreeMap<u32, f64>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|(step, &value)| (step, Written::from(value))))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<u32, f64>, D::Error> {
        let written = Vec::<(u32, Written)>::deserialize(deserializer)?;
        let read = written.into_iter().map(|(step, value)| Ok((step, f64::try_from(value)?)));
        read.collect::<Result<_, String>>().map_err(D::Error::custom)
    }
}
