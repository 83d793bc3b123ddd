//! Tables survive a round trip, and the same rows are the same bytes.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use stages::table::columns::Cell;
use stages::table::{self, Observation, TableError};

fn rows() -> Vec<Observation> {
    let mut rows = Vec::new();
    for seed in 0..40_u64 {
        for epoch in 1..=20_u32 {
            for metric in ["train_loss", "val_loss", "val_accuracy"] {
                rows.push(Observation {
                    experiment: "svvar".into(),
                    protocol: "as-run".into(),
                    method: if seed % 2 == 0 { "baseline".into() } else { "svvar".into() },
                    seed,
                    epoch,
                    metric: metric.into(),
                    value: 1.0 / (1.0 + seed as f64 * 20.0 + f64::from(epoch)),
                });
            }
        }
    }
    rows[7].value = f64::NAN;
    rows[8].value = f64::INFINITY;
    rows[9].value = -0.0;
    rows
}

/// Equal to the bit: a run that diverged must come back as such.
fn assert_same(left: &[Observation], right: &[Observation]) {
    assert_eq!(left.len(), right.len());
    for (left, right) in left.iter().zip(right) {
        assert_eq!(left.value.to_bits(), right.value.to_bits(), "{left:?} {right:?}");
        assert_eq!(Observation { value: 0.0, ..left.clone() }, Observation { value: 0.0, ..right.clone() });
    }
}

/// A table of another program: `make.py` there says how it was made.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tables").join(name)
}

#[test]
fn rows_come_back_in_order_and_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs/curves.parquet");
    table::write_parquet(&path, &rows()).unwrap();
    assert_same(&table::read(&path).unwrap(), &rows());

    table::write_parquet(&path, &[]).unwrap();
    assert_eq!(table::read(&path).unwrap(), []);
}

#[test]
fn the_same_rows_are_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = |name: &str| {
        let path = folder.path().join(name);
        table::write_parquet(&path, &rows()).unwrap();
        std::fs::read(path).unwrap()
    };
    let first = bytes("first.parquet");
    assert_eq!(first, bytes("second.parquet"));
    // Other processes, machines and thread counts must write these bytes too. A new version of the parquet crate may change
    // them; then every table of every study changes with it, which is worth knowing before it happens.
    let digest: String = Sha256::digest(&first).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, "75202a9b91590ab4fcb12a47884ef7622f8135a592ad0cf2a789e0592dbde9fb");
}

#[test]
fn a_folder_is_read_in_order_of_names() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (rows()[..100].to_vec(), rows()[100..].to_vec());
    table::write_parquet(&folder.path().join("b.parquet"), &second).unwrap();
    table::write_parquet(&folder.path().join("a.parquet"), &first).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not a table").unwrap();
    assert_same(&table::read(folder.path()).unwrap(), &rows());
}

