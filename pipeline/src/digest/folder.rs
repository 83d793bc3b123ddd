//! A folder -> its files, their digests, and the digest of the list. Empty folders do not count, as under DVC.

use std::fs::DirEntry;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::file::is_executable;
use super::ignore::{self, Rules};
use super::md5::Md5;
use super::{Content, DigestError, Member, Memo, hex};

/// `rules` are those that hold in the folder; `None`: it is hidden, and counts as empty.
pub(super) fn content(folder: &Path, rules: Option<Rules>, memo: &mut Memo) -> Result<Content, DigestError> {
    let mut members = Vec::new();
    if let Some(rules) = rules {
        walk(folder, "", &rules, memo, &mut members)?;
    }
    Ok(folder_of(members))
}

/// The content of a folder with these files.
pub fn folder_of(mut members: Vec<Member>) -> Content {
    members.sort_by(|a, b| a.path.cmp(&b.path));
    let mut hasher = Sha256::new();
    for member in &members {
        hasher.update((member.path.len() as u64).to_le_bytes());
        hasher.update(&member.path);
        hasher.update(&member.sha256);
    }
    let md5 = format!("{}.dir", hex(&Md5::digest(dvc_listing(&members))));
    let size = members.iter().map(|member| member.size).sum();
    Content { sha256: hex(&hasher.finalize()), md5, size, executable: false, members: Some(members) }
}

/// Adds the files at and below `folder`. As under DVC, symbolic links to folders are passed over, and so are folders that are
/// repositories of their own.
fn walk(
    folder: &Path,
    prefix: &str,
    rules: &Rules,
    memo: &mut Memo,
    members: &mut Vec<Member>,
) -> Result<(), DigestError> {
    let read_error = |source| DigestError::Read { path: folder.to_owned(), source };
    let entries: Vec<DirEntry> =
        std::fs::read_dir(folder).and_then(Iterator::collect::<Result<_, _>>).map_err(read_error)?;
    for entry in &entries {
        if entry.file_name() == ".dvc" && entry.file_type().map_err(read_error)?.is_dir() {
            return Ok(());
        }
    }
    for entry in entries {
        let path = entry.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(DigestError::Name { path });
        };
        let error = |source| DigestError::Read { path: path.clone(), source };
        let kind = entry.file_type().map_err(error)?;
        let metadata = if kind.is_symlink() { std::fs::metadata(&path) } else { entry.metadata() }.map_err(error)?;
        if ignore::is_hidden(name, kind.is_dir()) || (!rules.is_empty() && rules.hide(&path, metadata.is_dir())) {
            continue;
        }
        if name == ignore::FILE {
            return Err(DigestError::Ignore { path });
        }
        let relative = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
        if kind.is_dir() {
            walk(&path, &relative, rules, memo, members)?;
        } else if metadata.is_file() {
            let digest = memo.digest(&path, &metadata)?;
            let executable = is_executable(&metadata);
            let (sha256, md5, size) = (digest.sha256, digest.md5, digest.size);
            members.push(Member { path: relative, sha256, md5, size, executable });
        } else if !metadata.is_dir() {
            return Err(DigestError::Special { path });
        }
    }
    Ok(())
}

/// The text whose MD5 is DVC's `.dir` hash, and which is the folder's object in DVC's cache: Python's
/// `json.dumps(list, sort_keys=True)` of `{"md5", "relpath"}`, sorted by relpath.
pub fn dvc_listing(members: &[Member]) -> String {
    let entry =
        |member: &Member| format!("{{\"md5\": \"{}\", \"relpath\": {}}}", member.md5, python_json_text(&member.path));
    format!("[{}]", members.iter().map(entry).collect::<Vec<_>>().join(", "))
}

/// JSON text as Python writes it: everything beyond ASCII escaped, above U+FFFF as a surrogate pair.
fn python_json_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='\u{7e}' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
    out
}
