//! Which references of a module lead where.

use std::collections::BTreeSet;

use crate::scratch::{Scratch, set};

/// The closure of module `user` holding `code`, in a crate with a module for each kind of thing to refer to.
fn closure_of(code: &str) -> BTreeSet<String> {
    let scratch = Scratch::new(&[
        (
            "lib.rs",
            "mod user; mod target; mod hub; mod facade; mod inline { pub mod deep { pub fn f() {} } } mod looped;\n\
             pub struct Root; #[macro_use] mod macros;",
        ),
        ("user.rs", code),
        ("user/child.rs", "pub fn f() {}"),
        ("target/mod.rs", "pub mod inner; pub fn f() {} pub struct T; pub trait Tr {}"),
        ("target/inner.rs", "pub fn f() {} pub const C: u8 = 0;"),
        ("hub.rs", "pub use crate::target; pub use crate::target::inner as renamed;"),
        ("facade.rs", "pub use crate::target::*;"),
        ("looped.rs", "pub use self::x as y; pub use self::y as x; pub use super::looped::*;"),
        ("macros.rs", "macro_rules! shout { () => { $crate::target::inner::f() } }"),
    ]);
    let code = scratch.read();
    let closure = code.closure(&["user"]).unwrap();
    let names = closure.modules.iter().filter(|name| **name != "user").copied();
    names.map(str::to_owned).chain(closure.crates.iter().map(|name| format!("extern {name}"))).collect()
}

#[test]
fn every_way_to_refer_to_a_module_counts() {
    let target = &["target"][..];
    let inner = &["target::inner"][..];
    for (code, reached) in [
        // paths
        ("fn g() { crate::target::f() }", target),
        ("fn g() { super::target::f() }", target),
        ("fn g() { self::super::target::f() }", target),
        ("fn g() { crate::target::inner::f() }", inner),
        ("fn g() -> crate::target::T { todo!() }", target),
        ("fn g<X: crate::target::Tr>() {}", target),
        ("fn g() { <crate::target::T as Clone>::clone() }", target),
        ("type A = Vec<crate::target::T>;", target),
        ("mod own { fn g() { super::super::target::f() } }", &[]), // `user` itself does not name `own`
        ("mod own { pub fn g() { super::super::target::f() } } fn h() { own::g() }", &["target", "user::own"]),
        ("mod child; fn g() { child::f() }", &["user::child"]),
        ("mod child; use child::f;", &["user::child"]),
        ("#[path = \"user/child.rs\"] mod other; fn g() { other::f() }", &["user::other"]),
        ("fn g() { crate::inline::deep::f() }", &["inline::deep"]),
        ("fn g() { crate::Root; }", &["crate"]),
        ("fn g() { crate::r#target::f() }", target),
        // imports
        ("use crate::target::T;", target),
        ("use crate::target::{inner::C, T as U};", &["target", "target::inner"]),
        ("use crate::target::inner::{self};", inner),
        ("use crate::target::inner::*;", inner),
        ("use crate::target::Tr as _;", target),
        ("use crate::{target as t}; fn g() { t::inner::f() }", &["target", "target::inner"]),
        ("fn g() { use crate::target::inner as i; i::f() }", inner),
        ("use super::*; fn g() { target::inner::f() }", &["crate", "target::inner"]),
        (
            "use crate::target::inner; mod own { use super::*; pub fn g() { inner::f() } } fn h() { own::g() }",
            &["target::inner", "user::own"],
        ),
        // re-exports
        ("fn g() { crate::hub::renamed::f() }", &["hub", "target", "target::inner"]),
        ("use crate::hub::target::inner; fn g() { inner::f() }", &["hub", "target", "target::inner"]),
        ("fn g() { crate::facade::T; }", &["facade", "target"]),
        ("fn g() { crate::facade::inner::f() }", &["facade", "target", "target::inner"]),
        ("use crate::looped::x;", &["looped"]),
        // macros and attributes
        ("fn g() { println!(\"{}\", crate::target::inner::C) }", inner),
        ("fn g() { vec![(0, [crate::target::inner::C])]; }", inner),
        ("fn g() { shout!() }", &["macros", "target::inner"]),
        ("macro_rules! own { () => { use $crate::target::T; } }", target),
        ("#[serde(with = \"crate::target::inner\")] struct S;", inner),
        ("use crate::target::inner; #[serde(default = \"inner::f\")] struct S;", inner),
        // other crates
        ("fn g() { alpha::f() }", &["extern alpha"]),
        ("fn g() { ::beta_two::f() }", &["extern beta_two"]),
        ("use renamed::{X, y::Z};", &["extern renamed"]),
        ("use alpha as a; fn g() { a::f() }", &["extern alpha"]),
        ("extern crate alpha;", &["extern alpha"]),
        ("#[derive(alpha::X)] struct S;", &["extern alpha"]),
        ("fn g() { println!(\"{}\", alpha::f()) }", &["extern alpha"]),
        // nothing
        ("// crate::target::f()\nfn g() { \"crate::target::f()\"; std::mem::drop(0); gamma::f() }", &[]),
        ("pub(crate) struct Target; fn target() {} fn g(alpha: u8) { target(); Self::inner() }", &[]),
        ("#[cfg(test)] mod tests { fn g() { crate::target::f() } }", &[]),
        ("#[doc = \"crate::target\"] #[doc = include_str!(\"no such file\")] fn g() {}", &[]),
        // modules for different systems
        (
            "#[cfg(unix)] #[path = \"hub.rs\"] mod s; #[cfg(windows)] mod s { use alpha::f; } use s::t;",
            &["extern alpha", "target", "target::inner", "user::s"],
        ),
    ] {
        assert_eq!(closure_of(code), set(reached), "{code}");
    }
}

