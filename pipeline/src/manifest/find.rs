//! Where the dvc.yaml files of a repository are: one walk, as DVC's. It does not enter what is hidden or ignored (by
//! `.dvcignore` or by git), outputs of stages, or repositories inside the repository.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::{FILE, ManifestError};
use crate::digest::ignore::{self, Rules};
use crate::path::RepoPath;

const GIT: &str = ".gitignore";

/// A folder to be looked into, with the rules that hold above it.
struct Open {
    folder: RepoPath,
    dvc: Rules,
    git: Rules,
}

pub struct Walk {
    root: PathBuf,
    in_git: bool,
    open: Vec<Open>,
    /// The folders entered whose own `.dvcignore` hides something, with what holds in them.
    pub rules: Vec<(RepoPath, Rules)>,
}

impl Walk {
    pub fn new(root: &Path) -> Result<Self, ManifestError> {
        // The study may be a folder of a git repository: the ignore files above it hold in it.
        let mut git = Rules::default();
        let top = root.ancestors().find(|folder| folder.join(".git").exists());
        if let Some(top) = top {
            git = git.with(top, ".git/info/exclude").unwrap_or_default();
            let above: Vec<&Path> = root.ancestors().skip(1).take_while(|folder| folder.starts_with(top)).collect();
            for folder in above.into_iter().rev() {
                git = git.with(folder, GIT).unwrap_or(git);
            }
        }
        let open = vec![Open { folder: RepoPath::root(), dvc: Rules::default(), git }];
        Ok(Self { root: root.to_owned(), in_git: top.is_some(), open, rules: Vec::new() })
    }

    /// The next dvc.yaml, those of a folder before those in its sub-folders, otherwise by name; `outputs` are not entered.
    pub fn next(&mut self, outputs: &HashSet<RepoPath>) -> Result<Option<RepoPath>, ManifestError> {
        while let Some(open) = self.open.pop() {
            if !outputs.contains(&open.folder) && self.enter(&open)? {
                return Ok(Some(open.folder.child(FILE)));
            }
        }
        Ok(None)
    }

    /// Looks into a folder; says whether there is a dvc.yaml in it.
    fn enter(&mut self, Open { folder, dvc, git }: &Open) -> Result<bool, ManifestError> {
        let path = folder.within(&self.root);
        let entries = match std::fs::read_dir(&path) {
            Ok(entries) => entries,
            // A folder that nobody may look into is no part of the study, nor is one that has just gone.
            Err(_) if !folder.is_root() => return Ok(false),
            Err(source) => return Err(ManifestError::Read { file: path, source }),
        };
        let (mut folders, mut found, mut ignores, mut own) = (Vec::new(), false, Vec::new(), false);
        for entry in entries.flatten() {
            let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
            own |= name == ".dvc" && kind.is_dir();
            match name.as_str() {
                FILE => found = !kind.is_dir(),
                ignore::FILE => ignores.push(name),
                GIT if self.in_git => ignores.push(name),
                _ if kind.is_dir() && !ignore::is_hidden(&name, true) => folders.push(name),
                _ => {}
            }
        }
        if own && !folder.is_root() {
            return Ok(false);
        }
        let (mut dvc, mut git) = (dvc.clone(), git.clone());
        for name in ignores {
            if name == GIT {
                // What is wrong with it is git's concern.
                git = git.with(&path, GIT).unwrap_or(git);
            } else if !dvc.hide(&path.join(&name), false) {
                dvc = dvc.with(&path, ignore::FILE)?;
                self.rules.push((folder.clone(), dvc.clone()));
            }
        }
        let hidden = |name: &str, is_folder: bool| {
            let path = path.join(name);
            dvc.hide(&path, is_folder) || git.hide(&path, is_folder)
        };
        folders.sort_unstable_by(|a, b| b.cmp(a));
        let plain = dvc.is_empty() && git.is_empty();
        folders.retain(|name| plain || !hidden(name, true));
        found &= plain || !hidden(FILE, false);
        let opened = |name: String| Open { folder: folder.child(&name), dvc: dvc.clone(), git: git.clone() };
        self.open.extend(folders.into_iter().map(opened));
        Ok(found)
    }
}
