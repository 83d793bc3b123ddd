//! Every case of `tests/golden/dialect/cases`, read by retrial, against what DVC made of it (`oracle.py` there asks it).

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::project::Project;

/// One case: its name, why it differs from DVC (if it does on purpose), and its files.
struct Case {
    name: String,
    differs: bool,
    files: Vec<(String, String)>,
}

fn cases(text: &str) -> Vec<Case> {
    let blocks = text.strip_prefix("=== ").unwrap().split("\n=== ");
    let case = |block: &str| {
        let mut parts = block.split("\n-- ");
        let mut head = parts.next().unwrap().lines();
        let name = head.next().unwrap().to_owned();
        let files = parts.map(|file| {
            let (path, content) = file.split_once('\n').unwrap_or((file, ""));
            (path.to_owned(), format!("{}\n", content.trim_end_matches('\n')))
        });
        Case { name, differs: head.any(|line| line.starts_with("! ")), files: files.collect() }
    };
    blocks.map(case).collect()
}

/// What retrial makes of a case, in the words of `expected.json`.
fn ask(case: &Case) -> Value {
    let project = Project::empty();
    // What makes a root of a study and of a git work tree.
    for folder in [".dvc", ".git"] {
        std::fs::create_dir(project.path(folder)).unwrap();
    }
    for (path, text) in case.files.iter().filter(|(path, _)| path != "retrial") {
        project.write(path, text);
    }
    let stages = project.run(&["stages", "--json"]);
    if stages.code != 0 {
        assert_eq!((stages.code, stages.stderr.lines().count()), (2, 1), "{}: {}", case.name, stages.stderr);
        let place =
            stages.stderr.strip_prefix("error: ").and_then(|text| text.split_once(": ")).map(|(place, _)| place);
        let named = |place: &str| place.rsplit_once(':').is_some_and(|(_, line)| line.parse::<u32>().is_ok());
        assert!(place.is_some_and(named), "{}: no file and line: {}", case.name, stages.stderr);
        return Value::from("refused");
    }
    let stages = stages.json();
    let mut edges = Vec::new();
    if stages.as_array().unwrap().len() > 1 {
        edges = project.run(&["dag", "--json"]).json()["edges"].as_array().unwrap().clone();
        edges.sort_by_key(Value::to_string);
    }
    serde_json::json!({ "stages": stages, "edges": edges })
}

#[test]
fn every_case_is_read_as_dvc_reads_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/dialect");
    let text = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let expected: BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
    let mut files: Vec<_> =
        std::fs::read_dir(folder.join("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let all: Vec<Case> = files.iter().flat_map(|file| cases(&std::fs::read_to_string(file).unwrap())).collect();
    assert_eq!(all.len(), expected.len(), "cases were added: run oracle.py");
    let mut wrong = Vec::new();
    for case in &all {
        let dvc = &expected[&case.name];
        let mut dvc = if dvc.get("refused").is_some() { Value::from("refused") } else { dvc.clone() };
        if let Some(edges) = dvc.get_mut("edges").and_then(Value::as_array_mut) {
            edges.sort_by_key(Value::to_string);
        }
        let mut ours = ask(case);
        let wanted = match case.files.iter().find(|(path, _)| path == "retrial") {
            _ if !case.differs => dvc.clone(),
            None => Value::from("refused"),
            Some((_, own)) => {
                ours = ours["stages"].take();
                serde_json::from_str(own).unwrap()
            }
        };
        if ours != wanted {
            wrong.push(format!("{}\n    retrial: {ours}\n    wanted:  {wanted}", case.name));
        } else if case.differs && ours == dvc {
            wrong.push(format!("{}: does not differ from DVC, as it says", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}
