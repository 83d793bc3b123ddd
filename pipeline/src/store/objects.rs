//! Files by their SHA-256, written whole or not at all, checked whenever they are used (`place.rs` takes them out again).

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Link, StoreError, dvc_cache};
use crate::digest::{Content, FileDigest, copy_and_digest, digest_file};

/// The object store, and DVC's cache beside it where the study has a `.dvc` folder.
#[derive(Debug)]
pub struct Objects {
    pub(super) folder: PathBuf,
    pub(super) dvc_cache: Option<PathBuf>,
    /// How files are placed in the work tree, tried in order.
    pub links: Vec<Link>,
}

impl Objects {
    pub(super) fn open(folder: PathBuf, root: &Path) -> Result<Self, StoreError> {
        let temporary = folder.join("tmp");
        fs::create_dir_all(&temporary).map_err(StoreError::file(&temporary, "cannot be made"))?;
        let dvc_cache = dvc_cache::folder(root)?;
        Ok(Self { folder, dvc_cache, links: Link::DEFAULT.to_vec() })
    }

    pub(super) fn path(&self, sha256: &str) -> PathBuf {
        let (head, tail) = sha256.split_at(2.min(sha256.len()));
        self.folder.join(head).join(tail)
    }

    /// Whether all files of `content` are here; their bytes are checked when they are used.
    pub fn has(&self, content: &Content) -> bool {
        content.files().iter().all(|(_, sha256, _, _)| self.path(sha256).is_file())
    }

    /// Copies a file into the store and returns the digests of the bytes that were stored.
    pub fn put(&self, file: &Path) -> Result<FileDigest, StoreError> {
        let mut from = File::open(file).map_err(StoreError::file(file, "cannot be read"))?;
        let mut copy = self.temporary()?;
        let cloned = self.links.contains(&Link::Reflink) && reflink_copy::reflink_file(&from, copy.as_file()).is_ok();
        let digest = if cloned { digest_file(copy.path()) } else { copy_and_digest(&mut from, copy.as_file_mut()) };
        let digest = digest.map_err(StoreError::file(file, "cannot be stored"))?;
        let object = self.path(&digest.sha256);
        // An object that is there already is trusted only if its bytes are right: so a run heals what it makes again.
        match digest_file(&object) {
            Ok(there) if there.sha256 == digest.sha256 => return Ok(digest),
            Ok(_) => self.set_aside(&object)?,
            Err(_) => {}
        }
        publish(copy, &object)?;
        Ok(digest)
    }

    /// Makes sure that a power failure can't take the objects of `content` away: what rests on them may be removed.
    pub fn sync(&self, content: &Content) -> Result<(), StoreError> {
        let folder_of = |sha256: &str| self.path(sha256).parent().map(Path::to_owned);
        let folders: BTreeSet<PathBuf> =
            content.files().iter().filter_map(|(_, sha256, _, _)| folder_of(sha256)).collect();
        for folder in &folders {
            let synced = File::open(folder).and_then(|opened| opened.sync_all());
            synced.map_err(StoreError::file(folder, "cannot be synced"))?;
        }
        Ok(())
    }

    /// Where things are half-made.
    pub(super) fn temporary_folder(&self) -> PathBuf {
        self.folder.join("tmp")
    }

    /// A new file in the store's own temporary folder, gone again unless it is published. What a killed process leaves
    /// there is never taken for an object.
    pub(super) fn temporary(&self) -> Result<NamedTempFile, StoreError> {
        let folder = self.temporary_folder();
        let named = tempfile::Builder::new().prefix("put-").tempfile_in(&folder);
        named.map_err(StoreError::file(&folder, "cannot be written to"))
    }

    /// Removes what killed processes left half-written. Only for whoever holds the lock on the work tree.
    pub fn sweep(&self) -> Result<(), StoreError> {
        let folder = self.temporary_folder();
        let entries = fs::read_dir(&folder).map_err(StoreError::file(&folder, "cannot be swept"))?;
        entries.flatten().try_for_each(|entry| remove(&entry.path()))
    }

    /// A damaged object is kept for whoever wants to look, where nothing serves it. DVC doesn't serve it either any more.
    pub(super) fn set_aside(&self, object: &Path) -> Result<(), StoreError> {
        let metadata = object.metadata().map_err(StoreError::file(object, "cannot be set aside"))?;
        self.unshare(&metadata)?;
        let folder = self.folder.join("damaged");
        fs::create_dir_all(&folder).map_err(StoreError::file(&folder, "cannot be made"))?;
        let name: String =
            object.strip_prefix(&self.folder).unwrap_or(object).iter().map(|part| part.to_string_lossy()).collect();
        fs::rename(object, folder.join(name)).map_err(StoreError::file(object, "cannot be set aside"))
    }
}

/// Syncs a finished temporary file, makes it read-only and gives it its name.
pub(super) fn publish(finished: NamedTempFile, object: &Path) -> Result<(), StoreError> {
    let attempt = || {
        finished.as_file().set_permissions(Permissions::from_mode(0o444))?;
        finished.as_file().sync_all()?;
        fs::create_dir_all(object.parent().unwrap_or(object))?;
        finished.persist(object)?;
        Ok(())
    };
    attempt().map_err(StoreError::file(object, "cannot be stored"))
}

/// Removes what is at `target`: a file, a link (not what it leads to), or a folder with all that is in it. Nothing there is
/// fine.
pub fn remove(target: &Path) -> Result<(), StoreError> {
    let removed = match target.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(target).or_else(|error| match error.kind() {
            std::io::ErrorKind::PermissionDenied => open_up(target).and_then(|()| fs::remove_dir_all(target)),
            _ => Err(error),
        }),
        Ok(_) => fs::remove_file(target),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    removed.map_err(StoreError::file(target, "cannot be removed"))
}

/// Lets its owner change a folder and all below it, as removing it needs.
fn open_up(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = folder.symlink_metadata()?.permissions().mode();
    fs::set_permissions(folder, fs::Permissions::from_mode(mode | 0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}
