//! Reads claim files, and refuses what can't be judged: one sentence, with file and line, on what to change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::schema::{Claim, ClaimFile, Comparison, Question};

/// A claim file and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimSource {
    pub path: PathBuf,
    pub file: ClaimFile,
    /// Claim id -> line, counted from 1.
    lines: BTreeMap<String, usize>,
}

impl ClaimSource {
    /// The line on which a claim of this file gives its id.
    pub fn line(&self, claim: &Claim) -> usize {
        self.lines.get(&claim.id).copied().unwrap_or(1)
    }
}

#[derive(Debug, Error)]
pub enum ReadError {
    #[error("{}: cannot be read: {source}", path.display())]
    Open { path: PathBuf, source: std::io::Error },
    #[error("{}: the folder holds no claim file: add one (*.yaml), as docs/claims.md explains", path.display())]
    NoFiles { path: PathBuf },
    #[error("{}:{line}: {message}", path.display())]
    Content { path: PathBuf, line: usize, message: String },
}

/// Reads one claim file, or all `*.yaml` and `*.yml` files of a folder in order of their names.
pub fn read(path: &Path) -> Result<Vec<ClaimSource>, ReadError> {
    let open = |source| ReadError::Open { path: path.to_owned(), source };
    let mut files = Vec::new();
    if std::fs::metadata(path).map_err(open)?.is_dir() {
        for entry in std::fs::read_dir(path).map_err(open)? {
            let file = entry.map_err(open)?.path();
            if file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
                files.push(file);
            }
        }
        files.sort();
    } else {
        files.push(path.to_owned());
    }
    if files.is_empty() {
        return Err(ReadError::NoFiles { path: path.to_owned() });
    }

    let mut sources: Vec<ClaimSource> = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).map_err(|source| ReadError::Open { path: path.clone(), source })?;
        let source = parse(&path, &text)?;
        for (id, &line) in &source.lines {
            if let Some(other) = sources.iter().find(|other| other.lines.contains_key(id)) {
                let (other, other_line) = (other.path.display(), other.lines[id]);
                let message =
                    format!("claim `{id}` is already defined at {other}:{other_line}: give this one another id");
                return Err(ReadError::Content { path, line, message });
            }
        }
        sources.push(source);
    }
    Ok(sources)
}

/// Reads a claim file's text; `path` is for errors.
pub fn parse(path: &Path, text: &str) -> Result<ClaimSource, ReadError> {
    let content = |line, message| ReadError::Content { path: path.to_owned(), line, message };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let file: ClaimFile = serde_yaml::from_str(text).map_err(|error| {
        let (line, message) = located(&error);
        content(line, format!("{message} (docs/claims.md explains every field)"))
    })?;
    let mut lines = BTreeMap::new();
    for claim in &file.claims {
        let line = line_of(text, "id", &claim.id, 0);
        if lines.insert(claim.id.clone(), line).is_some() {
            let line = line_of(text, "id", &claim.id, 1);
            return Err(content(line, format!("claim `{}` is defined twice: give one another id", claim.id)));
        }
    }
    if let Some((line, message)) = objection(&file, text, &lines) {
        return Err(content(line, message));
    }
    Ok(ClaimSource { path: path.to_owned(), file, lines })
}

/// The first thing that can't be judged, although it has the right shape.
fn objection(file: &ClaimFile, text: &str, lines: &BTreeMap<String, usize>) -> Option<(usize, String)> {
    if file.claims.is_empty() {
        return Some((line_of(text, "claims", "", 0), "there are no claims: add one under `claims`".to_owned()));
    }
    for claim in &file.claims {
        let (id, line) = (&claim.id, lines[&claim.id]);
        if claim.protocols.is_empty() {
            return Some((line, format!("claim `{id}` names no protocol: list at least one under `protocols`")));
        }
        let protocols: Vec<&str> = claim.protocols.iter().map(|p| p.protocol.as_str()).collect();
        if let Some(twice) = repeated(&protocols) {
            return Some((line, format!("claim `{id}` lists protocol `{twice}` twice: remove one")));
        }
        let controls: Vec<&str> = claim.controls.iter().map(|control| control.name.as_str()).collect();
        if let Some(twice) = repeated(&controls) {
            return Some((line, format!("claim `{id}` has two controls named `{twice}`: rename one")));
        }
        if let Question::Compare { comparison, .. } = &claim.question
            && let Some(message) = senseless(claim, comparison)
        {
            return Some((line, message));
        }
    }
    for (name, defect) in &file.defects {
        let used = |protocol: &String| {
            file.claims.iter().any(|claim| claim.protocols.iter().any(|own| &own.protocol == protocol))
        };
        if let Some(unknown) = defect.protocols.iter().find(|protocol| !used(protocol)) {
            let message =
                format!("defect `{name}` names protocol `{unknown}`, which no claim of this file uses: correct it");
            return Some((line_of(text, name, "", 0), message));
        }
    }
    None
}

/// What is wrong with a claim's comparison, or with one of its controls'.
fn senseless(claim: &Claim, comparison: &Comparison) -> Option<String> {
    let id = &claim.id;
    let objection =
        |comparison: &Comparison| match (comparison.measured(&comparison.a), comparison.measured(&comparison.b)) {
            (None, None) => Some("compares two values: name at least one method".to_owned()),
            (a, b) if a == b => {
                Some(format!("compares `{}` with itself: name two methods, or two metrics", comparison.a))
            }
            _ => None,
        };
    if let Some(objection) = objection(comparison) {
        return Some(format!("claim `{id}` {objection}"));
    }
    for under in &claim.protocols {
        if let Some(objection) = objection(&comparison.under(Some(under), None)) {
            return Some(format!("claim `{id}` under `{}` {objection}", under.protocol));
        }
    }
    for control in &claim.controls {
        let name = &control.name;
        let changed = comparison.under(None, Some(control));
        if let Some(objection) = objection(&changed) {
            return Some(format!("control `{name}` of claim `{id}` {objection}"));
        }
        if changed == *comparison {
            return Some(format!(
                "control `{name}` of claim `{id}` changes nothing: give it an `a`, `b`, `metric` or `at`"
            ));
        }
    }
    None
}

fn repeated<'a>(names: &[&'a str]) -> Option<&'a str> {
    names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)).map(|(_, name)| *name)
}

/// A YAML error's line, and its message without the line.
fn located(error: &serde_yaml::Error) -> (usize, String) {
    let message = error.to_string();
    let Some(location) = error.location() else { return (1, message) };
    let place = format!(" at line {} column {}", location.line(), location.column());
    (location.line(), message.replace(&place, ""))
}

/// The line of the `skip`-th entry `key: value`; an empty `value` means any. 1 where the text is laid out otherwise.
fn line_of(text: &str, key: &str, value: &str, skip: usize) -> usize {
    let is_entry = |line: &str| {
        let line = line.trim_start().trim_start_matches("- ").trim_start();
        let Some(rest) = line.strip_prefix(key).and_then(|rest| rest.strip_prefix(':')) else { return false };
        let rest = rest.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
        value.is_empty() || rest == value
    };
    text.lines().enumerate().filter(|(_, line)| is_entry(line)).nth(skip).map_or(1, |(index, _)| index + 1)
}
