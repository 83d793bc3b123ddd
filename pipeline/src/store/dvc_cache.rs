//! DVC's cache, where a study has DVC: outputs are linked into it, and what it has is taken out of it.
//!
//! It keeps files by their MD5, and of a folder the list of its files. Nothing is taken whose bytes are not what its name
//! says.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::objects::{Objects, publish};
use super::{Link, StoreError, remove};
use crate::digest::{Content, Member, copy_and_digest, dvc_listing, folder_of};
use crate::path::RepoPath;

/// What was found in DVC's cache.
#[derive(Debug)]
pub enum Taken {
    /// The store has it now.
    Whole(Content),
    Missing,
    /// The bytes of this object were not what its name says; it has been removed, as DVC does.
    Damaged(PathBuf),
}

/// A file of a folder, as DVC lists it.
#[derive(Deserialize)]
pub(super) struct Listed {
    pub md5: String,
    pub relpath: String,
}

/// The folder of DVC's cache of the study at `root`; `None` where the study has no DVC, or a cache that is no folder.
pub(super) fn folder(root: &Path) -> Result<Option<PathBuf>, StoreError> {
    let own = root.join(".dvc");
    if !own.is_dir() {
        return Ok(None);
    }
    let mut cache = "cache".to_owned();
    // The second file overrides the first.
    for file in ["config", "config.local"].map(|name| own.join(name)) {
        match fs::read_to_string(&file) {
            Ok(text) => cache = setting(&text, "cache", "dir").unwrap_or(cache),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::file(&file, "cannot be read")(error)),
        }
    }
    if cache.contains("://") {
        return Ok(None);
    }
    let cache = match (cache.strip_prefix("~/"), std::env::home_dir()) {
        (Some(below), Some(home)) => home.join(below),
        _ => own.join(cache),
    };
    Ok(Some(cache.join("files/md5")))
}

/// The value of `key` in a section of one of DVC's configuration files.
fn setting(text: &str, section: &str, key: &str) -> Option<String> {
    let mut inside = false;
    let mut found = None;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[') {
            inside = name.trim_end_matches(']').trim().trim_matches(['\'', '"']) == section;
        } else if inside
            && let Some((name, value)) = line.split_once('=')
            && name.trim() == key
        {
            let value = value.trim();
            let quoted = ['"', '\''].iter().find_map(|&quote| Some(value.strip_prefix(quote)?.split_once(quote)?.0));
            let bare = || value.split(" #").next().unwrap_or_default().trim_end();
            found = Some(quoted.unwrap_or_else(bare).to_owned());
        }
    }
    found
}

impl Objects {
    /// Where DVC's cache has what it knows by `md5`, if the study has one.
    pub(super) fn dvc_object(&self, md5: &str) -> Option<PathBuf> {
        // A lock or a list may say anything: what is no digest must not become a path.
        let digest = md5.strip_suffix(".dir").unwrap_or(md5);
        if digest.len() != 32 || !digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let (head, tail) = md5.split_at_checked(2)?;
        Some(self.dvc_cache.as_ref()?.join(head).join(tail))
    }

    /// Whether DVC's cache seems to have all files of what has this MD5; their bytes are checked when they are taken.
    pub fn dvc_has(&self, md5: &str) -> bool {
        let is_file = |md5: &str| self.dvc_object(md5).is_some_and(|path| path.is_file());
        let all = |listed: Vec<Listed>| listed.iter().all(|file| is_file(&file.md5));
        // A list that can't be read is found out when it is taken.
        is_file(md5) && (!md5.ends_with(".dir") || self.listing(md5).is_none_or(all))
    }

    /// Whether the store has all files of `content`, or can take them from DVC's cache.
    pub fn can_get(&self, content: &Content) -> bool {
        let in_dvc = |md5: &str| self.dvc_object(md5).is_some_and(|path| path.is_file());
        content.files().iter().all(|(_, sha256, md5, _)| self.path(sha256).is_file() || in_dvc(md5))
    }

