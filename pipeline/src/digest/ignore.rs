//! What `.dvcignore` files hide (patterns as in `.gitignore`), so that DVC and retrial see the same folders.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::DigestError;
use crate::path::RepoPath;

/// The file that says what a folder hides.
pub const FILE: &str = ".dvcignore";

/// Folders of version control and of engines, which are never looked into.
const HIDDEN: &[&str] = &[".git", ".hg", ".dvc", ".retrial"];

/// Whether an entry of this name is hidden without any pattern.
pub fn is_hidden(name: &str, is_folder: bool) -> bool {
    HIDDEN.contains(&name) && (is_folder || name == ".git")
}

/// The patterns that hold in a folder: those of its own ignore file and of the ones above, the outermost first.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    files: Vec<Arc<Gitignore>>,
}

impl Rules {
    /// These rules and those of `file` in `folder`, where there is one.
    pub fn with(&self, folder: &Path, file: &str) -> Result<Self, DigestError> {
        let path = folder.join(file);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(self.clone()),
            Err(source) => return Err(DigestError::Read { path, source }),
        };
        let mut builder = GitignoreBuilder::new(folder);
        builder.allow_unclosed_class(true);
        let wrong =
            |line, error: ignore::Error| DigestError::Pattern { path: path.clone(), line, what: error.to_string() };
        for (index, line) in text.lines().enumerate() {
            // Braces mean themselves for git and DVC.
            let line = line.trim().replace('{', "\\{").replace('}', "\\}");
            builder.add_line(None, &line).map_err(|error| wrong(index + 1, error))?;
        }
        let patterns = builder.build().map_err(|error| wrong(1, error))?;
        let mut rules = self.clone();
        if !patterns.is_empty() {
            rules.files.push(Arc::new(patterns));
        }
        Ok(rules)
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether an entry of the folder that these rules hold in is hidden: the innermost file that has a say decides.
    pub fn hide(&self, path: &Path, is_folder: bool) -> bool {
        let verdict =
            self.files.iter().rev().map(|file| file.matched(path, is_folder)).find(|verdict| !verdict.is_none());
        matches!(verdict, Some(Match::Ignore(_)))
    }
}

/// The rules of all folders of a repository, read as they are asked for.
#[derive(Debug)]
pub struct Ignored {
    pub root: PathBuf,
    known: HashMap<RepoPath, Option<Rules>>,
}

impl Ignored {
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), known: HashMap::new() }
    }

    /// The rules that hold in `folder`; `None` where it is hidden itself.
    pub fn inside(&mut self, folder: &RepoPath) -> Result<Option<Rules>, DigestError> {
        if let Some(known) = self.known.get(folder) {
            return Ok(known.clone());
        }
        let path = folder.within(&self.root);
        let above = if folder.is_root() { Some(Rules::default()) } else { self.inside(&folder.parent())? };
        let rules = match above {
            Some(above) if folder.is_root() || !above.hide(&path, true) => Some(above.with(&path, FILE)?),
            _ => None,
        };
        self.known.insert(folder.clone(), rules.clone());
        Ok(rules)
    }
}
