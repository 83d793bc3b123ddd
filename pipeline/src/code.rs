//! What code a native stage is made of: the modules that it can reach, and the crates that those use.
//!
//! A build script embeds the map (crate `pipeline-build`); here it is only walked. A module's digest is of its tokens:
//! comments, formatting, docs and tests are not in it.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::digest::hex;

/// The modules of a study's crate and the crates that it is locked to, both sorted by name.
#[derive(Debug)]
pub struct CodeMap {
    pub modules: &'static [Module],
    /// (crate, digest of its locked version and of all that it depends on)
    pub crates: &'static [(&'static str, &'static str)],
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
    pub const EMPTY: CodeMap = CodeMap { modules: &[], crates: &[] };

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
