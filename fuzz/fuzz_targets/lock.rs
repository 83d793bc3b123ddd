//! Any text is a lock or a complaint; what a lock writes is read back as the same lock.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use pipeline::lockfile::Lock;

fuzz_target!(|text: &str| {
    let path = Path::new("dvc.lock");
    let Ok(lock) = Lock::parse(text, path) else { return };
    let written = lock.to_text(std::iter::empty());
    let again = Lock::parse(&written, path).expect("a lock reads what it writes");
    assert_eq!(again.to_text(std::iter::empty()), written);
});
