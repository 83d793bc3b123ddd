//! `retrial search` through the binary.

use stages::search::journal;
use stages::search::sampler::Version;

use crate::Elementary;
use crate::goldens::goldens;
use crate::journal::recorded;
use crate::project::Project;
use crate::reference::is_reference;

fn project(name: &str, version: &str, rules: Version) -> Project {
    let golden = goldens(version).into_iter().find(|golden| golden.name == name).unwrap();
    let text = journal::text(&recorded(&golden, rules));
    let optunas = include_str!("../golden/search/optuna-journal.log");
    Project::with(&[("dvc.yaml", "stages: {}\n"), ("study.log", &text), ("optuna.log", optunas)])
}

#[test]
fn replay_says_whether_and_where() {
    let project = project("s15_nan_fail_default", "5.0", Version::V5_0);
    let replay = |arguments: &str| {
        let arguments: Vec<&str> = ["search", "replay"].into_iter().chain(arguments.split(' ')).collect();
        project.run(&arguments)
    };
    if is_reference(Elementary::System) {
        let same = replay("study.log");
        assert_eq!(same.code, 0, "{}", same.stderr);
        assert_eq!(
            same.stdout,
            "s15_nan_fail_default: TPE by the rules of Optuna 5.0, multivariate, with seed 9 suggests exactly these 50 \
             trials: 150 suggestions, bit for bit\n"
        );
        assert!(replay("optuna.log --seed 5").stdout.contains("suggests exactly these 14 trials: 37 suggestions"));
    }
    let rounded = replay("optuna.log --seed 5 --functions portable --json");
    assert_eq!(rounded.code, 0);
    let json = rounded.json();
    assert_eq!((&json["same"], &json["suggestions"]), (&true.into(), &37.into()));
    assert!(json["rounding"].as_f64().unwrap() < 1e-11 && json["exact"].as_u64().unwrap() > 20);

    let other = replay("optuna.log --seed 5 --rules 4.5");
    assert_eq!(other.code, 1);
    assert_eq!(
        other.stdout,
        "s10_gated_conditional_pruned_default: TPE by the rules of Optuna 4.5, univariate, with seed 5 first parts from the \
         journal at trial 10: `optimizer` is Adam there, and would be DynamicAdam\n\
         8 of 37 suggestions in 14 trials are different\n"
    );
    for (arguments, trial) in [
        ("study.log --seed 8", 0),
        ("study.log --univariate", 10),
        ("study.log --random", 10),
        ("study.log --n-startup-trials 12", 10),
        ("study.log --n-ei-candidates 23", 10),
    ] {
        let ran = replay(&format!("{arguments} --json"));
        assert_eq!(ran.code, 1, "{arguments}: {}", ran.stderr);
        // Trials that failed put off the first of TPE's.
        let first = ran.json()["first_different"]["trial"].as_u64().unwrap();
        assert!(if trial == 0 { first == 0 } else { (10..20).contains(&first) }, "{arguments}: {first}");
    }
    for (arguments, problem) in [
        ("optuna.log", "--seed"),
        ("none.log", "none.log: cannot be read"),
        ("study.log --study other", "holds no study `other`; it holds s15_nan_fail_default"),
        ("study.log --rules 3.0", "4.5 and of 5.0"),
        ("dvc.yaml --seed 1", "dvc.yaml:1: is no line of a journal"),
    ] {
        let ran = replay(arguments);
        assert_eq!(ran.code, 2, "{arguments}: {}", ran.stderr);
        assert!(ran.stderr.contains(problem), "{arguments}: {}", ran.stderr);
    }
}

