//! How commands run: what they share, what they print, and how they are stopped.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::project::{Project, Ran, names};

/// Stages of which each notes in `trace` when it starts and ends: `+name`, `-name`, and what GPUs it sees.
fn traced(stages: &[(&str, &str)]) -> Project {
    let mut yaml = "stages:\n".to_owned();
    for (name, meta) in stages {
        let note = |sign: &str| format!("echo {sign}{name} $CUDA_VISIBLE_DEVICES >> trace");
        let cmd = format!("{}; sleep 0.04; {}; echo {name} > {name}", note("+"), note("-"));
        yaml.push_str(&format!("  {name}: {{cmd: '{cmd}', outs: [{name}], meta: {{retrial: {{{meta}}}}}}}\n"));
    }
    Project::with(&[("dvc.yaml", &yaml)])
}

/// The trace as (starts?, stage, GPUs).
fn trace(project: &Project) -> Vec<(bool, String, Vec<String>)> {
    let read = |line: &str| {
        let (note, gpus) = line.split_once(' ').unwrap_or((line, ""));
        let gpus = gpus.split(',').map(str::to_owned).collect();
        (note.starts_with('+'), note[1..].to_owned(), gpus)
    };
    project.read("trace").lines().map(read).collect()
}

#[test]
fn of_a_mutex_group_one_stage_runs_at_a_time() {
    let project = traced(&[
        ("a", "mutex: door"),
        ("b", "mutex: [door, window]"),
        ("c", "mutex: [door, door]"),
        ("d", "mutex: window"),
        ("e", "mutex: door"),
    ]);
    project.repro(&["-j", "5"]);
    for group in [["a", "b", "c", "e"].as_slice(), &["b", "d"]] {
        let mut inside = None;
        for (starts, stage, _) in trace(&project).into_iter().filter(|(_, stage, _)| group.contains(&stage.as_str())) {
            assert_eq!(inside, (!starts).then(|| stage.clone()), "two of {group:?} at a time");
            inside = starts.then_some(stage);
        }
    }
}

