//! A tree of values -> YAML text, byte for byte as DVC's writer has it: so a lock that both tools write does not flicker.
//!
//! That writer is ruamel.yaml with its defaults: block style, two columns deeper for a mapping, none for a list in a
//! mapping, lines folded at 80 columns, anchors for lists and mappings that stand in several places. It decides where lines
//! end by what was written last, which [`Line`] keeps; its oddities (a blank at the end of a folded line) are kept too.

use std::collections::{HashMap, HashSet};

use super::scalar::{self, Style};
use crate::manifest::yaml::{Map, Node, Value, python_float};

/// Longer keys are written with a question mark.
const LONGEST_KEY: usize = 128;

/// The text of a whole document.
pub fn document(root: &Map) -> String {
    let mut emitter = Emitter { line: Line::default(), anchors: Anchors::of(root) };
    emitter.map(root, 0);
    emitter.line.finish()
}

/// The text of `map` as it stands in a block that is indented by `indent`. No value of it stands in several places.
pub fn block(map: &Map, indent: usize) -> String {
    let mut emitter = Emitter { line: Line::default(), anchors: Anchors::default() };
    emitter.map(map, indent);
    emitter.line.finish()
}

/// Whether something stands in several places, under an anchor and as its aliases.
pub fn shares(map: &Map) -> bool {
    let anchors = Anchors::of(map);
    anchors.scalars || !anchors.numbers.is_empty()
}

struct Emitter {
    line: Line,
    anchors: Anchors,
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// After a key.
    Value,
    /// After a dash.
    Item,
}

impl Emitter {
    fn map(&mut self, map: &Map, indent: usize) {
        for (key, entry) in map {
            self.line.indent(indent);
            let (text, tag) = if entry.named { (key.as_str(), "!!str") } else { bare_key(key) };
            let many_lines = text.contains(scalar::is_break);
            if text.chars().count() + tag.len() < LONGEST_KEY && !many_lines {
                let style = if entry.named { scalar::style(text, true) } else { Style::Plain };
                scalar::write(&mut self.line, text, style, indent + 2, false);
                self.line.indicator(":", false, false, false);
            } else {
                self.line.indicator("?", true, false, true);
                scalar::write(&mut self.line, text, scalar::style(text, false), indent + 2, true);
                self.line.indent(indent);
                self.line.indicator(":", true, false, true);
            }
            self.value(&entry.node, indent, Place::Value);
        }
    }

    fn value(&mut self, node: &Node, indent: usize, place: Place) {
        match self.anchors.of_value(node) {
            Some(Anchor::Alias(number)) => return self.line.indicator(&format!("*id{number:03}"), true, false, false),
            Some(Anchor::First(number)) => {
                self.line.indicator(&format!("&id{number:03}"), true, false, false);
            }
            None => {}
        }
        match &node.value {
            Value::Map(map) if map.is_empty() => self.empty("{", "}"),
            Value::List(items) if items.is_empty() => self.empty("[", "]"),
            Value::Map(map) => self.map(map, indent + 2),
            Value::List(items) => {
                // A list below a key is not indented, unless it starts on the line of a long key's colon.
                let below_key = place == Place::Value && !self.line.indention;
                let indent = if below_key { indent } else { indent + 2 };
                for item in items {
                    self.line.indent(indent);
                    self.line.indicator("-", true, false, true);
                    self.value(item, indent, Place::Item);
                }
            }
            Value::Text(text) => self.scalar(text, scalar::style(text, false), indent, place),
            Value::Null => self.scalar("", Style::Plain, indent, place),
            Value::Bool(value) => self.scalar(&value.to_string(), Style::Plain, indent, place),
            Value::Int(value) => self.scalar(&value.to_string(), Style::Plain, indent, place),
            Value::Float(value) => self.scalar(&float(*value), Style::Plain, indent, place),
        }
    }

    fn scalar(&mut self, text: &str, style: Style, indent: usize, place: Place) {
        if place == Place::Item {
            self.line.indent(indent + 2);
        }
        scalar::write(&mut self.line, text, style, indent + 2, true);
    }

