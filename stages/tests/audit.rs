//! `retrial audit` for continuous integration: exit code, JUnit and Markdown, with and without expectations.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// The report's golden verdicts, with the expectation of the first claim's first protocol and a statement full of signs.
fn study(expected: Option<&str>) -> tempfile::TempDir {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/report/verdicts.json");
    let mut verdicts: Value = serde_json::from_str(&std::fs::read_to_string(golden).unwrap()).unwrap();
    verdicts["claims"][0]["statement"] = "a < b & \"c\" \u{1b}[1m ]]>".into();
    if let Some(expected) = expected {
        verdicts["claims"][0]["protocols"][0]["expected"] = expected.into();
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("artifacts")).unwrap();
    std::fs::write(folder.path().join("artifacts/verdicts.json"), verdicts.to_string()).unwrap();
    std::fs::write(folder.path().join("dvc.yaml"), "stages: {}\n").unwrap();
    folder
}

fn audit(folder: &Path) -> Output {
    let arguments = ["audit", "--junit", "ci/junit.xml", "--markdown", "summary.md"];
    Command::new(env!("CARGO_BIN_EXE_retrial")).current_dir(folder).args(arguments).output().unwrap()
}

/// What an XML parser makes of the file: tag and attributes, one element a line.
fn elements(folder: &Path) -> Vec<String> {
    let program = "import sys, xml.etree.ElementTree as e\n\
                   for x in e.parse('ci/junit.xml').iter(): print(x.tag, *(f'{k}={v}' for k, v in sorted(x.items())), sep='|')";
    let output = Command::new("python3").current_dir(folder).args(["-c", program]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_verdict_that_is_not_the_expected_one_fails() {
    let golden: Value = serde_json::from_str(include_str!("golden/report/verdicts.json")).unwrap();
    let found = golden["claims"][0]["protocols"][0]["verdict"].as_str().unwrap();
    let claims = golden["claims"].as_array().unwrap();
    let all: usize = claims.iter().map(|claim| claim["protocols"].as_array().unwrap().len()).sum();
    let other = if found == "supported" { "contradicted" } else { "supported" };
    for (expected, failures) in [(None, 0), (Some(found), 0), (Some(other), 1)] {
        let folder = study(expected);
        let output = audit(folder.path());
        assert_eq!(output.status.code(), Some(failures), "{}", String::from_utf8_lossy(&output.stderr));
        let elements = elements(folder.path());
        assert_eq!(elements[0], format!("testsuites|errors=0|failures={failures}|name=retrial|tests={all}"));
        let of = |tag: &str| elements.iter().filter(|line| line.split('|').next() == Some(tag)).count();
        assert_eq!((of("testcase"), of("failure")), (all, failures as usize));
        let untestable = claims.iter().flat_map(|claim| claim["protocols"].as_array().unwrap());
        assert_eq!(of("skipped"), untestable.filter(|under| under["verdict"] == "untestable").count());

        let summary = std::fs::read_to_string(folder.path().join("summary.md")).unwrap();
        assert_eq!(summary.starts_with("**Not as the claim files expect:**"), failures == 1, "{summary}");
        let table = String::from_utf8(output.stdout).unwrap();
        assert_eq!(table.contains("expected"), failures == 1, "{table}");
    }
}
