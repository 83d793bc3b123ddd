//! Which edits change which digests, on small crates in temporary folders.

mod references;
mod scratch;

use pipeline_build::{BuiltFrom, Code, Error, Rules};
use scratch::{LOCK, MANIFEST, Scratch, changed, digest_of, set};

#[test]
fn what_is_no_code_changes_nothing() {
    let code = r#"
use std::fmt::{Debug, Display};
use std::rc::Rc;
pub fn f(a: &[u8], b: (u8, u8)) -> bool {
    assert!(a.len() >= 1, "{}", -1);
    g(a, b) && a.is_empty()
}
struct S;
impl S { fn h(&self) -> Option<Option<u8>> { None } }
fn m<T>(x: u8) -> Vec<(u8, u8)> where T: Copy {
    match x { 0 => return vec![(x, x)], 1 | 2 => panic!("one \
        two"), _ => { g((x)); } }
    list(|y| Some(y), T { x })
}
"#;
    let edit = |before: &str, after: &str| {
        assert!(code.contains(before), "{before}");
        code.replacen(before, after, 1)
    };
    for (what, edited) in [
        ("a comment", edit("struct S;", "// why\nstruct S; /* what */")),
        ("documentation", edit("struct S;", "/// What.\n#[doc(hidden)]\nstruct S;")),
        ("documentation of the file", format!("//! What.\n{code}")),
        ("lint levels", edit("struct S;", "#[allow(dead_code)]\n#[expect(unused)]\nstruct S;")),
        ("lint levels of the file", format!("#![warn(missing_docs)]\n{code}")),
        ("white space", edit("{ None }", "{\n    None\n}")),
        ("white space in a macro", edit("a.len() >= 1, ", "a.len()>=1,\n")),
        ("white space between a macro's operators", edit(", -1", ",-1")),
        ("a trailing comma", edit("b: (u8, u8))", "b: (u8, u8,),)")),
        ("a trailing comma in generics", edit("Option<Option<u8>>", "Option<Option<u8,>,>")),
        ("the order of imports", edit("use std::rc::Rc;", "") + "use std::rc::Rc;"),
        ("the order within an import", edit("Debug, Display", "Display, Debug")),
        ("a test module", edit("struct S;", "struct S;\n#[cfg(test)] mod tests { use super::*; #[test] fn t() {} }")),
        ("a test module with a file", edit("struct S;", "struct S;\n#[cfg(test)] mod tests;")),
        ("a test", edit("struct S;", "struct S;\n#[test] fn t() { assert!(true) }")),
        ("a method for tests", edit("impl S {", "impl S { #[cfg(all(unix, test))] fn t() {}")),
        (
            "statements for tests",
            edit("g(a, b)", "#[cfg(test)] let c = 1; #[cfg(any(test, all(test)))] fn x() {} g(a, b)"),
        ),
        ("an attribute for tests", edit("struct S;", "#[cfg_attr(test, derive(Debug))] struct S;")),
        ("a block around a match arm", edit("return vec![(x, x)],", "{\n        return vec![(x, x)];\n    }")),
        ("a block around a macro", edit("panic!(\"one \\\n        two\"),", "{ panic!(\"one two\") }")),
        ("a comma after a block", edit("g((x)); }", "g((x)); },")),
        ("a bar before a pattern", edit("1 | 2", "| 1 | 2")),
        ("a block around a closure's body", edit("Some(y)", "{ Some(y) }")),
        ("trailing commas in calls", edit("list(|y| Some(y), T { x })", "list(|y| Some(y,), T { x, },)")),
        ("trailing commas in standard macros", edit("vec![(x, x)]", "vec![(x, x,),]")),
        ("a trailing comma after bounds", edit("T: Copy {", "T: Copy, {")),
        ("nested parentheses", edit("g((x))", "g(((x)))")),
        ("the indentation of a string's next line", edit("\n        two", "\n two")),
        ("line ends", code.replace('\n', "\r\n")),
        ("a byte order mark", format!("\u{feff}{code}")),
    ] {
        assert_ne!(edited, code, "{what}");
        assert_eq!(digest_of(&edited), digest_of(code), "{what}");
    }
}

