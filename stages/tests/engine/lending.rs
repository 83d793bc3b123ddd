//! Threads that stages borrow from one another (`threads: any`), by the protocol of GNU make's jobserver.

use crate::project::{Project, Ran, names};

/// `take` prints a token, or nothing after $WAIT seconds; `put` gives one back; `await` waits for a file.
const TOKENS: &str = "
auth=${MAKEFLAGS##*--jobserver-auth=}
reading=${auth%%,*}
writing=${auth#*,}
writing=${writing%% *}
take() { timeout $WAIT head -c 1 < /dev/fd/$reading; }
put() { printf + > /dev/fd/$writing; }
await() { tries=0; until test -e $1; do tries=$((tries + 1)); test $tries -lt 1200 || exit 1; sleep 0.05; done; }
";

fn repro(project: &Project, wait: &str, threads: &str) -> Ran {
    let arguments = ["repro", "--json", "-j", threads];
    Ran::from(project.command(&arguments).env("WAIT", wait).env_remove("RAYON_NUM_THREADS").output().unwrap())
}

#[test]
fn what_no_stage_can_use_is_lent_and_what_is_lost_is_found_again() {
    let project = Project::with(&[
        ("tokens.sh", TOKENS),
        (
            "dvc.yaml",
            "stages:
  keeps:
    cmd: . ./tokens.sh; (take; take; WAIT=0.1; take) | wc -c > keeps
    outs: [keeps]
    meta: {retrial: {threads: any}}
  wide:
    cmd: echo $RAYON_NUM_THREADS > wide
    deps: [keeps]
    outs: [wide]
    meta: {retrial: {threads: all}}
  again:
    cmd: . ./tokens.sh; (take; take) | wc -c > again; put; put
    deps: [wide]
    outs: [again]
    meta: {retrial: {threads: any}}
  plain:
    cmd: printenv MAKEFLAGS > plain || echo none > plain
    deps: [again]
    outs: [plain]
",
        ),
    ]);
    let ran = repro(&project, "30", "3");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.summary().executed, names(&["again", "keeps", "plain", "wide"]));
    let said = |file: &str| project.read(file).trim().to_owned();
    assert_eq!([said("keeps"), said("wide"), said("again")], ["2", "3", "2"]);
    if std::env::var_os("MAKEFLAGS").is_none() {
        assert_eq!(said("plain"), "none", "only those that say so get any");
    }

    let alone = project.copy();
    std::fs::remove_dir_all(alone.path(".retrial")).unwrap();
    std::fs::remove_file(alone.path("dvc.lock")).unwrap();
    assert_eq!(repro(&alone, "0.1", "1").code, 0);
    assert_eq!(alone.read("again").trim(), "0", "of one thread there is none to lend");
}

#[test]
fn a_stage_that_waits_gets_threads_back_from_one_that_runs() {
    // With three threads: `borrows` has one and takes the third; `late` needs two when `quick` gives up one.
    let project = Project::with(&[
        ("tokens.sh", TOKENS),
        (
            "dvc.yaml",
            "stages:
  borrows:
    cmd: . ./tokens.sh; take | wc -c > borrows; touch taken; await quick; sleep 0.2; put; await late
    outs: [borrows]
    meta: {retrial: {threads: any}}
  quick: {cmd: . ./tokens.sh; await taken; echo 1 > quick, outs: [quick]}
  late: {cmd: echo 1 > late, deps: [quick], outs: [late], meta: {retrial: {threads: 2}}}
",
        ),
    ]);
    let ran = repro(&project, "30", "3");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(project.read("borrows").trim(), "1");
}

#[test]
fn our_own_stages_take_what_there_is_give_all_of_it_back_and_write_the_same_bytes() {
    let project = Project::new();
    let parameters = serde_json::json!({"params.yaml": {
        "lowrank.rows": 40, "lowrank.features": 50, "lowrank.units": 60, "lowrank.noise": 1.0, "lowrank.decay": 0.0,
        "lowrank.epochs.E": 3,
    }});
    project.write("parameters.json", &parameters.to_string());
    let made = |threads: &str, tokens: Option<usize>| {
        let mut command = project.command(&["stage", "lowrank", "--protocol", "as-run", "--config", "E"]);
        command.args(["--seeds", "0-3", "--out", "table"]).env("RAYON_NUM_THREADS", threads);
        command.env("RETRIAL_PARAMS", project.path("parameters.json")).env_remove("MAKEFLAGS");
        let server = tokens.map(|tokens| jobserver::Client::new(tokens).unwrap());
        if let Some(server) = &server {
            server.configure_make(&mut command);
        }
        let ran = Ran::from(command.output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(server.map(|server| server.available().unwrap()), tokens, "given back");
        std::fs::read(project.path("table")).unwrap()
    };
    let alone = made("1", None);
    for (threads, tokens) in [("4", None), ("4", Some(0)), ("4", Some(1)), ("8", Some(5)), ("1", Some(2))] {
        assert!(made(threads, tokens) == alone, "{threads} threads, {tokens:?} tokens");
    }
}
