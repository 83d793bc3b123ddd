//! Writes a crate's code map as Rust, for the build script's output folder.

use std::path::{Path, PathBuf};

use crate::code::{Code, Module};
use crate::error::Error;

/// Reads the crate that is being built and writes `code.rs` to `OUT_DIR`: `pub static CODE: pipeline::code::CodeMap`. Tells
/// cargo which files this rests on. `root` and `dispatch` are as for [`Code::read`].
///
/// A crate that can't be read is no failure of the build script, since the compiler will say what is wrong with it, and
/// better. In case it finds nothing wrong, `code.rs` holds the error.
pub fn emit(root: &str, dispatch: &[&str]) -> Result<(), Error> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).ok_or(Error::Environment(name));
    let folder = variable("CARGO_MANIFEST_DIR")?;
    let text = match Code::read(&folder, root, dispatch) {
        Ok(code) => {
            let folder_of_root = folder.join(root).parent().map(Path::to_owned).unwrap_or_default();
            let watched = code.files.iter().filter(|file| !file.starts_with(&folder_of_root));
            for path in watched.chain([&folder_of_root]) {
                println!("cargo::rerun-if-changed={}", path.display());
            }
            code.to_rust()
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

impl Code {
    /// The code map as a Rust item, in the order of the modules' paths.
    pub fn to_rust(&self) -> String {
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
        let crates = self.crates.iter().map(|(name, digest)| format!("        ({name:?}, {digest:?}),\n"));
        format!(
            "pub static CODE: pipeline::code::CodeMap = pipeline::code::CodeMap {{\n    modules: &[\n{}    ],\n    \
             crates: &[\n{}    ],\n}};\n",
            modules.collect::<String>(),
            crates.collect::<String>(),
        )
    }
}