#[test]
fn what_is_code_changes_the_digest() {
    let code = "fn f(x: u8) -> bool { let t = (x); m!(x); m![x]; true && x == 1 }\n#[derive(Debug)] struct S; use a::b;\n\
                macro_rules! m { ($x:expr) => {}; ($x:expr,) => { 1 } }\n\
                fn g() { match 0 { 0 => { f(1); } _ => f(2) } let u = |y| -> u8 { y }; let s = \"a b\"; }\n";
    for (before, after) in [
        ("x == 1", "x == 2"),
        ("true && x", "true & &x"),
        ("u8", "u16"),
        ("(x);", "(x,);"),
        ("m!(x);", "m!(x,);"),
        ("m![x]", "m![x,]"),
        ("m!(x);", "#[cfg(not(test))] m!(x);"),
        ("m!(x);", "#[cfg(any(test, unix))] m!(x);"),
        ("#[derive(Debug)]", "#[derive(Clone)]"),
        ("#[derive(Debug)]", ""),
        ("use a::b;", "pub use a::b;"),
        ("use a::b;", "use a::c as b;"),
        ("use a::b;", "use a::b as c;"),
        ("use a::b;", "use a::b::*;"),
        ("use a::b;", "#[cfg(unix)] use a::b;"),
        ("=> { 1 }", "=> { 2 }"),
        ("{ f(1); }", "f(1),"),
        ("{ f(1); }", "{ f(1) }"),
        ("a b", "a  b"),
    ] {
        let edited = code.replacen(before, after, 1);
        assert_ne!(edited, code, "{before}");
        assert_ne!(digest_of(&edited), digest_of(code), "{before} -> {after}");
    }
}

#[test]
fn an_edit_changes_exactly_the_closures_that_reach_it() {
    let sources = [
        ("lib.rs", "pub mod a; pub mod b; mod c; pub mod alone; fn root() { a::f() }"),
        ("a.rs", "use crate::b::g; pub fn f() { g() }"),
        ("b/mod.rs", "mod inner; pub fn g() { inner::h() }"),
        ("b/inner.rs", "pub fn h() { crate::c::i() }"),
        ("c.rs", "pub fn i() { if false { super::b::g() } }"),
        ("alone.rs", "pub fn j() {}"),
    ];
    let ring = ["a", "b", "b::inner", "c", "crate"];
    for (name, reached_by) in [
        ("lib.rs", &["crate"][..]),
        ("a.rs", &["a", "crate"]),
        ("b/mod.rs", &ring),
        ("b/inner.rs", &ring),
        ("c.rs", &ring),
        ("alone.rs", &["alone"]),
    ] {
        let scratch = Scratch::new(&sources);
        let before = scratch.read();
        let (_, text) = sources.iter().find(|(file, _)| *file == name).unwrap();
        scratch.write(&format!("src/{name}"), &format!("{text} pub static NEW: u8 = 0;"));
        assert_eq!(changed(&before, &scratch.read()), set(reached_by), "{name}");
    }
}

