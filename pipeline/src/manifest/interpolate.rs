//! `${…}` in dvc.yaml: names looked up in scopes, values put into text or left whole.

use std::borrow::Cow;
use std::cell::Cell;

use super::error::Complaint;
use super::yaml::{Entry, Map, Node, Value, python_text, weight};

/// How much all expansions of a study may come to, in values (long text counts as several): far above any real study, and
/// far below what fills a memory.
const MOST_EXPANDED: usize = 4_000_000;

/// What is left of [`MOST_EXPANDED`].
#[derive(Debug)]
pub struct Room(Cell<usize>);

impl Default for Room {
    fn default() -> Self {
        Self(Cell::new(MOST_EXPANDED))
    }
}

impl Room {
    /// Takes room for `size` values.
    pub fn take(&self, size: usize, line: u32) -> Result<(), Complaint> {
        let left = self.0.get().checked_sub(size).ok_or_else(|| {
            Complaint::at(line, format!("expands to more than {MOST_EXPANDED} values: make the study smaller"))
        })?;
        self.0.set(left);
        Ok(())
    }
}

/// Where names are looked up: the innermost scope first (`item` and `key`, then everything else).
#[derive(Clone)]
pub struct Scope<'a> {
    layers: Vec<&'a Map>,
    pub room: &'a Room,
}

impl<'a> Scope<'a> {
    pub fn new(outermost: &'a Map, room: &'a Room) -> Self {
        Self { layers: vec![outermost], room }
    }

    pub fn inside(&self, layer: &'a Map) -> Self {
        let mut layers = self.layers.clone();
        layers.push(layer);
        Self { layers, room: self.room }
    }

    fn get(&self, name: &str) -> Option<&'a Node> {
        self.layers.iter().rev().find_map(|layer| named(layer, name))
    }
}

/// The value that a name reaches: DVC's names reach no key that is a number or the like.
fn named<'a>(map: &'a Map, name: &str) -> Option<&'a Node> {
    map.get(name).filter(|entry| entry.named).map(|entry| &entry.node)
}

/// What values may become part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A command: mappings unpack into `--key value` options.
    Command,
    /// The data of `foreach` and `matrix`: lists and mappings stay what they are.
    Data,
    /// Anything else: only scalars.
    Elsewhere,
}

/// Replaces every `${…}` below `node`, in keys too. Text that is one `${…}` and nothing else keeps the value's type.
pub fn interpolate(node: &Node, scope: &Scope, place: Place) -> Result<Node, Complaint> {
    let value = match &node.value {
        Value::Text(text) => return interpolate_text(text, node.line, scope, place),
        Value::List(items) => {
            scope.room.take(1, node.line)?;
            Value::List(items.iter().map(|item| interpolate(item, scope, place)).collect::<Result<_, _>>()?)
        }
        Value::Map(map) => {
            scope.room.take(1, node.line)?;
            let mut done = Map::new();
            for (key, entry) in map {
                let node = interpolate(&entry.node, scope, place)?;
                let (key, named) = interpolate_key(key, entry, scope)?;
                if done.insert(key.clone(), Entry { line: entry.line, node, named }).is_some() {
                    return Err(Complaint::at(entry.line, format!("has the key `{key}` twice after interpolation")));
                }
            }
            Value::Map(done)
        }
        scalar => scalar.clone(),
    };
    Ok(Node::new(value, node.line))
}

fn interpolate_key(key: &str, entry: &Entry, scope: &Scope) -> Result<(String, bool), Complaint> {
    if !entry.named || !key.contains("${") {
        return Ok((key.to_owned(), entry.named));
    }
    let node = interpolate_text(key, entry.line, scope, Place::Elsewhere)?;
    let text = python_text(&node).ok_or_else(|| Complaint::at(entry.line, "has a key that is no text".to_owned()))?;
    Ok((text, matches!(node.value, Value::Text(_))))
}

/// Whether text is one `${…}` and nothing else: what stands for it keeps its type.
pub fn is_whole(text: &str) -> bool {
    next_expression(text, 0).is_some_and(|(start, end, _)| start == 0 && end == text.len())
}

/// Complains about the first `${…}` that is written wrongly, wherever it stands below `node`.
pub fn check_syntax(node: &Node) -> Result<(), Complaint> {
    each_text(node, &mut |text, line| {
        let mut from = 0;
        while let Some((_, end, inner)) = next_expression(text, from) {
            steps(inner, line)?;
            from = end;
        }
        Ok(())
    })
}

/// Complains about the first `${…}` below `node`, where none is allowed.
pub fn check_plain(node: &Node, place: &str) -> Result<(), Complaint> {
    each_text(node, &mut |text, line| match next_expression(text, 0) {
        None => Ok(()),
        Some(_) => Err(Complaint::at(line, format!("uses `${{…}}` in {place}, which holds plain values only"))),
    })
}

fn each_text(node: &Node, visit: &mut impl FnMut(&str, u32) -> Result<(), Complaint>) -> Result<(), Complaint> {
    match &node.value {
        Value::Text(text) => visit(text, node.line),
        Value::List(items) => items.iter().try_for_each(|item| each_text(item, visit)),
        Value::Map(map) => map.iter().try_for_each(|(key, entry)| {
            visit(key, entry.line)?;
            each_text(&entry.node, visit)
        }),
        _ => Ok(()),
    }
}