#[test]
fn tables_of_other_programs_are_read() {
    for name in [
        "pandas",
        "pandas_small",
        "polars",
        "duckdb",
        "pyarrow_none",
        "pyarrow_gzip",
        "pyarrow_brotli",
        "pyarrow_lz4",
        "pyarrow_zstd",
        "pyarrow_groups",
    ] {
        let read = table::read(&golden(&format!("{name}.parquet"))).unwrap();
        let row = |seed: u64, epoch: u32, value: f64| Observation {
            experiment: "é".into(),
            protocol: "as-run".into(),
            method: "ridge, 4".into(),
            seed,
            epoch,
            metric: "val_loss".into(),
            value,
        };
        assert_eq!(read.len(), 2, "{name}");
        assert_eq!(read[0], row(3, 1, 0.5), "{name}");
        assert!(read[1].value.is_nan(), "{name}: NaN, or null as pandas writes it");
        assert_eq!(Observation { value: 0.0, ..read[1].clone() }, row(4, 2, 0.0), "{name}");
    }

    // Made by pyarrow 26: text as dictionaries, as pandas' categories come, and seeds of eight bits.
    let categorical = table::read(&golden("pyarrow_categorical.parquet")).unwrap();
    assert_eq!(
        categorical[2],
        Observation {
            experiment: "e".into(),
            protocol: "p".into(),
            method: "m".into(),
            seed: 3,
            epoch: 3,
            metric: "x".into(),
            value: 2.0
        }
    );
    let narrow = table::read(&golden("pyarrow_int8.parquet")).unwrap();
    assert_eq!(narrow.iter().map(|row| row.seed).collect::<Vec<_>>(), [1, 2, 3]);
    // Every narrow type at its ends, and a list that no table of numbers needs.
    let every = table::read_columns(&golden("pyarrow_narrow.parquet")).unwrap();
    let column = |name: &str| {
        let at = every.find(name).unwrap();
        every.rows.iter().map(|row| row[at].number().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(column("i8"), [-128.0, 127.0]);
    assert_eq!(column("u8"), [0.0, 255.0]);
    assert_eq!(column("i16"), [-32768.0, 32767.0]);
    assert_eq!(column("u16"), [0.0, 65535.0]);
    assert_eq!(column("f32"), [0.5, -0.25]);
    assert_eq!(column("u64"), [0.0, 18446744073709551615.0]);
    assert_eq!((every.find("list"), every.rows[0][every.find("text").unwrap()].name()), (None, Some("a".to_owned())));

    let kinds = table::read_columns(&golden("pyarrow_kinds.parquet")).unwrap();
    assert_eq!(
        kinds.names,
        ["truth", "text", "large", "view"],
        "no dates, decimals, bytes, halves, lists and structures"
    );
    let text = |text: &str| Cell::Text(text.to_owned());
    assert_eq!(kinds.rows[0], [text("true"), text("a"), text("b"), text("d")]);
    assert_eq!(kinds.rows[1], [Cell::Empty, Cell::Empty, text("c"), text("e")]);
}

#[test]
fn bad_tables_are_refused_with_the_row_and_the_column_named() {
    for (name, sentence) in [
        ("bad_negative", "bad_negative.parquet, row 2: `seed` is `-4`, not a whole number from 0"),
        ("bad_text", "bad_text.parquet, row 1: `seed` is the text `3`, not a whole number from 0"),
        ("bad_null", "bad_null.parquet, row 2: `metric` is empty, not text"),
        (
            "bad_missing",
            "bad_missing.parquet: there is no column `metric`; there are `value`, `note`, `epoch`, `seed`,",
        ),
    ] {
        let message = table::read(&golden(&format!("{name}.parquet"))).unwrap_err().to_string();
        assert!(message.contains(sentence), "{message}");
    }

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.parquet");
    let whole = std::fs::read(golden("pyarrow_groups.parquet")).unwrap();
    for end in (0..whole.len()).step_by(97) {
        std::fs::write(&path, &whole[..end]).unwrap();
        let message = table::read(&path).unwrap_err().to_string();
        assert!(message.contains("bad.parquet: is not a readable Parquet table: "), "{message}");
    }
    // Damaged anywhere, a table is read or refused: nothing panics.
    for name in ["duckdb", "polars", "pyarrow_lz4"] {
        let whole = std::fs::read(golden(&format!("{name}.parquet"))).unwrap();
        for at in (0..whole.len()).step_by(5) {
            let mut damaged = whole.clone();
            damaged[at] ^= if at % 10 == 0 { 0x01 } else { 0xff };
            std::fs::write(&path, damaged).unwrap();
            let _ = table::read(&path);
        }
    }

    std::fs::write(&path, "metric,value").unwrap();
    assert!(matches!(table::read(&path), Err(TableError::Parquet { .. })));
    assert!(matches!(table::read(&folder.path().join("nowhere")), Err(TableError::Open { .. })));
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    assert!(matches!(table::read(&empty), Err(TableError::NoFiles { .. })));
}

#[test]
fn csv_and_json_lines_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let csv = write(
        "runs.csv",
        "value,note,experiment,protocol,method,seed,epoch,metric\n\
         0.5,,e,p,\"ridge, 4\",3,1,loss\n\
         nan,,e,p,007,3.0,2,loss\n\
         ,,e,p,007,18446744073709551615,2,loss\n",
    );
    let lines = write(
        "runs.jsonl",
        "{\"experiment\": \"e\", \"protocol\": \"p\", \"method\": \"ridge, 4\", \"seed\": 3, \"epoch\": 1, \
         \"metric\": \"loss\", \"value\": 0.5}\n\n\
         {\"value\": NaN, \"experiment\": \"e\", \"protocol\": \"p\", \"method\": \"007\", \"seed\": 3.0, \"epoch\": 2, \
         \"metric\": \"loss\"}\n\
         {\"value\": null, \"experiment\": \"e\", \"protocol\": \"p\", \"method\": \"007\", \
         \"seed\": 18446744073709551615, \"epoch\": 2, \"metric\": \"loss\"}\n",
    );
    let row = |method: &str, seed: u64, epoch: u32, value: f64| Observation {
        experiment: "e".into(),
        protocol: "p".into(),
        method: method.into(),
        seed,
        epoch,
        metric: "loss".into(),
        value,
    };
    let expected = [row("ridge, 4", 3, 1, 0.5), row("007", 3, 2, f64::NAN), row("007", u64::MAX, 2, f64::NAN)];
    assert_same(&table::read(&csv).unwrap(), &expected);
    assert_same(&table::read(&lines).unwrap(), &expected);
    // Both, in order of their names.
    assert_eq!(table::read(folder.path()).unwrap().len(), 6);

    let header = "experiment,protocol,method,seed,epoch,metric,value\n";
    for (name, text, expected) in [
        (
            "a.csv",
            format!("{header}e,p,m,1,1,loss,0.5\ne,p,m,1,2,loss,low\n"),
            "a.csv:3: `value` is `low`, not a number",
        ),
        ("a.csv", format!("{header}e,p,m,-1,1,loss,0.5\n"), "a.csv:2: `seed` is `-1`, not a whole number from 0"),
        ("a.csv", format!("{header}e,p,m,1,1,loss\n"), "a.csv:2: this row has 6 cells, but the header names 7 columns"),
        ("a.csv", "seed,seed\n1,2\n".into(), "a.csv:1: two columns are called `seed`"),
        ("a.csv", "seed,value\n1,2\n".into(), "a.csv: there is no column `experiment`; there are `seed`, `value`"),
        ("a.jsonl", "{}\n[1]\n".into(), "a.jsonl:2: this is no JSON object"),
        ("a.jsonl", "{\"experiment\": 1, \"seed\"}\n".into(), "a.jsonl:1: this is no JSON object"),
        ("a.txt", "seed,value\n".into(), "a.txt: is no table: name a file ending in .parquet"),
    ] {
        let message = table::read(&write(name, &text)).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}\n{expected}");
    }
}
