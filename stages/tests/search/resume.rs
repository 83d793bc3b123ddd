//! A search that was stopped goes on from its last finished trial, and ends with the same bytes.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

use serde_json::json;
use stages::search::journal;
use stages::search::resume::{Event, Search, SearchError};
use stages::search::sampler::{Settings, Version};
use stages::search::study::{Direction, Ending, Study};

use crate::project::Project;

fn search(rules: Version) -> Search {
    let space = json!({
        "x": {"type": "float", "low": -5.0, "high": 5.0},
        "k": {"type": "int", "low": 1, "high": 8},
        "c": {"type": "categorical", "choices": ["a", "b"]},
    });
    Search {
        name: "a search".to_owned(),
        direction: Direction::Maximize,
        space: serde_json::from_value(space).unwrap(),
        trials: 24,
        sampler: Settings::tpe(rules),
        pruner: None,
        seed: 3,
    }
}

fn value(study: &mut Study) -> Ending {
    let (number, trial) = (study.trials().len(), study.running().unwrap());
    let part = |name: &str| trial.parameters[name].value.number().unwrap();
    let value = part("k") - part("x").powi(2);
    study.report(1, value - 1.0);
    match number % 7 {
        3 => Ending::Pruned,
        5 => Ending::Value(f64::NAN),
        _ => Ending::Value(value),
    }
}

