//! Several dvc.yaml files, what `.dvcignore` hides, and parameter files that stages make.

use std::process::Command;

use crate::project::{Project, Ran, names};

/// The root trains on what `sub` prepares; `other` stands alone.
const FILES: &[(&str, &str)] = &[
    ("params.yaml", "lr: 1\n"),
    (
        "dvc.yaml",
        "stages:\n  train:\n    cmd: cat sub/out > model; echo ${lr} $DVC_STAGE >> model\n    deps: [sub/out]\n    params: [lr]\n    outs: [model]\n",
    ),
    ("sub/params.yaml", "lr: 2\n"),
    (
        "sub/dvc.yaml",
        "stages:\n  train:\n    cmd: cat in > out; echo ${lr} $DVC_STAGE >> out\n    deps: [in]\n    params: [lr]\n    outs: [out]\n  \
         grid:\n    matrix: {a: [x, y]}\n    cmd: cp ../out ${item.a}\n    wdir: deep\n    deps: [../out]\n    outs: ['${item.a}']\n",
    ),
    ("sub/in", "raw\n"),
    ("sub/deep/keep", ""),
    ("other/dvc.yaml", "stages:\n  alone: {cmd: echo 1 > one, outs: [one]}\n"),
];

fn run_in(project: &Project, folder: &str, arguments: &[&str]) -> Ran {
    Ran::from(project.command(arguments).current_dir(project.path(folder)).output().unwrap())
}

fn executed(project: &Project, folder: &str, arguments: &[&str]) -> Vec<String> {
    let ran = run_in(project, folder, &[&["repro", "--json"], arguments].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.summary().executed
}

#[test]
fn each_file_has_its_own_names_parameters_and_lock() {
    let project = Project::with(FILES);
    assert_eq!(executed(&project, ".", &[]), ["sub/dvc.yaml:train", "train"]);
    assert_eq!(project.read("model"), "raw\n2 sub/dvc.yaml:train\n1 train\n");
    assert!(!project.exists("other/one") && !project.exists("sub/deep/x"));
    let lock = |path: &str| -> Vec<String> {
        let text = project.read(path);
        let names = text.lines().filter_map(|line| line.strip_prefix("  ").filter(|name| !name.starts_with(' ')));
        names.map(str::to_owned).collect()
    };
    assert_eq!((lock("dvc.lock"), lock("sub/dvc.lock")), (names(&["train:"]), names(&["train:"])));
    assert!(project.read("sub/dvc.lock").contains("    params:\n      params.yaml:\n        lr: 2\n"));

    let grid = ["sub/dvc.yaml:grid@x", "sub/dvc.yaml:grid@y"];
    assert_eq!(executed(&project, "sub", &[]), grid);
    assert_eq!(lock("sub/dvc.lock"), ["train:", "grid@x:", "grid@y:"]);
    assert_eq!(
        project.run(&["status", "--json"]).json(),
        serde_json::json!({"other/dvc.yaml:alone": [{"changed outs": {"other/one": "deleted"}}]})
    );
    assert_eq!(executed(&project, "sub/deep", &["--all-pipelines"]), ["other/dvc.yaml:alone"]);
    assert_eq!(run_in(&project, "other", &["status", "--json"]).json(), serde_json::json!({}));

    // An overlay is for the root's parameters; a file in a sub-folder has its own.
    project.write("dvc.yaml", &project.read("dvc.yaml").replace("params: [lr]", "meta: {retrial: {params: env}}"));
    assert_eq!(executed(&project, ".", &["-P", "--set", "lr=5"]), ["train"]);
}

#[test]
fn a_target_is_looked_for_from_the_folder_and_then_from_the_root() {
    let project = Project::with(FILES);
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("sub", &["train"], &["sub/dvc.yaml:train"]),
        (".", &["train", "-s", "-n"], &["train"]),
        ("sub", &["../dvc.yaml:train", "-s", "-f"], &["train"]),
        ("other", &["train", "-s", "-f"], &["train"]),
        (".", &["sub/dvc.yaml:grid@y"], &["sub/dvc.yaml:grid@y"]),
        ("other", &["../sub/dvc.yaml:grid"], &["sub/dvc.yaml:grid@x"]),
        ("sub/deep", &["x", "-s", "-f"], &["sub/dvc.yaml:grid@x"]),
        ("sub/deep", &["sub/deep/y", "-s", "-f"], &["sub/dvc.yaml:grid@y"]),
        (".", &["other/dvc.yaml"], &["other/dvc.yaml:alone"]),
        (
            ".",
            &["sub/dvc.yaml:train", "--downstream", "-f"],
            &["sub/dvc.yaml:grid@x", "sub/dvc.yaml:grid@y", "sub/dvc.yaml:train", "train"],
        ),
    ];
    for (folder, arguments, expected) in cases {
        if arguments.contains(&"-n") {
            let ran = run_in(&project, folder, &[&["repro", "--json"], *arguments].concat());
            let json = ran.json();
            assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), *expected, "{arguments:?}");
            continue;
        }
        assert_eq!(executed(&project, folder, arguments), *expected, "in {folder}: {arguments:?}");
    }
    let wrong = run_in(&project, "sub", &["repro", "trian"]);
    assert_eq!(wrong.stderr, "error: no stage or output is called `trian`: did you mean `train`?\n");
}