/// Who has a type in hand can call whatever is implemented for it, wherever that stands.
#[test]
fn implementations_elsewhere_belong_to_the_type() {
    let sources = |elsewhere: &'static str| {
        [
            ("lib.rs", "mod user; mod types; mod traits; mod elsewhere; mod again;"),
            ("user.rs", "fn g(t: crate::types::T) { t.f() }"),
            ("types.rs", "pub struct T; pub struct U;"),
            ("traits.rs", "pub trait Tr {}"),
            ("again.rs", "pub use crate::types::T;"),
            ("elsewhere.rs", elsewhere),
        ]
    };
    let reaches = |root: &str, elsewhere: &'static str| {
        let code = Scratch::new(&sources(elsewhere)).read();
        code.closure(&[root]).unwrap().modules.contains("elsewhere")
    };
    for elsewhere in [
        "impl crate::types::T { fn f(&self) {} }",
        "use crate::types::T; impl T { fn f(&self) {} }",
        "use super::types::*; impl T { fn f(&self) {} }",
        "use crate::again::T; impl T { fn f(&self) {} }",
        "impl Clone for crate::types::T {}",
        "impl crate::traits::Tr for crate::types::T {}",
        "impl<'a> Clone for &'a crate::types::T {}",
        "impl From<crate::types::T> for String {}",
        "impl Clone for Vec<crate::types::T> {}",
        "type A = crate::types::T; impl A { fn f(&self) {} }",
        "implement!(crate::types::T, 3);",
        "fn hidden() { impl crate::types::T { fn f(&self) {} } }",
    ] {
        assert!(reaches("user", elsewhere), "{elsewhere}");
    }
    for elsewhere in
        ["struct T; impl T {}", "struct V; impl From<crate::types::T> for V {}", "fn f(_: crate::types::T) {}"]
    {
        assert!(!reaches("user", elsewhere), "{elsewhere}");
    }

    // A trait's implementors are reached through their types, or all of them would be each other's code.
    assert!(!reaches("traits", "pub struct V; impl crate::traits::Tr for V {}"));
    assert!(reaches("traits", "impl crate::traits::Tr for Vec<f32> {}"));
    assert!(reaches("traits", "impl<T: Clone> crate::traits::Tr for T {}"));
}
