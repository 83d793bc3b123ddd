//! A crate's files, followed from its root: its modules, and what is in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{Item, Type};

use crate::error::Error;
use crate::references::{self, Import, Included, References};
use crate::resolve::Scope;
use crate::{attributes, canonical, formatting, sha256};

/// A crate's modules. The root is the first, and every other comes after its parent.
pub(crate) struct Source {
    pub modules: Vec<Module>,
    /// What was read, modules and included files.
    pub files: BTreeSet<PathBuf>,
}

pub(crate) struct Module {
    /// `crate` for the root, and the path below it for others: `methods::gwd`. Modules for different systems may share it.
    pub path: String,
    /// Of everything in it that is code, the modules in it excepted.
    pub digest: String,
    pub scope: Scope,
    pub references: References,
    pub implementations: Vec<Implementation>,
    /// Names of the macros that it defines.
    pub macros: BTreeSet<String>,
}

/// The head of an `impl` block, or what a macro is given that may write one.
pub(crate) struct Implementation {
    /// Whose it is, where that is a plain path.
    pub of: Option<references::Path>,
    /// Every name in the head.
    pub names: BTreeSet<references::Path>,
}

/// Where in the file system a module's code lies.
struct Place {
    file: PathBuf,
    /// Where the files of its modules are.
    folder: PathBuf,
    /// Whether it stands within another module's file.
    inline: bool,
}

/// What a manifest says that code can ask for, as text.
pub(crate) struct Facts {
    /// The package's name, version and the like: for `env!`.
    pub package: String,
    /// Its features and which of them are on by default: for `cfg`.
    pub features: String,
}

/// Reads the crate whose root is `root`; `manifest` is its manifest's folder, and `facts` what stands in it.
pub(crate) fn read(root: &Path, manifest: &Path, facts: &Facts) -> Result<Source, Error> {
    let mut reader = Reader { manifest, facts, source: Source { modules: Vec::new(), files: BTreeSet::new() } };
    let folder = root.parent().unwrap_or(Path::new("")).to_owned();
    reader.file("crate".to_owned(), None, String::new(), Place { file: root.to_owned(), folder, inline: false })?;
    Ok(reader.source)
}

struct Reader<'a> {
    manifest: &'a Path,
    facts: &'a Facts,
    source: Source,
}

