//! Files that stages write: whole or not at all, and the same bytes for the same content.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum ArtifactError {
    #[error("{}: cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{}: cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: is not valid JSON of the expected shape: {source}", path.display())]
    Json { path: PathBuf, source: serde_json::Error },
}

/// Writes `bytes` to `path` through a temporary file in the same folder, so that a reader or a kill never sees half a
/// file. Missing folders are made.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), ArtifactError> {
    let attempt = || -> io::Result<()> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(folder)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
        let written = std::fs::File::create(&temporary).and_then(|mut file| file.write_all(bytes));
        let renamed = written.and_then(|()| std::fs::rename(&temporary, path));
        if renamed.is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
        renamed
    };
    attempt().map_err(|source| ArtifactError::Write { path: path.to_owned(), source })
}

/// Writes `value` as indented JSON with sorted keys, shortest floats and a final newline.
///
/// Going through [`serde_json::Value`] is what sorts the keys: its maps are ordered.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), ArtifactError> {
    let json_error = |source| ArtifactError::Json { path: path.to_owned(), source };
    let value = serde_json::to_value(value).map_err(json_error)?;
    let mut text = serde_json::to_string_pretty(&value).map_err(json_error)?;
    text.push('\n');
    write(path, text.as_bytes())
}

/// Reads a JSON file of a known shape.
pub fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ArtifactError> {
    let text = std::fs::read(path).map_err(|source| ArtifactError::Read { path: path.to_owned(), source })?;
    serde_json::from_slice(&text).map_err(|source| ArtifactError::Json { path: path.to_owned(), source })
}

/// These files, and in the place of each folder the JSON files in it and in its folders, in order of their names.
pub fn json_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, ArtifactError> {
    files(paths, "json")
}

/// The same for the files whose names end in `.` and this extension.
pub fn files(paths: &[PathBuf], extension: &str) -> Result<Vec<PathBuf>, ArtifactError> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let error = |source| ArtifactError::Read { path: path.clone(), source };
        let entries = std::fs::read_dir(path).map_err(error)?;
        let mut entries = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>().map_err(error)?;
        entries.retain(|entry| entry.is_dir() || entry.extension().is_some_and(|found| found == extension));
        entries.sort();
        found.extend(files(&entries, extension)?);
    }
    Ok(found)
}
