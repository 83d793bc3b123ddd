//! What the machine may do to a run: full disks, read-only folders, files and stores that go away.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::project::{Project, Ran, names};

/// Runs a shell script in the project with mounts of its own; `$retrial` is the binary. `None`: the machine does not allow
/// mounts, which `RETRIAL_TESTS_NEED_TMPFS=1` makes a failure.
fn with_mounts(project: &Project, script: &str) -> Option<Ran> {
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        // SAFETY: geteuid has no effects.
        let own = if unsafe { libc::geteuid() } == 0 { "-m" } else { "-rm" };
        command.args([own, "sh", "-euc", script]).current_dir(project.root());
        command.env("retrial", env!("CARGO_BIN_EXE_retrial")).env("SHELL", "/bin/sh").env("NO_COLOR", "1");
        command.output()
    };
    let possible = unshare("mkdir -p mnt && mount -t tmpfs tmpfs mnt && umount mnt && rmdir mnt");
    if !possible.is_ok_and(|output| output.status.success()) {
        let needed = std::env::var("RETRIAL_TESTS_NEED_TMPFS").is_ok_and(|value| value == "1");
        assert!(!needed, "file systems can't be mounted here, and RETRIAL_TESTS_NEED_TMPFS is 1");
        eprintln!("not tested: this machine does not allow `unshare -m` and tmpfs mounts");
        return None;
    }
    Some(Ran::from(unshare(script).unwrap()))
}

/// A chain whose outputs fill some 300 KiB, stored and in the work tree.
const CHAIN: &str = "stages:
  a: {cmd: yes a | head -c 60000 > a, deps: [input], outs: [a]}
  b: {cmd: (cat input a; yes b | head -c 50000) > b, deps: [input, a], outs: [b]}
  c: {cmd: mkdir c && cp a c/1 && cp b c/2, deps: [a, b], outs: [c]}
";

