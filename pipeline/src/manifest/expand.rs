//! `foreach` and `matrix`: one written stage -> many, each with its name and what `item` and `key` mean in it.

use indexmap::IndexMap;

use super::error::Complaint;
use super::interpolate::{Place, Scope, interpolate, is_whole};
use super::yaml::{Entry, Map, Node, Value, python_text};

/// More stages than this are refused: a product of axes is quickly written and never ends.
const MOST_STAGES: usize = 1_000_000;

/// The stages to be: each one's suffix (after `@`) and its names, `item` and perhaps `key`. Of equal suffixes the last counts,
/// in the place of the first.
pub type Instances = IndexMap<String, Map>;

/// The instances that a stage's `foreach` or `matrix` asks for; `None` for a plain stage.
pub fn instances(stage: &Map, scope: &Scope) -> Result<Option<Instances>, Complaint> {
    let (instances, line) = match (stage.get("foreach"), stage.get("matrix")) {
        (Some(entry), _) => (foreach(&entry.node, scope)?, entry.line),
        (None, Some(entry)) => (matrix(&entry.node, scope)?, entry.line),
        (None, None) => return Ok(None),
    };
    for suffix in instances.keys() {
        if suffix.is_empty() || suffix.contains('@') {
            let what = format!("makes a stage with `{suffix}` in its name, which needs some text without `@`");
            return Err(Complaint::at(line, what));
        }
    }
    Ok(Some(instances))
}

fn foreach(written: &Node, scope: &Scope) -> Result<Instances, Complaint> {
    let over = interpolate(written, scope, Place::Data)?;
    let mut instances = Instances::new();
    let mut add = |suffix: String, item: &Node, key: Option<&str>| {
        scope.room.take(3 + item.size(), item.line)?;
        let mut names = Map::new();
        if let Some(key) = key {
            names.insert("key".to_owned(), Entry::new(item.line, Node::text(key, item.line)));
        }
        names.insert("item".to_owned(), Entry::new(item.line, item.clone()));
        instances.insert(suffix, names);
        Ok::<(), Complaint>(())
    };
    match &over.value {
        // DVC numbers all members of a list as soon as one of them has no text of its own.
        Value::List(items) => {
            let numbered = items.iter().any(|item| !item.is_scalar());
            for (index, item) in items.iter().enumerate() {
                let text = label(item, written_item(written, index)).filter(|_| !numbered);
                add(text.unwrap_or_else(|| index.to_string()), item, None)?;
            }
        }
        Value::Map(map) => {
            // Where the mapping is a parameter, DVC does not see keys that are no text.
            let literal = matches!(written.value, Value::Map(_));
            for (key, entry) in map.iter().filter(|(_, entry)| literal || entry.named) {
                add(key.clone(), &entry.node, Some(key))?;
            }
        }
        _ => {
            let what = format!("`foreach` needs a list or a mapping, not {}", over.kind());
            return Err(Complaint::at(written.line, what));
        }
    }
    Ok(instances)
}

fn matrix(written: &Node, scope: &Scope) -> Result<Instances, Complaint> {
    let over = interpolate(written, scope, Place::Data)?;
    let (Value::Map(axes_written), Value::Map(axes_over)) = (&written.value, over.value) else {
        let what = format!("`matrix` needs a mapping of axes to lists, not {}", written.kind());
        return Err(Complaint::at(written.line, what));
    };
    let mut axes: Vec<(String, Vec<(String, Node)>)> = Vec::new();
    let mut stages: usize = 1;
    for ((axis, entry), written) in axes_over.into_iter().zip(axes_written.values()) {
        let Value::List(values) = entry.node.value else {
            let what = format!("axis `{axis}` of `matrix` needs a list, not {}", entry.node.kind());
            return Err(Complaint::at(entry.line, what));
        };
        let word = |(index, value): (usize, Node)| {
            let text = label(&value, written_item(&written.node, index));
            (text.unwrap_or_else(|| format!("{axis}{index}")), value)
        };
        stages = stages.saturating_mul(values.len());
        if stages > MOST_STAGES {
            return Err(Complaint::at(entry.line, format!("`matrix` makes more than {MOST_STAGES} stages")));
        }
        let values = values.into_iter().enumerate().map(word).collect();
        axes.push((axis, values));
    }
    if axes.is_empty() {
        return Err(Complaint::at(written.line, "`matrix` has no axis".to_owned()));
    }
    let mut instances = Instances::new();
    // Every combination, the last axis running fastest.
    for number in 0..stages {
        let mut rest = number;
        let mut chosen: Vec<(&str, &(String, Node))> = Vec::with_capacity(axes.len());
        for (axis, values) in axes.iter().rev() {
            chosen.push((axis, &values[rest % values.len()]));
            rest /= values.len();
        }
        chosen.reverse();
        let suffix = chosen.iter().map(|(_, (word, _))| word.as_str()).collect::<Vec<_>>().join("-");
        scope.room.take(3 + chosen.iter().map(|(_, (_, value))| value.size()).sum::<usize>(), written.line)?;
        let item: Map = chosen
            .iter()
            .map(|(axis, (_, value))| ((*axis).to_owned(), Entry::new(value.line, value.clone())))
            .collect();
        let mut names = Map::new();
        let key = Node::text(suffix.clone(), written.line);
        names.insert("key".to_owned(), Entry::new(written.line, key));
        names.insert("item".to_owned(), Entry::new(written.line, Node::new(Value::Map(item), written.line)));
        instances.insert(suffix, names);
    }
    Ok(instances)
}

/// What stands in dvc.yaml for a member of a list: its own text, or the `${…}` that gives the whole list.
fn written_item(list: &Node, index: usize) -> &Node {
    match &list.value {
        Value::List(items) => items.get(index).unwrap_or(list),
        _ => list,
    }
}

/// The text of a scalar in a stage's name. Booleans that come out of a `${…}` are Python's there; written ones are YAML's.
fn label(value: &Node, written: &Node) -> Option<String> {
    let looked_up = matches!(&written.value, Value::Text(text) if is_whole(text));
    match value.value {
        Value::Bool(value) if looked_up => Some(if value { "True" } else { "False" }.to_owned()),
        _ => python_text(value),
    }
}
