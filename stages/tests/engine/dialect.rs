//! dvc.yaml as DVC reads it. The expected values are what DVC 3.67 made of the same files.

use serde_json::json;

use crate::project::Project;

#[test]
fn interpolation_foreach_and_matrix() {
    let project = Project::with(&[
        (
            "params.yaml",
            "a: {b: [1, {c: 1e-05}], none: null, yes: true}\nbig: 1e20\nwhole: 3.0\nname: x y\n\
             opt: {lr: 0.1, inner: {kind: adam}, on: true, off: false, text: a b}\ntext: yes\noctal: 010\n",
        ),
        (
            "dvc.yaml",
            "vars: [{own: {deep: 7}}]
stages:
  scalars:
    cmd: echo ${a.b[1].c} ${big} ${whole} ${a.none} ${a.yes} ${name} ${own.deep} ${text} ${octal} \\${HOME}
  unpack:
    cmd: train ${opt}
  list:
    foreach: [1, x, 2.5]
    do:
      cmd: echo ${item}
  numbered:
    foreach: [{v: 1}, {v: 2}]
    do:
      cmd: echo ${item.v}
  mapping:
    foreach: {one: {v: 1}, two: {v: 2}}
    do:
      cmd: echo ${key} ${item.v}
  grid:
    matrix:
      m: [p, q]
      n: [1, {z: 2}]
    cmd: echo ${item.m} ${item.n} ${key}
  several:
    cmd:
      - echo 1
      - echo 2
    wdir: sub
    deps: [in]
    outs: [out, kept: {persist: true}]
    metrics: [m.json: {cache: false}]
    plots: [p.csv: {x: a, y: b}]
    params: [own.yaml: [k]]
    frozen: true
    desc: words
",
        ),
        ("sub/in", ""),
        ("sub/own.yaml", "k: 1\n"),
    ]);
    let stages = project.run(&["stages", "--json"]).json();
    let commands: Vec<(&str, &str)> = stages
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| (stage["name"].as_str().unwrap(), stage["cmd"][0].as_str().unwrap()))
        .collect();
    let expected = [
        ("scalars", "echo 1e-05 1e+20 3.0 None true x y 7 yes 10 ${HOME}"),
        ("unpack", "train --lr 0.1 --inner.kind adam --on --text 'a b'"),
        ("list@1", "echo 1"),
        ("list@x", "echo x"),
        ("list@2.5", "echo 2.5"),
        ("numbered@0", "echo 1"),
        ("numbered@1", "echo 2"),
        ("mapping@one", "echo one 1"),
        ("mapping@two", "echo two 2"),
        ("grid@p-1", "echo p 1 p-1"),
        ("grid@p-n1", "echo p --z 2 p-n1"),
        ("grid@q-1", "echo q 1 q-1"),
        ("grid@q-n1", "echo q --z 2 q-n1"),
        ("several", "echo 1"),
    ];
    assert_eq!(commands, expected);
    let several = stages.as_array().unwrap().last().unwrap();
    assert_eq!(
        *several,
        json!({
            "name": "several", "cmd": ["echo 1", "echo 2"], "wdir": "sub", "deps": ["in"],
            "params": {"own.yaml": ["k"]},
            "outs": ["out", {"path": "kept", "cache": true, "persist": true}],
            "metrics": [{"path": "m.json", "cache": false, "persist": false}],
            "plots": ["p.csv"], "frozen": true, "always_changed": false,
        })
    );
}

#[test]
fn each_line_has_a_shell_of_its_own_and_knows_its_stage() {
    let project = Project::with(&[(
        "dvc.yaml",
        "stages:\n  lines:\n    cmd: |\n      cd /\n      echo $DVC_STAGE > name\n      test \"$DVC_ROOT\" = \"$(pwd -P)\"\n    outs: [name]\n",
    )]);
    assert_eq!(project.repro(&[]).executed, ["lines"]);
    assert_eq!(project.read("name"), "lines\n");
}

#[test]
fn the_graph_is_drawn_for_people_and_programs() {
    let project = Project::with(crate::project::STUDY);
    assert_eq!(project.run(&["dag"]).stdout, "report\n└─ train ×3\n   └─ data\nother\n");
    let json = project.run(&["dag", "--json", "--preset", "small"]).json();
    assert_eq!(
        json,
        json!({"nodes": ["data", "train@0", "report", "other"], "edges": [["data", "train@0"], ["train@0", "report"]]})
    );
    assert!(project.run(&["dag", "--mermaid"]).stdout.starts_with("flowchart TD\n    n0[\"data\"]\n"));
}
