//! Numbers within bounds, checked while they are read, so that the error knows its line.

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