impl Reader<'_> {
    /// `text` is what is already known of the module's code: the attributes of its declaration.
    fn file(&mut self, path: String, parent: Option<usize>, mut text: String, place: Place) -> Result<usize, Error> {
        let bytes = self.read(&place.file)?;
        let syntax = |error: syn::Error| {
            let start = error.span().start();
            let (line, column) = (start.line, start.column + 1);
            Error::Syntax { path: place.file.clone(), line, column, message: error.to_string() }
        };
        let code = String::from_utf8(bytes)
            .map_err(|_| syntax(syn::Error::new(Span::call_site(), "the file is not valid UTF-8")))?;
        // As the compiler does.
        let file = syn::parse_file(&code.replace("\r\n", "\n")).map_err(syntax)?;
        for attribute in &file.attrs {
            canonical::write(attribute.to_token_stream(), &mut text);
        }
        self.module(path, parent, text, file.items, &place)
    }

    fn module(
        &mut self,
        path: String,
        parent: Option<usize>,
        mut text: String,
        items: Vec<Item>,
        place: &Place,
    ) -> Result<usize, Error> {
        let index = self.source.modules.len();
        self.source.modules.push(Module {
            path,
            digest: String::new(),
            scope: Scope { parent, ..Scope::default() },
            references: References::default(),
            implementations: Vec::new(),
            macros: BTreeSet::new(),
        });
        self.items(index, items, &mut text, place)?;
        self.included(index, &mut text, place)?;
        let module = &mut self.source.modules[index];
        if module.references.macros.contains("env") || module.references.macros.contains("option_env") {
            text.push_str(&self.facts.package);
        }
        if text.contains(" feature =") {
            text.push_str(&self.facts.features);
        }
        module.digest = sha256(text.as_bytes());
        for import in &module.references.imports {
            match &import.name {
                Some(name) => module.scope.aliases.entry(name.clone()).or_default().push(import.path.clone()),
                None if import.glob => module.scope.globs.push(import.path.clone()),
                None => {}
            }
        }
        Ok(index)
    }

    /// Takes note of the items of a module, and adds what they are to the module's text.
    fn items(&mut self, index: usize, items: Vec<Item>, text: &mut String, place: &Place) -> Result<(), Error> {
        let mut imports = BTreeSet::new();
        for mut item in items {
            if attributes::is_for_tests(attributes::of_item(&item)) {
                continue;
            }
            let module = &mut self.source.modules[index];
            if !matches!(item, Item::Mod(_)) {
                Pruner { module }.visit_item_mut(&mut item);
                formatting::undo(&mut item);
            }
            match item {
                Item::Mod(child) => {
                    let name = child.ident.to_string();
                    if let Some(child) = self.child(index, child, place)? {
                        let children = &mut self.source.modules[index].scope.children;
                        children.entry(name.trim_start_matches("r#").to_owned()).or_default().push(child);
                    }
                }
                Item::Use(import) => {
                    let begun = module.references.imports.len();
                    module.references.collect(import.to_token_stream());
                    imports.extend(import_texts(&import, &module.references.imports[begun..]));
                }
                item => {
                    note_type(&item, &mut module.scope);
                    let tokens = item.to_token_stream();
                    module.references.collect(tokens.clone());
                    canonical::write(tokens, text);
                }
            }
        }
        // Formatters sort imports, so their order is not code.
        text.extend(imports);
        Ok(())
    }

    /// Adds what a module includes to its text: code as if it stood there, anything else by its digest, and of what its build
    /// script makes, which is made of this very map, the script's own code.
    fn included(&mut self, index: usize, text: &mut String, place: &Place) -> Result<(), Error> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<(Included, PathBuf)> = Vec::new();
        let mut from = place.file.clone();
        loop {
            let found = std::mem::take(&mut self.source.modules[index].references.included);
            open.extend(found.into_iter().map(|included| (included, from.clone())));
            let Some((included, by)) = open.pop() else { return Ok(()) };
            let file = match self.included_file(&included, &by)? {
                Some(file) => file,
                None => Some(self.manifest.join("build.rs")).filter(|script| script.is_file()).unwrap_or_default(),
            };
            if !seen.insert(file.clone()) || file.as_os_str().is_empty() {
                continue;
            }
            let bytes = self.read(&file)?;
            text.push_str(" includes ");
            let code = std::str::from_utf8(&bytes).ok().filter(|_| included.is_code);
            if let Some(items) = code.and_then(|code| syn::parse_file(code).ok()) {
                let folder = file.parent().unwrap_or(Path::new("")).to_owned();
                self.items(index, items.items, text, &Place { file: file.clone(), folder, inline: false })?;
            } else if let Some(tokens) = code.and_then(|code| code.parse::<TokenStream>().ok()) {
                self.source.modules[index].references.collect(tokens.clone());
                canonical::write(tokens, text);
            } else {
                text.push_str(&sha256(&bytes));
            }
            from = file;
        }
    }

    /// A module declared in another; none if the file that it should be in may be missing on this system.
    fn child(&mut self, parent: usize, child: syn::ItemMod, place: &Place) -> Result<Option<usize>, Error> {
        let name = child.ident.to_string();
        let name = name.trim_start_matches("r#");
        let path = match parent {
            0 => name.to_owned(),
            _ => format!("{}::{name}", self.source.modules[parent].path),
        };
        let mut text = String::new();
        for attribute in child.attrs.iter().filter(|attribute| !attribute.path().is_ident("path")) {
            canonical::write(attribute.to_token_stream(), &mut text);
        }
        let folder = place.folder.join(name);
        if let Some((_, items)) = child.content {
            let place = Place { file: place.file.clone(), folder, inline: true };
            return self.module(path, Some(parent), text, items, &place).map(Some);
        }
        let (tried, folder) = match child.attrs.iter().find_map(attributes::given_path) {
            None => (vec![place.folder.join(format!("{name}.rs")), folder.join("mod.rs")], folder),
            Some(given) => {
                let file = if place.inline { place.folder.join(given) } else { place.file.with_file_name(given) };
                let folder = file.parent().unwrap_or(Path::new("")).to_owned();
                (vec![file], folder)
            }
        };
        let Some(file) = tried.iter().find(|file| file.is_file()).cloned() else {
            if child.attrs.iter().any(|attribute| attribute.path().is_ident("cfg")) {
                return Ok(None);
            }
            let (line, module) = (child.ident.span().start().line, path);
            return Err(Error::NoModuleFile { path: place.file.clone(), line, module, tried });
        };
        self.file(path, Some(parent), text, Place { file, folder, inline: false }).map(Some)
    }

    /// The file that an `include_str!` or one of its kin reads; none if it is made by the build script itself.
    fn included_file(&self, included: &Included, by: &Path) -> Result<Option<PathBuf>, Error> {
        let arguments: Vec<String> = leaves(included.arguments.clone()).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let unclear = || Error::Include { path: by.to_owned(), line: included.span.start().line };
        let unquoted =
            |literal: &str| syn::parse_str::<syn::LitStr>(literal).map(|text| text.value()).map_err(|_| unclear());
        match arguments[..] {
            [path] | [path, ","] => Ok(Some(by.with_file_name(unquoted(path)?))),
            ["concat", "!", "env", "!", variable, ",", ref rest @ ..] => match unquoted(variable)?.as_str() {
                "OUT_DIR" => Ok(None),
                "CARGO_MANIFEST_DIR" => {
                    let parts = rest.iter().filter(|part| **part != ",").map(|part| unquoted(part));
                    let path = parts.collect::<Result<String, Error>>()?;
                    Ok(Some(self.manifest.join(path.trim_start_matches('/'))))
                }
                _ => Err(unclear()),
            },
            _ => Err(unclear()),
        }
    }

    fn read(&mut self, path: &Path) -> Result<Vec<u8>, Error> {
        self.source.files.insert(path.to_owned());
        std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })
    }
}

