//! External crates: what a crate's manifest calls them, and a digest of what `Cargo.lock` pins them and theirs to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::error::Error;
use crate::sha256;
use crate::source::{self, Facts};

/// The external crates of a package.
pub(crate) struct External {
    folder: PathBuf,
    manifest: Manifest,
    /// The files that this rests on.
    pub files: BTreeSet<PathBuf>,
}

impl External {
    /// Reads the manifest in a folder.
    pub(crate) fn read(folder: &Path) -> Result<Self, Error> {
        let mut files = BTreeSet::new();
        let manifest = Manifest::read(folder, &mut files)?;
        Ok(Self { folder: folder.to_owned(), manifest, files })
    }

    /// The package's own name.
    pub(crate) fn package(&self) -> &str {
        &self.manifest.package
    }

    /// What the manifest says that code can ask for.
    pub(crate) fn facts(&self) -> &Facts {
        &self.manifest.facts
    }

    /// The names that code uses.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.manifest.dependencies.iter().map(|dependency| dependency.name.clone()).collect()
    }

    /// The digests of the crates of these names: of the features asked of each, and of what the lock pins it and all that
    /// it depends on to.
    pub(crate) fn digests(&mut self, names: &BTreeSet<String>) -> Result<BTreeMap<String, String>, Error> {
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let path = above(&self.folder, "Cargo.lock", |_| true);
        let path = path.ok_or_else(|| Error::NoLock { path: self.folder.clone() })?;
        self.files.insert(path.clone());
        let lock = Lock::read(&path)?;
        let not_locked = |package: &str| Error::NotLocked { path: path.clone(), package: package.to_owned() };

        let used = self.manifest.dependencies.iter().filter(|dependency| names.contains(&dependency.name));
        let used: Vec<Dependency> = used.cloned().collect();
        let own = lock.packages.iter().find(|package| package.name == self.manifest.package && package.is_local);
        let own = own.ok_or_else(|| not_locked(&self.manifest.package))?;
        let local = self.local_code(used.clone())?;
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        for dependency in used {
            let locked = own.dependencies.iter().flat_map(|entry| lock.meant(entry));
            let locked: Vec<usize> = locked.filter(|&index| lock.packages[index].name == dependency.package).collect();
            if locked.is_empty() {
                return Err(not_locked(&dependency.package));
            }
            // Different targets may declare the same dependency differently; all of it counts.
            let text = texts.entry(dependency.name).or_default();
            text.push_str(&format!("features {:?} default {}\n", dependency.features, dependency.default_features));
            for package in lock.reachable(locked).into_iter().map(|index| &lock.packages[index]) {
                text.push_str(&package.identity);
                text.push_str(local.get(&package.name).filter(|_| package.is_local).map_or("", String::as_str));
            }
        }
        Ok(texts.into_iter().map(|(name, text)| (name, sha256(text.as_bytes()))).collect())
    }

    /// The code of dependencies that lie in folders, theirs included, by package: no version or checksum speaks for it.
    fn local_code(&mut self, mut waiting: Vec<Dependency>) -> Result<BTreeMap<String, String>, Error> {
        let mut local = BTreeMap::new();
        while let Some(dependency) = waiting.pop() {
            if let Some(folder) = dependency.folder
                && !local.contains_key(&dependency.package)
            {
                let manifest = Manifest::read(&folder, &mut self.files)?;
                let source = source::read(&manifest.root, &folder, &manifest.facts)?;
                let modules = source.modules.iter().map(|module| format!("{} {}\n", module.path, module.digest));
                local.insert(dependency.package, modules.collect::<String>());
                self.files.extend(source.files);
                waiting.extend(manifest.dependencies);
            }
        }
        Ok(local)
    }
}

/// What `Cargo.lock` holds.
struct Lock {
    packages: Vec<Package>,
    by_name: BTreeMap<String, Vec<usize>>,
}

impl Lock {
    fn read(path: &Path) -> Result<Self, Error> {
        let lock = table(path)?;
        let listed = lock.get("package").and_then(Value::as_array).into_iter().flatten();
        let packages: Vec<Package> = listed.map(Package::new).collect();
        let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, package) in packages.iter().enumerate() {
            by_name.entry(package.name.clone()).or_default().push(index);
        }
        Ok(Self { packages, by_name })
    }

    /// The packages that an entry of a dependency list may mean: `name`, `name version` or `name version (source)`, as
    /// much as is needed to tell them apart.
    fn meant(&self, entry: &str) -> impl Iterator<Item = usize> {
        let mut words = entry.split(' ');
        let named = words.next().and_then(|name| self.by_name.get(name)).into_iter().flatten().copied();
        let version = words.next();
        named.filter(move |&index| version.is_none_or(|version| self.packages[index].version == version))
    }

    /// These packages, those that they depend on, and so on, in the lock's order, which is sorted.
    fn reachable(&self, mut waiting: Vec<usize>) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        while let Some(index) = waiting.pop() {
            if reached.insert(index) {
                waiting.extend(self.packages[index].dependencies.iter().flat_map(|entry| self.meant(entry)));
            }
        }
        reached
    }
}

