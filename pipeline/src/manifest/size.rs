//! `4 GiB`, `500 MB`, `1073741824` -> bytes; `90 s`, `3 min`, `2 h`, `45` -> seconds.

use super::error::Complaint;
use super::yaml::{Node, Value};

const UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("kB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Reads the size under `key`. Units with an `i` are powers of 1024, the others of 1000.
pub fn bytes(key: &str, node: &Node) -> Result<u64, Complaint> {
    let size = match &node.value {
        Value::Int(bytes) => u64::try_from(*bytes).ok(),
        Value::Text(text) => with_unit(text.trim()),
        _ => None,
    };
    size.ok_or_else(|| {
        let what = format!("`{key}` needs a size such as `4 GiB` or `500 MB`, or a number of bytes");
        Complaint::at(node.line, what)
    })
}

/// Reads the time under `key`.
pub fn seconds(key: &str, node: &Node) -> Result<f64, Complaint> {
    let time = match &node.value {
        Value::Int(seconds) => Some(*seconds as f64),
        Value::Float(seconds) => Some(*seconds),
        Value::Text(text) => {
            let text = text.trim();
            let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
            let factor = match unit {
                "s" | "" => Some(1.0),
                "min" => Some(60.0),
                "h" => Some(3600.0),
                _ => None,
            };
            factor.and_then(|factor| Some(number.trim_end().parse::<f64>().ok()? * factor))
        }
        _ => None,
    };
    time.filter(|time| time.is_finite() && *time >= 0.0).ok_or_else(|| {
        Complaint::at(
            node.line,
            format!("`{key}` needs a time such as `90 s`, `3 min` or `2 h`, or a number of seconds"),
        )
    })
}

fn with_unit(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let number = number.trim_end();
    if !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let (_, factor) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    let bytes = number.parse::<f64>().ok()? * *factor as f64;
    // A float's cast saturates, so that an absurd size is one that no machine has.
    Some(bytes as u64)
}