    fn empty(&mut self, open: &str, close: &str) {
        self.line.indicator(open, true, true, false);
        self.line.indicator(close, false, false, false);
        self.line.end();
    }
}

/// A key that is no text, as a lock has it, and the tag that counts to its length.
fn bare_key(key: &str) -> (&str, &str) {
    match key {
        "None" => ("null", "!!null"),
        "true" | "false" => (key, "!!bool"),
        "nan" => (".nan", "!!float"),
        "inf" => (".inf", "!!float"),
        "-inf" => ("-.inf", "!!float"),
        _ if key.contains(['.', 'e']) => (key, "!!float"),
        _ => (key, "!!int"),
    }
}

fn float(value: f64) -> String {
    if value.is_nan() {
        ".nan".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { ".inf" } else { "-.inf" }.to_owned()
    } else {
        python_float(value)
    }
}

/// The text so far, and what was written last.
pub(super) struct Line {
    text: String,
    /// In characters.
    pub column: usize,
    /// The last character was white space, or counts as such.
    pub whitespace: bool,
    /// Nothing but indention (blanks, a dash, a question mark or its colon) stands on this line.
    pub indention: bool,
}

impl Default for Line {
    fn default() -> Self {
        Self { text: String::new(), column: 0, whitespace: true, indention: true }
    }
}

impl Line {
    pub fn push(&mut self, c: char) {
        self.text.push(c);
        self.column += 1;
    }

    pub fn extend(&mut self, chars: &[char]) {
        self.text.extend(chars);
        self.column += chars.len();
    }

    pub fn indicator(&mut self, indicator: &str, needs_space: bool, whitespace: bool, indention: bool) {
        if needs_space && !self.whitespace {
            self.push(' ');
        }
        self.text.push_str(indicator);
        self.column += indicator.len();
        self.whitespace = whitespace;
        self.indention = self.indention && indention;
    }

    /// Goes to column `indent`, on a new line unless this one is still free there.
    pub fn indent(&mut self, indent: usize) {
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.end();
        }
        while self.column < indent {
            self.push(' ');
            self.whitespace = true;
        }
    }

    pub fn end(&mut self) {
        self.end_with('\n');
    }

    /// Ends the line with a character that YAML 1.1 took for a line break.
    pub fn end_with(&mut self, line_break: char) {
        self.text.push(line_break);
        self.column = 0;
        self.whitespace = true;
        self.indention = true;
    }

    fn finish(mut self) -> String {
        self.indent(0);
        self.text
    }
}

enum Anchor {
    First(usize),
    Alias(usize),
}

/// The numbers of the values that stand in several places, in the order in which they come up again.
#[derive(Default)]
struct Anchors {
    numbers: HashMap<u64, usize>,
    written: HashSet<u64>,
    /// A text or number stands in several places too; it is written out in each.
    scalars: bool,
}

impl Anchors {
    fn of(root: &Map) -> Self {
        let mut seen = HashSet::new();
        let mut anchors = Self::default();
        for entry in root.values() {
            anchors.visit(&entry.node, &mut seen);
        }
        anchors
    }

    fn visit(&mut self, node: &Node, seen: &mut HashSet<u64>) {
        if let Some(id) = node.id
            && !seen.insert(id)
        {
            if node.is_scalar() {
                self.scalars = true;
            } else {
                let next = self.numbers.len() + 1;
                self.numbers.entry(id).or_insert(next);
            }
            return;
        }
        match &node.value {
            Value::List(items) => items.iter().for_each(|item| self.visit(item, seen)),
            Value::Map(map) => map.values().for_each(|entry| self.visit(&entry.node, seen)),
            _ => {}
        }
    }

    fn of_value(&mut self, node: &Node) -> Option<Anchor> {
        let id = node.id?;
        let number = *self.numbers.get(&id)?;
        Some(if self.written.insert(id) { Anchor::First(number) } else { Anchor::Alias(number) })
    }
}
