//! `${…}` in dvc.yaml: names looked up in scopes, values put into text or left whole.

use super::error::Complaint;
use super::yaml::{Map, Node, Value, python_text};

/// Where names are looked up: the innermost scope first (`item`, `key`, a stage's variables, the file's, parameters).
#[derive(Clone, Default)]
pub struct Scope<'a> {
    layers: Vec<&'a Map>,
}

impl<'a> Scope<'a> {
    pub fn new(outermost: &'a Map) -> Self {
        Self { layers: vec![outermost] }
    }

    pub fn inside(&self, layer: &'a Map) -> Self {
        let mut layers = self.layers.clone();
        layers.push(layer);
        Self { layers }
    }

    fn get(&self, name: &str) -> Option<&'a Node> {
        self.layers.iter().rev().find_map(|layer| layer.get(name)).map(|entry| &entry.node)
    }
}

/// How values become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A command: mappings unpack into `--key value` options.
    Command,
    /// Anything else: only scalars fit into text.
    Elsewhere,
}

/// Replaces every `${…}` below `node`, in keys too. Text that is one `${…}` and nothing else keeps the value's type.
pub fn interpolate(node: &Node, scope: &Scope, place: Place) -> Result<Node, Complaint> {
    let value = match &node.value {
        Value::Text(text) => return interpolate_text(text, node.line, scope, place),
        Value::List(items) => {
            Value::List(items.iter().map(|item| interpolate(item, scope, place)).collect::<Result<_, _>>()?)
        }
        Value::Map(map) => {
            let mut done = Map::new();
            for (key, entry) in map {
                let key_node = interpolate_text(key, entry.line, scope, Place::Elsewhere)?;
                let Some(key) = python_text(&key_node) else {
                    return Err(Complaint::at(
                        entry.line,
                        format!("has {} as a key: keys must be text", key_node.kind()),
                    ));
                };
                let mut entry = entry.clone();
                entry.node = interpolate(&entry.node, scope, place)?;
                if done.insert(key.clone(), entry).is_some() {
                    return Err(Complaint::at(node.line, format!("has the key `{key}` twice after interpolation")));
                }
            }
            Value::Map(done)
        }
        scalar => scalar.clone(),
    };
    Ok(Node::new(value, node.line))
}

fn interpolate_text(text: &str, line: u32, scope: &Scope, place: Place) -> Result<Node, Complaint> {
    let pieces = split(text, line)?;
    if let [Piece::Expression(expression)] = pieces.as_slice()
        && place == Place::Elsewhere
    {
        let found = look_up(expression, line, scope)?;
        return Ok(Node::new(found.value.clone(), line));
    }
    let mut out = String::with_capacity(text.len());
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(&text),
            Piece::Expression(expression) => {
                let found = look_up(expression, line, scope)?;
                match (python_text(found), &found.value, place) {
                    (Some(text), ..) => out.push_str(&text),
                    (None, Value::Map(map), Place::Command) => out.push_str(&options(map, expression, line)?),
                    _ => {
                        let kind = found.kind();
                        return Err(Complaint::at(line, format!("puts {kind} into text: `${{{expression}}}`")));
                    }
                }
            }
        }
    }
    Ok(Node::text(out, line))
}

enum Piece<'a> {
    Text(String),
    Expression(&'a str),
}

/// Cuts text at its `${…}`; `\${` is a literal `${`.
fn split(text: &str, line: u32) -> Result<Vec<Piece<'_>>, Complaint> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        if rest[..start].ends_with('\\') {
            plain.push_str(&rest[..start - 1]);
            plain.push_str("${");
            rest = &rest[start + 2..];
            continue;
        }
        plain.push_str(&rest[..start]);
        let Some(length) = rest[start..].find('}') else {
            return Err(Complaint::at(line, "opens `${` and does not close it".to_owned()));
        };
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        pieces.push(Piece::Expression(rest[start + 2..start + length].trim()));
        rest = &rest[start + length + 1..];
    }
    plain.push_str(rest);
    if !plain.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

/// `a.b[0].c` -> the value of that name.
fn look_up<'a>(expression: &str, line: u32, scope: &Scope<'a>) -> Result<&'a Node, Complaint> {
    let unknown = || Complaint::at(line, format!("uses `${{{expression}}}`, which is defined nowhere"));
    let normal = expression.replace('[', ".").replace(']', "");
    let mut parts = normal.split('.');
    let first = parts.next().filter(|first| !first.is_empty()).ok_or_else(unknown)?;
    let start = scope.get(first).ok_or_else(unknown)?;
    parts.try_fold(start, |node, part| node.child(part)).ok_or_else(unknown)
}

/// A mapping in a command, as DVC unpacks it: `--lr 0.1 --opt.kind adam --flag`.
fn options(map: &Map, expression: &str, line: u32) -> Result<String, Complaint> {
    let mut words = Vec::new();
    push_options(map, "", &mut words)
        .map_err(|key| Complaint::at(line, format!("unpacks `${{{expression}}}`, whose `{key}` is no plain value")))?;
    Ok(words.join(" "))
}

fn push_options(map: &Map, prefix: &str, words: &mut Vec<String>) -> Result<(), String> {
    for (key, entry) in map {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match &entry.node.value {
            Value::Map(inner) => push_options(inner, &name, words)?,
            Value::Bool(true) => words.push(format!("--{name}")),
            Value::Bool(false) => {}
            Value::List(items) => {
                words.push(format!("--{name}"));
                for item in items {
                    words.push(shell_quoted(item).ok_or_else(|| name.clone())?);
                }
            }
            _ => {
                words.push(format!("--{name}"));
                words.push(shell_quoted(&entry.node).ok_or_else(|| name.clone())?);
            }
        }
    }
    Ok(())
}

fn shell_quoted(node: &Node) -> Option<String> {
    let text = python_text(node)?;
    let safe = |c: char| c.is_alphanumeric() || "_@%+=:,./-".contains(c);
    let needs_quotes = matches!(node.value, Value::Text(_)) && (text.is_empty() || !text.chars().all(safe));
    Some(if needs_quotes { format!("'{}'", text.replace('\'', "'\"'\"'")) } else { text })
}
