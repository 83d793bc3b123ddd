//! YAML text -> a tree in which every value knows its line, so that every later complaint can name it.
//!
//! YAML 1.2 as DVC's reader (ruamel) applies it: `yes` is text, `010` is 10, `1e3` is a float. Duplicate keys are errors,
//! and aliases cannot blow up: the expanded tree is bounded.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use indexmap::IndexMap;
use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::error::Complaint;

/// A file may hold this many values, or one a byte, with its aliases expanded; a "billion laughs" stops here. Long text
/// counts as several values.
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
    /// What 64 bits hold, with or without a sign.
    Int(i128),
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
    /// Whether the file's key is text: that of `1: x` is none, and DVC's names can't reach it.
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

    /// The same, with an identity of its own if it is a list or a mapping.
    pub fn identified(mut self) -> Self {
        if !self.is_scalar() {
            self.id = fresh_id();
        }
        self
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

    /// How much there is at and below this value, for limits.
    pub fn size(&self) -> usize {
        match &self.value {
            Value::List(items) => 1 + items.iter().map(Node::size).sum::<usize>(),
            Value::Map(map) => 1 + map.iter().map(|(key, entry)| weight(key) + entry.node.size()).sum::<usize>(),
            Value::Text(text) => 1 + weight(text),
            _ => 1,
        }
    }

    /// The value at a dotted key below this one (`a.b.0` walks into lists too), or under a key that holds the dots itself.
    pub fn at(&self, dotted: &str) -> Option<&Node> {
        dotted.split('.').try_fold(self, |node, part| node.child(part)).or_else(|| self.child(dotted))
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
        // JSON has no infinity and no NaN: Python's spelling, as text.
        self.json_with(&|float| serde_json::Value::String(python_float(float)))
    }

    /// The value as keys have it: JSON's types keep 1, 1.0, true and "1" apart, and infinity is no text either.
    pub fn to_key(&self) -> String {
        self.json_with(&|float| serde_json::json!({ "\0": python_float(float) })).to_string()
    }

    /// With what `odd` makes of numbers that JSON lacks.
    fn json_with(&self, odd: &dyn Fn(f64) -> serde_json::Value) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Int(value) => i64::try_from(*value).map_or_else(|_| Json::from(*value as u64), Json::from),
            Value::Float(value) if !value.is_finite() => odd(*value),
            Value::Float(value) => Json::from(*value),
            Value::Text(text) => Json::String(text.clone()),
            Value::List(items) => Json::Array(items.iter().map(|item| item.json_with(odd)).collect()),
            Value::Map(map) => {
                Json::Object(map.iter().map(|(key, entry)| (key.clone(), entry.node.json_with(odd))).collect())
            }
        }
    }
}

/// How many values more a text counts as, where there are limits.
pub fn weight(text: &str) -> usize {
    text.len() / 32
}