/// Runs it until `stop` trials were tried now; gives the journal and what was tried.
fn run(search: &Search, progress: &Path, stop: usize) -> (Option<String>, Vec<u32>) {
    let mut tried = Vec::new();
    let ended = search.run(
        Some(progress),
        |study| {
            if tried.len() == stop {
                return Err("stopped");
            }
            tried.push(study.running().unwrap().number);
            Ok(value(study))
        },
        &mut |_| {},
    );
    match ended {
        Ok(recorded) => (Some(journal::text(&recorded)), tried),
        Err(SearchError::Objective("stopped")) => (None, tried),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn finished_trials_are_not_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let progress: PathBuf = folder.path().join("deep/study.log");
    for rules in [Version::V5_0, Version::V4_5] {
        let search = search(rules);
        let undisturbed = run(&search, &folder.path().join("other.log"), 99);
        assert_eq!(undisturbed.1, (0..24).collect::<Vec<_>>());
        let expected = undisturbed.0.unwrap();
        let _ = std::fs::remove_file(folder.path().join("other.log"));

        // Stopped in the random trials, and in TPE's; then in the middle of a line.
        assert_eq!(run(&search, &progress, 5), (None, (0..5).collect()));
        assert_eq!(run(&search, &progress, 9), (None, (5..14).collect()));
        let kept = std::fs::read_to_string(&progress).unwrap();
        assert!(expected.starts_with(&kept));
        let half = &expected[kept.len()..kept.len() + 250];
        assert!(half.lines().count() > 1);
        std::fs::OpenOptions::new().append(true).open(&progress).unwrap().write_all(half.as_bytes()).unwrap();
        let mut taken_up = None;
        let (text, tried) = {
            let mut tried = Vec::new();
            let ended = search.run(
                Some(&progress),
                |study| {
                    tried.push(study.running().unwrap().number);
                    Ok::<_, String>(value(study))
                },
                &mut |event| {
                    if let Event::TakenUp(trials) = event {
                        taken_up = Some(trials);
                    }
                },
            );
            (journal::text(&ended.unwrap()), tried)
        };
        assert_eq!((taken_up, tried), (Some(14), (14..24).collect()));
        assert_eq!(text, expected);
        assert_eq!(std::fs::read_to_string(&progress).unwrap(), expected);

        // Nothing is left to do; and what is of another search is not gone on with.
        assert_eq!(run(&search, &progress, 99), (Some(expected.clone()), vec![]));
        let other = Search { seed: 4, ..search.clone() };
        assert_eq!(run(&other, &progress, 99).1.len(), 24);
        let line = expected.lines().find(|line| line.contains(r#""trial_id":2,"param_name":"x""#)).unwrap();
        let (start, rest) = line.split_once(r#""param_value_internal":"#).unwrap();
        let (_, end) = rest.split_once(',').unwrap();
        let other = format!(r#"{start}"param_value_internal":0.125,{end}"#);
        std::fs::write(&progress, expected.replace(line, &other)).unwrap();
        assert_eq!(run(&search, &progress, 99), (Some(expected.clone()), (0..24).collect()));
        std::fs::write(&progress, "nonsense\n").unwrap();
        assert_eq!(run(&search, &progress, 99), (Some(expected), (0..24).collect()));
        std::fs::remove_file(&progress).unwrap();
    }
}

/// One tuning that takes a while.
const STUDY: &[(&str, &str)] = &[
    (
        "params.yaml",
        "mnist1d: {samples: 600, seed: 1}
svvar:
  hidden: [24, 24]
  batch: 50
  epochs: 40
  controlled: {generate_data: true, validation_share: 0.2}
  search:
    trials: 30
    sampler: {name: tpe, rules: '4.5'}
    space:
      lr: {type: float, low: 1.0e-4, high: 1.0e-1, log: true}
      strength: {type: float, low: 1.0e-5, high: 1.0e-1, log: true}
",
    ),
    (
        "dvc.yaml",
        "stages:
  tune:
    cmd: retrial stage tune svvar --method svvar --tuning-seed 0 --out tuned.json --journal study.log
    params: [mnist1d, svvar]
    outs: [tuned.json, study.log]
",
    ),
];

/// The numbers of the trials that the last run of the stage tried, from its log.
fn tried(project: &Project) -> Vec<usize> {
    let log = project.run(&["log", "tune", "--json"]).json()[0]["log"].as_str().unwrap().to_owned();
    let numbers = log.lines().filter_map(|line| line.strip_prefix("trial ")?.split(':').next()?.parse().ok());
    numbers.collect()
}

#[test]
fn a_killed_tuning_goes_on_and_ends_with_the_same_bytes() {
    let undisturbed = Project::with(STUDY);
    undisturbed.repro(&[]);
    assert_eq!(tried(&undisturbed), (0..30).collect::<Vec<_>>());

    let project = Project::with(STUDY);
    let mut done = 0;
    // Killed twice: among the random trials, and among those that learn from earlier ones.
    for enough in [2, 12] {
        let mut child = project.command(&["repro"]).stderr(std::process::Stdio::null()).spawn().unwrap();
        loop {
            std::thread::sleep(std::time::Duration::from_millis(2));
            done = finished(&project);
            if done >= enough {
                break;
            }
            assert!(child.try_wait().unwrap().is_none(), "ended before it was killed");
        }
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGKILL));
        assert!(!project.exists("study.log"));
    }
    // The stage dies with the engine, but not at once.
    let lock = std::time::Instant::now();
    while lock.elapsed() < std::time::Duration::from_millis(200) {
        done = done.max(finished(&project));
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!((12..30).contains(&done), "{done} trials were finished");
    project.repro(&[]);
    assert_eq!(tried(&project), (done..30).collect::<Vec<_>>());
    assert_eq!(project.digest(), undisturbed.digest());
    for file in ["study.log", "tuned.json"] {
        assert_eq!(project.read(file), undisturbed.read(file));
    }
    let left: Vec<_> = std::fs::read_dir(project.path(".retrial/progress")).unwrap().collect();
    assert!(left.is_empty(), "what was kept is not needed any more: {left:?}");
}

/// How many trials the interrupted stage has kept.
fn finished(project: &Project) -> usize {
    let Ok(folders) = std::fs::read_dir(project.path(".retrial/progress")) else { return 0 };
    let texts = folders.filter_map(|folder| std::fs::read_to_string(folder.ok()?.path().join("study.log")).ok());
    texts.map(|text| text.matches("\"op_code\":6").count()).sum()
}

#[test]
fn what_a_run_of_other_parameters_left_behind_is_not_gone_on_with() {
    let project = Project::with(&[
        ("params.yaml", "n: 1\n"),
        (
            "dvc.yaml",
            "stages:
  slow:
    cmd: ls $RETRIAL_PROGRESS > seen; test -e $RETRIAL_PROGRESS/kept || { touch $RETRIAL_PROGRESS/kept; exit 1; }
    params: [n]
    outs: [seen]
",
        ),
    ]);
    let fails = |arguments: &[&str]| assert_eq!(project.run(arguments).code, 1);
    fails(&["repro"]);
    project.write("params.yaml", "n: 2\n");
    fails(&["repro"]);
    fails(&["repro", "--force"]);
    project.repro(&[]);
    assert_eq!(project.read("seen"), "kept\n");
    project.write("params.yaml", "n: 1\n");
    project.repro(&[]);
    assert_eq!(project.read("seen"), "kept\n");
    fails(&["repro", "--force"]);
}
