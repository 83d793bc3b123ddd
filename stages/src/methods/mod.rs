//! The methods under test, one file each: this table of them, and nothing else.
//!
//! `method` says what a method is.

pub mod baseline;
pub mod decorr;
pub mod gwd;
pub mod method;
pub mod svvar;

/// In the order in which messages name them.
pub const METHODS: &[method::Entry] = &[
    baseline::ENTRY, //
    svvar::ENTRY,
    decorr::ENTRY,
    gwd::ENTRY,
];
