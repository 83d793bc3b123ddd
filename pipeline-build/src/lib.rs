//! For build scripts: what code each native stage is made of, as one digest per module closure.
//!
//! A stage should run again when its code changes, and only then. So this reads a crate as its build script runs and notes,
//! for each module, a digest of its code without comments, documentation, formatting, lint levels and tests; the modules
//! of the crate that it refers to; and the external crates that it uses, with the digests of their locked versions. A
//! stage names the modules that it starts from, its roots. What can be reached from them is the stage's code.
//!
//! Where Rust leaves open which module a name leads to, every candidate counts: a stage may run once too often, but never
//! once too seldom. What is not seen: names that a macro pastes together, modules that a macro declares, implementations
//! that it writes for types it was not given, variables that `env!` reads, the features that other crates ask of a
//! dependency, and the compiler.
//!
//! A build script is one call:
//!
//! ```no_run
//! fn main() -> Result<(), pipeline_build::Error> {
//!     pipeline_build::emit("src/lib.rs", &["methods"])
//! }
//! ```
//!
//! In reading order: `source` finds the modules and their code, `attributes` which items count, `canonical` is the text of code that is digested,
//! `references` collects the paths in it, `resolve` says where a path leads, `external` digests other crates, `code` puts
//! it together, `emit` writes it down as Rust.

mod attributes;
mod canonical;
mod code;
mod emit;
mod error;
mod external;
mod references;
mod resolve;
mod source;

pub use code::{Closure, Code, Module};
pub use emit::emit;
pub use error::Error;

/// The lower-case hexadecimal SHA-256 of `bytes`.
fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = Sha256::digest(bytes).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
