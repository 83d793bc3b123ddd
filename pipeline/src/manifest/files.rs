//! The files that describe a study: by path -> text, and by suffix (YAML, JSON, TOML) -> a tree.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use toml::de::{DeTable, DeValue};

use super::error::{Complaint, ManifestError};
use super::yaml::{self, Entry, Map, Node, Value};
use crate::path::RepoPath;

/// Where files come from.
#[derive(Debug, Clone)]
pub enum Files {
    /// The repository in this folder.
    Below(PathBuf),
    /// These texts, and no others.
    Given(BTreeMap<RepoPath, String>),
}

impl Files {
    /// The text of a file; `None` where there is none.
    pub fn text(&self, path: &RepoPath) -> Result<Option<String>, ManifestError> {
        let root = match self {
            Files::Below(root) => root,
            Files::Given(texts) => return Ok(texts.get(path).cloned()),
        };
        match std::fs::read_to_string(path.within(root)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ManifestError::Read { file: path.as_str().into(), source }),
        }
    }

    /// What a file holds; `None` where there is none.
    pub fn tree(&self, path: &RepoPath) -> Result<Option<Node>, ManifestError> {
        let here = |complaint: Complaint| complaint.in_file(Path::new(path.as_str()));
        self.text(path)?.map(|text| parse(path.as_str(), &text).map_err(here)).transpose()
    }
}

/// What `text` holds, in the format that the suffix of `path` says; YAML where it says nothing.
pub fn parse(path: &str, text: &str) -> Result<Node, Complaint> {
    let suffix = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, suffix)| suffix);
    match suffix.map(str::to_ascii_lowercase).as_deref() {
        Some("json") => json(text),
        Some("toml") => toml(text),
        Some("py") => {
            let what = "parameters in Python are not read: put them into YAML, JSON or TOML, which Python reads too";
            Err(Complaint::at(1, what.to_owned()))
        }
        _ => yaml::parse(text),
    }
}

/// JSON: values do not know their lines, only what is wrong with the text has one.
fn json(text: &str) -> Result<Node, Complaint> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str::<Json>(text).map(|json| json.0).map_err(|error| {
        let line = u32::try_from(error.line()).unwrap_or(u32::MAX).max(1);
        let what = error.to_string();
        // The place is said before the sentence.
        let what = what.rsplit_once(" at line ").map_or(what.as_str(), |(what, _)| what);
        Complaint::at(line, format!("is not valid JSON: {what}"))
    })
}

struct Json(Node);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Values;
        impl<'de> Visitor<'de> for Values {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
                Ok(Value::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
                Ok(Value::Int(value.into()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
                Ok(Value::Int(value.into()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
                Ok(Value::Float(value))
            }
            fn visit_str<E>(self, value: &str) -> Result<Value, E> {
                Ok(Value::Text(value.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
                let mut items = Vec::new();
                while let Some(Json(item)) = access.next_element()? {
                    items.push(item);
                }
                Ok(Value::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
                let mut map = Map::new();
                while let Some((key, Json(node))) = access.next_entry::<String, Json>()? {
                    let repeated = serde::de::Error::custom(format!("the key `{key}` is repeated"));
                    if map.insert(key, Entry::new(1, node)).is_some() {
                        return Err(repeated);
                    }
                }
                Ok(Value::Map(map))
            }
        }
        Ok(Json(Node::new(deserializer.deserialize_any(Values)?, 1).identified()))
    }
}

fn toml(text: &str) -> Result<Node, Complaint> {
    let lines = Lines::of(text);
    let table = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        Complaint::at(lines.at(offset), format!("is not valid TOML: {}", error.message()))
    })?;
    Ok(Node::new(toml_table(table.get_ref(), &lines)?, 1))
}

/// The offsets at which lines end.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect())
    }

    fn at(&self, offset: usize) -> u32 {
        u32::try_from(self.0.partition_point(|&end| end < offset) + 1).unwrap_or(u32::MAX)
    }
}

fn toml_table(table: &DeTable, lines: &Lines) -> Result<Value, Complaint> {
    let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue>)| {
        let line = lines.at(key.span().start);
        let key: &std::borrow::Cow<str> = key.get_ref();
        Ok((key.to_string(), Entry::new(line, toml_value(value, lines)?)))
    };
    Ok(Value::Map(table.iter().map(entry).collect::<Result<_, Complaint>>()?))
}

fn toml_value(spanned: &toml::Spanned<DeValue>, lines: &Lines) -> Result<Node, Complaint> {
    let line = lines.at(spanned.span().start);
    let value = match spanned.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            let value = i128::from_str_radix(&digits, number.radix()).ok();
            let fits = |value: &i128| (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(value);
            let too_long = || format!("holds the integer {digits}, which does not fit 64 bits: quote it");
            Value::Int(value.filter(fits).ok_or_else(|| Complaint::at(line, too_long()))?)
        }
        DeValue::Float(number) => {
            let digits = number.as_str().replace('_', "");
            Value::Float(
                digits.parse().map_err(|_| Complaint::at(line, format!("holds `{digits}`, which is no number")))?,
            )
        }
        DeValue::Datetime(date) => {
            return Err(Complaint::at(line, format!("holds the date {date}: quote it to make it text")));
        }
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| toml_value(item, lines)).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => toml_table(table, lines)?,
    };
    Ok(Node::new(value, line).identified())
}