#[test]
fn a_dispatch_module_ties_no_stage_to_all_methods() {
    let scratch = Scratch::new(&[
        ("lib.rs", "pub mod train; pub mod methods; pub mod loss;"),
        ("train.rs", "pub fn train(name: &str) { crate::methods::TABLE; crate::loss::f() }"),
        ("methods/mod.rs", "pub mod gwd; pub mod decorr; pub static TABLE: &[(&str, fn())] = &[(\"gwd\", gwd::run)];"),
        ("methods/gwd.rs", "use crate::loss; pub fn run() { loss::f() }"),
        ("methods/decorr.rs", "pub fn run() {}"),
        ("loss.rs", "pub fn f() {}"),
    ]);
    let read = || scratch.try_read(&["methods"]).unwrap();
    let gwd = |code: &Code| code.digest(&["train", "methods::gwd"]).unwrap();
    let decorr = |code: &Code| code.digest(&["train", "methods::decorr"]).unwrap();

    let before = read();
    let closure = before.closure(&["train", "methods::gwd"]).unwrap();
    assert_eq!(closure.modules.into_iter().collect::<Vec<_>>(), ["loss", "methods", "methods::gwd", "train"]);

    scratch.write("src/methods/decorr.rs", "pub fn run() { /* another */ 1; }");
    let after = read();
    assert_eq!(gwd(&before), gwd(&after));
    assert_ne!(decorr(&before), decorr(&after));

    scratch.write("src/methods/deep/er.rs", "");
    scratch.write("src/methods/new.rs", "pub fn run() {}");
    scratch.write("src/methods/mod.rs", "pub mod gwd; pub mod decorr; pub mod new; pub fn f() {} use gwd::run as g; mod deep { pub mod er; } use deep::er::*;");
    assert_eq!(gwd(&after), gwd(&read()));

    scratch.write("src/loss.rs", "pub fn f() { 2; }");
    assert_ne!(gwd(&after), gwd(&read()));

    assert_eq!(scratch.try_read(&["method"]).unwrap_err().to_string(), "the crate has no module `method`");
    assert!(matches!(before.digest(&["methods::gwdd"]), Err(Error::NoSuchModule(name)) if name == "methods::gwdd"));
}

#[test]
fn included_files_count_as_code() {
    for include in [
        "include_str!(\"table.txt\")",
        "include_bytes!(\"table.txt\",)",
        "std::include_str!(\"table.txt\")",
        "m!(include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/src/\", \"table.txt\")))",
    ] {
        let scratch = Scratch::new(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", &format!("fn f() {{ {include}; }}")),
            ("b.rs", "fn f() {}"),
            ("table.txt", "1"),
        ]);
        let before = scratch.read();
        scratch.write("src/table.txt", "2");
        assert_eq!(changed(&before, &scratch.read()), set(&["a"]), "{include}");
        assert!(before.files.contains(&scratch.path().join("src/table.txt")));
    }
}

#[test]
fn included_code_counts_as_if_it_stood_there() {
    for code in ["pub fn f() { crate::b::g() }", "{ crate::b::g() }", "include!(\"table.rs\"); use crate::b;"] {
        let scratch = Scratch::new(&[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "include!(\"tables/table.rs\");"),
            ("b.rs", "pub fn g() {}"),
            ("c.rs", "fn f() {}"),
            ("tables/table.rs", code),
        ]);
        let before = scratch.read();
        scratch.write("src/tables/table.rs", &format!("// why\n{code}"));
        assert_eq!(before, scratch.read(), "{code}");
        scratch.write("src/b.rs", "pub fn g() { 1; }");
        assert_eq!(changed(&before, &scratch.read()), set(&["a", "b"]), "{code}");
    }
}

/// What a build script makes may be made of this very map, so the script itself counts.
#[test]
fn a_build_script_counts_where_its_output_is_included() {
    let scratch = Scratch::new(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "include!(concat!(env!(\"OUT_DIR\"), \"/code.rs\"));"),
        ("b.rs", ""),
    ]);
    scratch.read();
    scratch.write("build.rs", "fn main() {}");
    let before = scratch.read();
    scratch.write("build.rs", "fn main() { 1; }");
    assert_eq!(changed(&before, &scratch.read()), set(&["a"]));
}

#[test]
fn what_the_manifest_says_counts_where_code_asks_for_it() {
    let scratch = Scratch::new(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "const VERSION: &str = env!(\"CARGO_PKG_VERSION\");"),
        ("b.rs", "#[cfg(all(unix, feature = \"fast\"))] fn f() {}"),
        ("c.rs", ""),
    ]);
    let before = scratch.read();
    scratch.write("Cargo.toml", &MANIFEST.replace("0.1.0", "0.2.0"));
    assert_eq!(changed(&before, &scratch.read()), set(&["a"]));
    scratch.write("Cargo.toml", &format!("{MANIFEST}[features]\ndefault = [\"fast\"]\nfast = []\n"));
    assert_eq!(changed(&before, &scratch.read()), set(&["b"]));
}

