//! RO-Crate 1.2: the study's files and what each of them is, packed into one archive.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::{ExportError, Table};
use crate::artifact::ArtifactError;

/// Where an archive says what it holds.
pub const METADATA: &str = "ro-crate-metadata.json";

const PROFILE: &str = "https://w3id.org/ro/crate/1.2";

/// Who made the study, under which licence: GitHub's and Zenodo's way to say so.
const CITATION: &str = "CITATION.cff";

/// Where a study keeps the page about its verdicts, their numbers, and its claims.
const METRICS: &str = "artifacts/metrics";
const REPORT: &str = "artifacts/report";
const CLAIMS: &str = "claims";

/// A file of the study.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// From the study's root, which becomes the crate's.
    pub path: String,
    pub description: &'static str,
    pub content: Vec<u8>,
}

/// What the study as a whole is said to be.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Citation {
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    r#abstract: Option<String>,
    #[serde(default)]
    version: Option<Value>,
    #[serde(default)]
    license: Option<OneOrMore>,
    #[serde(default)]
    authors: Vec<Author>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Author {
    /// Of a group.
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    given_names: Option<String>,
    #[serde(default)]
    family_names: Option<String>,
    #[serde(default)]
    orcid: Option<String>,
}

/// The files that tell the study's story, in order of their paths: what was claimed, how it was run, what came out.
pub fn items(root: &Path, tables: &[Table], verdicts: &Path) -> Result<Vec<Item>, ExportError> {
    let mut found: Vec<(PathBuf, &str)> = Vec::new();
    let needed = |path: &str| {
        let path = root.join(path);
        if path.exists() { Ok(path) } else { Err(ExportError::Lacking(path)) }
    };
    found.push((needed("dvc.yaml")?, "The stages of the study: commands, what they read and what they write"));
    for (path, description) in [
        ("params.yaml", "The study's parameters"),
        ("dvc.lock", "Digests of all that each stage read and wrote"),
        ("retrial.yaml", "How the study is kept"),
        (CITATION, "How the study is cited"),
        ("artifacts/checks.json", "What can be said without training"),
    ] {
        let path = root.join(path);
        if path.is_file() {
            found.push((path, description));
        }
    }
    found.extend(below(&needed(CLAIMS)?)?.into_iter().map(|path| (path, "Claims, and what would settle them")));
    found.extend(tables.iter().map(|table| (table.path.clone(), "Results of runs, one observation a row")));
    found.push((verdicts.to_owned(), "The verdict on every claim under every protocol, with its evidence"));
    for (folder, description) in [(METRICS, "A verdict in numbers"), (REPORT, "A part of the report on the verdicts")] {
        let folder = root.join(folder);
        if folder.is_dir() {
            found.extend(below(&folder)?.into_iter().map(|path| (path, description)));
        }
    }
    found.sort();
    found.dedup_by(|one, other| one.0 == other.0);
    found.into_iter().map(|(path, description)| item(root, path, description)).collect()
}

fn item(root: &Path, path: PathBuf, description: &'static str) -> Result<Item, ExportError> {
    let content = std::fs::read(&path).map_err(|source| ArtifactError::Read { path: path.clone(), source })?;
    let inside = path.strip_prefix(root).ok().and_then(Path::to_str).map(str::to_owned);
    let path = inside.ok_or_else(|| ExportError::Outside { path, root: root.to_owned() })?;
    Ok(Item { path, description, content })
}

/// All files in a folder and in the folders in it.
fn below(folder: &Path) -> Result<Vec<PathBuf>, ExportError> {
    let entries = || std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    let entries = entries().map_err(|source| ArtifactError::Read { path: folder.to_owned(), source })?;
    let mut files = Vec::new();
    for entry in entries {
        if entry.is_dir() { files.extend(below(&entry)?) } else { files.push(entry) }
    }
    Ok(files)
}

/// What the study's citation file says; nothing where it has none.
pub fn citation(root: &Path) -> Result<Citation, ExportError> {
    let path = root.join(CITATION);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Citation::default()),
        Err(source) => return Err(ArtifactError::Read { path, source }.into()),
    };
    serde_yaml::from_slice(&text).map_err(|error| ExportError::Citation { path, problem: error.to_string() })
}

