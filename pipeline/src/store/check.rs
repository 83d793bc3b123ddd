//! Checks the whole store: every object's bytes against its name, every record, the database, and what DVC shares.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{Entry, Objects, Records, StoreError};
use crate::digest::digest_file;

/// What was found. The store is sound if nothing is in `faults`, `records`, `database` and `dvc`.
#[derive(Debug, Default)]
pub struct Report {
    pub objects: usize,
    pub bytes: u64,
    pub runs: usize,
    pub faults: Vec<Fault>,
    /// Records that can't be read: number and stage.
    pub records: Vec<(i64, String)>,
    /// SQLite's words.
    pub database: Vec<String>,
    /// Files in DVC's cache that were damaged, and are set aside.
    pub dvc: Vec<PathBuf>,
    /// Half-written files of killed processes: harmless, and swept away.
    pub leftovers: usize,
    /// Objects that were set aside as damaged before this check.
    pub set_aside: usize,
    /// Files in the folder of objects that have no object's name.
    pub strangers: Vec<PathBuf>,
}

impl Report {
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty() && self.records.is_empty() && self.database.is_empty() && self.dvc.is_empty()
    }
}

/// An object that can't be served.
#[derive(Debug)]
pub struct Fault {
    pub sha256: String,
    pub what: What,
    /// The outputs that need it.
    pub needed_by: Vec<Need>,
    /// The bytes were still at hand, here, and are in the store again.
    pub healed_from: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Other bytes than its name says; set aside.
    Damaged,
    /// The first bytes only, as far as can be told; set aside.
    Truncated {
        size: u64,
        expected: u64,
    },
    Missing,
    /// The file system's words; left where it is.
    Unreadable(String),
}

/// A file of an output that a record promises.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    pub stage: String,
    /// From the study's root.
    pub path: String,
    pub key: String,
}

/// What the records say of an object.
struct Promise {
    size: u64,
    md5: String,
    needs: Vec<Need>,
}

/// Checks the store of the study at `root`. The lock on the work tree must be held. What is damaged is set aside, as it
/// would be when it is used; what is damaged or missing is put back where the work tree or DVC's cache still has it.
pub fn check(root: &Path, objects: &Objects, records: &Records) -> Result<Report, StoreError> {
    let mut report = Report { set_aside: objects.damaged()?.len(), ..Report::default() };
    // A database may be too damaged to be checked.
    report.database = records.quick_check().unwrap_or_else(|error| vec![error.to_string()]);
    let runs = if report.database.is_empty() { records.all()? } else { Vec::new() };
    report.runs = runs.len();
    report.records = runs.iter().filter(|run| !run.is_readable()).map(|run| (run.id, run.stage.clone())).collect();
    let promises = promises(&runs);
    let listed = objects.list()?;
    report.strangers = listed.strangers;
    report.objects = listed.objects.len();
    report.bytes = listed.objects.iter().map(|object| object.metadata.len()).sum();
    let examined = |object: &Object| Some((object.sha256.clone(), examine(object, promises.get(&object.sha256))?));
    let mut faults: BTreeMap<String, What> = listed.objects.par_iter().filter_map(examined).collect();
    for object in listed.objects.iter().filter(|object| faults.contains_key(&object.sha256)) {
        if !matches!(faults[&object.sha256], What::Unreadable(_)) {
            report.dvc.extend(objects.unshare(&object.metadata)?);
            objects.set_aside(&object.path)?;
        }
    }
    let there: HashSet<&String> = listed.objects.iter().map(|object| &object.sha256).collect();
    let missing = promises.keys().filter(|sha256| !there.contains(sha256));
    faults.extend(missing.map(|sha256| (sha256.clone(), What::Missing)));
    report.dvc.extend(check_dvc(objects, &promises, &runs)?);
    for (sha256, what) in faults {
        let promise = promises.get(&sha256);
        let healed_from = match what {
            What::Unreadable(_) => None,
            _ => heal(root, objects, &sha256, promise)?,
        };
        let needed_by = promise.map(|promise| promise.needs.clone()).unwrap_or_default();
        report.faults.push(Fault { sha256, what, needed_by, healed_from });
    }
    report.leftovers = objects.leftovers()?.len();
    objects.sweep()?;
    Ok(report)
}

