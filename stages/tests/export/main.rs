//! `retrial export` through the binary: what it writes, and what it refuses.

mod live;
#[path = "../engine/project.rs"]
#[allow(dead_code)]
mod project;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use stages::table::{self, Observation};

use project::Project;

/// Two methods and a control under two protocols, with the outcomes of two tunings; one run has failed.
const RUNS: &str = "\
experiment,protocol,method,seed,epoch,metric,value
svvar,as-run,svvar,0,1,val_loss,1.25
svvar,as-run,svvar,0,2,val_loss,1.1000000000000001
svvar,as-run,svvar,0,1,train_loss,1e-300
svvar,as-run,svvar,0,2,train_loss,-0.30000000000000004
svvar,as-run,svvar,0,2,test_accuracy,0.625
svvar,as-run,baseline,7,1,val_loss,NaN
svvar,as-run,baseline,7,2,val_loss,inf
svvar,controlled,baseline-at-svvar,0,1,val_loss,0.5
svvar,controlled,baseline-at-svvar,3,1,val_loss,0.75
";
const TUNED: &str = "\
experiment,protocol,method,seed,epoch,metric,value
svvar,controlled,svvar,0,1,tuned_lr,0.001
svvar,controlled,svvar,0,1,tuned_strength,0.02
svvar,controlled,svvar,0,1,tuned_score,1.5
svvar,controlled,svvar,1,1,tuned_lr,0.003
svvar,controlled,svvar,1,1,tuned_strength,0.04
svvar,controlled,svvar,1,1,tuned_score,1.25
";
/// Somebody else's, with names that are no file names.
const OTHER: &str = "\
{\"experiment\": \"a/b é\", \"protocol\": \"../p\", \"method\": \"m\", \"seed\": 18446744073709551615, \"epoch\": 3, \"metric\": \"val/loss 2\", \"value\": 2.5}
";

fn study() -> Project {
    let project = Project::with(&[
        ("dvc.yaml", "stages: {}\n"),
        ("params.yaml", include_str!("../../../params.yaml")),
        ("claims/c d.yaml", "source: {title: t}\n"),
        ("CITATION.cff", "title: A study\nlicense: MIT\nauthors: [{given-names: A, family-names: B}, {name: C}]\n"),
        ("artifacts/verdicts.json", include_str!("../golden/report/verdicts.json")),
        ("artifacts/runs/svvar/runs.csv", RUNS),
        ("artifacts/runs/svvar/tuned.csv", TUNED),
        ("artifacts/runs/other.jsonl", OTHER),
        ("artifacts/report/index.html", "<!doctype html>\n"),
    ]);
    project.commit();
    project
}

const ALL: [&str; 9] = [
    "export",
    "--mlflow",
    "out/mlflow",
    "--tensorboard",
    "out/board",
    "--ro-crate",
    "out/crate.zip",
    "--csv",
    "out/csv",
];

