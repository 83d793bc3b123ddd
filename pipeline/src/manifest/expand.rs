//! `foreach` and `matrix`: one written stage -> many, each with its name and what `item` and `key` mean in it.

use super::error::Complaint;
use super::interpolate::{Place, Scope, interpolate};
use super::yaml::{Entry, Map, Node, Value, python_text};

/// One stage to be: the name's suffix (after `@`), the scope's extra names, and the stage's own mapping.
pub struct Instance {
    pub suffix: Option<String>,
    pub names: Map,
}

/// The instances that a stage's `foreach` or `matrix` asks for; a plain stage is one instance without suffix.
pub fn instances(stage: &Map, scope: &Scope) -> Result<Vec<Instance>, Complaint> {
    if let Some(entry) = stage.get("foreach") {
        return foreach(&interpolate(&entry.node, scope, Place::Elsewhere)?);
    }
    if let Some(entry) = stage.get("matrix") {
        return matrix(&interpolate(&entry.node, scope, Place::Elsewhere)?);
    }
    Ok(vec![Instance { suffix: None, names: Map::new() }])
}

fn foreach(over: &Node) -> Result<Vec<Instance>, Complaint> {
    let instance = |suffix: String, item: &Node, key: Option<&str>| {
        let mut names = Map::new();
        if let Some(key) = key {
            names.insert("key".to_owned(), Entry::new(item.line, Node::text(key, item.line)));
        }
        names.insert("item".to_owned(), Entry::new(item.line, item.clone()));
        Instance { suffix: Some(suffix), names }
    };
    match &over.value {
        // DVC numbers all members of a list as soon as one of them has no text of its own.
        Value::List(items) => {
            let numbered = items.iter().any(|item| !item.is_scalar());
            Ok(items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    let suffix = python_text(item).filter(|_| !numbered).unwrap_or_else(|| index.to_string());
                    instance(suffix, item, None)
                })
                .collect())
        }
        Value::Map(map) => Ok(map.iter().map(|(key, entry)| instance(key.clone(), &entry.node, Some(key))).collect()),
        _ => Err(Complaint::at(over.line, format!("`foreach` needs a list or a mapping, not {}", over.kind()))),
    }
}

fn matrix(axes: &Node) -> Result<Vec<Instance>, Complaint> {
    let Value::Map(axes_map) = &axes.value else {
        return Err(Complaint::at(
            axes.line,
            format!("`matrix` needs a mapping of axes to lists, not {}", axes.kind()),
        ));
    };
    // Every combination, the last axis running fastest.
    let mut combinations: Vec<(Vec<String>, Map)> = vec![(Vec::new(), Map::new())];
    for (axis, entry) in axes_map {
        let Value::List(values) = &entry.node.value else {
            let kind = entry.node.kind();
            return Err(Complaint::at(entry.line, format!("axis `{axis}` of `matrix` needs a list, not {kind}")));
        };
        let mut longer = Vec::with_capacity(combinations.len() * values.len());
        for (words, item) in &combinations {
            for (index, value) in values.iter().enumerate() {
                let mut words = words.clone();
                words.push(python_text(value).unwrap_or_else(|| format!("{axis}{index}")));
                let mut item = item.clone();
                item.insert(axis.clone(), Entry::new(value.line, value.clone()));
                longer.push((words, item));
            }
        }
        combinations = longer;
    }
    Ok(combinations
        .into_iter()
        .map(|(words, item)| {
            let suffix = words.join("-");
            let mut names = Map::new();
            let key = Node::text(suffix.clone(), axes.line);
            names.insert("key".to_owned(), Entry::new(axes.line, key));
            names.insert("item".to_owned(), Entry::new(axes.line, Node::new(Value::Map(item), axes.line)));
            Instance { suffix: Some(suffix), names }
        })
        .collect())
}
