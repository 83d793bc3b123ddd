//! YAML text -> a tree in which every value knows its line, so that every later complaint can name it.
//!
//! YAML 1.2 core schema as DVC's reader applies it: `yes` is text, `010` is 10, `1e3` is a float. Duplicate keys are
//! errors, and aliases cannot blow up: the expanded tree is bounded.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use indexmap::IndexMap;
use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::error::Complaint;

/// A file may hold this many values, or one a byte, with its aliases expanded; a "billion laughs" stops here.
const MOST_VALUES: usize = 1_000_000;
/// Deeper nesting than this is refused, so that no later recursion can overflow the stack.
const DEEPEST: usize = 128;

/// A value and the line it starts on (from 1). Equal values are equal wherever they stand.
#[derive(Debug, Clone)]
pub struct Node {
    pub value: Value,
    pub line: u32,
    /// Of what was parsed: the same for an anchor and its aliases, which dvc.lock keeps, and for nothing else.
    pub id: Option<u64>,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Map),
}

/// Key -> (line of the key, value), in the order of the file.
pub type Map = IndexMap<String, Entry>;

#[derive(Debug, Clone)]
pub struct Entry {
    pub line: u32,
    pub node: Node,
    /// Whether the file's key is text: that of `1: x` is none.
    pub named: bool,
}

impl Entry {
    pub fn new(line: u32, node: Node) -> Self {
        Self { line, node, named: true }
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

/// An identity that no other value has.
pub fn fresh_id() -> Option<u64> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    Some(NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Node {
    pub fn new(value: Value, line: u32) -> Self {
        Self { value, line, id: None }
    }

    pub fn text(text: impl Into<String>, line: u32) -> Self {
        Self::new(Value::Text(text.into()), line)
    }

    /// What kind of value this is, for a sentence.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    pub fn is_scalar(&self) -> bool {
        !matches!(self.value, Value::List(_) | Value::Map(_))
    }

    /// The value at a dotted key below this one (`a.b.0` walks into lists too).
    pub fn at(&self, dotted: &str) -> Option<&Node> {
        // DVC lets a key hold dots itself when it is written whole.
        if let Value::Map(map) = &self.value
            && let Some(entry) = map.get(dotted)
        {
            return Some(&entry.node);
        }
        dotted.split('.').try_fold(self, |node, part| node.child(part))
    }

    /// The value under one key of a mapping, or at one index of a list.
    pub fn child(&self, part: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(map) => map.get(part).map(|entry| &entry.node),
            Value::List(items) => items.get(part.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// The same value without lines, as programs exchange it.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Int(value) => Json::from(*value),
            // JSON has no infinity and no NaN; YAML's spelling as text keeps them apart from every number.
            Value::Float(value) if !value.is_finite() => Json::String(python_float(*value)),
            Value::Float(value) => Json::from(*value),
            Value::Text(text) => Json::String(text.clone()),
            Value::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Value::Map(map) => {
                Json::Object(map.iter().map(|(key, entry)| (key.clone(), entry.node.to_json())).collect())
            }
        }
    }
}

/// Parses the first document of `text`. An empty document is an empty mapping.
pub fn parse(text: &str) -> Result<Node, Complaint> {
    let most = MOST_VALUES.max(text.len());
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: HashMap::new(), values: 0, most };
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd | Event::DocumentEnd => return Ok(Node::new(Value::Map(Map::new()), 1)),
            event => return reader.node(event, span, 0),
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    values: usize,
    most: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Complaint> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                Err(Complaint::at(line(error.marker().line()), format!("is not valid YAML: {}", error.info())))
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn count(&mut self, more: usize, at: u32) -> Result<(), Complaint> {
        self.values += more;
        if self.values > self.most {
            return Err(Complaint::at(at, format!("holds more than {} values once aliases are expanded", self.most)));
        }
        Ok(())
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Complaint> {
        let at = line(span.start.line());
        if depth > DEEPEST {
            return Err(Complaint::at(at, format!("is nested deeper than {DEEPEST} levels")));
        }
        self.count(1, at)?;
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let as_text = style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.suffix == "str");
                let value = if as_text { Value::Text(text.into_owned()) } else { scalar(&text, at)? };
                let id = if anchor == 0 { None } else { fresh_id() };
                (Node { value, line: at, id }, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, span) => items.push(self.node(event, span, depth + 1)?),
                    }
                }
                (Node { value: Value::List(items), line: at, id: fresh_id() }, anchor)
            }
            Event::MappingStart(anchor, _) => {
                (Node { value: Value::Map(self.map(depth)?), line: at, id: fresh_id() }, anchor)
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(Complaint::at(at, "uses an alias before its anchor is complete".to_owned()));
                };
                self.count(size(&node), at)?;
                (node, 0)
            }
            _ => return Err(Complaint::at(at, "ends in the middle of a value".to_owned())),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn map(&mut self, depth: usize) -> Result<Map, Complaint> {
        let mut map = Map::new();
        let mut merged: Vec<Node> = Vec::new();
        loop {
            let (event, span) = match self.next()? {
                (Event::MappingEnd, _) => break,
                next => next,
            };
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
            let key = self.node(event, span, depth + 1)?;
            let (event, span) = self.next()?;
            let node = self.node(event, span, depth + 1)?;
            if is_merge {
                match node.value {
                    Value::List(items) => merged.extend(items),
                    _ => merged.push(node),
                }
                continue;
            }
            let Some(name) = python_text(&key) else {
                return Err(Complaint::at(key.line, format!("has {} as a key: keys must be text", key.kind())));
            };
            if let Some(first) = map.get(&name) {
                let first: &Entry = first;
                return Err(Complaint::at(key.line, format!("repeats the key `{name}` of line {}", first.line)));
            }
            let named = matches!(key.value, Value::Text(_));
            map.insert(name, Entry { line: key.line, node, named });
        }
        // A merge adds what the mapping lacks; of several, the first wins.
        for node in merged {
            let Value::Map(extra) = node.value else {
                return Err(Complaint::at(node.line, "merges (`<<`) something that is not a mapping".to_owned()));
            };
            for (name, entry) in extra {
                map.entry(name).or_insert(entry);
            }
        }
        Ok(map)
    }
}