fn export(project: &Project, arguments: &[&str]) {
    let ran = project.run(arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

/// All files below a folder, by their paths from it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                files.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    files
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The rows of the tables, without the outcomes of tunings.
fn observed(project: &Project) -> Vec<Observation> {
    let mut rows = table::read(&project.path("artifacts/runs")).unwrap();
    rows.retain(|row| !row.metric.starts_with("tuned_"));
    rows
}

#[test]
fn the_same_results_give_the_same_bytes_anywhere() {
    let (one, other) = (study(), study().copy());
    for project in [&one, &other] {
        export(project, &ALL);
    }
    let written = files(&one.path("out"));
    assert!(written.len() > 40, "{:?}", written.keys());
    assert_eq!(written, files(&other.path("out")));
    // Once more in the place of the first.
    export(&one, &ALL);
    assert_eq!(files(&one.path("out")), written);
    // Nothing is left beside.
    assert_eq!(std::fs::read_dir(one.path("out")).unwrap().count(), 4);
}

#[test]
fn mlflow_gets_runs_with_parameters_and_curves() {
    let project = study();
    export(&project, &["export", "--mlflow", "store"]);
    let store = files(&project.path("store"));
    let named = |name: &str| {
        let mut found =
            store.iter().filter(|(path, content)| path.ends_with("/tags/mlflow.runName") && text(content) == name);
        let folder = found.next().unwrap().0.strip_suffix("/tags/mlflow.runName").unwrap();
        assert!(found.next().is_none(), "{name}");
        folder
    };
    let of = |folder: &str, kind: &str| -> BTreeMap<String, String> {
        let inside = store.iter().filter_map(|(path, content)| {
            let name = path.strip_prefix(folder)?.strip_prefix('/')?.strip_prefix(kind)?.strip_prefix('/')?;
            Some((name.to_owned(), text(content).to_owned()))
        });
        inside.collect()
    };
    let pairs = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    };

    let published = named("as-run svvar 0");
    assert_eq!(
        of(published, "params"),
        pairs(&[("lr", "0.0021"), ("strength", "0.0422"), ("method", "svvar"), ("protocol", "as-run"), ("seed", "0")])
    );
    assert_eq!(
        of(published, "metrics"),
        pairs(&[
            ("test_accuracy", "0 0.625 2\n"),
            ("train_loss", "0 1e-300 1\n0 -0.30000000000000004 2\n"),
            ("val_loss", "0 1.25 1\n0 1.1 2\n"),
        ])
    );
    assert_eq!(of(named("as-run baseline 7"), "metrics"), pairs(&[("val_loss", "0 NaN 1\n0 inf 2\n")]));
    // Seed 3 takes what tuning 3 mod 2 chose for the method that the control borrows from; the baseline has no strength.
    let control = of(named("controlled baseline-at-svvar 3"), "params");
    let expected = [("lr", "0.003"), ("method", "baseline-at-svvar"), ("protocol", "controlled"), ("seed", "3")];
    assert_eq!(control, pairs(&expected));
    let others = of(named("../p m 18446744073709551615"), "params");
    assert_eq!(others, pairs(&[("method", "m"), ("protocol", "../p"), ("seed", "18446744073709551615")]));

    // The claims about an experiment stand above its runs.
    let notes: Vec<&str> =
        store.iter().filter(|(path, _)| path.ends_with("note.content")).map(|(_, note)| text(note)).collect();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains("C-svvar-1"), "{}", notes[0]);
    for folder in ["artifacts", "metrics", "params"] {
        assert!(project.path("store").join(published).join(folder).is_dir());
    }
}

/// Field -> values, of a message whose fields are numbers, or bytes.
fn message(mut bytes: &[u8]) -> BTreeMap<u64, Vec<u8>> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let length = bytes.iter().position(|byte| *byte < 0x80).unwrap() + 1;
        let (number, rest) = bytes.split_at(length);
        *bytes = rest;
        number.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f))
    }
    let mut fields = BTreeMap::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let content = match key & 7 {
            0 => varint(&mut bytes).to_le_bytes().to_vec(),
            wire => {
                let length = if wire == 2 { varint(&mut bytes) as usize } else { 4 };
                let (content, rest) = bytes.split_at(length);
                bytes = rest;
                content.to_vec()
            }
        };
        assert!(fields.insert(key >> 3, content).is_none());
    }
    fields
}

