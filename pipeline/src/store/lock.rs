//! One process at a time changes the work tree.

use std::fs::{File, TryLockError};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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
    /// Takes the lock in `folder`; calls `waiting` once if another process has it. `None`: `interrupt` came first.
    pub fn take(folder: &Path, interrupt: &AtomicBool, waiting: impl FnOnce()) -> Result<Option<Self>, StoreError> {
        let path = folder.join("lock");
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
        Ok(Some(Self { _file: file }))
    }
}