#[test]
fn gpus_are_given_out_and_come_from_what_the_user_lets_be_seen() {
    let project = traced(&[("a", "gpus: 1"), ("b", "gpus: 1"), ("both", "gpus: 2"), ("c", "gpus: 1"), ("none", "")]);
    let with_gpus = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        command.env("CUDA_VISIBLE_DEVICES", "4, GPU-17, -1, 9");
        Ran::from(command.output().unwrap())
    };
    let ran = with_gpus(&["repro", "-j", "5"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut taken: Vec<String> = Vec::new();
    for (starts, stage, gpus) in trace(&project) {
        match stage.as_str() {
            "none" => {
                assert_eq!(gpus, ["4", " GPU-17", " -1", " 9"], "left as the user has set it");
                continue;
            }
            "both" => assert_eq!(gpus, ["4", "GPU-17"]),
            _ => assert!(gpus == ["4"] || gpus == ["GPU-17"], "{gpus:?}"),
        }
        if starts {
            assert!(gpus.iter().all(|gpu| !taken.contains(gpu)), "{stage} shares {gpus:?}");
            taken.extend(gpus);
        } else {
            taken.retain(|gpu| !gpus.contains(gpu));
        }
    }
    assert_eq!(project.run(&["log", "both", "--json"]).json()[0]["provenance"]["resources"]["gpus"][1], "GPU-17");

    // Without a GPU what was made can still be had, and what must be made can't.
    std::fs::remove_file(project.path("both")).unwrap();
    let without =
        |arguments: &[&str]| Ran::from(project.command(arguments).env("CUDA_VISIBLE_DEVICES", "").output().unwrap());
    assert_eq!(without(&["repro", "--json"]).summary().cached, names(&["both"]));
    std::fs::remove_dir_all(project.path(".retrial")).unwrap();
    assert_eq!(without(&["repro", "--json"]).summary().skipped, names(&["a", "b", "both", "c", "none"]), "by dvc.lock");
    let forced = without(&["repro", "--force", "both"]);
    assert_eq!(forced.code, 1);
    assert!(
        forced.stderr.contains("both: needs 2 GPUs (`meta.retrial.gpus`), and this machine has none"),
        "{}",
        forced.stderr
    );
}

#[test]
fn a_stage_that_needs_more_than_the_machine_has_is_refused_before_anything_runs() {
    for (meta, sentence) in [
        ("gpus: 3", "dvc.yaml:3: stage `b` needs 3 GPUs (`meta.retrial.gpus`), and this machine has 1"),
        (
            "memory: 4000 TiB",
            "dvc.yaml:3: stage `b` needs 4000.0 TiB of memory (`meta.retrial.memory`), and this machine",
        ),
        ("memory: much", "dvc.yaml:3: `memory` needs a size such as `4 GiB` or `500 MB`, or a number of bytes"),
        ("memory: 4 GX", "dvc.yaml:3: `memory` needs a size such as"),
        ("gpus: -1", "dvc.yaml:3: `gpus` needs a number"),
        ("mutex: {a: b}", "dvc.yaml:3: `mutex` needs a list, not a mapping"),
        ("gpu: 1", "dvc.yaml:3: `meta.retrial` has an unknown key `gpu`: did you mean `gpus`?"),
    ] {
        let project = traced(&[("a", ""), ("b", meta)]);
        let ran = Ran::from(project.command(&["repro"]).env("CUDA_VISIBLE_DEVICES", "0").output().unwrap());
        assert_eq!(ran.code, 2, "{meta}");
        assert!(ran.stderr.contains(sentence), "{meta}: {}", ran.stderr);
        assert!(!project.exists("trace"), "{meta}: something ran");
    }
    let fits = traced(&[("a", "memory: 1.5 MiB"), ("b", "memory: 3kB, threads: 4000"), ("c", "memory: 1000")]);
    assert_eq!(fits.repro(&["-j", "2"]).executed, names(&["a", "b", "c"]));
}

#[test]
fn any_bytes_may_be_printed_and_much_of_them() {
    let project = Project::with(&[(
        "dvc.yaml",
        r#"stages:
  bytes:
    cmd:
    - printf 'caf\303\251 \377\376\000 end\n'
    - printf '10%%\r50%%\r100%%\n'; printf 'no newline'
    - exec >&- 2>&-; sleep 0.15; echo 1 > bytes
    outs: [bytes]
  long:
    cmd: head -c 3000001 /dev/zero | tr '\0' x; echo; printf y; yes é | head -n 40000 | tr -d '\n'; echo; echo 1 > long
    outs: [long]
"#,
    )]);
    project.repro(&[]);
    let log = |stage: &str| project.run(&["log", stage, "--json"]).json()[0]["log"].as_str().unwrap().to_owned();
    assert_eq!(log("bytes"), "café \u{fffd}\u{fffd}\0 end\n100%\nno newline\n");
    let long = log("long");
    assert!(long.len() <= 1 << 20, "{}", long.len());
    assert!(long.lines().all(|line| line.len() <= 16 << 10));
    let (xs, es) = (long.matches('x').count(), long.matches('é').count());
    assert!(xs > 300_000 && es == 40_000, "{xs} {es}");
    assert!(!long.contains('\u{fffd}'), "a character was cut in two");
}

fn pid_in(project: &Project, file: &str) -> libc::pid_t {
    loop {
        if let Ok(text) = std::fs::read_to_string(project.path(file))
            && let Some(line) = text.lines().next().filter(|_| text.ends_with('\n'))
        {
            return line.trim().parse().unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn signal(pid: libc::pid_t, signal: libc::c_int) {
    // SAFETY: kill has no memory effects.
    unsafe { libc::kill(pid, signal) };
}

fn is_running(pid: libc::pid_t) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
    // What has ended and was not waited for is no longer running.
    stat.is_ok_and(|stat| !stat.rsplit_once(')').unwrap().1.trim().starts_with(['Z', 'X']))
}

fn number(child: &Child) -> libc::pid_t {
    libc::pid_t::try_from(child.id()).unwrap()
}

/// A request to end reaches the children of children; asked again, those that don't listen are killed.
#[test]
fn every_kind_of_interruption_stops_whole_process_groups() {
    for (name, kind) in [("INT", libc::SIGINT), ("TERM", libc::SIGTERM), ("HUP", libc::SIGHUP)] {
        let project = Project::with(&[(
            "dvc.yaml",
            "stages:
  polite: {cmd: sh -c 'echo $$ > polite.pid; exec sleep 600' & wait, outs: [polite]}
  deaf:
    cmd: trap '' TERM INT HUP; (sh -c 'echo $$ > deaf.pid; exec sleep 600' & wait) & wait
    outs: [deaf]
",
        )]);
        let mut command = project.command(&["repro", "--json", "-j", "2"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let below = [pid_in(&project, "polite.pid"), pid_in(&project, "deaf.pid")];
        signal(number(&child), kind);
        while is_running(below[0]) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(is_running(below[1]), "{name}: it ignores signals");
        signal(number(&child), kind);
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.code, 130, "{name}: {}", ran.stderr);
        assert!(!is_running(below[1]), "{name}: the deaf one was left behind");
        assert!(ran.stderr.contains("Stopping polite, deaf (once more: at once)"), "{}", ran.stderr);
        assert_eq!(ran.json()["failed"], serde_json::json!([]));
        let log = project.run(&["log", "deaf", "--json"]).json();
        assert_eq!((&log[0]["outcome"], &log[0]["provenance"]["exit"]["signal"]), (&"interrupted".into(), &9.into()));
    }
}

/// Its shell is gone before it, and the first request is not the last word.
#[test]
fn an_interrupted_command_has_time_to_save_what_it_has() {
    let project = Project::with(&[(
        "dvc.yaml",
        r#"stages:
  saves:
    cmd: (trap 'sleep 2.5; echo 1 > saved; exit' TERM; echo $$ > pid; while :; do sleep 0.01; done) | cat
    outs: [out]
"#,
    )]);
    let mut child = project.command(&["repro"]).stderr(Stdio::null()).spawn().unwrap();
    pid_in(&project, "pid");
    signal(number(&child), libc::SIGTERM);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(project.exists("saved"));
}

/// `nohup` makes a process ignore that its terminal is gone.
#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    let project = Project::with(&[(
        "dvc.yaml",
        "stages:\n  slow: {cmd: 'echo $$ > pid; while ! test -e go; do sleep 0.01; done; echo 1 > out', outs: [out]}\n",
    )]);
    let binary = env!("CARGO_BIN_EXE_retrial");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &format!("trap '' HUP; exec {binary} repro")]).current_dir(project.root());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    pid_in(&project, "pid");
    signal(number(&child), libc::SIGHUP);
    project.write("go", "");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// A line ends when its shell does. This takes some seconds: what is left behind is given time to end by itself.