#[test]
fn a_sentence_names_the_file() {
    let refused = |path: &str, text: &str| {
        let project = Project::with(FILES);
        project.write(path, text);
        let ran = project.run(&["repro"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        ran.stderr
    };
    assert!(refused(".dvcignore", "ok\n[z-a]\n").contains("/.dvcignore:2: error parsing glob '[z-a]'"));
    let cases = [
        (
            "sub/dvc.yaml",
            "stages:\n  s:\n    cmd: ${x}\n",
            "error: sub/dvc.yaml:3: uses `${x}`, which is defined nowhere",
        ),
        ("sub/params.yaml", "a: 1\na: 2\n", "error: sub/params.yaml:2: repeats the key `a` of line 1"),
        ("sub/params.yaml", "{}\n", "error: sub/dvc.yaml:3: uses `${lr}`"),
        (
            "other/dvc.yaml",
            "stages:\n  s: {cmd: x, deps: [gone]}\n",
            "error: other/dvc.yaml:2: stage `other/dvc.yaml:s` reads other/gone",
        ),
        ("sub/dvc.lock", "schema: '1.0'\n", "error: sub/dvc.lock:1: is not a lock of schema 2.0"),
        (
            "sub/dvc.yaml",
            "vars: [v.toml]\nstages: {}\n",
            "error: sub/dvc.yaml:1: `vars` names sub/v.toml, which does not exist",
        ),
    ];
    for (path, text, expected) in cases {
        let sentence = refused(path, text);
        assert!(sentence.starts_with(expected), "\n{sentence}{expected}");
    }
}

#[test]
fn the_root_is_the_outermost_study_in_the_repository() {
    let project = Project::new();
    for (path, text) in FILES {
        project.write(&format!("study/{path}"), text);
    }
    assert_eq!(executed(&project, "study/sub", &["train"]), ["sub/dvc.yaml:train"]);
    assert!(project.exists("study/.retrial") && !project.exists("study/sub/.retrial"));
    // DVC's own folder makes a root.
    std::fs::create_dir(project.path("study/other/.dvc")).unwrap();
    assert_eq!(executed(&project, "study/other", &[]), ["alone"]);
    assert!(!project.run(&["stages"]).stderr.contains("dvc.yaml:"));
    assert_eq!(
        run_in(&project, "study", &["stages"]).stdout,
        "train\nsub/dvc.yaml:train\nsub/dvc.yaml:grid@x\nsub/dvc.yaml:grid@y\n"
    );
}

#[test]
fn a_parameter_file_may_be_made_by_a_stage() {
    let project = Project::with(&[
        ("n", "1\n"),
        (
            "dvc.yaml",
            "stages:\n  use: {cmd: cat $RETRIAL_PARAMS > used, params: [best.yaml: [lr]], outs: [used]}\n  \
             tune: {cmd: 'echo \"lr: $(cat n)\" > best.yaml', deps: [n], outs: [best.yaml]}\n",
        ),
    ]);
    assert_eq!(project.repro(&[]).executed, ["tune", "use"]);
    assert_eq!(project.read("used"), "{\"best.yaml\":{\"lr\":1}}");
    project.write("n", "2\n");
    assert_eq!(project.repro(&[]).executed, ["tune", "use"]);
    assert_eq!(project.read("used"), "{\"best.yaml\":{\"lr\":2}}");
    project.write("n", "2 # the same\n");
    let last = project.repro(&[]);
    assert_eq!((last.executed, last.skipped), (names(&["tune"]), names(&["use"])));
}

#[test]
fn an_item_of_a_list_is_one_script() {
    let project = Project::with(&[(
        "dvc.yaml",
        "stages:\n  s:\n    cmd:\n      - |\n        x=1\n        echo $x > a\n      - echo \"[$x]\" > b\n    outs: [a, b]\n",
    )]);
    project.repro(&[]);
    assert_eq!((project.read("a").as_str(), project.read("b").as_str()), ("1\n", "[]\n"));
}

/// Files in a folder, and what hides some of them.
const HIDDEN: &[(&str, &str)] = &[
    (".dvcignore", "# words\n*.tmp\n!keep.tmp\n/data/top\n  cache/  \nx{1,2}\n\\#odd\ndeep/**/z\n[!a]bc\n"),
    ("data/a.txt", "a"),
    ("data/b.tmp", "b"),
    ("data/keep.tmp", "c"),
    ("data/top", "d"),
    ("data/sub/top", "e"),
    ("data/cache/f", "f"),
    ("data/sub/cache", "g"),
    ("data/x1", "h"),
    ("data/x{1,2}", "i"),
    ("data/#odd", "j"),
    ("data/deep/m/n/z", "k"),
    ("data/abc", "l"),
    ("data/bbc", "m"),
    ("data/sub/a.txt", "n"),
    ("nest/.dvcignore", "*.txt\n!a.txt\n!b.tmp\n/data/only\nmore/\n"),
    ("nest/data/a.txt", "o"),
    ("nest/data/b.txt", "p"),
    ("nest/data/b.tmp", "q"),
    ("nest/data/c.tmp", "r"),
    ("nest/data/only", "s"),
    ("nest/data/in/only", "t"),
    ("nest/data/more/a.txt", "u"),
    ("old/data/v", "v"),
    ("old/.dvcignore", "data\n"),
    ("data/.git/q", "q"),
    ("data/inner/.dvc/config", "r"),
    ("data/inner/s", "s"),
    ("data/.hidden/t", "t"),
    ("dvc.yaml", "stages:\n  s: {cmd: cp -r data made, deps: [data, nest/data, old/data], outs: [made]}\n"),
];

/// The numbers are DVC's own, for the same files.
#[test]
fn dvcignore_hides_the_same_files_as_under_dvc() {
    let project = Project::with(HIDDEN);
    std::fs::create_dir(project.path("elsewhere")).unwrap();
    project.write("elsewhere/u", "u");
    std::os::unix::fs::symlink("../elsewhere", project.path("data/link")).unwrap();
    std::os::unix::fs::symlink("a.txt", project.path("data/same")).unwrap();
    project.repro(&[]);
    let lock = project.read("dvc.lock");
    for (path, md5, size, files) in DVCS {
        let entry = format!(
            "- path: {path}\n      hash: md5\n      md5: {md5}.dir\n      size: {size}\n      nfiles: {files}\n"
        );
        assert!(lock.contains(&entry), "{entry}{lock}");
    }
    // What is hidden is no change.
    project.write("data/b.tmp", "changed");
    project.write("nest/data/new.txt", "new");
    assert!(project.repro(&[]).executed.is_empty());
    project.write("nest/.dvcignore", "");
    assert_eq!(project.repro(&[]).executed, ["s"]);
    project.write("data/sub/.dvcignore", "");
    let ran = project.run(&["repro"]);
    assert!(ran.stderr.contains("data/sub/.dvcignore: can't stand inside of data"), "{}", ran.stderr);
}

const DVCS: &[(&str, &str, u64, usize)] = &[
    ("data", "08aff06f076dcb30853839c8c1c80b5b", 10, 10),
    ("nest/data", "bc178cbdae04f5f7238faf05d8bff4e3", 3, 3),
    ("old/data", "d751713988987e9331980363e24189ce", 0, 0),
    ("made", "99aa4d08174f3040799969dcea6f4f29", 11, 11),
];

#[test]
#[ignore = "needs dvc on the PATH: .ci/run installs it and runs this"]
fn dvc_finds_several_files_up_to_date() {
    let project = Project::with(FILES);
    let dvc = |arguments: &[&str]| {
        let output = Command::new("dvc").args(arguments).current_dir(project.root()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        text
    };
    dvc(&["init", "-q"]);
    project.repro(&["-P"]);
    assert_eq!(dvc(&["status"]).trim(), "Data and pipelines are up to date.");
    let stages = dvc(&["stage", "list", "--all", "--name-only"]);
    assert_eq!(stages.lines().count(), project.run(&["stages"]).stdout.lines().count());
}

#[test]
fn data_that_a_dvc_file_tracks_are_the_users_own() {
    let project =
        Project::with(&[("dvc.yaml", "stages: {a: {cmd: echo 1 > data, outs: [data]}}"), (".dvc/config", "")]);
    project.repro(&[]);
    project.write("data.dvc", "outs:\n- md5: b026324c6904b2a9cb4b88d6d61c81d1\n  path: data\n");
    let ran = project.run(&["repro"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("dvc.yaml:1: output data of `a` is data that data.dvc tracks"), "{}", ran.stderr);

    // No stage makes it any more: then it is only the user's.
    project.write("dvc.yaml", "stages: {b: {cmd: echo 2 > other, outs: [other]}}");
    project.repro(&[]);
    assert!(project.exists("data"), "taken over");
    project.write("dvc.yaml", "stages: {}");
    let other = "other: will be removed, no stage makes it any more\n";
    assert_eq!([project.run(&["status"]).stdout, project.run(&["repro", "--dry"]).stdout], [other, other]);
    project.repro(&[]);
    assert!(!project.exists("other"));
}

#[test]
fn an_empty_folder_is_no_empty_file() {
    let study = "stages:
  a: {cmd: touch done, outs: [done]}
  b: {cmd: test -d done && echo folder > b || echo file > b, deps: [done], outs: [b]}
";
    let project = Project::with(&[("dvc.yaml", study)]);
    project.repro(&[]);
    assert_eq!(project.read("b"), "file\n");
    project.write("dvc.yaml", &study.replace("touch", "mkdir"));
    assert_eq!(project.repro(&[]).executed, names(&["a", "b"]));
    assert_eq!(project.read("b"), "folder\n");
}

#[test]
fn no_digest_becomes_a_path() {
    let project = Project::with(&[
        ("dvc.yaml", "stages: {a: {cmd: echo 1 > a, outs: [a]}}"),
        (".dvc/config", ""),
        ("precious", "precious\n"),
    ]);
    let path = project.path("precious");
    let lock = format!(
        "schema: '2.0'\nstages:\n  a:\n    cmd: echo 1 > a\n    outs:\n    - path: a\n      hash: md5\n      md5: xx{}\n      size: 9\n",
        path.display()
    );
    project.write("dvc.lock", &lock);
    project.commit();
    project.run(&["checkout"]);
    project.repro(&[]);
    assert_eq!((project.read("precious").as_str(), project.read("a").as_str()), ("precious\n", "1\n"));
}
