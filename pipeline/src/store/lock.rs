//! One process at a time changes the work tree.

use std::fs::{self, File, TryLockError};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::StoreError;

/// Held while a process runs stages or restores outputs; released when it ends, however it ends.
///
/// Commands inherit the lock: where a killed process leaves a command behind that still writes outputs, the next process
/// waits until it is gone.
#[derive(Debug)]
pub struct WorkTreeLock {
    file: File,
}

impl WorkTreeLock {
    fn file(folder: &Path) -> PathBuf {
        folder.join("lock")
    }

    /// Takes the lock in `folder`; calls `waiting` once if another process has it. `None`: `interrupt` came first.
    pub fn take(folder: &Path, interrupt: &AtomicBool, waiting: impl FnOnce()) -> Result<Option<Self>, StoreError> {
        let path = Self::file(folder);
        let options = File::options().create(true).truncate(false).write(true).open(&path);
        let file = options.map_err(StoreError::file(&path, "cannot be opened"))?;
        let mut waiting = Some(waiting);
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(source)) => return Err(StoreError::file(&path, "cannot be locked")(source)),
                Err(TryLockError::WouldBlock) => {}
            }
            if interrupt.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if let Some(waiting) = waiting.take() {
                waiting();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // SAFETY: the descriptor is open, and F_SETFD changes nothing but its flags.
        let status = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFD, 0) };
        if status != 0 {
            return Err(StoreError::file(&path, "cannot be passed on")(std::io::Error::last_os_error()));
        }
        Ok(Some(Self { file }))
    }

    /// Whether the lock is still the one in `folder`: nobody has removed or replaced the folder.
    pub fn is_in(&self, folder: &Path) -> bool {
        let there = Self::file(folder).metadata();
        let held = self.file.metadata();
        held.is_ok_and(|held| there.is_ok_and(|there| (held.dev(), held.ino()) == (there.dev(), there.ino())))
    }

    /// Who has the lock in `folder`, as far as the system tells: `sleep (process 4711)`. It may be a command that outlived
    /// the run that started it.
    pub fn holders(folder: &Path) -> Vec<String> {
        let Ok(path) = Self::file(folder).canonicalize() else { return Vec::new() };
        let has_open = |process: &Path| {
            let descriptors = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
            descriptors.into_iter().any(|open| fs::read_link(open.path()).is_ok_and(|target| target == path))
        };
        let mut holders = Vec::new();
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let number = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
            let Some(number) = number.filter(|&number| number != std::process::id()) else { continue };
            if has_open(&process.path()) {
                let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
                holders.push(format!("{} (process {number})", name.trim()));
            }
        }
        holders
    }
}