#[test]
fn a_silent_crate_does_not_count() {
    let scratch = Scratch::new(&[("lib.rs", "use alpha::X; use renamed::Y;")]);
    let read = |silent: &[&str]| Code::read(scratch.path(), "src/lib.rs", &Rules { silent, ..Rules::default() });
    assert_eq!(read(&["alpha"]).unwrap().crates.keys().collect::<Vec<_>>(), ["renamed"]);
    assert_eq!(read(&["delta"]).unwrap_err().to_string(), "the crate depends on no crate `delta`");
}

#[test]
fn a_crates_version_counts_where_it_is_used_itself_or_by_another() {
    let sources = [
        ("lib.rs", "mod a; mod b; mod c; mod none;"),
        ("a.rs", "use alpha::X;"),
        ("b.rs", "use beta_two::X; use crate::c;"),
        ("c.rs", "use renamed::X;"),
        ("none.rs", "use std::fmt;"),
    ];
    for (edits, reached_by) in [
        (&[("\"beta-two\"\nversion = \"1.0.0\"", "\"beta-two\"\nversion = \"1.0.1\"")][..], &["b"][..]),
        (&[("\"aa\"", "\"a0\"")], &["a"]),
        (&[("\"deep\"\nversion = \"1.0.0\"", "\"deep\"\nversion = \"1.0.1\""), ("deep 1.0.0", "deep 1.0.1")], &["a"]),
        (&[("\"ee\"", "\"e0\"")], &["b", "c"]),
        (&[("[[package]]", "[[package]]\nname = \"unused\"\nversion = \"1.0.0\"\n\n[[package]]")], &[]),
    ] {
        let scratch = Scratch::new(&sources);
        let before = scratch.read();
        let lock = edits.iter().fold(LOCK.to_owned(), |lock, (before, after)| {
            assert!(lock.contains(before), "{before}");
            lock.replacen(before, after, 1)
        });
        scratch.write("Cargo.lock", &lock);
        assert_eq!(changed(&before, &scratch.read()), set(reached_by), "{edits:?}");
    }

    let scratch = Scratch::new(&sources);
    let before = scratch.read();
    scratch
        .write("Cargo.toml", &MANIFEST.replace("alpha = \"1\"", "alpha = { version = \"1\", features = [\"fast\"] }"));
    assert_eq!(changed(&before, &scratch.read()), set(&["a"]));
    scratch.write("Cargo.toml", &MANIFEST.replace("alpha = \"1\"", "alpha = \"1.0\""));
    assert_eq!(changed(&before, &scratch.read()), set(&[]));
}

