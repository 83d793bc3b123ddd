//! `retrial.yaml`: how the engine keeps a study. Optional, and beside dvc.yaml, which DVC shares.

use std::path::Path;

use crate::manifest::params::read_file;
use crate::manifest::schema::{check_keys, nearest};
use crate::manifest::yaml::{Map, Node, Value};
use crate::manifest::{Complaint, ManifestError};
use crate::store::Link;

pub const FILE: &str = "retrial.yaml";

/// What stands for the code of a study in the keys of its stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyedBy {
    /// What each stage declares to read, and the code that a native stage can reach.
    #[default]
    Content,
    /// The git commit as well: everything is made anew for a revision.
    Commit,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub key: KeyedBy,
    /// How outputs are placed in the work tree: the first way that works.
    pub links: Vec<Link>,
}

impl Default for Config {
    fn default() -> Self {
        Self { key: KeyedBy::default(), links: Link::DEFAULT.to_vec() }
    }
}

const KEYS: &[(&str, KeyedBy)] = &[("content", KeyedBy::Content), ("commit", KeyedBy::Commit)];
const LINKS: &[(&str, Link)] = &[("reflink", Link::Reflink), ("hardlink", Link::Hardlink), ("copy", Link::Copy)];

impl Config {
    /// Reads the file at `root`; the defaults where there is none.
    pub fn load(root: &Path) -> Result<Self, ManifestError> {
        match read_file(root, FILE)? {
            Some(tree) => config(&tree).map_err(|complaint| complaint.in_file(Path::new(FILE))),
            None => Ok(Self::default()),
        }
    }
}

fn config(tree: &Node) -> Result<Config, Complaint> {
    let mut config = Config::default();
    let Some(top) = mapping(tree, FILE)? else { return Ok(config) };
    check_keys(top, &["cache"], FILE)?;
    let Some(cache) = top.get("cache") else { return Ok(config) };
    let Some(cache) = mapping(&cache.node, "`cache`")? else { return Ok(config) };
    check_keys(cache, &["key", "link"], "`cache`")?;
    if let Some(entry) = cache.get("key") {
        config.key = word(&entry.node, "`cache.key`", KEYS)?;
    }
    if let Some(entry) = cache.get("link") {
        let Value::List(ways) = &entry.node.value else {
            let what = format!("`cache.link` needs a list such as [reflink, copy], not {}", entry.node.kind());
            return Err(Complaint::at(entry.line, what));
        };
        config.links = ways.iter().map(|way| word(way, "`cache.link`", LINKS)).collect::<Result<_, _>>()?;
    }
    Ok(config)
}

/// `None`: nothing is written there.
fn mapping<'a>(node: &'a Node, place: &str) -> Result<Option<&'a Map>, Complaint> {
    match &node.value {
        Value::Map(map) => Ok(Some(map)),
        Value::Null => Ok(None),
        _ => Err(Complaint::at(node.line, format!("{place} needs a mapping, not {}", node.kind()))),
    }
}

fn word<T: Copy>(node: &Node, place: &str, known: &[(&str, T)]) -> Result<T, Complaint> {
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let written = match &node.value {
        Value::Text(written) => written.as_str(),
        _ => node.kind(),
    };
    let found = known.iter().find(|(name, _)| *name == written && matches!(node.value, Value::Text(_)));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let hint = nearest(written, &names).map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
        Complaint::at(node.line, format!("{place} can be {}, not `{written}`{hint}", names.join(", ")))
    })
}
