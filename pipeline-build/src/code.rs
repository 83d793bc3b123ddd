//! A crate's code as modules that refer to each other, and what can be reached from some of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::external::External;
use crate::resolve::{Resolver, Scope};
use crate::sha256;
use crate::source::{self, Implementation};

/// What a build script knows of its crate that code does not say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules<'a> {
    /// Modules that hold a table of the modules in them and nothing else, as one of methods may. Their own code does not
    /// count, and one reaches none of the modules in it, since a stage names those that it uses as further roots. So another
    /// method, a file and a line in the table, is no change to the stages of the rest.
    pub dispatch: &'a [&'a str],
    /// External crates that can't change what a stage writes, as the parser of the command line, whose words are in the
    /// key anyhow. Their versions do not count.
    pub silent: &'a [&'a str],
}

/// What a crate is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The package's name.
    pub package: String,
    /// By path: `crate` for the root, and the path below it for others, for example `methods::gwd`.
    pub modules: BTreeMap<String, Module>,
    /// Digests of the external crates that are used, by the name that code uses.
    pub crates: BTreeMap<String, String>,
    /// Files and folders that this was read from.
    pub files: BTreeSet<PathBuf>,
}

/// A module: its own code, without that of the modules in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Module {
    /// SHA-256 of its code; empty for a dispatch module.
    pub digest: String,
    /// Paths of the modules that it refers to.
    pub modules: BTreeSet<String>,
    /// Names of the external crates that it uses.
    pub crates: BTreeSet<String>,
}

/// All that can be reached from some modules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Closure<'a> {
    pub modules: BTreeSet<&'a str>,
    pub crates: BTreeSet<&'a str>,
}

impl Code {
    /// Reads the package in a folder, whose library's root is `root`, a path below that folder.
    pub fn read(folder: &Path, root: &str, rules: &Rules) -> Result<Self, Error> {
        let mut external = External::read(folder)?;
        let source = source::read(&folder.join(root), folder, external.facts())?;
        let names = external.names();
        if let Some(unknown) = rules.silent.iter().find(|name| !names.contains(**name)) {
            return Err(Error::NoSuchCrate((*unknown).to_owned()));
        }

        let sources = &source.modules;
        let resolver = Resolver::new(sources.iter().map(|module| &module.scope).collect(), &names);
        if let Some(unknown) = rules.dispatch.iter().find(|name| !sources.iter().any(|module| module.path == **name)) {
            return Err(Error::NoSuchModule((*unknown).to_owned()));
        }

        let mut edges = vec![BTreeSet::new(); sources.len()];
        let mut crates = vec![BTreeSet::new(); sources.len()];
        for (index, module) in sources.iter().enumerate() {
            let imported = module.references.imports.iter().map(|import| &import.path);
            for path in module.references.paths.iter().chain(imported) {
                let landing = resolver.landing(index, path);
                edges[index].extend(landing.modules);
                crates[index].extend(landing.crates);
            }
            let defines = |other: &usize| !module.references.macros.is_disjoint(&sources[*other].macros);
            edges[index].extend((0..sources.len()).filter(defines));
            for implementation in &module.implementations {
                for reached in reached_through(index, implementation, &module.scope, &resolver) {
                    edges[reached].insert(index);
                }
            }
        }

        let mut modules: BTreeMap<String, Module> = BTreeMap::new();
        for (index, (edges, crates)) in edges.into_iter().zip(crates).enumerate() {
            let is_dispatch = rules.dispatch.contains(&sources[index].path.as_str());
            let is_own = |other: &usize| is_dispatch && is_within(sources, *other, index);
            let others = edges.into_iter().filter(|other| *other != index && !is_own(other));
            let module = modules.entry(sources[index].path.clone()).or_default();
            module.modules.extend(others.map(|other| sources[other].path.clone()));
            module.crates.extend(crates.into_iter().filter(|name| !rules.silent.contains(&name.as_str())));
            if !is_dispatch {
                // Of modules of one path, for different systems, all count.
                module.digest = match module.digest.as_str() {
                    "" => sources[index].digest.clone(),
                    before => sha256(format!("{before} {}", sources[index].digest).as_bytes()),
                };
            }
        }
        let crates = external.digests(&crates_used(&modules))?;
        let package = external.package().to_owned();
        let files = source.files.into_iter().chain(external.files).collect();
        Ok(Self { package, modules, crates, files })
    }

    /// All that can be reached from the modules of these paths, themselves included.
    pub fn closure(&self, roots: &[&str]) -> Result<Closure<'_>, Error> {
        let mut closure = Closure::default();
        let mut waiting = roots.to_vec();
        while let Some(path) = waiting.pop() {
            let found = self.modules.get_key_value(path);
            let (path, module) = found.ok_or_else(|| Error::NoSuchModule(path.to_owned()))?;
            if closure.modules.insert(path) {
                waiting.extend(module.modules.iter().map(String::as_str));
                closure.crates.extend(module.crates.iter().map(String::as_str));
            }
        }
        Ok(closure)
    }

    /// The digest of that closure: SHA-256 of a line `module PATH DIGEST` for each module and then a line
    /// `crate NAME DIGEST` for each crate, in the order of their names.
    pub fn digest(&self, roots: &[&str]) -> Result<String, Error> {
        let closure = self.closure(roots)?;
        let mut text = String::new();
        for path in closure.modules {
            text.push_str(&format!("module {path} {}\n", self.modules[path].digest));
        }
        for name in closure.crates {
            text.push_str(&format!("crate {name} {}\n", self.crates[name]));
        }
        Ok(sha256(text.as_bytes()))
    }
}

/// Whether `inner` is a module of `outer`, or of one of its modules.
fn is_within(modules: &[source::Module], inner: usize, outer: usize) -> bool {
    let parent = |module: &usize| modules[*module].scope.parent;
    std::iter::successors(parent(&inner), parent).any(|ancestor| ancestor == outer)
}

fn crates_used(modules: &BTreeMap<String, Module>) -> BTreeSet<String> {
    modules.values().flat_map(|module| &module.crates).cloned().collect()
}

/// The modules that reach an `impl` block without naming its module: one that has a type in hand can call what is
/// implemented for it anywhere.
///
/// If the type is the crate's, that is its module; the trait's is not, or each implementor would belong to all. For others'
/// types, every module of the crate that the head names.
fn reached_through(module: usize, item: &Implementation, scope: &Scope, resolver: &Resolver) -> BTreeSet<usize> {
    if let Some(of) = &item.of {
        if let [name] = &of[..]
            && scope.types.contains(name)
        {
            return BTreeSet::new();
        }
        let landing = resolver.landing(module, of);
        if !landing.modules.is_empty() && landing.crates.is_empty() {
            return landing.modules;
        }
    }
    item.names.iter().flat_map(|name| resolver.landing(module, name).modules).collect()
}