/// The text of each name that a declaration imports.
fn import_texts(declaration: &syn::ItemUse, names: &[Import]) -> Vec<String> {
    let mut shared = String::new();
    for attribute in &declaration.attrs {
        canonical::write(attribute.to_token_stream(), &mut shared);
    }
    canonical::write(declaration.vis.to_token_stream(), &mut shared);
    let text = |import: &Import| {
        let (path, glob) = (import.path.join("::"), if import.glob { "::*" } else { "" });
        format!("{shared} use {path}{glob} as {}", import.name.as_deref().unwrap_or("_"))
    };
    names.iter().map(text).collect()
}

/// All tokens, those in groups included.
fn leaves(tokens: TokenStream) -> Box<dyn Iterator<Item = String>> {
    Box::new(tokens.into_iter().flat_map(|token| match token {
        TokenTree::Group(group) => leaves(group.stream()),
        token => Box::new(std::iter::once(token.to_string())),
    }))
}

/// Removes tests inside items, and takes note of what must be found at any depth.
struct Pruner<'a> {
    module: &'a mut Module,
}

impl VisitMut for Pruner<'_> {
    fn visit_item_impl_mut(&mut self, item: &mut syn::ItemImpl) {
        item.items.retain(|item| !attributes::is_for_tests(attributes::of_impl_item(item)));
        self.module.implementations.push(implementation(item));
        visit_mut::visit_item_impl_mut(self, item);
    }

    fn visit_item_macro_mut(&mut self, item: &mut syn::ItemMacro) {
        match &item.ident {
            Some(name) => {
                self.module.macros.insert(name.to_string());
            }
            // A macro called among items may implement something for the types that it is given.
            None => {
                let names = names(item.mac.tokens.clone());
                self.module.implementations.push(Implementation { of: None, names });
            }
        }
    }

    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        block.stmts.retain(|statement| {
            !attributes::is_for_tests(match statement {
                syn::Stmt::Item(item) => attributes::of_item(item),
                syn::Stmt::Local(local) => &local.attrs,
                syn::Stmt::Macro(call) => &call.attrs,
                syn::Stmt::Expr(..) => &[],
            })
        });
        visit_mut::visit_block_mut(self, block);
    }
}

fn implementation(item: &syn::ItemImpl) -> Implementation {
    let mut of = &*item.self_ty;
    loop {
        of = match of {
            Type::Reference(reference) => &reference.elem,
            Type::Paren(paren) => &paren.elem,
            Type::Group(group) => &group.elem,
            _ => break,
        };
    }
    let is_parameter = |name: &syn::Ident| item.generics.type_params().any(|parameter| parameter.ident == *name);
    let of = match of {
        Type::Path(path) if path.qself.is_none() && !path.path.get_ident().is_some_and(is_parameter) => {
            let segments = path.path.segments.iter().map(|segment| segment.ident.to_string());
            Some(path.path.leading_colon.iter().map(|_| String::new()).chain(segments).collect())
        }
        _ => None,
    };
    let mut head = item.self_ty.to_token_stream();
    head.extend(item.generics.to_token_stream());
    head.extend(item.trait_.as_ref().map(|(path, _)| path.to_token_stream()));
    Implementation { of, names: names(head) }
}

fn names(tokens: TokenStream) -> BTreeSet<references::Path> {
    let mut references = References::default();
    references.collect_names(tokens);
    references.paths
}

fn note_type(item: &Item, scope: &mut Scope) {
    match item {
        Item::Enum(item) => scope.types.insert(item.ident.to_string()),
        Item::Struct(item) => scope.types.insert(item.ident.to_string()),
        Item::Trait(item) => scope.types.insert(item.ident.to_string()),
        Item::Union(item) => scope.types.insert(item.ident.to_string()),
        Item::Type(item) => {
            if let Type::Path(path) = &*item.ty {
                let path = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
                scope.aliases.entry(item.ident.to_string()).or_default().push(path);
            }
            true
        }
        _ => false,
    };
}
