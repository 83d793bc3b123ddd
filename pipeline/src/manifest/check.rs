//! The shape of a dvc.yaml before anything is looked up: which keys there are, and what kind of value each takes. As strict
//! as DVC's own schema.

use super::error::Complaint;
use super::schema::nearest;
use super::yaml::{Entry, Map, Node, Value};

const STAGE: &[(&str, Shape)] = &[
    ("cmd", Shape::TextOrList),
    ("wdir", Shape::Text),
    ("deps", Shape::Texts),
    ("params", Shape::TextsOrMaps),
    ("outs", Shape::Outputs(&[OUTPUT])),
    ("metrics", Shape::Outputs(&[OUTPUT])),
    ("plots", Shape::Outputs(&[OUTPUT, PLOT])),
    ("frozen", Shape::Flag),
    ("always_changed", Shape::Flag),
    ("desc", Shape::Text),
    ("meta", Shape::Any),
    ("vars", Shape::TextsOrMaps),
    ("foreach", Shape::TextListOrMap),
    ("do", Shape::Map),
    ("matrix", Shape::Map),
];

const OUTPUT: &[(&str, Shape)] = &[
    ("cache", Shape::Flag),
    ("persist", Shape::Flag),
    ("push", Shape::Flag),
    ("checkpoint", Shape::Flag),
    ("remote", Shape::Text),
    ("desc", Shape::Text),
    ("type", Shape::Text),
    ("labels", Shape::Texts),
    ("meta", Shape::Any),
];

/// What a plot may say besides.
const PLOT: &[(&str, Shape)] = &[
    ("template", Shape::Text),
    ("x", Shape::Text),
    ("y", Shape::Text),
    ("x_label", Shape::Text),
    ("y_label", Shape::Text),
    ("title", Shape::Text),
    ("header", Shape::Flag),
];

/// A plot at the top of the file.
const DRAWN: &[(&str, Shape)] = &[
    ("x", Shape::Axis { many: false }),
    ("y", Shape::Axis { many: true }),
    ("x_label", Shape::Text),
    ("y_label", Shape::Text),
    ("title", Shape::Text),
    ("template", Shape::Text),
];

const ARTIFACT: &[(&str, Shape)] = &[
    ("path", Shape::Text),
    ("desc", Shape::Text),
    ("type", Shape::Text),
    ("labels", Shape::Texts),
    ("meta", Shape::Any),
];

const TOP: &[(&str, Shape)] = &[
    ("stages", Shape::Map),
    ("vars", Shape::TextsOrMaps),
    ("params", Shape::Texts),
    ("metrics", Shape::Texts),
    ("plots", Shape::TextsOrMaps),
    ("artifacts", Shape::Map),
    ("datasets", Shape::Any),
];

