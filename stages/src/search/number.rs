//! Numbers in JSON, where NaN and the infinities, which JSON lacks, are the texts "nan", "inf" and "-inf".

use serde::{Deserialize, Serialize};

/// A number as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Written {
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
