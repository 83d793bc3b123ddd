//! Where an export goes: a folder that appears whole or not at all, and never in the place of anybody else's.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::Files;

/// Says that a folder is an export, of which kind, and which files it is made of: such a folder may be replaced, where it holds no
/// others.
const MARK: &str = ".retrial-export";

/// How a folder is brought to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// There is nothing, or an empty folder.
    New,
    /// In the place of an earlier export of the same kind.
    Replace,
    /// Beside files that are not ours, as the user has said.
    Into,
}

#[derive(Debug, Error)]
pub enum PlaceError {
    #[error("{}: is no folder: name another place for the {kind} export", path.display())]
    NoFolder { path: PathBuf, kind: &'static str },
    #[error(
        "{}: the folder holds files that are not an earlier {kind} export: name another, or write beside them with --force",
        path.display()
    )]
    NotOurs { path: PathBuf, kind: &'static str },
    #[error("{}: is no archive: name another file, or replace it with --force", .0.display())]
    NoArchive(PathBuf),
    #[error("{}: cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// How an export of this kind may be brought to this folder; nothing is changed.
pub fn way(folder: &Path, kind: &'static str, force: bool) -> Result<Way, PlaceError> {
    let wrong = |source| PlaceError::Write { path: folder.to_owned(), source };
    match std::fs::metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Way::New),
        Err(error) => return Err(wrong(error)),
        Ok(found) if !found.is_dir() => return Err(PlaceError::NoFolder { path: folder.to_owned(), kind }),
        Ok(_) => (),
    }
    if std::fs::read_dir(folder).map_err(wrong)?.next().is_none() {
        return Ok(Way::New);
    }
    match std::fs::read_to_string(folder.join(MARK)) {
        Ok(mark) if is_ours(&mark, folder, kind).map_err(wrong)? => Ok(Way::Replace),
        _ if force => Ok(Way::Into),
        _ => Err(PlaceError::NotOurs { path: folder.to_owned(), kind }),
    }
}

/// Whether a folder is an export of this kind and holds nothing but its files.
fn is_ours(mark: &str, folder: &Path, kind: &str) -> io::Result<bool> {
    let mut lines = mark.lines();
    if lines.next() != Some(kind) {
        return Ok(false);
    }
    let own: HashSet<PathBuf> = lines.chain([MARK]).map(|path| folder.join(path)).collect();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            } else if !own.contains(&entry.path()) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn mark(kind: &str, files: &Files) -> String {
    let paths = files.files.keys().map(|path| format!("{path}\n"));
    std::iter::once(format!("{kind}\n")).chain(paths).collect()
}

/// Whether an archive may be written to this path: nothing but another archive is replaced.
pub fn check_archive(path: &Path, force: bool) -> Result<(), PlaceError> {
    const ZIP: &[u8] = b"PK\x03\x04";
    let mut start = [0; ZIP.len()];
    let read = std::fs::File::open(path).and_then(|mut file| io::Read::read_exact(&mut file, &mut start));
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(()) if start == ZIP => Ok(()),
        _ if force && path.is_file() => Ok(()),
        _ => Err(PlaceError::NoArchive(path.to_owned())),
    }
}

/// Writes `files` beside the folder, and then moves them to it.
pub fn put(files: &Files, folder: &Path, kind: &'static str, way: Way) -> Result<(), PlaceError> {
    let wrong = |source| PlaceError::Write { path: folder.to_owned(), source };
    let folder = real(folder).map_err(wrong)?;
    let beside = |what: &str| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        folder.with_file_name(format!(".{name}.{}.{what}", std::process::id()))
    };
    let (new, old) = (beside("tmp"), beside("old"));
    let put = || -> io::Result<()> {
        write(files, &new)?;
        match way {
            Way::New => {
                std::fs::write(new.join(MARK), mark(kind, files))?;
                std::fs::rename(&new, &folder)
            }
            Way::Replace => {
                std::fs::write(new.join(MARK), mark(kind, files))?;
                std::fs::rename(&folder, &old)?;
                if let Err(error) = std::fs::rename(&new, &folder) {
                    std::fs::rename(&old, &folder)?;
                    return Err(error);
                }
                std::fs::remove_dir_all(&old)
            }
            Way::Into => {
                for path in files.folders.iter() {
                    std::fs::create_dir_all(folder.join(path))?;
                }
                for path in files.files.keys() {
                    let to = folder.join(path);
                    std::fs::create_dir_all(to.parent().unwrap_or(&folder))?;
                    std::fs::rename(new.join(path), to)?;
                }
                std::fs::remove_dir_all(&new)
            }
        }
    };
    let done = put();
    if done.is_err() {
        let _ = std::fs::remove_dir_all(&new);
    }
    done.map_err(wrong)
}

/// The folder as it lies on the disk; what it lies in is made.
fn real(folder: &Path) -> io::Result<PathBuf> {
    if folder.exists() {
        return folder.canonicalize();
    }
    let folder = std::path::absolute(folder)?;
    let (Some(above), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no folder"));
    };
    std::fs::create_dir_all(above)?;
    Ok(above.canonicalize()?.join(name))
}

fn write(files: &Files, folder: &Path) -> io::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir(folder)?;
    for path in &files.folders {
        std::fs::create_dir_all(folder.join(path))?;
    }
    for (path, content) in &files.files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(path, content)?;
    }
    Ok(())
}