/// The archive: the items, and a description of them. `published` is when, in seconds since 1970; nothing else in it is a time.
pub fn archive(items: &[Item], citation: &Citation, summary: &str, published: i64) -> Result<Vec<u8>, ExportError> {
    // Zip's first day, and no compression, so that no version of a codec matters.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let metadata = serde_json::to_string_pretty(&metadata(items, citation, summary, published))? + "\n";
    let all = items.iter().map(|item| (item.path.as_str(), item.content.as_slice()));
    for (path, content) in std::iter::once((METADATA, metadata.as_bytes())).chain(all) {
        zip.start_file(path, options)?;
        zip.write_all(content).map_err(zip::result::ZipError::Io)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// The description, as JSON-LD.
fn metadata(items: &[Item], citation: &Citation, summary: &str, published: i64) -> Value {
    let about = citation.r#abstract.as_deref().map_or_else(String::new, |text| format!("{} ", text.trim()));
    let mut root = json!({
        "@id": "./",
        "@type": "Dataset",
        "name": citation.title.as_deref().unwrap_or("A study of machine-learning claims"),
        "description": format!("{about}{summary}"),
        "datePublished": day(published),
        "hasPart": references(items.iter().map(|item| uri(&item.path))),
    });
    let mut graph = vec![json!({
        "@id": METADATA,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": PROFILE},
    })];
    let licenses = match &citation.license {
        Some(OneOrMore::One(license)) => std::slice::from_ref(license),
        Some(OneOrMore::More(licenses)) => licenses,
        None => &[],
    };
    let of_licenses: Vec<Value> = licenses.iter().map(|license| license_entity(license)).collect();
    let of_authors: Vec<Value> = citation.authors.iter().enumerate().map(|(at, author)| author.entity(at)).collect();
    root["license"] = match ids(&of_licenses) {
        Value::Array(none) if none.is_empty() => json!("No licence is stated: ask the authors"),
        ids => ids,
    };
    if !of_authors.is_empty() {
        root["author"] = ids(&of_authors);
    }
    if let Some(version) = &citation.version {
        root["version"] = json!(version.as_str().map_or_else(|| version.to_string(), str::to_owned));
    }
    graph.push(root);
    graph.extend(of_licenses);
    graph.extend(of_authors);
    graph.extend(items.iter().map(Item::entity));
    json!({"@context": format!("{PROFILE}/context"), "@graph": graph})
}

impl Item {
    fn entity(&self) -> Value {
        let digest: [u8; 32] = Sha256::digest(&self.content).into();
        json!({
            "@id": uri(&self.path),
            "@type": "File",
            "name": self.path,
            "description": self.description,
            "encodingFormat": media_type(&self.path),
            "contentSize": self.content.len().to_string(),
            "sha256": digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        })
    }
}

impl Author {
    fn entity(&self, at: usize) -> Value {
        let names = [&self.given_names, &self.family_names];
        let person = names.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
        let kind = if person.is_empty() { "Organization" } else { "Person" };
        let name = if person.is_empty() { self.name.as_deref().unwrap_or("unnamed") } else { &person };
        let id = self.orcid.clone().unwrap_or_else(|| format!("#author-{}", at + 1));
        json!({"@id": id, "@type": kind, "name": name})
    }
}

fn license_entity(spdx: &str) -> Value {
    let id = format!("https://spdx.org/licenses/{spdx}");
    json!({"@id": id, "@type": "CreativeWork", "name": spdx, "description": format!("The licence {spdx}")})
}

/// A reference to each entity; of one alone, that one.
fn ids(entities: &[Value]) -> Value {
    match entities {
        [one] => json!({"@id": one["@id"]}),
        all => references(all.iter().filter_map(|entity| entity["@id"].as_str().map(str::to_owned))),
    }
}

fn references(ids: impl Iterator<Item = String>) -> Value {
    ids.map(|id| json!({"@id": id})).collect()
}

/// A path as a relative URI.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/+@".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn media_type(path: &str) -> &'static str {
    match Path::new(path).extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "yaml" | "yml" | "lock" | "cff" => "application/yaml",
        "json" => "application/json",
        "jsonl" | "ndjson" => "application/jsonl",
        "parquet" => "application/vnd.apache.parquet",
        "csv" => "text/csv",
        "html" => "text/html",
        "md" => "text/markdown",
        "txt" => "text/plain",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        _ => "application/octet-stream",
    }
}

/// The day, in universal time, of a number of seconds since 1970: counted in eras of 400 years that begin in March, whose
/// last day is a leap day if there is one.
fn day(seconds: i64) -> String {
    const DAYS_OF_ERA: i64 = 146_097;
    let since_march_of_year_0 = seconds.div_euclid(86_400) + 719_468;
    let era = since_march_of_year_0.div_euclid(DAYS_OF_ERA);
    let of_era = since_march_of_year_0.rem_euclid(DAYS_OF_ERA);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / (DAYS_OF_ERA - 1)) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + 400 * era + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::day;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_709_251_199, "2024-02-29"),
            (4_107_542_400, "2100-03-01"),
            (1_767_225_599, "2025-12-31"),
        ] {
            assert_eq!(day(seconds), expected);
        }
    }
}