#[test]
fn what_a_command_leaves_running_is_stopped_with_a_word() {
    let project = Project::with(&[(
        "dvc.yaml",
        "stages:
  holds: {cmd: 'sleep 600 & echo $! > holds.pid; echo 1 > holds', outs: [holds]}
  hides: {cmd: 'sleep 600 > /dev/null 2>&1 & echo $! > hides.pid; echo 1 > hides', outs: [hides]}
  stays: {cmd: '(trap : TERM; while :; do sleep 1; done) & echo $! > stays.pid; echo 1 > stays', outs: [stays]}
  drains: {cmd: '(sleep 0.3; echo late) & echo 1 > drains', outs: [drains]}
  leaves: {cmd: 'setsid sleep 600 & echo $! > leaves.pid; echo 1 > leaves', outs: [leaves]}
",
    )]);
    let ran = project.run(&["repro", "-j", "5"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for stage in ["holds", "hides", "stays", "leaves"] {
        let word = format!("what {stage} left running when its command ended");
        assert!(ran.stderr.contains(&word), "{stage}: {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("what drains left"), "{}", ran.stderr);
    assert_eq!(project.run(&["log", "drains", "--json"]).json()[0]["log"], "late\n");
    for file in ["holds.pid", "hides.pid", "stays.pid"] {
        assert!(!is_running(pid_in(&project, file)), "{file}");
    }

    // What left its process group can't be stopped, and may still write: the next run waits for it and says so.
    let survivor = pid_in(&project, "leaves.pid");
    assert!(is_running(survivor));
    let mut next = project.command(&["repro"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(next.stderr.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let waiting = format!("Waiting for another run in this work tree to end: sleep (process {survivor})");
    assert!(first.trim().starts_with(&waiting), "{first}");
    signal(survivor, libc::SIGKILL);
    assert!(next.wait().unwrap().success());
}

#[test]
fn events_are_written_down_for_programs() {
    let project = Project::with(&[(
        "dvc.yaml",
        "stages:\n  one:\n    cmd: echo said; echo 1 > one\n    outs: [one]\n  two:\n    cmd: exit 3\n    deps: [one]\n  \
         three:\n    cmd: echo 3 > three\n    deps: [one]\n    outs: [three]\n",
    )]);
    let events = || -> Vec<(String, String)> {
        let lines = project.read("events.jsonl");
        let events = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        events.map(|event| (text(&event["event"]), text(&event["stage"]))).collect()
    };
    let ran = project.run(&["repro", "-k", "--jobs", "1", "--events", "events.jsonl"]);
    assert_eq!(ran.code, 1);
    let event = |kind: &str, stage: &str| (kind.to_owned(), stage.to_owned());
    let first = events();
    let wanted = [
        event("expected", ""),
        event("started", "one"),
        event("output", "one"),
        event("finished", "one"),
        event("failed", "two"),
        event("finished", "three"),
    ];
    let mut from = first.iter();
    for event in &wanted {
        assert!(from.any(|found| found == event), "{event:?} in {first:?}");
    }
    // A second run adds to them.
    project.run(&["repro", "three", "--events", "events.jsonl"]);
    assert_eq!(events()[first.len()..], [event("fresh", "one"), event("fresh", "three")]);
    let nowhere = project.run(&["repro", "--events", "no/such/folder"]);
    assert!(nowhere.code == 2 && nowhere.stderr.contains("--events no/such/folder"), "{}", nowhere.stderr);
}

#[test]
fn where_some_stages_say_how_long_they_may_take_the_others_are_short() {
    let expected = |said: &str| -> Vec<(String, Option<f64>)> {
        let stages = format!("stages:\n  long:\n    cmd: 'true'\n{said}  other:\n    cmd: 'true'\n");
        let project = Project::with(&[("dvc.yaml", &stages)]);
        project.run(&["repro", "--events", "events.jsonl"]);
        let first: serde_json::Value =
            serde_json::from_str(project.read("events.jsonl").lines().next().unwrap()).unwrap();
        let stages = first["stages"].as_array().unwrap().iter();
        stages.map(|stage| (stage["stage"].as_str().unwrap().to_owned(), stage["seconds"].as_f64())).collect()
    };
    let stages = |long, other| vec![("long".to_owned(), long), ("other".to_owned(), other)];
    assert_eq!(expected("    meta: {retrial: {time: 2 min}}\n"), stages(Some(120.0), Some(1.0)));
    assert_eq!(expected(""), stages(None, None));
}

#[test]
fn what_others_write_to_the_lock_meanwhile_stays() {
    let project = Project::with(&[
        ("dvc.yaml", "stages: {a: {cmd: echo 1 > a, outs: [a]}, b: {cmd: './between && echo 2 > b', outs: [b]}}"),
        ("between", "#!/bin/sh\nsed -i 's/^stages:/meta: {mine: 1}\\nstages:/' dvc.lock\n"),
    ]);
    assert!(std::process::Command::new("chmod").arg("+x").arg(project.path("between")).status().unwrap().success());
    project.repro(&["-s", "a"]);
    project.repro(&[]);
    let lock = project.read("dvc.lock");
    assert!(lock.contains("mine: 1") && lock.contains("  b:\n"), "{lock}");
}

#[test]
fn a_forced_run_is_shown_and_half_an_answer_is_an_error() {
    let project = Project::with(&[("dvc.yaml", "stages: {a: {cmd: echo 1 > a, outs: [a]}}")]);
    project.repro(&[]);
    assert_eq!(project.run(&["repro", "--dry", "--force"]).stdout, "a: will run: it is told to\n");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran = project.command(&["digest"]).stdout(full).output().unwrap();
    assert_eq!(ran.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ran.stderr).contains("standard output cannot be written"), "{ran:?}");
}
