//! One process at a time changes the work tree.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;

use super::StoreError;

/// Held while a process runs stages or restores outputs; released when it ends, however it ends.
///
/// Commands inherit the lock: where a killed process leaves a command behind that still writes outputs, the next process
/// waits until it is gone.
#[derive(Debug)]
pub struct WorkTreeLock {
    _file: File,
}

impl WorkTreeLock {
    /// Takes the lock in `folder`; calls `waiting` once if another process has it.
    pub fn take(folder: &Path, waiting: impl FnOnce()) -> Result<Self, StoreError> {
        let path = folder.join("lock");
        let options = File::options().create(true).truncate(false).write(true).open(&path);
        let file = options.map_err(StoreError::file(&path, "cannot be opened"))?;
        if file.try_lock().is_err() {
            waiting();
            file.lock().map_err(StoreError::file(&path, "cannot be locked"))?;
        }
        // SAFETY: the descriptor is open, and F_SETFD changes nothing but its flags.
        let status = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFD, 0) };
        if status != 0 {
            return Err(StoreError::file(&path, "cannot be passed on")(std::io::Error::last_os_error()));
        }
        Ok(Self { _file: file })
    }
}
