//! Digests remembered by size, time and inode, so that an unchanged file is not read twice.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::DigestError;
use super::file::{FileDigest, digest_file};

/// A file system's clock ticks this coarsely at worst: a file changed again within one tick keeps its time. A digest is
/// trusted only if it was taken later than that after the file's last change.
const TICK: i64 = 20_000_000;

/// And that coarsely where times are in whole seconds: FAT, and ext4 with small inodes.
const COARSE_TICK: i64 = 2_000_000_000;

/// A file as it was when it was digested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub size: u64,
    /// Nanoseconds since 1970: last change of the content, last change of the inode, and when the digest was taken.
    pub modified: i64,
    pub changed: i64,
    pub taken: i64,
    pub inode: u64,
    pub sha256: String,
    pub md5: String,
}

/// What is known about the files of one study.
#[derive(Debug, Default)]
pub struct Memo {
    /// By path; as text, which is hashed and compared at once, and not part by part.
    known: HashMap<OsString, Seen>,
    /// Entries that the database does not have yet.
    fresh: Vec<OsString>,
}

impl Memo {
    pub fn new(known: HashMap<OsString, Seen>) -> Self {
        Self { known, fresh: Vec::new() }
    }

    pub fn digest(&mut self, path: &Path, metadata: &Metadata) -> Result<FileDigest, DigestError> {
        if let Some(seen) = self.known.get(path.as_os_str())
            && seen.size == metadata.len()
            && seen.modified == modified(metadata)
            && seen.changed == changed(metadata)
            && seen.inode == metadata.ino()
            && seen.taken > seen.changed.max(seen.modified) + tick(metadata)
        {
            return Ok(FileDigest { sha256: seen.sha256.clone(), md5: seen.md5.clone(), size: seen.size });
        }
        let read_error = |source| DigestError::Read { path: path.to_owned(), source };
        let taken = now();
        let digest = digest_file(path).map_err(read_error)?;
        let seen = Seen {
            size: digest.size,
            modified: modified(metadata),
            changed: changed(metadata),
            taken,
            inode: metadata.ino(),
            sha256: digest.sha256.clone(),
            md5: digest.md5.clone(),
        };
        self.known.insert(path.into(), seen);
        self.fresh.push(path.into());
        Ok(digest)
    }

    /// What has been learnt since the last call.
    pub fn take_fresh(&mut self) -> Vec<(OsString, Seen)> {
        let fresh = std::mem::take(&mut self.fresh);
        fresh.into_iter().filter_map(|path| self.known.get(&path).map(|seen| (path.clone(), seen.clone()))).collect()
    }
}

fn tick(metadata: &Metadata) -> i64 {
    if metadata.mtime_nsec() == 0 && metadata.ctime_nsec() == 0 { COARSE_TICK } else { TICK }
}

fn modified(metadata: &Metadata) -> i64 {
    metadata.mtime().wrapping_mul(1_000_000_000).wrapping_add(metadata.mtime_nsec())
}

fn changed(metadata: &Metadata) -> i64 {
    metadata.ctime().wrapping_mul(1_000_000_000).wrapping_add(metadata.ctime_nsec())
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
