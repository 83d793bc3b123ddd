//! Laws that hold for any input.

use std::collections::BTreeMap;
use std::path::Path;

use pipeline::fingerprint::{Kind, Recipe};
use pipeline::graph::Graph;
use pipeline::lockfile::Lock;
use pipeline::manifest::yaml::{parse, python_float};
use pipeline::manifest::{Files, Overlay, Parameters, load_given};
use pipeline::path::RepoPath;
use proptest::prelude::*;

const KINDS: [Kind; 4] = [Kind::Command, Kind::Dependency, Kind::Parameter, Kind::Code];

fn recipe(ingredients: &[(usize, String, String)]) -> Recipe {
    let mut recipe = Recipe::default();
    for (kind, name, value) in ingredients {
        recipe.add(KINDS[*kind], name, value);
    }
    recipe.finish()
}

fn ingredients() -> impl Strategy<Value = Vec<(usize, String, String)>> {
    prop::collection::vec((0..KINDS.len(), "[ab]{0,2}", "[ab]{0,2}"), 0..4)
}

/// Text of pieces that dvc.yaml files are made of, so that much of it gets past the first checks.
fn pieces() -> impl Strategy<Value = String> {
    let pieces = vec![
        "stages:\n",
        "  s:\n",
        "  t:\n",
        "    cmd: ",
        "    deps: ",
        "    outs: ",
        "    params: ",
        "    wdir: ",
        "    vars: ",
        "    foreach: ",
        "    matrix: ",
        "    do:\n",
        "      cmd: ",
        "      ",
        "    frozen: true\n",
        "vars: ",
        "\n",
        " ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ": ",
        "- ",
        "a",
        "b",
        "x.yaml",
        "params.yaml:a",
        "${a}",
        "${a.b}",
        "${a[0]}",
        "${item}",
        "${item.a}",
        "${key}",
        "${",
        "\\${",
        "1",
        "1e-5",
        "true",
        "null",
        "'",
        "\"",
        "|",
        ">-",
        "&x ",
        "*x",
        "<<: ",
        "!!str ",
        "#",
        "---\n",
        "@",
        "../",
        "/",
        "é",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// As the fuzzer does it, in small: no text makes the reader panic, hang or fill the memory.
    #[test]
    fn any_dvc_yaml_is_a_graph_or_a_complaint(own in pieces(), parameters in pieces(), below in pieces(), suffix in 0..3usize) {
        let path = |path: &str| RepoPath::root().join(path).unwrap();
        let texts = BTreeMap::from([
            (path("dvc.yaml"), format!("stages:\n  s:\n    cmd: {own}")),
            (path("params.yaml"), format!("a: {parameters}")),
            (path("sub/dvc.yaml"), below),
            (path(["x.yaml", "x.json", "x.toml"][suffix]), parameters),
        ]);
        let Ok(parameters) = Parameters::of(Files::Given(texts), &Overlay::default()) else { return Ok(()) };
        let Ok(stages) = load_given(&parameters) else { return Ok(()) };
        let _ = Graph::new(stages);
    }

    #[test]
    fn any_text_is_a_lock_or_a_complaint(text in pieces()) {
        let _ = Lock::parse(&text, Path::new("dvc.lock"));
        let _ = Lock::parse(&format!("schema: '2.0'\nstages:\n  s:\n    {text}"), Path::new("dvc.lock"));
    }

    /// The short alphabet makes boundaries between fields collide often, if they can.
    #[test]
    fn two_recipes_share_a_key_only_if_they_are_equal(a in ingredients(), b in ingredients()) {
        let (a, b) = (recipe(&a), recipe(&b));
        prop_assert_eq!(a.key() == b.key(), a == b);
        prop_assert_eq!(a.changes_since(&b).is_empty(), a == b);
    }

    #[test]
    fn the_order_of_ingredients_is_no_ingredient(mut list in ingredients(), seed in any::<prop::sample::Index>()) {
        let before = recipe(&list).key();
        if !list.is_empty() {
            let middle = seed.index(list.len());
            list.rotate_left(middle);
        }
        prop_assert_eq!(recipe(&list).key(), before);
    }

    #[test]
    fn any_text_is_yaml_or_a_complaint(text in "[ \n\t\\[\\]{}:,&*!|>'\"#%@`~a-c0-9.<?-]{0,60}") {
        let _ = parse(&text);
    }

    /// Python reads its own `repr` back to the same float; so must the text that commands get.
    #[test]
    fn floats_in_commands_read_back_to_the_bit(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        let text = python_float(value);
        prop_assert_eq!(text.parse::<f64>().map(f64::to_bits), Ok(bits));
        prop_assert!(text.contains('.') || text.contains('e'), "{} would be an integer", text);
    }

    #[test]
    fn a_joined_path_never_leaves_the_repository(folder in "[a-c/.]{0,12}", written in "[a-c/.]{0,12}") {
        let Ok(folder) = RepoPath::root().join(&folder) else { return Ok(()) };
        if let Ok(path) = folder.join(&written) {
            prop_assert!(!path.as_str().starts_with('/'));
            prop_assert!(path.as_str().split('/').all(|part| path.is_root() || !matches!(part, "" | "." | "..")));
            prop_assert_eq!(RepoPath::root().join(path.as_str()).is_ok(), !path.is_root());
        }
    }
}

/// As CPython prints them.
#[test]
fn floats_look_like_pythons() {
    let cases = [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (3.0, "3.0"),
        (1e-4, "0.0001"),
        (1e-5, "1e-05"),
        (1.5e-7, "1.5e-07"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e+16"),
        (1.234e20, "1.234e+20"),
        (1e100, "1e+100"),
        (0.1, "0.1"),
        // Exactly half-way: ...322.25.
        (-945_588_153_612_322.2, "-945588153612322.2"),
        (f64::INFINITY, "inf"),
        (f64::NAN, "nan"),
    ];
    for (value, text) in cases {
        assert_eq!(python_float(value), text);
    }
}
