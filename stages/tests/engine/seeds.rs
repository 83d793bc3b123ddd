//! `--seeds N`: everything with so many seeds, for one invocation; blocks that are there already stay as they are.

use crate::project::Project;

fn study() -> Project {
    Project::with(&[
        (
            "params.yaml",
            "a: {seeds: [\"0-2\", \"3-5\"], first_seeds: [\"42\", \"0-1\"], tuning_seeds: [0, 1], seed: 7}\n\
             presets: {few: {a.seeds: [\"0-1\"]}}\n",
        ),
        (
            "dvc.yaml",
            "stages:\n  run:\n    matrix: {list: [seeds, first], block: \"${a.seeds}\"}\n    cmd: echo ${item.block} > \
             ${item.list}-${item.block}\n    outs: [\"${item.list}-${item.block}\"]\n  other:\n    foreach: \
             ${a.first_seeds}\n    do: {cmd: \"echo ${item} > ${item}\", outs: [\"${item}\"]}\n  tuned:\n    foreach: \
             ${a.tuning_seeds}\n    do: {cmd: \"echo ${item} > t${item}\", outs: [\"t${item}\"]}\n",
        ),
    ])
}

#[test]
fn every_list_of_blocks_gets_so_many_seeds() {
    let project = study();
    let stages = |arguments: &str| -> Vec<String> {
        let listed =
            project.run(&["stages"].into_iter().chain(arguments.split_whitespace()).collect::<Vec<_>>()).stdout;
        let names = listed.lines().filter_map(|line| line.split_whitespace().next());
        names.filter(|name| !name.starts_with("run@first")).map(str::to_owned).collect()
    };
    let expected = |of_seeds: &[&str], of_first: &[&str]| -> Vec<String> {
        let seeds = of_seeds.iter().map(|block| format!("run@seeds-{block}"));
        let first = of_first.iter().map(|block| format!("other@{block}"));
        seeds.chain(first).chain(["tuned@0", "tuned@1"].map(str::to_owned)).collect()
    };
    assert_eq!(stages(""), expected(&["0-2", "3-5"], &["42", "0-1"]));
    assert_eq!(stages("--seeds 6"), expected(&["0-2", "3-5"], &["42", "0-1", "43-44", "45"]));
    assert_eq!(stages("--seeds 4"), expected(&["0-2", "3"], &["42", "0-1", "43"]));
    assert_eq!(stages("--seeds 1"), expected(&["0"], &["42"]));
    assert_eq!(stages("--seeds 8"), expected(&["0-2", "3-5", "6-7"], &["42", "0-1", "43-44", "45-46", "47"]));
    // What is set by hand stays; a preset's blocks are the ones that are changed.
    assert_eq!(stages("--seeds 1 --set a.seeds=[\"0-8\"]"), expected(&["0-8"], &["42"]));
    assert_eq!(stages("--seeds 3 --preset few"), expected(&["0-1", "2"], &["42", "0-1"]));
    let none = project.run(&["stages", "--seeds", "0"]);
    assert!(none.code == 2 && none.stderr.contains("--seeds"), "{}", none.stderr);
}

#[test]
fn blocks_that_are_there_are_not_run_again() {
    let project = study();
    project.repro(&[]);
    let lock = project.read("dvc.lock");
    let mut ran = project.repro(&["--seeds", "8"]).executed;
    ran.sort();
    assert_eq!(ran, ["other@43-44", "other@45-46", "other@47", "run@first-6-7", "run@seeds-6-7"]);
    assert_eq!(project.read("dvc.lock"), lock, "an overlaid run leaves the lock alone");
}
