//! Bad input: one sentence with file and line, exit code 2, and nothing changed.

use crate::project::{Project, STUDY};

/// Runs `repro` on the study with one replacement in dvc.yaml; returns the sentence.
fn complaint(replace: &str, with: &str) -> String {
    let project = Project::with(STUDY);
    let good = project.read("dvc.yaml");
    assert!(good.contains(replace), "{replace}");
    project.write("dvc.yaml", &good.replacen(replace, with, 1));
    refused(&project, &["repro"])
}

fn refused(project: &Project, arguments: &[&str]) -> String {
    let before = project.snapshot();
    let ran = project.run(arguments);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert_eq!(project.snapshot(), before);
    ran.stderr
}

#[test]
fn a_sentence_names_file_line_and_what_to_do() {
    let cases = [
        ("stages:\n", "stages: [\n", "error: dvc.yaml:3: is not valid YAML"),
        (
            "    params: [size]",
            "    parms: [size]",
            "error: dvc.yaml:4: stage `data` has an unknown key `parms`: did you mean `params`?",
        ),
        (
            "deps: [data.txt]",
            "deps: [date.txt]",
            "error: dvc.yaml:10: stage `train@0` reads date.txt, which does not exist and no stage makes",
        ),
        (
            "    params: [size]",
            "    params: [size]\n    deps: [report.txt]",
            "error: dvc.yaml:2: stages wait for one another: data -> train@0 -> report -> data",
        ),
        (
            "outs: [data.txt]",
            "outs: [../data.txt]",
            "error: dvc.yaml:5: `../data.txt` is outside the repository: use a path inside it",
        ),
        (
            "outs: [data.txt]",
            "outs: [/tmp/data.txt]",
            "error: dvc.yaml:5: `/tmp/data.txt` is outside the repository: use a path inside it",
        ),
        ("outs: [data.txt]", "outs: [data.txt, .git/hooks]", "error: dvc.yaml:5: output `.git/hooks` lies in .git"),
        (
            "outs: [other.txt]",
            "outs: [out]",
            "error: dvc.yaml:12: output `out/0.txt` of `train@0` lies inside output `out` of `other`",
        ),
        (
            "outs: [other.txt]",
            "outs: [data.txt]",
            "error: dvc.yaml:20: `data.txt` is an output of both `data` and `other`",
        ),
        ("${size}", "${sizes}", "error: dvc.yaml:3: uses `${sizes}`, which is defined nowhere"),
        ("${size}", "${size[0]é}", "error: dvc.yaml:3: uses `${size[0]é}`, which is no name such as"),
        ("outs: [data.txt]", "outs: [data.txt, dvc.lock]", "error: dvc.yaml:5: output `dvc.lock` is the engine's own"),
        (
            "params: [flag]",
            "params: [flags]",
            "error: dvc.yaml:19: declares the parameter `flags`, which params.yaml lacks",
        ),
        ("  other:", "  data:", "error: dvc.yaml:17: repeats the key `data` of line 2"),
        (
            "cmd: echo ${flag} > other.txt",
            "cmd: retrial stage nonsense",
            "error: dvc.yaml:17: stage `other` calls `retrial stage nonsense`, which is no stage program",
        ),
        ("    cmd: echo ${flag} > other.txt\n", "", "error: dvc.yaml:17: stage `other` has no `cmd`"),
    ];
    for (replace, with, expected) in cases {
        let sentence = complaint(replace, with);
        assert!(sentence.starts_with(expected), "\n{sentence}{expected}");
    }
}