/// For each size the disk fills at another moment: as a command writes, as an output or a record is stored, as the lock is
/// written. Then room is made, and nothing may be lost or wrong.
#[test]
fn a_full_disk_is_a_clear_error_and_nothing_is_lost() {
    let undisturbed = Project::with(&[("dvc.yaml", CHAIN), ("input", "2\n")]);
    undisturbed.repro(&[]);
    let expected = undisturbed.digest();
    let first = Project::with(&[("dvc.yaml", CHAIN), ("input", "1\n")]);
    first.repro(&[]);
    let before = first.digest();

    let project = Project::with(&[("dvc.yaml", CHAIN), ("input", "1\n")]);
    // From a finished first run on: the second, on another input, finds so many KiB left.
    let script = "
        mkdir disk; mount -t tmpfs -o size=64m tmpfs disk; cp dvc.yaml input disk; cd disk
        for left in 0 4 8 16 32 48 64 96 128 160 192 224 256 320 384 448 512; do
            mount -o remount,size=64m .
            find . -mindepth 1 -maxdepth 1 ! -name dvc.yaml ! -name input -exec rm -rf {} +
            mkdir .retrial
            echo 1 > input
            $retrial repro 2> /dev/null
            echo 2 > input
            used=$(df -k --output=used . | tail -n 1)
            mount -o remount,size=$((used + left))k .
            code=0; $retrial repro 2> ../errors-$left || code=$?
            mount -o remount,size=64m .
            echo ran $left $code
            echo 1 > input
            $retrial repro --json | tr -d '\\n ' ; echo
            echo back $left $($retrial digest)
            echo 2 > input
            $retrial repro 2> /dev/null
            echo forth $left $($retrial digest)
        done";
    let Some(ran) = with_mounts(&project, script) else { return };
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let (mut full, mut fine) = (0, 0);
    let mut lines = ran.stdout.lines();
    while let Some(line) = lines.next() {
        let (left, code) = line.strip_prefix("ran ").unwrap().split_once(' ').unwrap();
        if code == "0" {
            fine += 1
        } else {
            full += 1
        }
        assert!(["0", "1"].contains(&code), "{left} KiB left: exit code {code}");
        if code == "1" {
            let errors = project.read(&format!("errors-{left}"));
            let named = ["No space left", "disk is full", "is the disk full?", "is there space?"];
            assert!(named.iter().any(|words| errors.contains(words)), "{left} KiB left: {errors}");
            assert!(!errors.contains("panicked"), "{errors}");
        }
        let back = lines.next().unwrap();
        assert!(back.starts_with(r#"{"executed":[],"#), "{left} KiB left, the first outputs were lost: {back}");
        assert_eq!(lines.next().unwrap(), format!("back {left} {}", before.trim()));
        assert_eq!(lines.next().unwrap(), format!("forth {left} {}", expected.trim()));
    }
    assert!(full >= 5 && fine >= 1, "{full} runs met a full disk, {fine} did not");
}

#[test]
fn the_store_may_lie_on_another_file_system() {
    let project =
        Project::with(&[("dvc.yaml", CHAIN), ("input", "1\n"), ("retrial.yaml", "cache: {link: [hardlink]}\n")]);
    let script = "
        mkdir .retrial; mount -t tmpfs -o size=8m tmpfs .retrial
        $retrial repro
        before=$($retrial digest)
        rm -r a c; echo edited > b
        $retrial repro --json | tr -d '\\n '
        test \"$before\" = \"$($retrial digest)\"
        find . -name '.retrial-*'";
    let Some(ran) = with_mounts(&project, script) else { return };
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stdout, r#"{"executed":[],"cached":["a","b","c"],"skipped":[],"failed":[]}"#);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let yaml = "stages:
  well: {cmd: echo 1 > well, outs: [well]}
  into: {cmd: echo 1 > shut/into, outs: [shut/into]}
";
    let project = Project::with(&[("dvc.yaml", yaml)]);
    let script = "
        mkdir shut; mount -t tmpfs -o ro tmpfs shut
        $retrial repro -k --json && exit 9
        umount shut; $retrial repro --json
        rm shut/into; echo 2 > shut/into; mount -o bind shut shut; mount -o remount,ro,bind shut
        $retrial repro --json && exit 9
        umount shut
        mount -o bind .retrial .retrial; mount -o remount,ro,bind .retrial
        $retrial repro && exit 9; exit 0";
    let Some(ran) = with_mounts(&project, script) else { return };
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let summaries: Vec<serde_json::Value> =
        serde_json::Deserializer::from_str(&ran.stdout).into_iter().map(Result::unwrap).collect();
    assert_eq!(summaries[0]["executed"], serde_json::json!(["well"]));
    assert_eq!(summaries[0]["failed"], serde_json::json!(["into"]));
    assert_eq!(summaries[1]["executed"], serde_json::json!(["into"]));
    assert_eq!(summaries[2]["failed"], serde_json::json!(["into"]));
    assert!(ran.stderr.contains("into: can't go on: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("shut: cannot be written to: Read-only file system"), "{}", ran.stderr);
    let last = ran.stderr.lines().last().unwrap();
    assert!(last.starts_with("error: ") && last.contains("/.retrial/"), "{last}");
    assert_eq!(project.read("shut/into"), "2\n", "left as it was");
}

#[test]
fn a_store_that_is_no_folder_or_goes_away_is_said_and_costs_no_output() {
    let project = Project::with(&[
        (
            "dvc.yaml",
            "stages:\n  a: {cmd: echo 1 > a, outs: [a]}\n  rude: {cmd: rm -r .retrial && cp a b, deps: [a], outs: [b]}\n",
        ),
        (".retrial", "a file\n"),
    ]);
    let ran = project.run(&["repro"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains(".retrial: is a file, where the store needs a folder: move it away"), "{}", ran.stderr);
    std::fs::remove_file(project.path(".retrial")).unwrap();
    for _ in 0..2 {
        let ran = project.run(&["repro"]);
        assert_eq!(ran.code, 1);
        assert!(ran.stderr.contains("stage `rude` removed .retrial, the store, while it ran"), "{}", ran.stderr);
        assert_eq!((project.read("a"), project.read("b")), ("1\n".to_owned(), "1\n".to_owned()));
    }
    let polite = project.read("dvc.yaml").replace("rm -r .retrial && ", "");
    project.write("dvc.yaml", &polite);
    let summary = project.repro(&[]);
    assert_eq!(
        (summary.executed, summary.skipped),
        (names(&["rude"]), names(&["a"])),
        "dvc.lock vouches for what is there"
    );
}

/// Records can't be made anew from objects, which don't say what made them. So they are moved away, by hand, and stages run
/// again unless dvc.lock vouches for what is there.
#[test]
fn damaged_records_are_said_with_what_to_do() {
    let yaml = "stages:
  each:
    foreach: [0, 1, 2, 3, 4, 5, 6, 7]
    do:
      cmd: seq ${item} 2000 > out${item}
      outs: ['out${item}']
";
    let damages: [fn(&mut Vec<u8>); 4] = [
        |bytes| bytes[..16].copy_from_slice(b"Not a database!\n"),
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| bytes.truncate(100),
        |bytes| bytes[4096..].iter_mut().for_each(|byte| *byte = !*byte),
    ];
    for (number, damage) in damages.iter().enumerate() {
        let project = Project::with(&[("dvc.yaml", yaml)]);
        project.repro(&[]);
        let digest = project.digest();
        let database = project.path(".retrial/runs.sqlite");
        // Everything into the one file.
        rusqlite::Connection::open(&database).unwrap().execute_batch("PRAGMA journal_mode = DELETE").unwrap();
        let mut bytes = std::fs::read(&database).unwrap();
        damage(&mut bytes);
        std::fs::write(&database, bytes).unwrap();
        let ran = project.run(&["repro"]);
        assert_eq!(ran.code, 1, "damage {number}: {}", ran.stderr);
        assert!(ran.stderr.contains("runs.sqlite: the run records are damaged ("), "damage {number}: {}", ran.stderr);
        assert!(ran.stderr.contains("move this file and those beside it"), "{}", ran.stderr);
        for entry in std::fs::read_dir(project.path(".retrial")).unwrap().map(Result::unwrap) {
            if entry.file_name().to_str().unwrap().starts_with("runs.sqlite") {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
        std::fs::remove_file(project.path("out3")).unwrap();
        let summary = project.repro(&[]);
        assert_eq!((summary.executed, summary.skipped.len()), (names(&["each@3"]), 7));
        assert_eq!(project.digest(), digest);
    }
}

#[test]
fn an_input_that_vanishes_fails_its_stage_alone() {
    let project = Project::with(&[
        ("folder/one", "1\n"),
        ("folder/two", "2\n"),
        (
            "dvc.yaml",
            "stages:
  first: {cmd: echo 1 > first, outs: [first]}
  eats: {cmd: cat folder/* > eats && rm folder/two, deps: [folder], outs: [eats]}
  shut: {cmd: cp locked shut, deps: [locked, first], outs: [shut]}
",
        ),
        ("locked", "x\n"),
    ]);
    std::fs::set_permissions(project.path("locked"), std::fs::Permissions::from_mode(0o000)).unwrap();
    // To root no file is locked.
    let as_somebody = |arguments: &[&str]| {
        // SAFETY: geteuid has no effects.
        if unsafe { libc::geteuid() } != 0 {
            return project.run(arguments);
        }
        let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "--"];
        // The build's folder may be shut to others.
        let binary = project.path("retrial");
        std::fs::copy(env!("CARGO_BIN_EXE_retrial"), &binary).unwrap();
        let own = Command::new("chown").args(["-R", "65534:65534", "."]).current_dir(project.root()).status().unwrap();
        assert!(own.success());
        let mut command = Command::new("setpriv");
        command.args(nobody).arg(binary).args(arguments).current_dir(project.root()).env("SHELL", "/bin/sh");
        Ran::from(command.output().unwrap())
    };
    let ran = as_somebody(&["repro", "--json", "-k"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let summary = ran.summary();
    assert_eq!((summary.executed, summary.failed), (names(&["first"]), names(&["eats", "shut"])), "{}", ran.stderr);
    assert!(ran.stderr.contains("eats: its input folder was changed while it ran: run it again"), "{}", ran.stderr);
    assert!(ran.stderr.contains("locked: cannot be read: Permission denied"), "{}", ran.stderr);
}