fn promises(runs: &[Entry]) -> BTreeMap<String, Promise> {
    let mut promises: BTreeMap<String, Promise> = BTreeMap::new();
    for run in runs {
        for artifact in run.outputs.iter().flatten() {
            let content = &artifact.content;
            let mut promise = |path: String, sha256: &str, md5: &str, size: u64| {
                let new = || Promise { size, md5: md5.to_owned(), needs: Vec::new() };
                let need = Need { stage: run.stage.clone(), path, key: run.key.clone() };
                promises.entry(sha256.to_owned()).or_insert_with(new).needs.push(need);
            };
            match &content.members {
                None => promise(artifact.path.clone(), &content.sha256, &content.md5, content.size),
                Some(members) => members.iter().for_each(|member| {
                    promise(format!("{}/{}", artifact.path, member.path), &member.sha256, &member.md5, member.size);
                }),
            }
        }
    }
    promises
}

/// Reads an object to its last byte, whatever is remembered of it.
fn examine(object: &Object, promise: Option<&Promise>) -> Option<What> {
    match digest_file(&object.path) {
        Ok(digest) if digest.sha256 == object.sha256 => None,
        Ok(digest) => Some(match promise {
            Some(promise) if digest.size < promise.size => {
                What::Truncated { size: digest.size, expected: promise.size }
            }
            _ => What::Damaged,
        }),
        Err(error) => Some(What::Unreadable(error.to_string())),
    }
}

/// Puts an object back from where its bytes still are: an output in the work tree, or DVC's cache.
fn heal(
    root: &Path,
    objects: &Objects,
    sha256: &str,
    promise: Option<&Promise>,
) -> Result<Option<PathBuf>, StoreError> {
    let Some(promise) = promise else { return Ok(None) };
    let outputs = promise.needs.iter().map(|need| root.join(&need.path));
    for place in outputs.chain(objects.dvc_object(&promise.md5)) {
        let same = place.is_file() && digest_file(&place).is_ok_and(|digest| digest.sha256 == sha256);
        if same && objects.put(&place)?.sha256 == sha256 {
            return Ok(Some(place.strip_prefix(root).unwrap_or(&place).to_owned()));
        }
    }
    Ok(None)
}

/// Checks the files in DVC's cache that this store's records know and that are no links to its objects; damaged ones are
/// set aside, and returned.
fn check_dvc(
    objects: &Objects,
    promises: &BTreeMap<String, Promise>,
    runs: &[Entry],
) -> Result<Vec<PathBuf>, StoreError> {
    let files = promises.iter().filter_map(|(sha256, promise)| {
        let shared = objects.dvc_object(&promise.md5)?;
        let (theirs, ours) = (shared.metadata().ok()?, objects.path(sha256).metadata());
        let linked = ours.is_ok_and(|ours| same_file(&ours, &theirs));
        (!linked).then(|| (shared, promise.md5.clone()))
    });
    let mut open: BTreeMap<PathBuf, String> = files.collect();
    for content in runs.iter().flat_map(|run| run.outputs.iter().flatten()).map(|artifact| &artifact.content) {
        // A folder's own object is written, not linked.
        if content.members.is_some()
            && let Some(listing) = objects.dvc_object(&content.md5).filter(|listing| listing.is_file())
        {
            open.insert(listing, content.md5.trim_end_matches(".dir").to_owned());
        }
    }
    let open: Vec<(PathBuf, String)> = open.into_iter().collect();
    let damaged = open.par_iter().filter(|(path, md5)| digest_file(path).is_ok_and(|digest| digest.md5 != *md5));
    let damaged: Vec<PathBuf> = damaged.map(|(path, _)| path.clone()).collect();
    damaged.iter().try_for_each(|path| objects.set_aside_of_dvc(path))?;
    Ok(damaged)
}

