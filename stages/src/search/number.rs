//! Numbers in JSON, where NaN and the infinities, which JSON lacks, are the texts "nan", "inf" and "-inf".

use std::borrow::Cow;

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

/// The line with texts for the bare words that Python writes for numbers that JSON lacks.
pub fn without_bare_words(line: &str) -> Cow<'_, str> {
    if !line.contains("NaN") && !line.contains("Infinity") {
        return Cow::Borrowed(line);
    }
    // Inside of texts they are letters like any others; an escaped quote does not end a text.
    let mut standard = String::with_capacity(line.len());
    let (mut inside, mut escaped) = (false, false);
    let mut rest = line;
    while let Some(character) = rest.chars().next() {
        let words = [("NaN", "\"nan\""), ("-Infinity", "\"-inf\""), ("Infinity", "\"inf\"")];
        if !inside && let Some((word, text)) = words.into_iter().find(|(word, _)| rest.starts_with(word)) {
            standard.push_str(text);
            rest = &rest[word.len()..];
            continue;
        }
        inside ^= character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        standard.push(character);
        rest = &rest[character.len_utf8()..];
    }
    Cow::Owned(standard)
}
