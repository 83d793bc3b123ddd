//! Removes what nothing needs: runs out of use, then objects that no run on record needs.
//!
//! Records go first, in one transaction; whoever is killed before the objects are gone leaves objects that no record needs,
//! which the next collection removes.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Entry, Store, StoreError};

/// How long what was set aside as damaged is kept for whoever wants to look, and what interrupted runs would go on from.
const ASIDE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What went and what stayed.
#[derive(Debug, Default)]
pub struct Collected {
    /// Stage and key.
    pub runs_dropped: Vec<(String, String)>,
    pub runs_kept: usize,
    pub objects_removed: usize,
    pub bytes_removed: u64,
    /// Of the bytes removed, those that another name, such as DVC's cache, still holds.
    pub bytes_shared: u64,
    pub objects_kept: usize,
    pub bytes_kept: u64,
    /// Half-written files of killed processes.
    pub leftovers: usize,
    /// Damaged objects that were set aside long ago.
    pub damaged: usize,
}

/// Drops the runs that `in_use` refuses and those that can't be read, and removes all that the rest do not need. The lock on
/// the work tree must be held. With `dry` nothing changes.
pub fn collect(
    store: &mut Store,
    root: &Path,
    in_use: impl Fn(&Entry) -> bool,
    dry: bool,
) -> Result<Collected, StoreError> {
    let runs = store.records.all()?;
    let (kept, dropped): (Vec<&Entry>, Vec<&Entry>) = runs.iter().partition(|run| run.is_readable() && in_use(run));
    let needed: HashSet<&str> = kept.iter().flat_map(|run| run.objects()).collect();
    let objects = store.objects.list()?.objects;
    let (stay, go): (Vec<_>, Vec<_>) = objects.iter().partition(|object| needed.contains(object.sha256.as_str()));
    let size = |objects: &[&super::check::Object]| objects.iter().map(|object| object.metadata.len()).sum();
    let old = old_damage(store)?;
    let collected = Collected {
        runs_dropped: dropped.iter().map(|run| (run.stage.clone(), run.key.clone())).collect(),
        runs_kept: kept.len(),
        objects_removed: go.len(),
        bytes_removed: size(&go),
        bytes_shared: go.iter().filter(|object| object.metadata.nlink() > 1).map(|object| object.metadata.len()).sum(),
        objects_kept: stay.len(),
        bytes_kept: size(&stay),
        leftovers: store.objects.leftovers()?.len(),
        damaged: old.len(),
    };
    if dry {
        return Ok(collected);
    }
    let dropped: Vec<i64> = dropped.iter().map(|run| run.id).collect();
    store.records.drop_runs(&dropped)?;
    for path in go.iter().map(|object| &object.path).chain(&old) {
        fs::remove_file(path).map_err(StoreError::file(path, "cannot be removed"))?;
    }
    for folder in old_progress(&store.folder)? {
        super::remove(&folder)?;
    }
    store.objects.sweep()?;
    store.records.forget_gone(root)?;
    if !dropped.is_empty() {
        // On a full disk there is no room to make the file smaller; all else is done.
        let _ = store.records.compact();
    }
    Ok(collected)
}

fn old_damage(store: &Store) -> Result<Vec<PathBuf>, StoreError> {
    let mut damaged = store.objects.damaged()?;
    damaged.retain(|path| is_old(path));
    Ok(damaged)
}

fn old_progress(store: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let folder = super::progress(store);
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(StoreError::file(&folder, "cannot be listed"))?,
    };
    Ok(entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_old(path)).collect())
}

/// A file's content says when it was made; its inode, when it was put there or a file in it last came or went.
fn is_old(path: &Path) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let since = path.symlink_metadata().ok().and_then(|metadata| u64::try_from(metadata.ctime()).ok());
    since.is_some_and(|since| now > Duration::from_secs(since) + ASIDE)
}
