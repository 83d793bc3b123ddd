//! The methods under test, one file each: this table of them, and nothing else.
//!
//! `method` says what a method is.

pub mod baseline;
pub mod decorr;
pub mod gwd;
pub mod iwsva;
pub mod method;
pub mod svdgrad;
pub mod svvar;

/// In the order in which messages name them.
pub const METHODS: &[method::Entry] = &[
    baseline::ENTRY, //
    iwsva::ENTRY,
    svdgrad::ENTRY,
    svvar::ENTRY,
    decorr::ENTRY,
    gwd::ENTRY,
];
