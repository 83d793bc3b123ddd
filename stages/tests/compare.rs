//! `retrial compare`: one comparison in anybody's table. Expected numbers are SciPy's (golden/compare/make.py).

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use stages::table::{self, Observation};

const A: [f64; 8] = [0.71, 0.695, 0.702, 0.688, 0.731, 0.699, 0.7, 0.715];
const B: [f64; 8] = [0.69, 0.688, 0.705, 0.671, 0.702, 0.69, 0.694, 0.7];

/// Outside of any study: the table is all that it needs.
fn compare(table: &Path, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_retrial"));
    command.current_dir(folder).arg("compare").arg(table);
    command.args(["--metric", "accuracy", "--a", "new", "--b", "old"]).args(arguments).output().unwrap()
}

fn answer(table: &Path, arguments: &[&str]) -> Value {
    let output = compare(table, table.parent().unwrap(), &[&["--json"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn wide_csv() -> String {
    let rows = (0..8).map(|at| format!("{at},new,{:?}\n{at},old,{:?}\n", A[at], B[at]));
    format!("seed,method,accuracy\n{}", rows.collect::<String>())
}

fn tidy(method: &str, seed: u64, epoch: u32, metric: &str, value: f64) -> Observation {
    let (experiment, protocol) = ("e".to_owned(), "p".to_owned());
    Observation { experiment, protocol, method: method.to_owned(), seed, epoch, metric: metric.to_owned(), value }
}

#[test]
fn the_numbers_are_scipys_whatever_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/compare/expected.json");
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(golden).unwrap()).unwrap();

    let csv = folder.path().join("wide.csv");
    std::fs::write(&csv, wide_csv()).unwrap();
    let lines = folder.path().join("tidy.jsonl");
    let line = |method: &str, at: usize, value: f64| {
        format!("{{\"value\": {value:?}, \"metric\": \"accuracy\", \"seed\": {at}, \"method\": \"{method}\"}}\n")
    };
    let text = (0..8).map(|at| line("new", at, A[at]) + &line("old", at, B[at]));
    std::fs::write(&lines, text.collect::<String>()).unwrap();
    let parquet = folder.path().join("tidy.parquet");
    let rows: Vec<Observation> = (0..8)
        .flat_map(|at| {
            let of = |method, value| {
                [tidy(method, at as u64, 1, "accuracy", 0.5), tidy(method, at as u64, 2, "accuracy", value)]
            };
            [of("new", A[at]), of("old", B[at])].concat()
        })
        .collect();
    table::write_parquet(&parquet, &rows).unwrap();

    for table in [&csv, &lines, &parquet] {
        let found = answer(table, &["--margin", "0.02"]);
        for (name, expected) in expected.as_object().unwrap() {
            let close = |ours: &Value, expected: &Value, tolerance: f64| {
                let (ours, expected) = (ours.as_f64().unwrap(), expected.as_f64().unwrap());
                assert!((ours - expected).abs() <= tolerance * expected.abs(), "{name}: {ours}, SciPy {expected}");
            };
            match expected.as_array() {
                // Its bootstrap draws other numbers; 200,000 of them leave it this uncertain.
                Some(ends) => {
                    let tolerance = if name == "bca95" { 0.02 } else { 1e-9 };
                    ends.iter().zip(found[name].as_array().unwrap()).for_each(|(e, o)| close(o, e, tolerance));
                }
                None => close(&found[name], expected, 1e-9),
            }
        }
        assert_eq!(found["verdict"], "no-difference", "0.0125 is inside a margin of 0.02");
    }
    assert_eq!(answer(&csv, &[])["verdict"], "supported");
    assert_eq!(answer(&csv, &[])["p_equivalence"], Value::Null);
    assert_eq!(answer(&csv, &["--direction", "lower"])["verdict"], "contradicted");
    assert_eq!(answer(&csv, &["--alpha", "0.0001"])["verdict"], "undecided");
    let text = String::from_utf8(compare(&csv, folder.path(), &[]).stdout).unwrap();
    assert!(text.starts_with("accuracy of new against old, 8 pairs by seed\n"), "{text}");
    assert!(text.ends_with("higher accuracy of new: supported\n"), "{text}");
}

#[test]
fn the_epoch_counts_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("curves.csv");
    let mut text = "method,seed,epoch,val_loss,accuracy\n".to_owned();
    for seed in 0..3 {
        // The best epoch is the second, the last the third.
        text.push_str(&format!("new,{seed},1,0.9,0.1\nnew,{seed},2,0.5,0.{}\nnew,{seed},3,0.7,0.2\n", 80 + seed));
        text.push_str(&format!("old,{seed},1,0.9,0.1\nold,{seed},2,0.5,0.6\nold,{seed},3,nan,0.3{seed}\n"));
    }
    std::fs::write(&path, text).unwrap();
    assert!((answer(&path, &["--at", "best"])["difference"].as_f64().unwrap() - 0.21).abs() < 1e-12);
    assert!((answer(&path, &[])["difference"].as_f64().unwrap() + 0.11).abs() < 1e-12);
}

#[test]
fn failed_and_unpaired_runs_are_left_out_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.csv");
    // 8 diverged, 9 has one method only, 10 wrote nothing.
    std::fs::write(&path, wide_csv() + "8,new,nan\n8,old,0.7\n9,old,0.7\n10,new,\n10,old,0.7\n").unwrap();
    let found = answer(&path, &[]);
    assert_eq!((&found["n"], &found["failed"], &found["unpaired"]), (&8.into(), &json!(["8", "10"]), &json!(["9"])));
    assert_eq!(found["difference"], answer(&path, &["--alpha", "0.01"])["difference"]);
    let text = String::from_utf8(compare(&path, folder.path(), &[]).stdout).unwrap();
    assert!(text.contains("a value is not finite or missing): seed 8, 10\n"), "{text}");
    assert!(text.contains("in one method only): seed 9\n"), "{text}");
}

