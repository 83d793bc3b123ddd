//! The text of a lock -> its entries, each with the lines that it stands on, so that what does not change keeps its bytes.

use std::ops::Range;
use std::path::Path;

use indexmap::IndexMap;

use super::{Entry, Lock, LockError, emit};
use crate::manifest::yaml::{self, Map, Node, Value};

/// Parses the lock that `path` holds. An empty text is an empty lock.
pub fn parse(text: &str, path: &Path) -> Result<Lock, LockError> {
    let wrong = |line: u32, what: String| LockError::Content { path: path.to_owned(), line, what };
    if let Some(line) = conflict(text) {
        return Err(LockError::Conflict { path: path.to_owned(), line });
    }
    let tree = yaml::parse(text).map_err(|complaint| wrong(complaint.line, complaint.what))?;
    let Value::Map(mut top) = tree.value else {
        return Err(wrong(tree.line, format!("is {} and not a mapping", tree.kind())));
    };
    let text = text.to_owned();
    if top.is_empty() {
        return Ok(Lock { text, ..Lock::default() });
    }
    match top.get("schema").map(|entry| (&entry.node.value, entry.line)) {
        Some((Value::Text(schema), _)) if schema == "2.0" => {}
        Some((_, line)) => return Err(wrong(line, "has another `schema` than '2.0'".to_owned())),
        None => return Err(wrong(1, "has no `schema`".to_owned())),
    }
    // Where one entry refers to another, texts can't be replaced one by one.
    let shared = emit::shares(&top);
    let stages = match top.get_mut("stages") {
        None => return Ok(Lock { text, top, ..Lock::default() }),
        Some(entry) => std::mem::replace(&mut entry.node.value, Value::Map(Map::new())),
    };
    let stages = match stages {
        Value::Map(stages) => stages,
        Value::Null => Map::new(),
        other => {
            let found = Node::new(other, 1);
            let line = top.get("stages").map_or(1, |entry| entry.line);
            return Err(wrong(line, format!("has {} under `stages`, and not a mapping", found.kind())));
        }
    };
    let places = if shared { None } else { Lines::of(&text).places(&top, &stages) };
    let mut entries = IndexMap::with_capacity(stages.len());
    for (at, (name, entry)) in stages.into_iter().enumerate() {
        let Value::Map(map) = entry.node.value else {
            return Err(wrong(entry.line, format!("has {} as the entry of `{name}`", entry.node.kind())));
        };
        let place = places.as_ref().map(|places| places[at].clone());
        entries.insert(name, Entry { map, line: entry.line, place, id: entry.node.id });
    }
    Ok(Lock { text, top, entries, block: places.as_deref().and_then(block) })
}

/// The line of the first mark that git leaves where it could not merge.
fn conflict(text: &str) -> Option<u32> {
    let marked = |line: &str| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") || line == "=======";
    let at = text.lines().position(marked)?;
    u32::try_from(at + 1).ok()
}

/// From the first entry's first byte to the last one's last.
fn block(places: &[Range<usize>]) -> Option<Range<usize>> {
    Some(places.first()?.start..places.last()?.end)
}

/// Where each line of a text starts.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    fn start(&self, line: u32) -> Option<usize> {
        self.starts.get(usize::try_from(line).ok()?.checked_sub(1)?).copied()
    }

    /// The bytes of each entry of `stages`; `None` where the file is not laid out as DVC does it, entry below entry and
    /// each two columns in, so that entries can't be moved and replaced as texts.
    fn places(&self, top: &Map, stages: &Map) -> Option<Vec<Range<usize>>> {
        let laid_out = |entry: &yaml::Entry| {
            let line = self.text.get(self.start(entry.line)?..)?;
            let key = line.strip_prefix("  ")?;
            (!key.starts_with([' ', '?', '-', '&', '{'])).then_some(())
        };
        stages.values().try_for_each(laid_out)?;
        // What comes after `stages` at the top, if anything does.
        let below = top.get_index_of("stages").and_then(|at| top.get_index(at + 1));
        let end = match below {
            Some((_, entry)) => self.start(entry.line)?,
            None => self.text.len(),
        };
        let starts: Vec<usize> = stages.values().map(|entry| self.start(entry.line)).collect::<Option<_>>()?;
        let ends = starts.iter().skip(1).copied().chain([end]);
        let places: Vec<Range<usize>> = starts.iter().zip(ends).map(|(&start, end)| start..end).collect();
        (self.text.ends_with('\n') && places.iter().all(|place| place.start < place.end)).then_some(places)
    }
}
