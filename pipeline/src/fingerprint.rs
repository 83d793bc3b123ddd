//! A stage and the digests of all that it reads -> its key.
//!
//! The key is the SHA-256 of a list of ingredients, each a name and a value, length-prefixed, so that no two lists
//! share an encoding. The same list is stored with the run and shown as the explanation, so that the reason for a rerun
//! cannot drift from the key. No time, host, absolute path or thread count is an ingredient.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::digest::hex;

/// Changes whenever the encoding below changes, so that old keys never match by accident.
const ENCODING: &str = "retrial key 1";

/// What kind of thing entered a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Command,
    Folder,
    Dependency,
    Parameter,
    Output,
    Environment,
    Code,
    Commit,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Command => "command",
            Kind::Folder => "folder",
            Kind::Dependency => "dependency",
            Kind::Parameter => "parameter",
            Kind::Output => "output",
            Kind::Environment => "environment",
            Kind::Code => "code",
            Kind::Commit => "commit",
        }
    }
}

/// One thing that entered a key: what it is called, and its value or digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ingredient(pub Kind, pub String, pub String);

/// The key of a run: 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Everything that decides what a stage's outputs are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Recipe {
    ingredients: Vec<Ingredient>,
}

impl Recipe {
    pub fn add(&mut self, kind: Kind, name: impl Into<String>, value: impl Into<String>) {
        self.ingredients.push(Ingredient(kind, name.into(), value.into()));
    }

    pub fn extend(&mut self, other: Recipe) {
        self.ingredients.extend(other.ingredients);
    }

    /// Sorted, so that the order in which dvc.yaml lists things is no ingredient.
    pub fn finish(mut self) -> Self {
        self.ingredients.sort();
        self.ingredients.dedup();
        self
    }

    pub fn ingredients(&self) -> &[Ingredient] {
        &self.ingredients
    }

    pub fn key(&self) -> Key {
        let mut hasher = Sha256::new();
        let mut field = |text: &str| {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        field(ENCODING);
        for Ingredient(kind, name, value) in &self.ingredients {
            field(kind.word());
            field(name);
            field(value);
        }
        Key(hex(&hasher.finalize()))
    }

    /// What differs from an earlier recipe.
    pub fn changes_since(&self, earlier: &Recipe) -> Vec<Change> {
        let (mut old, mut new) = (earlier.ingredients.iter().peekable(), self.ingredients.iter().peekable());
        let mut changes = Vec::new();
        loop {
            let before = |a: &Ingredient, b: &Ingredient| (a.0, &a.1).cmp(&(b.0, &b.1));
            let order = match (old.peek(), new.peek()) {
                (None, None) => return changes,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(old), Some(new)) => before(old, new),
            };
            let was = if order.is_le() { old.next() } else { None };
            let is = if order.is_ge() { new.next() } else { None };
            let Some(Ingredient(kind, name, _)) = was.or(is) else { return changes };
            if was != is {
                changes.push(Change {
                    kind: *kind,
                    name: name.clone(),
                    was: was.map(|ingredient| ingredient.2.clone()),
                    is: is.map(|ingredient| ingredient.2.clone()),
                });
            }
        }
    }
}

/// An ingredient that came, went or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub kind: Kind,
    pub name: String,
    pub was: Option<String>,
    pub is: Option<String>,
}