/// Parses `text`, which is one document. An empty one is an empty mapping.
pub fn parse(text: &str) -> Result<Node, Complaint> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let old = |line: &str| line.strip_prefix("%YAML").is_some_and(|version| version.trim() == "1.1");
    if text.lines().take_while(|line| line.starts_with('%')).any(old) {
        return Err(Complaint::at(1, "is written in YAML 1.1, where `yes` is true and 010 is 8: use 1.2".to_owned()));
    }
    let most = MOST_VALUES.max(text.len());
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: HashMap::new(), values: 0, most };
    let mut document = None;
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamEnd => break,
            Event::DocumentStart(_) if document.is_some() => {
                let what = "holds a second document after `---`: one is all that it can hold";
                return Err(Complaint::at(line(span.start.line()), what.to_owned()));
            }
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            event => document = Some(reader.node(event, span, 0)?),
        }
    }
    Ok(match document {
        None | Some(Node { value: Value::Null, .. }) => Node::new(Value::Map(Map::new()), 1),
        Some(node) => node,
    })
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
                self.count(weight(&text), at)?;
                let value = match tag.as_deref().filter(|tag| !says_nothing(tag)) {
                    Some(tag) => tagged(tag, &text, at)?,
                    None if style != ScalarStyle::Plain => Value::Text(text.into_owned()),
                    None => scalar(&text, at)?,
                };
                let id = if anchor == 0 { None } else { fresh_id() };
                (Node { value, line: at, id }, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                check_tag(tag.as_deref(), "seq", at)?;
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, span) => items.push(self.node(event, span, depth + 1)?),
                    }
                }
                (Node::new(Value::List(items), at).identified(), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                check_tag(tag.as_deref(), "map", at)?;
                (Node::new(Value::Map(self.map(depth)?), at).identified(), anchor)
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(Complaint::at(at, "uses an alias before its anchor is complete".to_owned()));
                };
                self.count(node.size(), at)?;
                (node, 0)
            }
            _ => return Err(Complaint::at(at, "ends in the middle of a value".to_owned())),
        };
        if anchor != 0 {
            self.count(node.size(), at)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn map(&mut self, depth: usize) -> Result<Map, Complaint> {
        let mut own = Map::new();
        let mut merge: Option<Node> = None;
        loop {
            let (event, span) = match self.next()? {
                (Event::MappingEnd, _) => break,
                next => next,
            };
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key =
                if is_merge { Node::text("<<", line(span.start.line())) } else { self.node(event, span, depth + 1)? };
            let (event, span) = self.next()?;
            let node = self.node(event, span, depth + 1)?;
            if is_merge {
                if merge.replace(node).is_some() {
                    return Err(Complaint::at(key.line, "merges (`<<`) twice: merge a list of mappings".to_owned()));
                }
                continue;
            }
            let Some(name) = python_text(&key) else {
                return Err(Complaint::at(key.line, format!("has {} as a key: keys must be text", key.kind())));
            };
            if let Some(first) = own.get(&name) {
                let first: &Entry = first;
                return Err(Complaint::at(key.line, format!("repeats the key `{name}` of line {}", first.line)));
            }
            let named = matches!(key.value, Value::Text(_));
            own.insert(name, Entry { line: key.line, node, named });
        }
        let Some(merge) = merge else { return Ok(own) };
        // What is merged stands first, the last mapping before the others, and is replaced by what follows.
        let sources = match merge.value {
            Value::List(items) => items,
            _ => vec![merge],
        };
        let mut map = Map::new();
        for source in sources.into_iter().rev() {
            let Value::Map(extra) = source.value else {
                return Err(Complaint::at(source.line, "merges (`<<`) something that is not a mapping".to_owned()));
            };
            map.extend(extra);
        }
        map.extend(own);
        Ok(map)
    }
}

fn line(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX).max(1)
}

/// A plain scalar, by the rules of ruamel for YAML 1.2.
fn scalar(text: &str, at: u32) -> Result<Value, Complaint> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        "=" | "<<" => return Err(Complaint::at(at, format!("holds a bare `{text}`: quote it"))),
        _ if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) => {
            Value::Text(text.to_owned())
        }
        _ if is_date(text) => {
            return Err(Complaint::at(at, format!("holds the date {text}: quote it to make it text")));
        }
        _ => match (float(text), integer(text)) {
            (Some(value), _) => Value::Float(value),
            (None, Some(Some(value))) => Value::Int(value),
            (None, Some(None)) => {
                let what = format!("holds the integer {text}, which does not fit 64 bits: quote it");
                return Err(Complaint::at(at, what));
            }
            (None, None) => Value::Text(text.to_owned()),
        },
    })
}

