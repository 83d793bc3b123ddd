//! Files by their SHA-256, written whole or not at all, checked whenever they are used.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::StoreError;
use crate::digest::{Content, FileDigest, copy_and_digest, dvc_listing};

/// The object store, and DVC's cache beside it where the study has a `.dvc` folder.
#[derive(Debug)]
pub struct Objects {
    folder: PathBuf,
    dvc_cache: Option<PathBuf>,
}

impl Objects {
    pub(super) fn open(folder: PathBuf, root: &Path) -> Result<Self, StoreError> {
        let temporary = folder.join("tmp");
        fs::create_dir_all(&temporary).map_err(StoreError::file(&temporary, "cannot be made"))?;
        let dvc_cache = root.join(".dvc").is_dir().then(|| root.join(".dvc/cache/files/md5"));
        Ok(Self { folder, dvc_cache })
    }

    fn path(&self, sha256: &str) -> PathBuf {
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
        let digest = copy_and_digest(&mut from, copy.as_file_mut());
        let digest = digest.map_err(StoreError::file(file, "cannot be stored"))?;
        let object = self.path(&digest.sha256);
        if !object.metadata().is_ok_and(|metadata| metadata.len() == digest.size) {
            publish(copy, &object)?;
        }
        Ok(digest)
    }

    /// A new file in the store's own temporary folder, gone again unless it is published. What a killed process leaves
    /// there is never taken for an object.
    fn temporary(&self) -> Result<NamedTempFile, StoreError> {
        let folder = self.folder.join("tmp");
        let named = tempfile::Builder::new().prefix("put-").tempfile_in(&folder);
        named.map_err(StoreError::file(&folder, "cannot be written to"))
    }

    /// Removes what killed processes left half-written. Only for whoever holds the lock on the work tree.
    pub fn sweep(&self) -> Result<(), StoreError> {
        let folder = self.folder.join("tmp");
        let attempt = || fs::read_dir(&folder)?.try_for_each(|entry| fs::remove_file(entry?.path()));
        attempt().map_err(StoreError::file(&folder, "cannot be swept"))
    }

    /// Puts `content` at `target`, replacing what is there. `false`: an object was missing or damaged and nothing was
    /// changed at `target`; a damaged object has been set aside.
    pub fn restore(&self, content: &Content, target: &Path) -> Result<bool, StoreError> {
        match &content.members {
            None => self.restore_file(&content.sha256, content.executable, target),
            Some(members) => {
                let parent = target.parent().unwrap_or(Path::new("."));
                fs::create_dir_all(parent).map_err(StoreError::file(parent, "cannot be made"))?;
                let staging = tempfile::Builder::new().prefix(".retrial-").tempdir_in(parent);
                let staging = staging.map_err(StoreError::file(parent, "cannot be written to"))?;
                let whole = staging.path().join("whole");
                fs::create_dir(&whole).map_err(StoreError::file(&whole, "cannot be made"))?;
                for member in members {
                    if !self.restore_file(&member.sha256, member.executable, &whole.join(&member.path))? {
                        return Ok(false);
                    }
                }
                remove(target)?;
                fs::rename(&whole, target).map_err(StoreError::file(target, "cannot be restored"))?;
                Ok(true)
            }
        }
    }

    fn restore_file(&self, sha256: &str, executable: bool, target: &Path) -> Result<bool, StoreError> {
        let object = self.path(sha256);
        let Ok(mut from) = File::open(&object) else { return Ok(false) };
        let parent = target.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(StoreError::file(parent, "cannot be made"))?;
        let named = tempfile::Builder::new().prefix(".retrial-").tempfile_in(parent);
        let mut named = named.map_err(StoreError::file(parent, "cannot be written to"))?;
        let copied = copy_and_digest(&mut from, named.as_file_mut());
        let copied = copied.map_err(StoreError::file(target, "cannot be restored"))?;
        if copied.sha256 != sha256 {
            self.set_aside(&object)?;
            return Ok(false);
        }
        let mode = if executable { 0o755 } else { 0o644 };
        let permitted = named.as_file().set_permissions(Permissions::from_mode(mode));
        permitted.map_err(StoreError::file(target, "cannot be restored"))?;
        // A rename replaces a file by itself, and at no moment is there none.
        if target.is_dir() {
            remove(target)?;
        }
        named.persist(target).map_err(|error| StoreError::file(target, "cannot be restored")(error.error))?;
        Ok(true)
    }

    /// A damaged object is kept for whoever wants to look, where nothing serves it.
    fn set_aside(&self, object: &Path) -> Result<(), StoreError> {
        let folder = self.folder.join("damaged");
        fs::create_dir_all(&folder).map_err(StoreError::file(&folder, "cannot be made"))?;
        let name: String =
            object.strip_prefix(&self.folder).unwrap_or(object).iter().map(|part| part.to_string_lossy()).collect();
        fs::rename(object, folder.join(name)).map_err(StoreError::file(object, "cannot be set aside"))
    }

    /// Links the files of `content` into DVC's cache, for which an output that is "not in cache" is a change.
    pub fn share_with_dvc(&self, content: &Content) -> Result<(), StoreError> {
        let Some(cache) = &self.dvc_cache else { return Ok(()) };
        // The object of a folder is written last, so where it is, its files are.
        let whole = dvc_object(cache, &content.md5);
        if whole.exists() || !self.has(content) {
            return Ok(());
        }
        for (_, sha256, md5, _) in content.files() {
            self.share(&self.path(sha256), &dvc_object(cache, md5))?;
        }
        if let Some(members) = &content.members {
            let mut listing = self.temporary()?;
            let written = listing.write_all(dvc_listing(members).as_bytes());
            written.map_err(StoreError::file(&whole, "cannot be written"))?;
            publish(listing, &whole)?;
        }
        Ok(())
    }

    fn share(&self, object: &Path, target: &Path) -> Result<(), StoreError> {
        if target.exists() {
            return Ok(());
        }
        let folder = target.parent().unwrap_or(target);
        fs::create_dir_all(folder).map_err(StoreError::file(folder, "cannot be made"))?;
        match fs::hard_link(object, target) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            // Another file system: a copy, whole or not at all.
            Err(_) => {
                let mut copy = self.temporary()?;
                let mut from = File::open(object).map_err(StoreError::file(object, "cannot be read"))?;
                let copied = copy_and_digest(&mut from, copy.as_file_mut());
                copied.map_err(StoreError::file(target, "cannot be written"))?;
                publish(copy, target)
            }
        }
    }
}

fn dvc_object(cache: &Path, md5: &str) -> PathBuf {
    let (head, tail) = md5.split_at(2.min(md5.len()));
    cache.join(head).join(tail)
}

/// Syncs a finished temporary file, makes it read-only and gives it its name.
fn publish(finished: NamedTempFile, object: &Path) -> Result<(), StoreError> {
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
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(target),
        Ok(_) => fs::remove_file(target),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    removed.map_err(StoreError::file(target, "cannot be removed"))
}
