//! The bytes of one file -> both digests in one pass.

use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::hex;
use super::md5::Md5;

/// Two of these and what else is in use fit into a core's own cache.
const CHUNK: usize = 1 << 18;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDigest {
    pub sha256: String,
    pub md5: String,
    pub size: u64,
}

pub fn digest_file(path: &Path) -> io::Result<FileDigest> {
    digest(&mut File::open(path)?, &mut io::sink())
}

/// Copies `from` into `to` and returns the digests of exactly the bytes that went through.
pub fn copy_and_digest(from: &mut File, to: &mut File) -> io::Result<FileDigest> {
    digest(from, to)
}

fn digest(from: &mut File, to: &mut (impl Write + Send)) -> io::Result<FileDigest> {
    let expected = usize::try_from(from.metadata()?.len()).unwrap_or(usize::MAX);
    let mut digests = Digests::default();
    let mut buffer = vec![0; expected.saturating_add(1).min(CHUNK)];
    let filled = fill(from, &mut buffer)?;
    if filled < buffer.len() {
        digests.add(&buffer[..filled]);
        to.write_all(&buffer[..filled])?;
        return Ok(digests.finish());
    }
    // Each on a thread of the pool, the two sides meet after each chunk without being woken.
    rayon::scope(|_| digest_in_chunks(from, to, digests, buffer))
}

/// MD5 takes the longest, so everything else is done beside it: the next chunk is read while this one is digested.
fn digest_in_chunks(
    from: &mut File,
    to: &mut (impl Write + Send),
    mut digests: Digests,
    mut chunk: Vec<u8>,
) -> io::Result<FileDigest> {
    let mut next = vec![0; CHUNK];
    let mut filled = chunk.len();
    while filled > 0 {
        let bytes = &chunk[..filled];
        let beside = || {
            digests.sha256.update(bytes);
            to.write_all(bytes)?;
            fill(from, &mut next)
        };
        let ((), more) = rayon::join(|| digests.md5.update(bytes), beside);
        digests.size += filled as u64;
        filled = more?;
        std::mem::swap(&mut chunk, &mut next);
    }
    Ok(digests.finish())
}

#[derive(Default)]
struct Digests {
    sha256: Sha256,
    md5: Md5,
    size: u64,
}

impl Digests {
    fn add(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.md5.update(bytes);
        self.size += bytes.len() as u64;
    }

    fn finish(self) -> FileDigest {
        FileDigest { sha256: hex(&self.sha256.finalize()), md5: hex(&self.md5.finish()), size: self.size }
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(from: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

pub(super) fn is_executable(metadata: &Metadata) -> bool {
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(test)]
mod tests {
    use md5::Digest;

    use super::*;

    #[test]
    fn files_shorter_and_longer_than_a_chunk() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 5 * CHUNK + 7] {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 151 + at / CHUNK) as u8).collect();
            std::fs::write(&from, &bytes).unwrap();
            let expected = FileDigest {
                sha256: hex(&Sha256::digest(&bytes)),
                md5: hex(&md5::Md5::digest(&bytes)),
                size: length as u64,
            };
            assert_eq!(digest_file(&from).unwrap(), expected);
            let mut copy = File::create(&to).unwrap();
            assert_eq!(copy_and_digest(&mut File::open(&from).unwrap(), &mut copy).unwrap(), expected);
            assert!(std::fs::read(&to).unwrap() == bytes, "{length}");
        }
    }
}
