//! Small crates in temporary folders, and what an edit of them changes.

use std::collections::BTreeSet;
use std::path::Path;

use pipeline_build::{Code, Error, Rules};
use tempfile::TempDir;

pub const MANIFEST: &str = r#"
[package]
name = "study"
version = "0.1.0"

[dependencies]
alpha = "1"
beta-two = "1"
renamed = { package = "gamma", version = "1" }
"#;

pub const LOCK: &str = r#"
version = 4

[[package]]
name = "alpha"
version = "1.0.0"
source = "registry"
checksum = "aa"
dependencies = ["deep 1.0.0"]

[[package]]
name = "beta-two"
version = "1.0.0"
source = "registry"
checksum = "bb"

[[package]]
name = "deep"
version = "1.0.0"
source = "registry"
checksum = "dd"

[[package]]
name = "deep"
version = "2.0.0"
source = "registry"
checksum = "ee"

[[package]]
name = "gamma"
version = "1.0.0"
source = "registry"
checksum = "cc"
dependencies = ["deep 2.0.0"]

[[package]]
name = "study"
version = "0.1.0"
dependencies = ["alpha", "beta-two", "gamma"]
"#;

/// A crate in a temporary folder.
pub struct Scratch(TempDir);

impl Scratch {
    /// Of these files in `src`, with a manifest and a lock.
    pub fn new(sources: &[(&str, &str)]) -> Self {
        let scratch = Self(tempfile::tempdir().unwrap());
        scratch.write("Cargo.toml", MANIFEST);
        scratch.write("Cargo.lock", LOCK);
        for (name, text) in sources {
            scratch.write(&format!("src/{name}"), text);
        }
        scratch
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn try_read(&self, dispatch: &[&str]) -> Result<Code, Error> {
        Code::read(self.path(), "src/lib.rs", &Rules { dispatch, ..Rules::default() })
    }

    pub fn read(&self) -> Code {
        self.try_read(&[]).unwrap()
    }

    /// What is wrong with it, paths without the temporary folder.
    pub fn complaint(&self) -> String {
        let folder = format!("{}/", self.path().display());
        self.try_read(&[]).unwrap_err().to_string().replace(&folder, "")
    }
}

/// The modules whose closures' digests differ.
pub fn changed(before: &Code, after: &Code) -> BTreeSet<String> {
    assert!(before.modules.keys().eq(after.modules.keys()));
    let differs = |path: &&String| before.digest(&[path]).unwrap() != after.digest(&[path]).unwrap();
    before.modules.keys().filter(differs).cloned().collect()
}

pub fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The digest of a crate that is one file.
pub fn digest_of(code: &str) -> String {
    Scratch::new(&[("lib.rs", code)]).read().modules["crate"].digest.clone()
}