#[test]
fn tensorboard_gets_a_folder_of_scalars_for_each_run() {
    let project = study();
    export(&project, &["export", "--tensorboard", "board"]);
    let mut board = files(&project.path("board"));
    board.remove(".retrial-export");
    let mut found = Vec::new();
    for (path, file) in &board {
        let mut rest = file.as_slice();
        let mut events = Vec::new();
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            events.push(message(&rest[12..12 + length]));
            rest = &rest[12 + length + 4..];
        }
        assert_eq!(events.remove(0)[&3], b"brain.Event:2");
        let folder = path.strip_suffix("/events.out.tfevents.0.retrial").unwrap();
        for event in events {
            let value = message(&message(&event[&5])[&1]);
            let step = i64::from_le_bytes(event[&2].as_slice().try_into().unwrap());
            let bits = u32::from_le_bytes(value[&2].as_slice().try_into().unwrap());
            found.push((folder.to_owned(), step, text(&value[&1]).to_owned(), bits));
        }
    }
    let folder = |row: &Observation| match row.experiment.as_str() {
        "svvar" => format!("svvar/{}/{}/{}", row.protocol, row.method, row.seed),
        _ => "a%2Fb%20é/%2E.%2Fp/m/18446744073709551615".to_owned(),
    };
    let rows = observed(&project);
    let mut expected: Vec<_> = rows
        .iter()
        .map(|row| (folder(row), i64::from(row.epoch), row.metric.clone(), (row.value as f32).to_bits()))
        .collect();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn csv_gives_every_number_back() {
    let project = study();
    export(&project, &["export", "--csv", "out"]);
    for (ours, theirs) in [
        ("artifacts/runs/svvar/runs.csv", "out/runs/svvar/runs.csv"),
        ("artifacts/runs/svvar/tuned.csv", "out/runs/svvar/tuned.csv"),
        ("artifacts/runs/other.jsonl", "out/runs/other.csv"),
    ] {
        let read = |path: &str| table::read(&project.path(path)).unwrap();
        let bits = |rows: Vec<Observation>| -> Vec<_> {
            let row = |row: Observation| {
                (row.experiment, row.protocol, row.method, row.seed, row.epoch, row.metric, row.value.to_bits())
            };
            rows.into_iter().map(row).collect()
        };
        assert_eq!(bits(read(ours)), bits(read(theirs)), "{theirs}");
    }
    let verdicts: Json = serde_json::from_str(&project.read("artifacts/verdicts.json")).unwrap();
    let lines = table::read_columns(&project.path("out/verdicts.csv")).unwrap();
    let cell = |row: usize, column: &str| lines.rows[row][lines.need(column).unwrap()].clone();
    let mut row = 0;
    for claim in verdicts["claims"].as_array().unwrap() {
        for under in claim["protocols"].as_array().unwrap() {
            assert_eq!(cell(row, "claim").name().as_deref(), claim["id"].as_str());
            assert_eq!(cell(row, "protocol").name().as_deref(), under["protocol"].as_str());
            for (column, value) in [
                ("difference", &under["evidence"]["difference"]),
                ("low", &under["evidence"]["interval"][0]),
                ("p_holm", &under["evidence"]["p_holm"]),
                ("margin", &claim["margin"]),
            ] {
                assert_eq!(cell(row, column).number(), value.as_f64(), "{column}");
            }
            row += 1;
        }
    }
    assert_eq!(row, lines.rows.len());
    assert!(row > 1);
}

#[test]
fn a_crate_holds_the_study_and_says_what_each_file_is() {
    let project = study();
    export(&project, &["export", "--ro-crate", "crate.zip"]);
    let mut zip = zip::ZipArchive::new(std::fs::File::open(project.path("crate.zip")).unwrap()).unwrap();
    let mut packed = BTreeMap::new();
    for at in 0..zip.len() {
        let mut file = zip.by_index(at).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        packed.insert(file.name().unwrap().into_owned(), content);
    }
    let metadata: Json = serde_json::from_slice(&packed.remove("ro-crate-metadata.json").unwrap()).unwrap();
    let expected = [
        "CITATION.cff",
        "artifacts/report/index.html",
        "artifacts/runs/other.jsonl",
        "artifacts/runs/svvar/runs.csv",
        "artifacts/runs/svvar/tuned.csv",
        "artifacts/verdicts.json",
        "claims/c d.yaml",
        "dvc.yaml",
        "params.yaml",
    ];
    assert_eq!(packed.keys().collect::<Vec<_>>(), expected);
    let graph = metadata["@graph"].as_array().unwrap();
    for (path, content) in &packed {
        assert_eq!(content, &std::fs::read(project.path(path)).unwrap());
        let of = graph.iter().find(|entity| entity["name"] == path.as_str()).unwrap();
        let digest: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((&of["@type"], &of["sha256"]), (&"File".into(), &digest.into()), "{path}");
        assert_eq!(of["@id"], path.replace(' ', "%20"));
    }
    let root = graph.iter().find(|entity| entity["@id"] == "./").unwrap();
    assert_eq!(root["name"], "A study");
    assert_eq!(root["hasPart"].as_array().unwrap().len(), packed.len());
    assert_eq!(root["license"]["@id"], "https://spdx.org/licenses/MIT");
    // Today, since that is when the commit was made; a study without commits has none.
    assert_ne!(root["datePublished"], "1970-01-01");
}

