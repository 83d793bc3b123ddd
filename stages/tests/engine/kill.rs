//! Killed at any moment, a run can be taken up again and ends with the same bytes.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use crate::project::Project;

/// Stages that take a while, write in pieces, and read a folder of others' outputs.
const SLOW: &[(&str, &str)] = &[(
    "dvc.yaml",
    "stages:
  part:
    foreach: [a, b, c, d, e, f]
    do:
      cmd: mkdir -p parts/${item} && for i in 1 2 3 4; do echo ${item} $i >> parts/${item}/$i; echo $i >> log-${item}; sleep 0.005; done
      outs: ['parts/${item}', 'log-${item}']
      deps: [dvc.yaml]
  all:
    cmd: cat parts/*/* log-* > all
    deps: [parts, log-a, log-f]
    outs: [all]
",
)];

#[test]
fn twenty_kills_later_the_digest_is_that_of_an_undisturbed_run() {
    let undisturbed = Project::with(SLOW);
    undisturbed.repro(&[]);
    let expected = undisturbed.digest();

    let project = Project::with(SLOW);
    let mut killed = 0;
    // Moments spread over the length of a run by a fixed rule; clearing the store in between makes each run a first one.
    for moment in 0..20u64 {
        let mut child = project.command(&["repro"]).stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(2 + (moment * 37) % 90));
        child.kill().unwrap();
        killed += usize::from(child.wait().unwrap().signal() == Some(libc::SIGKILL));
        if moment % 5 == 4 {
            project.repro(&[]);
            assert_eq!(project.digest(), expected);
            std::fs::remove_dir_all(project.path(".retrial")).unwrap();
        }
    }
    assert!(killed >= 10, "only {killed} runs were killed before they ended");
    project.repro(&[]);
    assert_eq!(project.digest(), expected);
    assert_eq!(project.repro(&[]).executed, Vec::<String>::new());
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
    let project = Project::with(&[(
        "dvc.yaml",
        "stages:
  each:
    foreach: [a, b, c, d]
    do:
      cmd: echo ${item} >> .retrial/ran && sleep 0.02 && echo ${item} > ${item}.out
      deps: [dvc.yaml]
      outs: ['${item}.out']
",
    )]);
    let children: Vec<_> = (0..3).map(|_| project.command(&["repro", "--json"]).spawn().unwrap()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let mut ran: Vec<String> = project.read(".retrial/ran").lines().map(str::to_owned).collect();
    ran.sort();
    assert_eq!(ran, ["a", "b", "c", "d"]);
}
