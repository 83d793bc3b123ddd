//! What code a native stage is made of: the modules that it can reach, and the crates that those use.
//!
//! A build script embeds the map (crate `pipeline-build`); here it is only walked, and compared with the source that lies
//! about. A module's digest is of its tokens: comments, formatting, docs and tests are not in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::digest::{Memo, hex};

/// The modules of a study's crate and the crates that it is locked to, both sorted by name.
#[derive(Debug)]
pub struct CodeMap {
    pub modules: &'static [Module],
    /// (crate, digest of its locked version and of all that it depends on)
    pub crates: &'static [(&'static str, &'static str)],
    pub built_from: BuiltFrom,
}

/// The source that a program was built from; its paths are relative to the workspace.
#[derive(Debug)]
pub struct BuiltFrom {
    /// The package's manifest and name: where they are found, the source is its own.
    pub manifest: &'static str,
    pub package: &'static str,
    /// Where every Rust file is one of these.
    pub folder: &'static str,
    /// (file, SHA-256), sorted.
    pub files: &'static [(&'static str, &'static str)],
}

/// What has become of a file since the program was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    Changed,
    New,
    Gone,
}

#[derive(Debug)]
pub struct Module {
    /// `methods::gwd`; the crate's root is the empty path.
    pub path: &'static str,
    pub digest: &'static str,
    /// Modules that it refers to.
    pub modules: &'static [&'static str],
    /// External crates that it refers to.
    pub crates: &'static [&'static str],
}

impl CodeMap {
    /// A study without native stages.
    pub const EMPTY: CodeMap = CodeMap {
        modules: &[],
        crates: &[],
        built_from: BuiltFrom { manifest: "", package: "", folder: "", files: &[] },
    };

    /// All that the modules `roots` can reach: `module x` or `crate x` -> digest. `Err` names a root that does not exist.
    pub fn closure(&self, roots: &[String]) -> Result<BTreeMap<String, &'static str>, String> {
        let mut open: Vec<&str> = roots.iter().map(String::as_str).collect();
        let mut reached = BTreeMap::new();
        while let Some(path) = open.pop() {
            let Ok(at) = self.modules.binary_search_by(|module| module.path.cmp(path)) else {
                return Err(path.to_owned());
            };
            let module = &self.modules[at];
            if reached.insert(format!("module {path}"), module.digest).is_some() {
                continue;
            }
            open.extend(module.modules);
            for name in module.crates {
                if let Ok(at) = self.crates.binary_search_by(|(known, _)| known.cmp(name)) {
                    reached.insert(format!("crate {name}"), self.crates[at].1);
                }
            }
        }
        Ok(reached)
    }

    /// One digest of the whole map: tells two builds apart.
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        for module in self.modules {
            hasher.update(format!("{}\0{}\n", module.path, module.digest));
        }
        for (name, digest) in self.crates {
            hasher.update(format!("{name}\0{digest}\n"));
        }
        hex(&hasher.finalize())
    }
}

impl BuiltFrom {
    /// How the source that lies at `start` or in a folder around it differs from this one, to the byte. Nothing, where it is
    /// another package's or there is none.
    pub fn edits(&self, start: &Path, memo: &mut Memo) -> Vec<(String, Edit)> {
        let Some(top) = start.ancestors().find(|folder| self.is_at(folder)) else { return Vec::new() };
        let mut edits = Vec::new();
        for (name, built) in self.files {
            let path = top.join(name);
            let found = path.metadata().ok().and_then(|metadata| memo.digest(&path, &metadata).ok());
            match found {
                Some(found) if found.sha256 == *built => {}
                Some(_) => edits.push(((*name).to_owned(), Edit::Changed)),
                None => edits.push(((*name).to_owned(), Edit::Gone)),
            }
        }
        let known: BTreeSet<&Path> = self.files.iter().map(|(name, _)| Path::new(*name)).collect();
        let mut open = vec![PathBuf::from(self.folder)];
        while let Some(folder) = open.pop() {
            for entry in top.join(&folder).read_dir().into_iter().flatten().flatten() {
                let path = folder.join(entry.file_name());
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    open.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") && !known.contains(&*path) {
                    edits.push((path.to_string_lossy().into_owned(), Edit::New));
                }
            }
        }
        edits.sort();
        edits
    }

    fn is_at(&self, top: &Path) -> bool {
        let name = format!("name = \"{}\"", self.package);
        !self.package.is_empty()
            && std::fs::read_to_string(top.join(self.manifest))
                .is_ok_and(|manifest| manifest.lines().any(|line| line.trim() == name))
    }
}