/// The integer that the text is, if it is one; inside, `None` where it does not fit 64 bits.
fn integer(text: &str) -> Option<Option<i128>> {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (digits, radix) = [("0x", 16), ("0o", 8), ("0b", 2)]
        .iter()
        .find_map(|&(prefix, radix)| Some((body.strip_prefix(prefix)?, radix)))
        .unwrap_or((body, 10));
    let digits: String = digits.chars().filter(|&c| c != '_').collect();
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let value = i128::from_str_radix(&digits, radix).ok().map(|value| sign * value);
    Some(value.filter(|value| (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(value)))
}

/// The float that the text is, if it is one: digits on one side of a point at least, or an exponent.
fn float(text: &str) -> Option<f64> {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    match body {
        ".inf" | ".Inf" | ".INF" => return Some(sign * f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" => return (body.len() == text.len()).then_some(f64::NAN),
        _ => {}
    }
    let (mantissa, exponent) = body.split_once(['e', 'E']).map_or((body, None), |(m, e)| (m, Some(e)));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let signed = exponent.is_some_and(|exponent| exponent.starts_with(['-', '+']));
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && exponent.bytes().all(|byte| byte.is_ascii_digit())
    });
    let mantissa_fits = match mantissa.split_once('.') {
        // `.5e3` is text for ruamel; `.5e+3` is not.
        Some(("", fraction)) => {
            digits(fraction) && fraction.bytes().any(|b| b != b'_') && (exponent.is_none() || signed)
        }
        Some((whole, fraction)) => whole.starts_with(|c: char| c.is_ascii_digit()) && digits(whole) && digits(fraction),
        None => exponent.is_some() && mantissa.starts_with(|c: char| c.is_ascii_digit()) && digits(mantissa),
    };
    if !exponent_fits || !mantissa_fits {
        return None;
    }
    text.chars().filter(|&c| c != '_').collect::<String>().parse().ok()
}

/// Whether ruamel makes a date or a time of the text: `2020-01-31`, `2020-1-31 10:00:00`.
fn is_date(text: &str) -> bool {
    let number =
        |part: &str, lengths: &[usize]| lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = |text: &str, lengths: [&[usize]; 3], separator: char| {
        let mut parts = text.splitn(3, separator);
        lengths.iter().all(|lengths| parts.next().is_some_and(|part| number(part, lengths)))
    };
    if parts(text, [&[4], &[2], &[2]], '-') {
        return true;
    }
    let Some((date, time)) = text.split_once(['T', 't', ' ', '\t']) else { return false };
    let clock = time.trim_start().split(['.', 'Z', '+', '-', ' ']).next().unwrap_or_default();
    parts(date, [&[4], &[1, 2], &[1, 2]], '-') && parts(clock, [&[1, 2], &[2], &[2]], ':')
}

/// A scalar whose tag says what it is.
fn tagged(tag: &Tag, text: &str, at: u32) -> Result<Value, Complaint> {
    let known = tag.is_yaml_core_schema().then_some(tag.suffix.as_str());
    let value = match known {
        Some("str") => Some(Value::Text(text.to_owned())),
        Some("null") => Some(Value::Null),
        Some("int") => integer(text).flatten().map(Value::Int),
        Some("float") => match (float(text), integer(text)) {
            (None, Some(Some(whole))) => Some(Value::Float(whole as f64)),
            (value, _) => value.map(Value::Float),
        },
        Some("bool") => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => Some(Value::Bool(true)),
            "false" | "no" | "off" | "n" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => {
            check_tag(Some(tag), "str", at)?;
            None
        }
    };
    value.ok_or_else(|| Complaint::at(at, format!("holds `{text}`, which is no `!!{}`", tag.suffix)))
}

/// Whether the tag is a lone `!`.
fn says_nothing(tag: &Tag) -> bool {
    tag.handle.len() + tag.suffix.len() == 1
}

/// Complains about a tag other than `!!expected` (and `!`, which says nothing).
fn check_tag(tag: Option<&Tag>, expected: &str, at: u32) -> Result<(), Complaint> {
    match tag {
        None => Ok(()),
        Some(tag) if says_nothing(tag) => Ok(()),
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == expected => Ok(()),
        Some(tag) => {
            let handle = if tag.is_yaml_core_schema() { "!!" } else { tag.handle.as_str() };
            Err(Complaint::at(at, format!("has the tag `{handle}{}`, which means nothing here", tag.suffix)))
        }
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