/// What kind of value a key takes.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Any,
    Flag,
    Text,
    Texts,
    TextOrList,
    TextsOrMaps,
    TextListOrMap,
    Map,
    /// Paths, each with flags below it or not.
    Outputs(&'static [&'static [(&'static str, Shape)]]),
    /// Text, or a mapping of files to text; perhaps several texts.
    Axis {
        many: bool,
    },
}

/// Checks a whole dvc.yaml.
pub fn manifest(top: &Map) -> Result<(), Complaint> {
    keys(top, TOP, "dvc.yaml")?;
    for (name, entry) in below(top, "stages") {
        stage(name, entry)?;
    }
    for item in items(top, "plots") {
        let Value::Map(plots) = &item.value else { continue };
        for (name, entry) in plots {
            match &entry.node.value {
                Value::Null => {}
                Value::Map(plot) => keys(plot, DRAWN, &format!("plot `{name}`"))?,
                _ => return Err(wrong(entry, &format!("plot `{name}`"), "a mapping")),
            }
        }
    }
    for (name, entry) in below(top, "artifacts") {
        let place = format!("artifact `{name}`");
        let Value::Map(artifact) = &entry.node.value else { return Err(wrong(entry, &place, "a mapping")) };
        keys(artifact, ARTIFACT, &place)?;
        if !artifact.contains_key("path") {
            return Err(Complaint::at(entry.line, format!("{place} has no `path`")));
        }
    }
    Ok(())
}

fn stage(name: &str, entry: &Entry) -> Result<(), Complaint> {
    let place = format!("stage `{name}`");
    let Value::Map(map) = &entry.node.value else { return Err(wrong(entry, &place, "a mapping")) };
    if !entry.named || name.contains('@') {
        return Err(Complaint::at(entry.line, format!("{place}: a name needs to be text without `@`")));
    }
    keys(map, STAGE, &place)?;
    let body = match (map.get("foreach"), map.get("do")) {
        (Some(foreach), None) => return Err(Complaint::at(foreach.line, format!("{place}: `foreach` needs a `do`"))),
        (None, Some(body)) => return Err(Complaint::at(body.line, format!("{place}: `do` needs a `foreach`"))),
        (Some(_), Some(body)) => {
            if let Some((key, other)) = map.iter().find(|(key, _)| !matches!(key.as_str(), "foreach" | "do")) {
                let what = format!("{place}: `{key}` beside `foreach` belongs into `do`");
                return Err(Complaint::at(other.line, what));
            }
            let Value::Map(inner) = &body.node.value else { return Err(wrong(body, "`do`", "a mapping")) };
            keys(inner, STAGE, &place)?;
            if let Some((key, inner)) = ["foreach", "do", "matrix"].iter().find_map(|&key| Some((key, inner.get(key)?)))
            {
                return Err(Complaint::at(inner.line, format!("{place}: `{key}` can't stand inside `do`")));
            }
            inner
        }
        (None, None) => map,
    };
    for (axis, values) in below(map, "matrix") {
        if !values.named || !matches!(values.node.value, Value::Text(_) | Value::List(_)) {
            return Err(wrong(values, &format!("{place}: axis `{axis}` of `matrix`"), "a list"));
        }
    }
    match body.contains_key("cmd") {
        true => Ok(()),
        false => Err(Complaint::at(entry.line, format!("{place} has no `cmd`"))),
    }
}

/// Checks that `map` has no other keys than these, and what they hold.
fn keys(map: &Map, known: &[(&str, Shape)], place: &str) -> Result<(), Complaint> {
    for (key, entry) in map {
        let Some((_, shape)) = known.iter().find(|(known, _)| known == key) else {
            let names: Vec<&str> = known.iter().map(|(known, _)| *known).collect();
            let hint = nearest(key, &names).map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
            return Err(Complaint::at(entry.line, format!("{place} has an unknown key `{key}`{hint}")));
        };
        check(*shape, entry, &format!("{place}: `{key}`"))?;
    }
    Ok(())
}

fn check(shape: Shape, entry: &Entry, place: &str) -> Result<(), Complaint> {
    let value = &entry.node.value;
    let all =
        |fits: fn(&Value) -> bool| matches!(value, Value::List(items) if items.iter().all(|item| fits(&item.value)));
    let (fits, needs) = match shape {
        Shape::Any => (true, "anything"),
        Shape::Flag => (matches!(value, Value::Bool(_)), "true or false"),
        Shape::Text => (is_text(value), "text"),
        Shape::Texts => (all(is_text), "a list of texts"),
        Shape::TextOrList => (is_text(value) || matches!(value, Value::List(_)), "text, or a list of texts"),
        Shape::TextsOrMaps => (all(|value| is_text(value) || is_map(value)), "a list of texts and mappings"),
        Shape::TextListOrMap => {
            (!matches!(value, Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_)), "a list or a mapping")
        }
        Shape::Map => (is_map(value), "a mapping"),
        Shape::Axis { many } => (is_axis(value, many), "text, or a mapping of files to texts"),
        Shape::Outputs(flags) => {
            let Value::List(items) = value else { return Err(wrong(entry, place, "a list of paths")) };
            let flags = flags.concat();
            return items.iter().try_for_each(|item| output(item, &flags, place));
        }
    };
    if fits { Ok(()) } else { Err(wrong(entry, place, needs)) }
}

fn output(item: &Node, known: &[(&str, Shape)], place: &str) -> Result<(), Complaint> {
    let Value::Map(paths) = &item.value else {
        let fits = is_text(&item.value);
        let what = || format!("{place} needs a list of paths, not of {}", item.kind());
        return if fits { Ok(()) } else { Err(Complaint::at(item.line, what())) };
    };
    for (path, entry) in paths {
        let Value::Map(flags) = &entry.node.value else {
            return Err(wrong(entry, &format!("output `{path}`"), "a mapping of flags after its name"));
        };
        if !entry.named {
            return Err(Complaint::at(entry.line, format!("output `{path}` needs to be text: quote it")));
        }
        keys(flags, known, &format!("output `{path}`"))?;
    }
    Ok(())
}

fn is_text(value: &Value) -> bool {
    matches!(value, Value::Text(_))
}

fn is_map(value: &Value) -> bool {
    matches!(value, Value::Map(_))
}

fn is_axis(value: &Value, many: bool) -> bool {
    let texts = |value: &Value| match value {
        Value::List(items) => many && items.iter().all(|item| is_text(&item.value)),
        value => is_text(value),
    };
    match value {
        Value::Map(files) => files.values().all(|entry| texts(&entry.node.value)),
        value => texts(value),
    }
}

fn wrong(entry: &Entry, place: &str, needs: &str) -> Complaint {
    Complaint::at(entry.line, format!("{place} needs {needs}, not {}", entry.node.kind()))
}

/// The entries of the mapping under `key`; none where there is none.
fn below<'a>(map: &'a Map, key: &str) -> impl Iterator<Item = (&'a String, &'a Entry)> {
    match map.get(key).map(|entry| &entry.node.value) {
        Some(Value::Map(inner)) => Some(inner),
        _ => None,
    }
    .into_iter()
    .flatten()
}

fn items<'a>(map: &'a Map, key: &str) -> &'a [Node] {
    match map.get(key).map(|entry| &entry.node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}