fn interpolate_text(text: &str, line: u32, scope: &Scope, place: Place) -> Result<Node, Complaint> {
    scope.room.take(1 + weight(text), line)?;
    if !text.contains("${") {
        return Ok(Node::text(text, line));
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    while let Some((start, end, inner)) = next_expression(text, from) {
        let found = look_up(inner, line, scope)?;
        if start == 0 && end == text.len() {
            if place != Place::Data && !found.is_scalar() {
                let kind = found.kind();
                return Err(Complaint::at(line, format!("puts {kind} where text belongs: `${{{inner}}}`")));
            }
            scope.room.take(found.size(), line)?;
            return Ok(Node::new(found.value.clone(), line));
        }
        out.push_str(&text[from..start]);
        let before = out.len();
        match (python_text(found), &found.value, place) {
            (Some(text), ..) => out.push_str(&text),
            (None, Value::Map(map), Place::Command) => out.push_str(&options(map, inner, line)?),
            _ => {
                let kind = found.kind();
                return Err(Complaint::at(line, format!("puts {kind} into text: `${{{inner}}}`")));
            }
        }
        scope.room.take(weight(&out[before..]), line)?;
        from = end;
    }
    out.push_str(&text[from..]);
    // As DVC does it: at the end, so also in what was put in.
    Ok(Node::text(out.replace("\\${", "${"), line))
}

/// The next `${…}` from an offset on: its start, its end, and what is inside. `\${` starts none, nor does one that is not
/// closed on its line.
fn next_expression(text: &str, mut from: usize) -> Option<(usize, usize, &str)> {
    while let Some(start) = text[from..].find("${").map(|at| from + at) {
        let rest = &text[start + 2..];
        if !text[..start].ends_with('\\')
            && let Some(length) = rest.find(['}', '\n'])
            && rest.as_bytes()[length] == b'}'
        {
            return Some((start, start + 2 + length + 1, &rest[..length]));
        }
        from = start + 2;
    }
    None
}

/// The names and indexes of `a.b[0].c`.
fn steps(expression: &str, line: u32) -> Result<Vec<&str>, Complaint> {
    let wrong = || Complaint::at(line, format!("uses `${{{expression}}}`, which is no name such as `a.b[0]`"));
    let word = |text: &str| text.find(['.', '[', ']']).unwrap_or(text.len());
    let mut steps = Vec::new();
    let (first, mut rest) = expression.split_at(word(expression));
    steps.push(first);
    while !rest.trim_start().is_empty() {
        rest = rest.trim_start();
        let mut signs = rest.chars();
        let sign = signs.next();
        let body = signs.as_str();
        let (step, after) = body.split_at(word(body));
        rest = match sign {
            Some('.') => after,
            Some('[') => after.strip_prefix(']').ok_or_else(wrong)?,
            _ => return Err(wrong()),
        };
        steps.push(step);
    }
    if steps.iter().any(|step| step.is_empty()) {
        return Err(wrong());
    }
    Ok(steps.into_iter().map(str::trim).collect())
}

/// `a.b[0].c` -> the value of that name.
fn look_up<'a>(expression: &str, line: u32, scope: &Scope<'a>) -> Result<&'a Node, Complaint> {
    let unknown = || Complaint::at(line, format!("uses `${{{expression}}}`, which is defined nowhere"));
    let mut steps = steps(expression, line)?.into_iter();
    let start = steps.next().and_then(|first| scope.get(first)).ok_or_else(unknown)?;
    let below = |node: &'a Node, step: &str| match &node.value {
        Value::Map(map) => named(map, step),
        Value::List(items) => {
            let index: i64 = step.parse().ok()?;
            // Python counts negative indexes from the end.
            let from_end = usize::try_from(index.unsigned_abs()).ok().and_then(|back| items.len().checked_sub(back));
            items.get(if index < 0 { from_end? } else { usize::try_from(index).ok()? })
        }
        _ => None,
    };
    steps.try_fold(start, below).ok_or_else(unknown)
}

/// A mapping in a command, as DVC unpacks it: `--lr 0.1 --opt.kind adam --flag`.
fn options(map: &Map, expression: &str, line: u32) -> Result<String, Complaint> {
    let mut words = Vec::new();
    push_options(map, "", &mut words).map_err(|key| {
        Complaint::at(line, format!("unpacks `${{{expression}}}`, whose `{key}` holds a list of lists"))
    })?;
    Ok(words.join(" ").trim_end().to_owned())
}

fn push_options(map: &Map, prefix: &str, words: &mut Vec<String>) -> Result<(), String> {
    for (key, entry) in map.iter().filter(|(_, entry)| entry.named) {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match &entry.node.value {
            Value::Map(inner) => push_options(inner, &name, words)?,
            Value::Bool(true) => words.push(format!("--{name}")),
            Value::Bool(false) => {}
            Value::List(items) if items.is_empty() => {}
            Value::List(items) => {
                words.push(format!("--{name}"));
                for item in items {
                    words.push(option_value(item).ok_or_else(|| name.clone())?.into_owned());
                }
            }
            _ => {
                words.push(format!("--{name}"));
                words.push(option_value(&entry.node).ok_or_else(|| name.clone())?.into_owned());
            }
        }
    }
    Ok(())
}

/// A value as Python formats it, text quoted for the shell. `None` for lists and mappings.
fn option_value(node: &Node) -> Option<Cow<'_, str>> {
    let text = match &node.value {
        Value::Text(text) => text,
        Value::Bool(true) => return Some("True".into()),
        Value::Bool(false) => return Some("False".into()),
        _ => return python_text(node).map(Cow::from),
    };
    let safe = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    let quoted = text.is_empty() || !text.chars().all(safe);
    Some(if quoted { format!("'{}'", text.replace('\'', "'\"'\"'")).into() } else { text.into() })
}
