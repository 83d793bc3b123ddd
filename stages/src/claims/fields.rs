//! Numbers within bounds and texts of a form, checked while they are read, so that the error knows its line.

use std::fmt;

use serde::de::{Deserializer, Error, Unexpected, Visitor};

pub(super) fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    positive_scale(deserializer).map(Some)
}

pub(super) fn positive_scale<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let expected = "a number greater than 0";
    deserializer.deserialize_f64(Number { accepts: |value| value > 0.0 && value.is_finite(), expected })
}

pub(super) fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let expected = "a number between 0 and 1, such as 0.05";
    deserializer.deserialize_f64(Number { accepts: |value| value > 0.0 && value < 1.0, expected })
}

pub(super) fn finite<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    deserializer.deserialize_f64(Number { accepts: f64::is_finite, expected: "a finite number" })
}

pub(super) fn some_finite<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    finite(deserializer).map(Some)
}

/// A day, as YYYY-MM-DD.
pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let accepts = |text: &str| {
        let number = |range: std::ops::Range<usize>| {
            let digits = text.get(range)?;
            if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse::<u32>().ok() } else { None }
        };
        let separated = text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
        let month = number(5..7).is_some_and(|month| (1..=12).contains(&month));
        let day = number(8..10).is_some_and(|day| (1..=31).contains(&day));
        separated && number(0..4).is_some() && month && day
    };
    deserializer.deserialize_str(Text { accepts, expected: "a date, such as 2026-01-31" })
}

/// A criterion's digest.
pub(super) fn digest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let accepts = move |text: &str| text.len() == 64 && text.bytes().all(hexadecimal);
    let expected = "the digest of a criterion, as the report and `retrial audit` show it: 64 hexadecimal digits";
    deserializer.deserialize_str(Text { accepts, expected })
}

/// A text that says something.
pub(super) fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_str(Text { accepts: |text: &str| !text.trim().is_empty(), expected: "a sentence" })
}

struct Text<F> {
    accepts: F,
    expected: &'static str,
}

impl<F: Fn(&str) -> bool> Visitor<'_> for Text<F> {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        if (self.accepts)(text) { Ok(text.to_owned()) } else { Err(E::invalid_value(Unexpected::Str(text), &self)) }
    }
}

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
