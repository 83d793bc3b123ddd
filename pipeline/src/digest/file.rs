//! The bytes of one file -> both digests in one pass.

use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use md5::Md5;
use sha2::{Digest, Sha256};

use super::hex;

const CHUNK: usize = 1 << 20;

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

fn digest(from: &mut File, to: &mut impl Write) -> io::Result<FileDigest> {
    let (mut sha256, mut md5) = (Sha256::new(), Md5::new());
    let expected = usize::try_from(from.metadata()?.len()).unwrap_or(usize::MAX);
    let mut buffer = vec![0; expected.clamp(1, CHUNK - 1) + 1];
    let mut size = 0;
    loop {
        let filled = fill(from, &mut buffer)?;
        let bytes = &buffer[..filled];
        if filled == CHUNK {
            rayon::join(|| sha256.update(bytes), || md5.update(bytes));
        } else {
            sha256.update(bytes);
            md5.update(bytes);
        }
        to.write_all(bytes)?;
        size += filled as u64;
        if filled < buffer.len() {
            break;
        }
    }
    Ok(FileDigest { sha256: hex(&sha256.finalize()), md5: hex(&md5.finalize()), size })
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
