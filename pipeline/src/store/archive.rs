//! Contents by MD5, which is all that dvc.lock says of them: found through the run records, else in DVC's cache.

use std::collections::HashMap;
use std::fs;

use sha2::{Digest, Sha256};

use super::{Objects, Records, StoreError, Taken};
use crate::digest::{Content, Md5, Member, folder_of, hex};
use crate::path::RepoPath;

/// What the run records know by MD5: whole outputs, and the files of folders.
pub struct Archive {
    known: HashMap<String, Content>,
}

impl Archive {
    pub fn open(records: &Records) -> Result<Self, StoreError> {
        let mut known = HashMap::new();
        for run in records.all()? {
            for artifact in run.outputs.into_iter().flatten() {
                for member in artifact.content.members.iter().flatten() {
                    known.insert(member.md5.clone(), of_member(member));
                }
                known.insert(artifact.content.md5.clone(), artifact.content);
            }
        }
        Ok(Self { known })
    }

    /// The content, once the store has all its files: what only DVC's cache has is copied into the store. `None`: neither
    /// has it whole.
    pub fn find(&self, objects: &Objects, md5: &str) -> Result<Option<Content>, StoreError> {
        if let Some(content) = self.known.get(md5)
            && objects.has(content)
        {
            return Ok(Some(content.clone()));
        }
        if md5.ends_with(".dir") { self.adopt_folder(objects, md5) } else { adopt_file(objects, md5) }
    }

    /// The bytes of one file, checked; nothing is copied.
    pub fn read(&self, objects: &Objects, md5: &str) -> Option<Vec<u8>> {
        let known = self.known.get(md5).filter(|content| content.members.is_none());
        let stored = known.and_then(|content| {
            let bytes = fs::read(objects.path(&content.sha256)).ok()?;
            (hex(&Sha256::digest(&bytes)) == content.sha256).then_some(bytes)
        });
        stored.or_else(|| {
            let bytes = fs::read(objects.dvc_object(md5)?).ok()?;
            (hex(&Md5::digest(&bytes)) == md5).then_some(bytes)
        })
    }

    /// Unlike [`Objects::take_from_dvc`], with the files that the store has.
    fn adopt_folder(&self, objects: &Objects, md5: &str) -> Result<Option<Content>, StoreError> {
        let Some(listed) = objects.listing(md5) else { return Ok(None) };
        let mut members = Vec::with_capacity(listed.len());
        for file in listed {
            let inside = RepoPath::root().join(&file.relpath).is_ok_and(|path| path.as_str() == file.relpath);
            let found = if inside { self.find(objects, &file.md5)? } else { None };
            let Some(content) = found.filter(|content| content.members.is_none()) else { return Ok(None) };
            let Content { sha256, md5, size, executable, .. } = content;
            members.push(Member { path: file.relpath, sha256, md5, size, executable });
        }
        Ok(Some(folder_of(members)).filter(|content| content.md5 == md5))
    }
}

fn adopt_file(objects: &Objects, md5: &str) -> Result<Option<Content>, StoreError> {
    Ok(match objects.take_from_dvc(md5)? {
        Taken::Whole(content) => Some(content),
        Taken::Missing | Taken::Damaged(_) => None,
    })
}

fn of_member(member: &Member) -> Content {
    let Member { sha256, md5, size, executable, .. } = member.clone();
    Content { sha256, md5, size, executable, members: None }
}