fn line(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX).max(1)
}

fn size(node: &Node) -> usize {
    match &node.value {
        Value::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Map(map) => 1 + map.values().map(|entry| size(&entry.node)).sum::<usize>(),
        _ => 1,
    }
}

/// A plain scalar by the YAML 1.2 core schema, with ruamel's underscores in numbers.
fn scalar(text: &str, at: u32) -> Result<Value, Complaint> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        _ => match number(text) {
            Number::Int(Some(value)) => Value::Int(value),
            Number::Int(None) => {
                return Err(Complaint::at(
                    at,
                    format!("holds the integer {text}, which does not fit 64 bits: quote it"),
                ));
            }
            Number::Float(value) => Value::Float(value),
            Number::No => Value::Text(text.to_owned()),
        },
    })
}

enum Number {
    /// `None`: an integer that does not fit.
    Int(Option<i64>),
    Float(f64),
    No,
}

fn number(text: &str) -> Number {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Number::No;
    }
    let plain: String = text.chars().filter(|&c| c != '_').collect();
    let (sign, body) = match plain.strip_prefix('-') {
        Some(body) => (-1, body),
        None => (1, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(body) = body.strip_prefix(prefix) {
            return match i64::from_str_radix(body, radix) {
                Ok(value) => Number::Int(Some(sign * value)),
                Err(_) => Number::No,
            };
        }
    }
    if body.bytes().all(|byte| byte.is_ascii_digit()) {
        return Number::Int(plain.strip_prefix('+').unwrap_or(&plain).parse().ok());
    }
    let numeric = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    // `.5e3` is text for ruamel; `.5e+3` is not.
    let unsigned = body.starts_with('.') && body.contains(['e', 'E']) && !body.contains(['+', '-']);
    match plain.parse::<f64>() {
        Ok(value) if body.bytes().all(numeric) && !unsigned => Number::Float(value),
        _ => Number::No,
    }
}

/// A scalar as DVC prints it in commands and names: Python's `str`, but JSON's booleans. `None` for lists and mappings.
pub fn python_text(node: &Node) -> Option<String> {
    Some(match &node.value {
        Value::Null => "None".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => python_float(*value),
        Value::Text(text) => text.clone(),
        Value::List(_) | Value::Map(_) => return None,
    })
}

/// Python's `repr` of a float: the shortest digits, scientific below 1e-4 and from 1e16.
pub fn python_float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = shortest(value);
    let exponent: i32 = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    if value != 0.0 && !(-4..16).contains(&exponent) {
        let mantissa = scientific.split('e').next().unwrap_or_default();
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let decimals = scientific.find('e').map_or(0, |end| end.saturating_sub(usize::from(value.is_sign_negative()) + 2));
    let decimals = i32::try_from(decimals).unwrap_or(0).saturating_sub(exponent).max(1);
    format!("{value:.*}", usize::try_from(decimals).unwrap_or(1))
}

/// The fewest digits that read back to the value, in scientific notation. Where two are as near to it, Python takes the even
/// one, and Rust the larger.
fn shortest(value: f64) -> String {
    let shortest = format!("{value:e}");
    let digits = shortest.split('e').next().unwrap_or_default().bytes().filter(u8::is_ascii_digit).count();
    let even = format!("{value:.*e}", digits.saturating_sub(1));
    if even.parse() == Ok(value) { even } else { shortest }
}
