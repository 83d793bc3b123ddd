//! Which commit, machine and build made a run: written beside the artifacts, never into them.

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::study::Study;

/// The same for all stages of one invocation.
pub fn of_invocation(root: &Path, study: &Study) -> Value {
    json!({
        "git": git(root),
        "program": { "name": study.name, "version": study.version, "code": study.code.digest() },
        "machine": {
            "os": std::env::consts::OS,
            "architecture": std::env::consts::ARCH,
            "cores": std::thread::available_parallelism().map_or(1, usize::from),
        },
    })
}

/// The commit, and one digest of all that differs from it; null outside a git repository.
fn git(root: &Path) -> Value {
    let described = || -> Result<Value, git2::Error> {
        let repository = git2::Repository::discover(root)?;
        let commit = repository.head()?.peel_to_commit()?.id().to_string();
        let mut options = git2::StatusOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(true);
        let statuses = repository.statuses(Some(&mut options))?;
        let mut hasher = Sha256::new();
        let mut files = 0usize;
        let top = repository.workdir().unwrap_or(root);
        for path in statuses.iter().filter_map(|entry| entry.path().ok().map(str::to_owned)) {
            files += 1;
            hasher.update(path.as_bytes());
            hasher.update(std::fs::read(top.join(&path)).unwrap_or_default());
        }
        let changes = (files > 0).then(|| json!({ "files": files, "sha256": hex(&hasher.finalize()) }));
        Ok(json!({ "commit": commit, "uncommitted": changes }))
    };
    described().unwrap_or(Value::Null)
}
