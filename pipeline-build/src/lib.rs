//! For build scripts: what code each native stage is made of, as one digest per module closure.
//!
//! A stage should run again when its code changes, and only then. So this reads a crate as its build script runs and notes,
//! for each module, a digest of its code without comments, documentation, formatting, lint levels and tests; the modules
//! of the crate that it refers to; and the external crates that it uses, with the digests of their locked versions. A
//! stage names the modules that it starts from, its roots. What can be reached from them is the stage's code.
//!
//! Where Rust leaves open which module a name leads to, every candidate counts: a stage may run once too often, but never
//! once too seldom. What is not seen:
//!
//! * of macros: names that one pastes together, modules that one declares, implementations that one writes for types it was
//!   not given, files that a procedural one reads;
//! * modules declared inside functions; crates renamed by `extern crate … as`;
//! * from outside the source: variables that `env!` reads (but what Cargo.toml says of the package counts), features asked
//!   for on cargo's command line or by other crates, the profile, the compiler and its flags, what a build script reads
//!   (its own code counts where its output is included);
//! * a dependency that `[patch]` replaces by a folder;
//! * the binary's own files beside the library, such as its table of programs.
//!
//! A build script is one call:
//!
//! ```no_run
//! fn main() -> Result<(), pipeline_build::Error> {
//!     let rules = pipeline_build::Rules { dispatch: &["methods"], silent: &["clap"] };
//!     pipeline_build::emit("src/lib.rs", &rules)
//! }
//! ```
//!
//! In reading order: `source` finds the modules and their code, `attributes` which items count, `formatting` takes away what a formatter may have
//! added, `canonical` is the text of code that is digested, `references` collects the paths in it, `resolve` says where a path leads, `external` digests other crates, `code` puts
//! it together, `emit` writes it down as Rust.

mod attributes;
mod canonical;
mod code;
mod emit;
mod error;
mod external;
mod formatting;
mod references;
mod resolve;
mod source;

pub use code::{Closure, Code, Module, Rules};
pub use emit::{BuiltFrom, emit};
pub use error::Error;

/// The lower-case hexadecimal SHA-256 of `bytes`.
fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = Sha256::digest(bytes).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
