//! Writes a crate's code map as Rust, for the build script's output folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::code::{Code, Module, Rules};
use crate::error::Error;
use crate::sha256;

/// Reads the crate that is being built and writes `code.rs` to `OUT_DIR`: `pub static CODE: pipeline::code::CodeMap`. Tells
/// cargo which files this rests on. `root` and `rules` are as for [`Code::read`].
///
/// A crate that can't be read is no failure of the build script, since the compiler will say what is wrong with it, and
/// better. In case it finds nothing wrong, `code.rs` holds the error.
pub fn emit(root: &str, rules: &Rules) -> Result<(), Error> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).ok_or(Error::Environment(name));
    let folder = variable("CARGO_MANIFEST_DIR")?;
    let read = Code::read(&folder, root, rules).and_then(|code| Ok((BuiltFrom::read(&folder, root, &code)?, code)));
    let text = match read {
        Ok((built_from, code)) => {
            let folder_of_root = folder.join(root).parent().map(Path::to_owned).unwrap_or_default();
            let watched = code.files.iter().filter(|file| !file.starts_with(&folder_of_root));
            for path in watched.chain([&folder_of_root]) {
                println!("cargo::rerun-if-changed={}", path.display());
            }
            code.to_rust(&built_from)
        }
        // With nothing printed, cargo runs the script again after any change in the package.
        Err(error) => format!("compile_error!({:?});\n", error.to_string()),
    };
    let path = variable("OUT_DIR")?.join("code.rs");
    if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(()); // the same time stamp spares cargo a compilation
    }
    std::fs::write(&path, text).map_err(|source| Error::Write { path, source })
}

/// The files that a program is built from, to the byte, so that it can tell when others lie in their place. Paths are
/// relative to the folder of Cargo.lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltFrom {
    /// The package's manifest and name: where they are found, the source is its own.
    pub manifest: String,
    pub package: String,
    /// The folder of the library's root.
    pub folder: String,
    /// Path -> SHA-256: Rust files beside and below the root, and whatever else the code map rests on.
    pub files: BTreeMap<String, String>,
}

impl BuiltFrom {
    /// Of the package in `folder`, whose code map is `code`.
    pub fn read(folder: &Path, root: &str, code: &Code) -> Result<Self, Error> {
        let lock = code.files.iter().find(|file| file.ends_with("Cargo.lock")).and_then(|lock| lock.parent());
        let top = lock.unwrap_or(folder);
        let root = folder.join(root);
        let folder_of_root = root.parent().unwrap_or(folder);
        let mut paths: Vec<PathBuf> = code.files.iter().cloned().collect();
        rust_files(folder_of_root, &mut paths)?;
        let mut files = BTreeMap::new();
        for path in paths {
            // A path that is no text is none that Rust code can name.
            let Some(name) = relative(&path, top) else { continue };
            let bytes = std::fs::read(&path).map_err(|source| Error::Read { path, source })?;
            files.insert(name, sha256(&bytes));
        }
        let name = |path: &Path| relative(path, top).unwrap_or_default();
        let (manifest, folder) = (name(&folder.join("Cargo.toml")), name(folder_of_root));
        Ok(Self { manifest, package: code.package.clone(), folder, files })
    }
}

fn relative(path: &Path, top: &Path) -> Option<String> {
    path.strip_prefix(top).ok()?.to_str().map(str::to_owned)
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let wrap = |source| Error::Read { path: folder.to_owned(), source };
    for entry in std::fs::read_dir(folder).map_err(wrap)? {
        let entry = entry.map_err(wrap)?;
        let path = entry.path();
        if entry.file_type().map_err(wrap)?.is_dir() {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

impl Code {
    /// The code map as a Rust item, in the order of the modules' paths.
    pub fn to_rust(&self, built_from: &BuiltFrom) -> String {
        fn list<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
            let names: Vec<String> = names.into_iter().map(|name| format!("{name:?}")).collect();
            format!("&[{}]", names.join(", "))
        }
        let modules = self.modules.iter().map(|(path, Module { digest, modules, crates })| {
            let (modules, crates) = (list(modules), list(crates));
            format!(
                "        pipeline::code::Module {{ path: {path:?}, digest: {digest:?}, modules: {modules}, crates: {crates} }},\n"
            )
        });
        let pair = |(name, digest): (&String, &String)| format!("        ({name:?}, {digest:?}),\n");
        format!(
            "pub static CODE: pipeline::code::CodeMap = pipeline::code::CodeMap {{\n    modules: &[\n{}    ],\n    \
             crates: &[\n{}    ],\n    built_from: pipeline::code::BuiltFrom {{\n    manifest: {:?},\n    package: {:?},\n    \
             folder: {:?},\n    files: &[\n{}    ],\n    }},\n}};\n",
            modules.collect::<String>(),
            self.crates.iter().map(pair).collect::<String>(),
            built_from.manifest,
            built_from.package,
            built_from.folder,
            built_from.files.iter().map(pair).collect::<String>(),
        )
    }
}