#[test]
fn parameters_and_overlays_are_checked() {
    let project = Project::with(STUDY);
    let refused_with = |arguments: &[&str], expected: &str| {
        let sentence = refused(&project, &[&["repro"], arguments].concat());
        assert!(sentence.starts_with(expected), "\n{sentence}{expected}");
    };
    refused_with(&["--preset", "tiny"], "error: --preset tiny: params.yaml has no such preset");
    refused_with(&["--set", "rates=1"], "error: --set rates=1: params.yaml has no parameter `rates`");
    refused_with(&["--set", "rate"], "error: --set rate: write it as key=value");
    refused_with(&["trian"], "error: no stage or output is called `trian`: did you mean `train");
    refused_with(&["--preset", "misspelt"], "error: params.yaml:9: presets a parameter that does not exist: `seedz`");
    // A command that reads params.yaml by itself would not see the overlaid value.
    refused_with(&["--set", "rate=1"], "error: dvc.yaml:11: stage `train@0` reads `rate` from params.yaml");

    project.write("params.yaml", "size: 1\nsize: 2\n");
    assert!(refused(&project, &["repro"]).starts_with("error: params.yaml:2: repeats the key `size` of line 1"));
    project.write("dvc.lock", "schema: '1.0'\n");
    std::fs::remove_file(project.path("params.yaml")).unwrap();
    project.write("dvc.yaml", "stages:\n  a: {cmd: 'true', outs: [x]}\n");
    assert!(refused(&project, &["repro"]).starts_with("error: dvc.lock:1: is not a lock of schema 2.0"));
}

#[test]
fn an_output_folder_that_leads_out_of_the_repository_is_refused() {
    let outside = tempfile::tempdir().unwrap();
    let project = Project::with(&[(
        "dvc.yaml",
        "stages:\n  b: {cmd: echo b > b, outs: [b]}\n  a: {cmd: echo x > way/new/out, outs: [way/new/out]}\n",
    )]);
    std::os::unix::fs::symlink(outside.path(), project.path("way")).unwrap();
    let sentence = refused(&project, &["repro"]);
    assert!(sentence.contains("stage `a` writes into") && sentence.contains("out of the repository"), "{sentence}");
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn aliases_cannot_blow_up() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let project = Project::with(&[("params.yaml", &text), ("dvc.yaml", "stages: {}\n")]);
    assert!(refused(&project, &["repro"]).contains("holds more than 1000000 values once aliases are expanded"));
    project.write("params.yaml", &"[".repeat(100_000));
    assert!(refused(&project, &["repro"]).starts_with("error: params.yaml:1:"));
}

/// A few lines of axes, parameters or aliases would fill any memory; each is refused before it does.
#[test]
fn products_cannot_blow_up() {
    let axes: String = (0..30).map(|axis| format!("      a{axis}: [0, 1]\n")).collect();
    let long = "x".repeat(100_000);
    let many = "${p}".repeat(10_000);
    let items = vec!["'${p}'"; 100_000].join(", ");
    let cases = [
        (
            format!("stages:\n  s:\n    matrix:\n{axes}    cmd: 'true'\n"),
            "error: dvc.yaml:23: `matrix` makes more than 1000000 stages",
        ),
        (format!("stages:\n  s:\n    cmd: {many}\n"), "error: dvc.yaml:3: expands to more than"),
        (
            format!("stages:\n  s:\n    foreach: [{items}]\n    do: {{cmd: 'true'}}\n"),
            "error: dvc.yaml:3: expands to more than",
        ),
    ];
    for (manifest, expected) in cases {
        let project = Project::with(&[("params.yaml", &format!("p: {long}\n")), ("dvc.yaml", &manifest)]);
        let sentence = refused(&project, &["repro"]);
        assert!(sentence.starts_with(expected), "\n{sentence}{expected}");
    }
    let aliases = vec!["*a"; 10_000].join(", ");
    let project =
        Project::with(&[("params.yaml", &format!("p: &a {long}\nq: [{aliases}]\n")), ("dvc.yaml", "stages: {}\n")]);
    assert!(refused(&project, &["repro"]).contains("holds more than 1000000 values once aliases are expanded"));
}

#[test]
fn outside_a_study_there_is_nothing_to_do() {
    let project = Project::new();
    assert!(refused(&project, &["repro"]).starts_with("error: no dvc.yaml here or in a folder above"));
}
