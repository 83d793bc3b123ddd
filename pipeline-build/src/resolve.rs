//! Where a path leads: to which modules of the crate, or to which other crate.
//!
//! The rules are Rust's, but for one: items are not told apart by kind, so that a name which could lead to several
//! modules leads to all of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::references::Path;

/// What names mean in a module.
#[derive(Default)]
pub(crate) struct Scope {
    pub parent: Option<usize>,
    /// Several of a name if they are for different systems.
    pub children: BTreeMap<String, Vec<usize>>,
    /// Imported names, and names of type aliases, with the paths that they stand for.
    pub aliases: BTreeMap<String, Vec<Path>>,
    /// What is imported whole.
    pub globs: Vec<Path>,
    /// Types and traits that are defined here.
    pub types: BTreeSet<String>,
}

/// Where a path leads.
#[derive(Default)]
pub(crate) struct Landing {
    /// The modules that hold what the path names, those that only hand it on included.
    pub modules: BTreeSet<usize>,
    pub crates: BTreeSet<String>,
}

/// Knows all modules; the crate's root is the first.
pub(crate) struct Resolver<'a> {
    scopes: Vec<&'a Scope>,
    /// Names of the external crates.
    crates: &'a BTreeSet<String>,
    /// For each module, those that it imports whole.
    globs: Vec<BTreeSet<usize>>,
}

/// Paths that are being followed already: re-exports may go in circles.
type Trail = BTreeSet<(usize, Path, bool)>;

impl<'a> Resolver<'a> {
    pub(crate) fn new(scopes: Vec<&'a Scope>, crates: &'a BTreeSet<String>) -> Self {
        let globs = vec![BTreeSet::new(); scopes.len()];
        let mut resolver = Self { scopes, crates, globs };
        // What a glob means may depend on other globs, so this goes on until none finds more.
        loop {
            let globs = resolver.scopes.iter().enumerate().map(|(module, scope)| {
                scope.globs.iter().flat_map(|path| resolver.landing(module, path).modules).collect()
            });
            let globs: Vec<BTreeSet<usize>> = globs.collect();
            if globs == resolver.globs {
                return resolver;
            }
            resolver.globs = globs;
        }
    }

    /// Where a path leads that is written in `module`. Nowhere, if it is in `std` or names an item of the module itself.
    pub(crate) fn landing(&self, module: usize, path: &[String]) -> Landing {
        let mut landing = Landing::default();
        self.follow(module, path, true, &mut landing, &mut Trail::new());
        landing
    }

    /// `first`: whether the path begins here, so that it may name a crate, and what is in scope rather than within.
    fn follow(&self, module: usize, path: &[String], first: bool, landing: &mut Landing, trail: &mut Trail) {
        if !trail.insert((module, path.to_vec(), first)) {
            return;
        }
        let scope = self.scopes[module];
        let Some((name, rest)) = path.split_first() else {
            landing.modules.insert(module);
            return;
        };
        match name.as_str() {
            "crate" => return self.follow(0, rest, false, landing, trail),
            "self" => return self.follow(module, rest, false, landing, trail),
            "super" => return self.follow(scope.parent.unwrap_or(module), rest, false, landing, trail),
            "" => {
                landing.crates.extend(rest.first().filter(|name| self.crates.contains(*name)).cloned());
                return;
            }
            _ => {}
        }
        if first && self.crates.contains(name) {
            landing.crates.insert(name.clone());
        }
        if let Some(children) = scope.children.get(name) {
            return children.iter().for_each(|&child| self.follow(child, rest, false, landing, trail));
        }
        if !first {
            landing.modules.insert(module);
        }
        for target in scope.aliases.get(name).into_iter().flatten() {
            let path = [target, rest].concat();
            self.follow(module, &path, true, landing, trail);
        }
        for &glob in &self.globs[module] {
            if self.offers(glob, name, &mut BTreeSet::new()) {
                self.follow(glob, path, false, landing, trail);
            }
        }
    }

    /// Whether a module has a child, an import or a type of this name, of its own or by a glob.
    fn offers(&self, module: usize, name: &String, seen: &mut BTreeSet<usize>) -> bool {
        let scope = self.scopes[module];
        seen.insert(module)
            && (scope.children.contains_key(name)
                || scope.aliases.contains_key(name)
                || scope.types.contains(name)
                || self.globs[module].iter().any(|&glob| self.offers(glob, name, seen)))
    }
}