#[test]
fn show_draws_a_study_and_warns_of_ends() {
    let project = project("s25_rounded_reports_interval", "5.0", Version::V5_0);
    let shown = project.run(&["search", "show", "study.log"]);
    assert_eq!((shown.code, shown.stdout.as_str()), (0, SHOWN));
    let all = project.run(&["search", "show", "study.log", "--all"]);
    let rows = |state: &str| all.stdout.lines().filter(|line| line.contains(state)).count();
    let json = project.run(&["search", "show", "study.log", "--json"]).json();
    let states =
        |state: &str| json["trials"].as_array().unwrap().iter().filter(|trial| trial["state"] == state).count();
    for state in ["complete", "pruned"] {
        // And the line with the counts.
        assert_eq!(rows(state), states(state) + 1);
    }
    assert_eq!(states("complete") + states("pruned"), 60);
    assert_eq!(json["importance"]["method"], "PED-ANOVA");
    let shares = json["importance"]["shares"].as_object().unwrap();
    assert!((shares.values().map(|share| share.as_f64().unwrap()).sum::<f64>() - 1.0).abs() < 1e-12);
    // Of two studies in one file one is meant.
    let both = project.read("study.log") + &project.read("study.log").replace("s25_rounded", "s99");
    project.write("both.log", &both);
    let ran = project.run(&["search", "show", "both.log"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("say which with --study: s25_rounded_reports_interval, s99_reports"), "{}", ran.stderr);
    assert_eq!(project.run(&["search", "show", "both.log", "--study", "s25_rounded_reports_interval"]).code, 0);
}

#[test]
fn a_best_value_near_an_end_is_warned_about() {
    let float = |low: &str, high: &str, log: bool| {
        format!(
            r#""{{\"name\":\"FloatDistribution\",\"attributes\":{{\"low\":{low},\"high\":{high},\"log\":{log},\"step\":null}}}}""#
        )
    };
    for (value, distribution, warning) in [
        ("0.951", float("0.0", "1.0", false), "within 5 % of the upper end of its range, 1"),
        ("0.949", float("0.0", "1.0", false), ""),
        ("1.1e-4", float("1e-4", "1e-1", true), "within 5 % of the lower end of its range, 1.000e-4"),
        ("2e-4", float("1e-4", "1e-1", true), ""),
        ("0.04", float("0.0", "1.0", false), "`lr`, 0.040000, is within 5 % of the lower end"),
        (
            "3",
            r#""{\"name\":\"IntDistribution\",\"attributes\":{\"low\":1,\"high\":3,\"log\":false,\"step\":1}}""#.into(),
            "upper end",
        ),
        ("0", r#""{\"name\":\"CategoricalDistribution\",\"attributes\":{\"choices\":[1,2]}}""#.into(), ""),
    ] {
        let project = Project::with(&[
            ("dvc.yaml", "stages: {}\n"),
            (
                "study.log",
                &format!(
                    "{{\"op_code\":0,\"study_name\":\"s\",\"directions\":[2]}}\n{{\"op_code\":4,\"study_id\":0}}\n\
                     {{\"op_code\":5,\"trial_id\":0,\"param_name\":\"lr\",\"param_value_internal\":{value},\"distribution\":{distribution}}}\n\
                     {{\"op_code\":6,\"trial_id\":0,\"state\":1,\"values\":[1]}}\n"
                ),
            ),
        ]);
        let shown = project.run(&["search", "show", "study.log"]);
        assert_eq!(shown.code, 0, "{}", shown.stderr);
        assert_eq!(shown.stdout.contains("warning"), !warning.is_empty(), "{value}: {}", shown.stdout);
        assert!(shown.stdout.contains(warning), "{value}: {}", shown.stdout);
        assert_eq!(
            project.run(&["search", "show", "study.log", "--json"]).json()["at_ends"].as_array().unwrap().len(),
            usize::from(!warning.is_empty())
        );
    }
}

const SHOWN: &str = "\
s25_rounded_reports_interval: 40 complete, 20 pruned; more is better
TPE by the rules of Optuna 5.0, multivariate, with seed 57

trial    value         lr      beta
    0  0.10000   1.495e-4   -1.0781
    1  0.20000   6.639e-4  -0.75687
    2  0.50000  0.0013549   0.18025
   10   1.0000  0.0072486   0.63843

 1.0000 │          ●━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
        │           · ·                                   · ·
        │
        │            ·                                ·         ·  ·
        │                     ·   ··     ·
        │
        │                                        ·         ·     ·
        │  ●━━━━━━━    ··  ·                        ··
        │      ·
        │
        │    ·
0.20000 │●●   · ·▾·              ·
        └────────────────────────────────────────────────────────────
         0                                                         59
         ●━ best so far   · other trials

Importance of parameters (PED-ANOVA: the best 9 of 40 trials against all)
  beta   68 %  ████████████████████
  lr     32 %  ██████████
";