/// What is wrong, the exit code and a part of the sentence; what is asked for, and what makes it wrong.
type Refused<'a> = (&'a str, i32, &'a str, &'a [&'a str], fn(&Project));

#[test]
fn what_cannot_be_exported_is_refused_and_nothing_is_written() {
    let cases: &[Refused] = &[
        ("no format", 2, "nothing is asked for", &["export"], |_| ()),
        ("no results", 1, "there are no results yet", &["export", "--csv", "x"], |project| {
            std::fs::remove_dir_all(project.path("artifacts/runs")).unwrap();
        }),
        ("no verdicts", 1, "there are no verdicts yet", &["export", "--mlflow", "y", "--csv", "x"], |project| {
            std::fs::remove_file(project.path("artifacts/verdicts.json")).unwrap();
        }),
        ("no such table", 2, "none.csv: does not exist", &["export", "--csv", "x", "--runs", "none.csv"], |_| ()),
        ("a bad table", 2, "bad.csv:2: `seed` is", &["export", "--csv", "x", "--tensorboard", "y"], |project| {
            project
                .write("artifacts/runs/bad.csv", "experiment,protocol,method,seed,epoch,metric,value\ne,p,m,x,1,l,1\n");
        }),
        ("said twice", 2, "two values of `val_loss` at epoch 1", &["export", "--mlflow", "x"], |project| {
            project.write("artifacts/runs/twice.csv", &RUNS[..RUNS.find("svvar,as-run,svvar,0,2").unwrap()]);
        }),
        (
            "a metric without a file name",
            2,
            "the metric `../../up`",
            &["export", "--csv", "y", "--mlflow", "x"],
            |project| {
                project.write("artifacts/runs/other.jsonl", &OTHER.replace("val/loss 2", "../../up"));
            },
        ),
        ("two tables of one name", 2, "runs/svvar/runs.csv: rename", &["export", "--csv", "x"], |project| {
            project.write("artifacts/runs/svvar/runs.jsonl", OTHER);
        }),
        (
            "somebody's folder",
            2,
            "not an earlier MLflow export",
            &["export", "--csv", "y", "--mlflow", "claims"],
            |_| (),
        ),
        ("another kind of export", 2, "not an earlier CSV export", &["export", "--csv", "x"], |project| {
            export(project, &["export", "--tensorboard", "x"]);
        }),
        ("a file for a folder", 2, "is no folder", &["export", "--mlflow", "dvc.yaml"], |_| ()),
        ("a file that is no archive", 2, "dvc.yaml: is no archive", &["export", "--ro-crate", "dvc.yaml"], |_| ()),
        ("one in the other", 2, "lie in one another", &["export", "--csv", "x", "--ro-crate", "x/c.zip"], |_| ()),
        (
            "bad parameters",
            2,
            "params.yaml: there is no parameter `svvar.published`",
            &["export", "--mlflow", "x"],
            |project| {
                project.write("params.yaml", "mnist1d: {samples: 1, seed: 1}\n");
            },
        ),
        ("no claims", 2, "claims: is needed", &["export", "--ro-crate", "x.zip", "--csv", "y"], |project| {
            std::fs::remove_dir_all(project.path("claims")).unwrap();
        }),
    ];
    for (what, code, sentence, arguments, prepare) in cases {
        let project = study();
        prepare(&project);
        let before = project.snapshot();
        let ran = project.run(arguments);
        assert_eq!(ran.code, *code, "{what}: {}", ran.stderr);
        assert!(ran.stderr.contains(sentence), "{what}: {}", ran.stderr);
        assert_eq!(project.snapshot(), before, "{what}");
    }
}

#[test]
fn an_earlier_export_is_replaced_and_strangers_stay() {
    let project = study();
    export(&project, &["export", "--csv", "out"]);
    std::fs::remove_file(project.path("artifacts/runs/other.jsonl")).unwrap();
    export(&project, &["export", "--csv", "out"]);
    assert!(!project.exists("out/runs/other.csv"));
    project.write("out/notes.txt", "somebody's\n");
    assert_eq!(project.run(&["export", "--csv", "out"]).code, 2);
    assert_eq!(project.read("out/notes.txt"), "somebody's\n");
    assert_eq!(project.run(&["export", "--force"]).code, 2, "to nowhere");
    std::fs::remove_file(project.path("out/notes.txt")).unwrap();

    project.write("mine/notes.txt", "mine\n");
    project.write("mine/runs/svvar/runs.csv", "mine\n");
    export(&project, &["export", "--csv", "mine", "--force"]);
    assert_eq!(project.read("mine/notes.txt"), "mine\n");
    assert_eq!(project.read("mine/runs/svvar/runs.csv"), project.read("out/runs/svvar/runs.csv"));
    // It is still not ours.
    assert_eq!(project.run(&["export", "--csv", "mine"]).code, 2);
}
