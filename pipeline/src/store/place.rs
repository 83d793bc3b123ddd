//! Stored files -> the work tree: checked, and whole or not at all.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::StoreError;
use super::objects::Objects;
use crate::digest::{Content, copy_and_digest, digest_file};

/// How a stored file comes into the work tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// A copy that shares the object's blocks until one of the two is written to (Btrfs, XFS, APFS).
    Reflink,
    /// The object itself under a second name, read-only. Executable files are copied: the object has one mode for all.
    Hardlink,
    Copy,
}

impl Link {
    /// Tried in this order where retrial.yaml says nothing.
    pub const DEFAULT: [Link; 2] = [Link::Reflink, Link::Copy];
}

impl Objects {
    /// Puts `content` at `target`, replacing what is there, in the first of the ways `links` that works. `false`: an object
    /// was missing or damaged and nothing was changed at `target`; a damaged object has been set aside.
    pub fn restore(&self, content: &Content, target: &Path, links: &[Link]) -> Result<bool, StoreError> {
        let parent = target.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(StoreError::file(parent, "cannot be made"))?;
        // What a killed process leaves half-made in the store's own folder is swept away, and no stage can read it. Beside
        // the target only where the store is on another file system.
        for (folder, prefix) in [(self.temporary_folder().as_path(), "restore-"), (parent, ".retrial-")] {
            let staging = tempfile::Builder::new().prefix(prefix).tempdir_in(folder);
            let staging = staging.map_err(StoreError::file(folder, "cannot be written to"))?;
            let whole = staging.path().join("whole");
            if !self.stage(content, &whole, target, links)? {
                return Ok(false);
            }
            match exchange(&whole, target, &staging.path().join("replaced")) {
                Err(error) if error.kind() == io::ErrorKind::CrossesDevices && folder != parent => {}
                exchanged => return exchanged.map(|()| true).map_err(StoreError::file(target, "cannot be replaced")),
            }
        }
        Ok(true)
    }

    /// Builds what is to be at `target` at `whole`. `false`: an object was missing or damaged.
    fn stage(&self, content: &Content, whole: &Path, target: &Path, links: &[Link]) -> Result<bool, StoreError> {
        if content.members.is_some() {
            fs::create_dir(whole).map_err(StoreError::file(target, "cannot be restored"))?;
        }
        for (below, sha256, _, executable) in content.files() {
            let file = below.map_or_else(|| whole.to_owned(), |below| whole.join(below));
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder).map_err(StoreError::file(target, "cannot be restored"))?;
            }
            let object = self.path(sha256);
            if !object.is_file() {
                return Ok(false);
            }
            let placed = place(&object, executable, &file, links);
            if placed.map_err(StoreError::file(target, "cannot be restored"))? != sha256 {
                self.set_aside(&object)?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Where files are to be hard links, makes an output that was just stored one too, so that it takes its space once.
    pub fn link(&self, content: &Content, target: &Path) -> Result<(), StoreError> {
        let device = |path: &Path| path.metadata().map(|metadata| metadata.dev()).ok();
        if self.links.first() == Some(&Link::Hardlink) && device(&self.temporary_folder()) == device(target) {
            self.restore(content, target, &self.links)?;
        }
        Ok(())
    }
}

/// Makes `file` of an object in the first way that works, a plain copy at the last. Returns the SHA-256 of its bytes.
fn place(object: &Path, executable: bool, file: &Path, links: &[Link]) -> io::Result<String> {
    let mode = Permissions::from_mode(if executable { 0o755 } else { 0o644 });
    for link in links {
        match link {
            Link::Reflink => {
                if reflink_copy::reflink(object, file).is_ok() {
                    fs::set_permissions(file, mode)?;
                    return Ok(digest_file(file)?.sha256);
                }
            }
            Link::Hardlink => {
                if !executable && fs::hard_link(object, file).is_ok() {
                    return Ok(digest_file(file)?.sha256);
                }
            }
            Link::Copy => break,
        }
    }
    let mut copy = File::create_new(file)?;
    let digest = copy_and_digest(&mut File::open(object)?, &mut copy)?;
    copy.set_permissions(mode)?;
    Ok(digest.sha256)
}

/// Moves `whole` to where `target` is, and what is in the way to `replaced`. A file takes the place of a file in one step: at
/// no moment is there none.
fn exchange(whole: &Path, target: &Path, replaced: &Path) -> io::Result<()> {
    let is_folder = |path: &Path| path.symlink_metadata().map(|metadata| metadata.is_dir()).ok();
    if let Some(folder) = is_folder(target)
        && (folder || whole.is_dir())
    {
        fs::rename(target, replaced)?;
    }
    fs::rename(whole, target)
}
