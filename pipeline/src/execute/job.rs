//! What a stage's command gets: its lines, its folder, its environment, the file of its parameters.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::fingerprint::Key;
use crate::manifest::Stage;
use crate::manifest::params::{self, Values};
use crate::manifest::schema::Threads;
use crate::store::{self, StoreError};

/// What to run and where.
#[derive(Debug, Clone)]
pub struct Job {
    pub lines: Vec<String>,
    pub folder: PathBuf,
    pub environment: BTreeMap<&'static str, OsString>,
    /// Where it takes further threads from, if it says that it does.
    pub threads: Option<jobserver::Client>,
}

/// Where the parameter files of running stages are.
pub fn folder(store: &Path) -> PathBuf {
    store.join("tmp")
}

/// Removes what killed processes left. Only for whoever holds the lock on the work tree.
pub fn sweep(store: &Path) -> Result<(), Error> {
    Ok(store::remove(&folder(store))?)
}

/// A file of the declared parameters in `folder`; it is deleted with the path.
pub fn parameter_file(folder: &Path, values: &Values) -> Result<tempfile::TempPath, Error> {
    std::fs::create_dir_all(folder).map_err(StoreError::file(folder, "cannot be made"))?;
    let named = tempfile::Builder::new().prefix("parameters-").suffix(".json").tempfile_in(folder);
    let named = named.map_err(StoreError::file(folder, "cannot be written to"))?;
    let written = std::fs::write(named.path(), params::to_json(values));
    written.map_err(StoreError::file(named.path(), "cannot be written"))?;
    Ok(named.into_temp_path())
}

/// The folder in which the run of that key keeps what it would go on from after a kill.
pub fn progress(store: &Path, key: &Key) -> PathBuf {
    store::progress(store).join(key.as_str())
}

/// Makes that folder, or leaves what an interrupted run of the same key has kept there, unless all is to begin `afresh`.
pub fn open_progress(folder: &Path, afresh: bool) -> Result<(), Error> {
    if afresh {
        store::remove(folder)?;
    }
    Ok(std::fs::create_dir_all(folder).map_err(StoreError::file(folder, "cannot be made"))?)
}

/// The job of a stage of the study at `root`, which was given these GPUs; the run as a whole may keep `capacity` threads
/// busy.
pub fn prepare(
    stage: &Stage,
    root: &Path,
    parameters: &Path,
    progress: &Path,
    capacity: usize,
    gpus: &[String],
) -> Result<Job, Error> {
    let folder = stage.folder.within(root);
    if !folder.is_dir() {
        return Err(Error::Input(format!("stage `{}` runs in {}, which is no folder", stage.name, stage.folder)));
    }
    let mut environment: BTreeMap<&'static str, OsString> = BTreeMap::new();
    environment.insert("DVC_STAGE", stage.name.clone().into());
    environment.insert("DVC_ROOT", root.into());
    environment.insert("RETRIAL_PARAMS", parameters.into());
    environment.insert("RETRIAL_PROGRESS", progress.into());
    // A stage that says how many threads it takes gets no more of them; what the user has set stands.
    if stage.extension.threads != Threads::Unsaid {
        let threads = stage.extension.threads.most(capacity).to_string();
        for name in ["RAYON_NUM_THREADS", "OMP_NUM_THREADS"] {
            if std::env::var_os(name).is_none() {
                environment.insert(name, threads.clone().into());
            }
        }
    }
    if !gpus.is_empty() {
        environment.insert("CUDA_VISIBLE_DEVICES", gpus.join(",").into());
    }
    // The program's own name in a command is always the program that is running.
    if let Some(own) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        let others = std::env::var_os("PATH").unwrap_or_default();
        let all = std::iter::once(own.to_owned()).chain(std::env::split_paths(&others));
        if let Ok(path) = std::env::join_paths(all) {
            environment.insert("PATH", path);
        }
    }
    Ok(Job { lines: stage.command.lines().map(str::to_owned).collect(), folder, environment, threads: None })
}