    /// Copies what DVC's cache has under `md5` into the store.
    pub fn take_from_dvc(&self, md5: &str) -> Result<Taken, StoreError> {
        if !md5.ends_with(".dir") {
            return self.take_file(md5);
        }
        let Some(path) = self.dvc_object(md5).filter(|path| path.is_file()) else { return Ok(Taken::Missing) };
        let damaged = || remove(&path).map(|()| Taken::Damaged(path.clone()));
        let Some(listed) = self.listing(md5) else { return damaged() };
        let mut members = Vec::with_capacity(listed.len());
        for file in listed {
            // A list that leads out of the folder is none of DVC's.
            if !RepoPath::root().join(&file.relpath).is_ok_and(|inside| inside.as_str() == file.relpath) {
                return Ok(Taken::Missing);
            }
            match self.take_file(&file.md5)? {
                Taken::Whole(Content { sha256, md5, size, executable, .. }) => {
                    members.push(Member { path: file.relpath, sha256, md5, size, executable });
                }
                other => {
                    // Without its files a list is nothing; they are put beside it again when there is none.
                    remove(&path)?;
                    return Ok(other);
                }
            }
        }
        let content = folder_of(members);
        // The list is what has this MD5.
        if content.md5 == md5 { Ok(Taken::Whole(content)) } else { damaged() }
    }

    fn take_file(&self, md5: &str) -> Result<Taken, StoreError> {
        let Some(path) = self.dvc_object(md5).filter(|path| path.is_file()) else { return Ok(Taken::Missing) };
        let stored = self.put(&path)?;
        if stored.md5 != md5 {
            remove(&path)?;
            return Ok(Taken::Damaged(path));
        }
        Ok(Taken::Whole(Content::of_file(stored, false)))
    }

    /// The files of a folder, if its list can be read.
    pub(super) fn listing(&self, md5: &str) -> Option<Vec<Listed>> {
        serde_json::from_slice(&fs::read(self.dvc_object(md5)?).ok()?).ok()
    }

    /// Puts `content` at `target` as [`Objects::restore`] does; objects that are missing or damaged are taken from DVC's cache
    /// if it has them.
    pub fn restore_or_heal(&self, content: &Content, target: &Path, links: &[Link]) -> Result<bool, StoreError> {
        // Each damaged object is set aside when it is met, and so missing the next time.
        while !self.restore(content, target, links)? {
            if !self.heal(content)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes the missing objects of `content` from DVC's cache. `false`: it does not have them all, or none is missing.
    fn heal(&self, content: &Content) -> Result<bool, StoreError> {
        let mut healed = false;
        for (_, sha256, md5, _) in content.files() {
            if self.path(sha256).is_file() {
                continue;
            }
            match self.take_file(md5)? {
                Taken::Whole(taken) if taken.sha256 == sha256 => healed = true,
                _ => return Ok(false),
            }
        }
        Ok(healed)
    }

    /// Links the files of `content` into DVC's cache, for which an output that is "not in cache" is a change.
    pub fn share_with_dvc(&self, content: &Content) -> Result<(), StoreError> {
        // The object of a folder is written last, so where it is, its files are.
        let Some(whole) = self.dvc_object(&content.md5).filter(|whole| !whole.exists()) else { return Ok(()) };
        if !self.has(content) {
            return Ok(());
        }
        for (_, sha256, md5, _) in content.files() {
            if let Some(target) = self.dvc_object(md5) {
                self.share(&self.path(sha256), &target)?;
            }
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
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            // Another file system: a copy, whole or not at all.
            Err(_) => {
                // Made where it is to be: a rename does not leave its file system.
                let named = tempfile::Builder::new().prefix("retrial-").suffix(".tmp").tempfile_in(folder);
                let mut copy = named.map_err(StoreError::file(folder, "cannot be written to"))?;
                let mut from = File::open(object).map_err(StoreError::file(object, "cannot be read"))?;
                let copied = copy_and_digest(&mut from, copy.as_file_mut());
                copied.map_err(StoreError::file(target, "cannot be written"))?;
                publish(copy, target)
            }
        }
    }
}
