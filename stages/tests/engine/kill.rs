//! Killed at any moment, a run can be taken up again and ends with the same bytes.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use crate::project::Project;

/// Stages that take a while, write in pieces, and read a folder of others' outputs.
const SLOW: &[(&str, &str)] = &[("input", ""), (
    "dvc.yaml",
    "stages:
  part:
    foreach: [a, b, c, d, e, f]
    do:
      cmd: mkdir -p parts/${item} && for i in 1 2 3 4; do echo ${item} $i >> parts/${item}/$i; echo $i >> log-${item}; sleep 0.005; done
      outs: ['parts/${item}', 'log-${item}']
      deps: [input]
  all:
    cmd: cat parts/*/* log-* > all
    deps: [parts, log-a, log-f]
    outs: [all]
",
)];

/// The moments are drawn by a fixed rule, over the length of a run and a little more. In between a run ends in peace, and then
/// either the store goes as well, so that the next runs are first ones, or only the outputs, so that they restore.
#[test]
fn a_hundred_kills_later_the_digest_is_that_of_an_undisturbed_run() {
    let undisturbed = Project::with(SLOW);
    undisturbed.repro(&["-j", "3"]);
    let (expected, files) = (undisturbed.digest(), undisturbed.snapshot());

    let project = Project::with(SLOW);
    let (mut killed, mut random) = (0, 7u64);
    for kill in 1..=100 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut child = project.command(&["repro", "-j", "3"]).stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(1000 + (random >> 33) % 50_000));
        child.kill().unwrap();
        killed += usize::from(child.wait().unwrap().signal() == Some(libc::SIGKILL));
        if kill % 5 == 0 {
            project.repro(&["-j", "3"]);
            assert_eq!(project.digest(), expected, "after {kill} kills");
            assert_eq!(project.snapshot(), files, "after {kill} kills");
            let outputs = ["parts", "all", "log-a", "log-b", "log-c", "log-d", "log-e", "log-f"];
            let store = (kill % 10 == 0).then_some(".retrial");
            for path in outputs.into_iter().chain(store) {
                let path = project.path(path);
                if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
            }
        }
    }
    assert!(killed >= 30, "only {killed} runs were killed before they ended");
    project.repro(&[]);
    assert_eq!(project.digest(), expected);
    assert_eq!(project.repro(&[]).executed, Vec::<String>::new());
    let left: Vec<_> = std::fs::read_dir(project.path(".retrial/objects/tmp")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_interruption_stops_the_commands_and_leaves_a_consistent_state() {
    let project = Project::with(&[(
        "dvc.yaml",
        "stages:\n  quick: {cmd: echo 1 > quick, outs: [quick]}\n  slow: {cmd: sleep 600 > slow, deps: [quick], outs: [slow]}\n",
    )]);
    let child = project.command(&["repro", "--json"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    while !project.exists("slow") {
        std::thread::sleep(Duration::from_millis(5));
    }
    // SAFETY: kill has no memory effects, and the child has not been waited for.
    unsafe { libc::kill(libc::pid_t::try_from(child.id()).unwrap(), libc::SIGINT) };
    let ran = crate::project::Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 130);
    assert_eq!(ran.json()["executed"], serde_json::json!(["quick"]));
    assert_eq!(ran.json()["failed"], serde_json::json!([]));
    assert!(project.read("dvc.lock").contains("quick:"));
}

#[test]
fn several_processes_in_one_work_tree_run_each_stage_once() {
    let yaml = "stages:
  each:
    foreach: [a, b, c, d]
    do:
      cmd: echo ${item} >> .retrial/ran && sleep 0.02 && echo ${item} > ${item}.out
      deps: [input]
      outs: ['${item}.out']
  all: {cmd: echo all >> .retrial/ran && cat *.out > all, deps: [a.out, b.out, c.out, d.out], outs: [all]}
";
    let arguments: [&[&str]; 4] = [&["-j", "1"], &["-j", "4", "all"], &["each@b", "d.out"], &["-j", "2", "each", "-k"]];
    for number in 2..=4 {
        let project = Project::with(&[("dvc.yaml", yaml), ("input", "")]);
        let start = |more: &&[&str]| project.command(&[&["repro", "--json"], *more].concat()).spawn().unwrap();
        let children: Vec<_> = arguments[..number].iter().map(start).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let mut ran: Vec<String> = project.read(".retrial/ran").lines().map(str::to_owned).collect();
        ran.sort();
        assert_eq!(ran, ["a", "all", "b", "c", "d"], "{number} processes");
        assert_eq!(project.read("all"), "a\nb\nc\nd\n");
        assert_eq!(project.read("dvc.lock").matches("cmd:").count(), 5);
    }
}
