//! What an output has held before: its contents in all runs on record.

use std::path::Path;

use crate::error::Error;
use crate::store::{Archive, Outcome, Store};

/// An output as one run left it.
pub struct Past {
    /// When the run ended: `2026-11-22 03:04:05`, in universal time.
    pub finished: String,
    pub bytes: Vec<u8>,
}

/// The contents of the file at `path`, from the study's root, that successful runs on record gave and that are still
/// stored: the oldest first, each as often as a run gave it. None where the study has no store yet.
pub fn past(root: &Path, path: &str) -> Result<Vec<Past>, Error> {
    if !Store::exists(root) {
        return Ok(Vec::new());
    }
    let store = Store::open(root)?;
    let archive = Archive::open(&store.records)?;
    let mut runs = store.records.newest(None, u32::MAX)?;
    runs.reverse();
    let of_path = |logged: crate::store::Logged| {
        let output = logged.run.outputs.into_iter().find(|output| output.path == path)?;
        let made = logged.run.outcome == Outcome::Success;
        let bytes = archive.read(&store.objects, &output.content.md5).filter(|_| made)?;
        Some(Past { finished: logged.finished, bytes })
    };
    Ok(runs.into_iter().filter_map(of_path).collect())
}