/// A package as `Cargo.lock` pins it.
struct Package {
    name: String,
    version: String,
    /// Name, version, source and checksum, on a line.
    identity: String,
    /// Whether it lies in a folder rather than a registry.
    is_local: bool,
    dependencies: Vec<String>,
}

impl Package {
    fn new(entry: &Value) -> Self {
        let field = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (name, version, source) = (field("name"), field("version"), field("source"));
        let dependencies = entry.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        Self {
            identity: format!("{name} {version} {source} {}\n", field("checksum")),
            is_local: source.is_empty(),
            dependencies: dependencies.filter_map(Value::as_str).map(str::to_owned).collect(),
            name,
            version,
        }
    }
}

/// A package's manifest, as far as it concerns dependencies of its library.
struct Manifest {
    package: String,
    /// The root of its library.
    root: PathBuf,
    dependencies: Vec<Dependency>,
    facts: Facts,
}

#[derive(Clone)]
struct Dependency {
    /// As code names it.
    name: String,
    package: String,
    folder: Option<PathBuf>,
    features: BTreeSet<String>,
    default_features: bool,
}

impl Manifest {
    fn read(folder: &Path, files: &mut BTreeSet<PathBuf>) -> Result<Self, Error> {
        let path = folder.join("Cargo.toml");
        let manifest = table(&path)?;
        files.insert(path.clone());
        let wrong = |message: &str| Error::Manifest { path: path.clone(), message: message.to_owned() };
        let package = manifest.get("package").and_then(|package| package.get("name")?.as_str());
        let package = package.ok_or_else(|| wrong("it names no package"))?.to_owned();

        let root = manifest.get("lib").and_then(|lib| lib.get("path")?.as_str()).unwrap_or("src/lib.rs");

        let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
        let targets = targets.filter_map(|target| target.get("dependencies"));
        let tables = manifest.get("dependencies").into_iter().chain(targets).filter_map(Value::as_table);
        let declared: Vec<(String, Value)> =
            tables.flatten().map(|(name, value)| (name.clone(), value.clone())).collect();

        let table_of = |name| manifest.get(name).and_then(Value::as_table);
        let of_package = table_of("package").into_iter().flat_map(Table::values);
        let inherits = |value: &Value| value.get("workspace").is_some();
        let workspace = if declared.iter().map(|(_, value)| value).chain(of_package).any(inherits) {
            let is_workspace = |path: &Path| table(path).is_ok_and(|manifest| manifest.contains_key("workspace"));
            let path = above(folder, "Cargo.toml", is_workspace).ok_or_else(|| wrong("its workspace is not found"))?;
            files.insert(path.clone());
            Some((path.parent().unwrap_or(Path::new("")).to_owned(), table(&path)?))
        } else {
            None
        };
        let dependencies = declared.iter().map(|(name, value)| {
            let shared = workspace.as_ref().filter(|_| value.get("workspace").is_some());
            let inherited = shared.and_then(|(_, manifest)| manifest.get("workspace")?.get("dependencies")?.get(name));
            let from_workspace = shared.zip(inherited).map(|((folder, _), value)| (folder.as_path(), value));
            let sources: Vec<(&Path, &Value)> = from_workspace.into_iter().chain([(folder, value)]).collect();
            dependency(name, &sources)
        });
        let text = |table: Option<&Table>| table.map(|table| format!("{table:?}")).unwrap_or_default();
        let shared = workspace.as_ref().and_then(|(_, manifest)| manifest.get("workspace")?.get("package")?.as_table());
        let facts = Facts { package: text(table_of("package")) + &text(shared), features: text(table_of("features")) };
        Ok(Self { package, root: folder.join(root), dependencies: dependencies.collect(), facts })
    }
}

/// A dependency from all that declares it: the workspace first, the package last, each with its folder.
fn dependency(name: &str, declared: &[(&Path, &Value)]) -> Dependency {
    let texts = |key| declared.iter().filter_map(move |(folder, value)| Some((*folder, value.get(key)?.as_str()?)));
    let features = declared.iter().filter_map(|(_, value)| value.get("features")?.as_array()).flatten();
    let default_features = |(_, value): &(&Path, &Value)| value.get("default-features")?.as_bool();
    Dependency {
        name: name.replace('-', "_"),
        package: texts("package").next_back().map_or(name, |(_, package)| package).to_owned(),
        folder: texts("path").next_back().map(|(folder, path)| folder.join(path)),
        features: features.filter_map(Value::as_str).map(str::to_owned).collect(),
        default_features: declared.iter().find_map(default_features).unwrap_or(true),
    }
}

/// The nearest file of this name in `folder` or above it that is wanted.
fn above(folder: &Path, name: &str, wanted: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    folder.ancestors().map(|folder| folder.join(name)).find(|path| path.is_file() && wanted(path))
}

fn table(path: &Path) -> Result<Table, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    text.parse().map_err(|error: toml::de::Error| Error::Manifest { path: path.to_owned(), message: error.to_string() })
}