/// Whether two names are of one file.
fn same_file(a: &Metadata, b: &Metadata) -> bool {
    a.ino() == b.ino() && a.dev() == b.dev()
}

/// A file of the store, by its name.
pub(super) struct Object {
    pub sha256: String,
    pub path: PathBuf,
    pub metadata: Metadata,
}

/// What is in the folder of objects.
pub(super) struct Listed {
    pub objects: Vec<Object>,
    /// Files without an object's name.
    pub strangers: Vec<PathBuf>,
}

impl Objects {
    /// All objects, in order of name; their bytes are not read.
    pub(super) fn list(&self) -> Result<Listed, StoreError> {
        let mut listed = Listed { objects: Vec::new(), strangers: Vec::new() };
        for folder in entries(&self.folder)? {
            let head = name(&folder);
            if head == "tmp" || head == "damaged" {
                continue;
            }
            if !folder.is_dir() {
                listed.strangers.push(folder);
                continue;
            }
            for path in entries(&folder)? {
                let sha256 = format!("{head}{}", name(&path));
                let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
                let metadata = path.symlink_metadata().map_err(StoreError::file(&path, "cannot be read"))?;
                let named = head.len() == 2 && sha256.len() == 64 && sha256.bytes().all(hexadecimal);
                if named && metadata.is_file() {
                    listed.objects.push(Object { sha256, path, metadata });
                } else {
                    listed.strangers.push(path);
                }
            }
        }
        Ok(listed)
    }

    /// What killed processes left half-written.
    pub(super) fn leftovers(&self) -> Result<Vec<PathBuf>, StoreError> {
        entries(&self.folder.join("tmp"))
    }

    /// What was set aside as damaged.
    pub(super) fn damaged(&self) -> Result<Vec<PathBuf>, StoreError> {
        entries(&self.folder.join("damaged"))
    }

    /// Takes a damaged file out of DVC's cache, to where this store's own damaged objects are.
    fn set_aside_of_dvc(&self, file: &Path) -> Result<(), StoreError> {
        let folder = self.folder.join("damaged");
        fs::create_dir_all(&folder).map_err(StoreError::file(&folder, "cannot be made"))?;
        let head = file.parent().map(name).unwrap_or_default();
        let aside = folder.join(format!("dvc-{head}{}", name(file)));
        // Its folder may be on another file system: then it goes, as DVC itself would have it.
        let moved = fs::rename(file, aside).or_else(|_| fs::remove_file(file));
        moved.map_err(StoreError::file(file, "cannot be set aside"))
    }

    /// Removes the names in DVC's cache of a damaged object, so that DVC serves it no more; returns them.
    pub(super) fn unshare(&self, object: &Metadata) -> Result<Vec<PathBuf>, StoreError> {
        let Some(cache) = self.dvc_cache.as_ref().filter(|_| object.nlink() > 1) else { return Ok(Vec::new()) };
        let mut links = Vec::new();
        for folder in entries(cache)?.into_iter().filter(|folder| folder.is_dir()) {
            for path in entries(&folder)? {
                if path.metadata().is_ok_and(|other| same_file(&other, object)) {
                    fs::remove_file(&path).map_err(StoreError::file(&path, "cannot be removed"))?;
                    links.push(path);
                }
            }
        }
        Ok(links)
    }
}

/// What is in a folder, in order; nothing where there is none.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let listing = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing.map_err(StoreError::file(folder, "cannot be read"))?,
    };
    let paths: std::io::Result<Vec<PathBuf>> = listing.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(StoreError::file(folder, "cannot be read"))?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