#[test]
fn workspaces_and_crates_in_folders() {
    let scratch = Scratch::new(&[]);
    scratch.write(
        "Cargo.toml",
        "[workspace]\nmembers = []\n[workspace.dependencies]\nnear = { path = \"near\" }\nalpha = \"1\"\n",
    );
    scratch.write(
        "Cargo.lock",
        &LOCK.replace(
            "[\"alpha\", \"beta-two\", \"gamma\"]",
            "[\"alpha\", \"near\"]\n\n[[package]]\nname = \"near\"\nversion = \"0.1.0\"\ndependencies = [\"beta-two\"]",
        ),
    );
    scratch.write("near/Cargo.toml", "[package]\nname = \"near\"\n[lib]\npath = \"near.rs\"\n");
    scratch.write("near/near.rs", "pub fn f() {}");
    scratch.write(
        "study/Cargo.toml",
        "[package]\nname = \"study\"\n[dependencies]\nalpha.workspace = true\n[target.'cfg(unix)'.dependencies]\nnear = { workspace = true }\n",
    );
    scratch.write("study/src/lib.rs", "mod a; mod b;");
    scratch.write("study/src/a.rs", "use near::f;");
    scratch.write("study/src/b.rs", "use alpha::f;");
    let read = || Code::read(&scratch.path().join("study"), "src/lib.rs", &Rules::default()).unwrap();

    let before = read();
    assert_eq!(before.crates.keys().collect::<Vec<_>>(), ["alpha", "near"]);
    scratch.write("near/near.rs", "// why\npub fn f() {}");
    assert_eq!(before, read());
    scratch.write("near/near.rs", "pub fn f() { 1; }");
    assert_eq!(changed(&before, &read()), set(&["a"]));

    let lock = std::fs::read_to_string(scratch.path().join("Cargo.lock")).unwrap();
    let before = read();
    scratch.write("Cargo.lock", &lock.replace("\"bb\"", "\"b0\""));
    assert_eq!(changed(&before, &read()), set(&["a"]));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let complaint = |sources: &[(&str, &str)]| Scratch::new(sources).complaint();
    assert_eq!(
        complaint(&[("lib.rs", "mod a;"), ("a.rs", "fn f() {}\n\nfn 1() {}\n")]),
        "src/a.rs:3:4: expected identifier"
    );
    assert!(complaint(&[("lib.rs", "fn f() {\n  \"open\n")]).starts_with("src/lib.rs:2:3: "));
    assert_eq!(
        complaint(&[("lib.rs", "\nmod missing;")]),
        "src/lib.rs:2: module `missing` has no file; looked for [\"src/missing.rs\", \"src/missing/mod.rs\"]"
    );
    assert!(
        complaint(&[("lib.rs", "fn f() {\n include_str!(NAME) }")]).starts_with("src/lib.rs:2: cannot tell which file")
    );
    assert!(complaint(&[("lib.rs", "fn f() { include_str!(\"no\") }")]).starts_with("src/no: cannot be read: "));
    assert!(complaint(&[]).starts_with("src/lib.rs: cannot be read: "));

    let scratch = Scratch::new(&[("lib.rs", "use alpha::X;")]);
    scratch.write("Cargo.lock", "version = 4\n");
    assert_eq!(scratch.complaint(), "Cargo.lock: does not list `study`; cargo writes it when it builds");
    scratch.write("Cargo.toml", "[package\n");
    assert!(scratch.complaint().starts_with("Cargo.toml: is not a readable manifest: "));
    // A module that this system need not have.
    Scratch::new(&[("lib.rs", "#[cfg(windows)] mod missing;")]).read();
}

#[test]
fn the_map_as_rust() {
    let scratch = Scratch::new(&[
        ("lib.rs", "mod a; mod methods;"),
        ("a.rs", "use alpha::X; use crate::methods; fn f() { include_str!(\"../table.txt\") }"),
        ("methods.rs", ""),
        ("bin/main.rs", "fn main() {}"),
        ("notes.txt", "no code"),
        ("../table.txt", "1"),
    ]);
    let code = scratch.try_read(&["methods"]).unwrap();
    let built_from = BuiltFrom::read(scratch.path(), "src/lib.rs", &code).unwrap();
    let names: Vec<&str> = built_from.files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["Cargo.lock", "Cargo.toml", "src/../table.txt", "src/a.rs", "src/bin/main.rs", "src/lib.rs", "src/methods.rs"]
    );
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(built_from.files["src/methods.rs"], empty);
    let built_from = BuiltFrom { files: [("src/methods.rs".to_owned(), empty.to_owned())].into(), ..built_from };
    let (a, root, alpha) = (&code.modules["a"].digest, &code.modules["crate"].digest, &code.crates["alpha"]);
    let expected = format!(
        r#"pub static CODE: pipeline::code::CodeMap = pipeline::code::CodeMap {{
    modules: &[
        pipeline::code::Module {{ path: "a", digest: "{a}", modules: &["methods"], crates: &["alpha"] }},
        pipeline::code::Module {{ path: "crate", digest: "{root}", modules: &[], crates: &[] }},
        pipeline::code::Module {{ path: "methods", digest: "", modules: &[], crates: &[] }},
    ],
    crates: &[
        ("alpha", "{alpha}"),
    ],
    built_from: pipeline::code::BuiltFrom {{
    manifest: "Cargo.toml",
    package: "study",
    folder: "src",
    files: &[
        ("src/methods.rs", "{empty}"),
    ],
    }},
}};
"#
    );
    assert_eq!(code.to_rust(&built_from), expected);
}