#[test]
fn runs_are_paired_by_any_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("folds.csv");
    std::fs::write(&path, "fold,method,accuracy\na,new,3\nb,new,5\nb,old,1\na,old,2\n1.0,new,7\n01,old,7\n").unwrap();
    let found = answer(&path, &["--pair", "fold"]);
    assert_eq!((&found["n"], &found["difference"]), (&3.into(), &json!(5.0 / 3.0)));
}

#[test]
fn differences_without_spread_give_numbers_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("same.csv");
    let table = |b: f64| format!("seed,method,accuracy\n1,new,1\n1,old,{b}\n2,new,1\n2,old,{b}\n");
    std::fs::write(&path, table(1.0)).unwrap();
    let same = answer(&path, &["--margin", "0.1"]);
    assert_eq!((&same["ci95"], &same["p_t"], &same["verdict"]), (&json!([0.0, 0.0]), &json!(1.0), &json!("undecided")));
    std::fs::write(&path, table(0.5)).unwrap();
    let apart = answer(&path, &[]);
    // What two signs say, and no more.
    assert_eq!((&apart["ci95"], &apart["p_t"], &apart["dz"]), (&json!([0.5, 0.5]), &json!(0.5), &Value::Null));
    assert_eq!(apart["verdict"], "undecided");
}

#[test]
fn what_is_no_one_comparison_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    let cases = [
        ("seed,accuracy\n1,2\n", "table.csv: there is no column `method`; there are `seed`, `accuracy`"),
        ("seed,method,loss\n1,new,2\n1,old,2\n", "table.csv: there is no column `accuracy`"),
        ("run,method,accuracy\n1,new,2\n1,old,2\n", "table.csv: there is no column `seed`"),
        ("seed,method,accuracy\n1,new,1\n1,old,good\n", "table.csv:3: `accuracy` is `good`, not a number"),
        ("seed,method,accuracy\n1,newer,1\n", "table.csv: no row is of method `new`; there are newer"),
        (
            "seed,method,metric,value\n1,new,loss,1\n1,old,loss,1\n",
            "table.csv: no row is of metric `accuracy`; there are loss",
        ),
        (
            "seed,method,accuracy\n1,new,1\n1,old,1\n2,new,1\n3,new,inf\n3,old,1\n",
            "1 of the values of `seed` have a finite `accuracy` of both `new` and `old` (not so for: 3) (of one method \
             only: 2)",
        ),
        (
            "seed,method,accuracy\n1,new,1\n1,old,1\n1,new,2\n",
            "table.csv:4: table.csv:2 has said before what `accuracy` the method `new` has at seed 1",
        ),
        (
            "seed,method,accuracy,protocol\n1,new,1,p\n1,old,2,q\n",
            "the rows are of several values of `protocol` (p, q): choose one with --where protocol=VALUE",
        ),
        ("seed,method,accuracy\n1,new\n", "table.csv:2: this row has 2 cells, but the header names 3 columns"),
        ("seed,method,accuracy\n1,new,1e308\n1,old,-1e308\n2,new,1\n2,old,1\n", "too large to compute with"),
    ];
    for (text, expected) in cases {
        std::fs::write(&path, text).unwrap();
        let output = compare(Path::new("table.csv"), folder.path(), &[]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(expected), "\n{message}{expected}");
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    let chosen = "seed,method,accuracy,protocol\n1,new,1,p\n1,new,2,q\n1,old,0,q\n2,new,2,q\n2,old,1,q\n";
    std::fs::write(&path, chosen).unwrap();
    assert_eq!(answer(&path, &["--where", "protocol=q"])["difference"], 1.5);
    let nowhere = compare(Path::new("nowhere.csv"), folder.path(), &[]);
    assert_eq!(nowhere.status.code(), Some(2));
}
