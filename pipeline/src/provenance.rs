//! Which commit, machine and build made a run: written beside the artifacts, never into them.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::digest::{Memo, hex};
use crate::machine;
use crate::study::Study;

/// The commit that a work tree is at, and what differs from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revision {
    pub commit: String,
    /// `None`: nothing.
    pub uncommitted: Option<Uncommitted>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Uncommitted {
    pub files: usize,
    /// Of their paths and contents.
    pub sha256: String,
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.uncommitted {
            None => f.write_str(&self.commit),
            Some(changes) => write!(f, "{} with changes {}", self.commit, changes.sha256),
        }
    }
}

/// The revision of the study at `root`; an error where it is in no git repository with a commit. Files for which `is_made`
/// is true, by their paths below `root`, are passed over: what stages write is no change of what they are made from.
pub fn revision(root: &Path, memo: &mut Memo, is_made: &dyn Fn(&str) -> bool) -> Result<Revision, git2::Error> {
    let repository = git2::Repository::discover(root)?;
    let commit = repository.head()?.peel_to_commit()?.id().to_string();
    let mut options = git2::StatusOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(true);
    let statuses = repository.statuses(Some(&mut options))?;
    let top = repository.workdir().unwrap_or(root);
    // The study may be a folder of the repository.
    let below = root.canonicalize().ok().zip(top.canonicalize().ok());
    let below = below.and_then(|(root, top)| root.strip_prefix(top).ok().map(Path::to_owned)).unwrap_or_default();
    let mut hasher = Sha256::new();
    let mut files = 0usize;
    for path in statuses.iter().filter_map(|entry| entry.path().ok().map(str::to_owned)) {
        if Path::new(&path).strip_prefix(&below).is_ok_and(|path| path.to_str().is_some_and(is_made)) {
            continue;
        }
        files += 1;
        let file = top.join(&path);
        // What is gone, or no file, counts by its path alone.
        let digest = file.metadata().ok().filter(std::fs::Metadata::is_file);
        let digest = digest.and_then(|metadata| memo.digest(&file, &metadata).ok()).map(|digest| digest.sha256);
        hasher.update(format!("{path}\0{}\n", digest.unwrap_or_default()));
    }
    let uncommitted = (files > 0).then(|| Uncommitted { files, sha256: hex(&hasher.finalize()) });
    Ok(Revision { commit, uncommitted })
}

/// The same for all stages of one invocation.
pub fn of_invocation(study: &Study, revision: Option<&Revision>) -> Value {
    json!({
        "git": revision,
        "program": {
            "name": study.name,
            "version": study.version,
            "code": study.code.digest(),
            "compiler": env!("RETRIAL_COMPILER"),
        },
        "machine": {
            "os": std::env::consts::OS,
            "architecture": std::env::consts::ARCH,
            "processor": machine::processor(),
            "features": machine::processor_features(),
            "cores": machine::cores(),
            "memory": machine::memory(),
            "gpus": machine::gpus(),
        },
    })
}
