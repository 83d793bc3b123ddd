//! `retrial train`: one run by hand.

use std::path::Path;

use serde_json::Value;

use crate::project::{Project, Ran};

/// A study with the parameters that ship.
fn study() -> Project {
    let project = Project::new();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for file in ["dvc.yaml", "params.yaml"] {
        project.write(file, &std::fs::read_to_string(repository.join(file)).unwrap());
    }
    project
}

fn train(project: &Project, arguments: &str) -> Ran {
    project.run(&[&["train"], &arguments.split(' ').collect::<Vec<_>>()[..]].concat())
}

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

/// PyTorch's run of an experiment and method, from the file of golden steps or curves.
fn golden(file: &str, experiment: &str, method: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/training").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let mut runs = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    runs.find(|run| run["experiment"] == experiment && run["method"] == method && run["seed"] == 0).unwrap()
}

#[test]
fn it_follows_pytorch_through_the_command_line() {
    let project = study();
    for (experiment, method, more) in [
        ("svvar", "svvar", "--protocol as-stated"),
        ("svdgrad", "adam", "--protocol as-run"),
        ("iwsva", "baseline", "--protocol as-stated"),
        ("gwd", "gwd", "--set lr=0.00562 weight_decay=0.0011865 alpha=9.5856 gamma=0.6156"),
    ] {
        let golden = golden("steps.jsonl", experiment, method);
        let run = train(&project, &format!("{experiment} {method} --seed 0 --steps 4 --json {more}")).json();
        assert_eq!((&run["experiment"], &run["method"]), (&golden["experiment"], &golden["method"]));
        assert_eq!(run["hp"], golden["hp"], "{experiment} {method}");
        for (ours, theirs) in [("step_cross_entropy", "cross_entropy"), ("step_penalty", "penalty")] {
            let (ours, theirs) = (numbers(&run[ours]), numbers(&golden[theirs]));
            assert_eq!(ours.len(), 4);
            for (ours, theirs) in ours.iter().zip(&theirs) {
                assert!(
                    (ours - theirs).abs() <= 1e-5 * theirs.abs(),
                    "{experiment} {method}: {ours}, PyTorch {theirs}"
                );
            }
        }
    }

    // As-run the penalty starts from the trained baseline.
    let golden = golden("asrun.jsonl", "svvar", "svvar-asrun");
    let run = train(&project, "svvar svvar --epochs 1 --json").json();
    assert_eq!((run["protocol"].as_str(), run["steps"].as_u64()), (Some("as-run"), Some(32)));
    let (ours, theirs) = (numbers(&run["val_loss"]), numbers(&golden["val_loss"]));
    assert!((ours[0] - theirs[0]).abs() < 1e-3, "{ours:?}, PyTorch {theirs:?}");
}

#[test]
fn it_tells_a_person_and_a_program_the_same() {
    let project = study();
    let arguments = "gwd baseline --seed 42 --epochs 2";
    let run = train(&project, &format!("{arguments} --json")).json();
    assert_eq!((run["epochs"].as_u64(), run["steps"].as_u64()), (Some(2), Some(50)));
    assert_eq!(run["device"], "cpu");
    assert!(run["seconds"].as_f64().unwrap() > 0.0);
    let scores = &run["final"];
    let accuracies = numbers(&run["val_acc"]);
    assert_eq!(scores["final_val_loss"], run["val_loss"][1]);
    assert_eq!(scores["best_val_acc"].as_f64().unwrap(), accuracies[0].max(accuracies[1]));
    let best = scores["best_epoch"].as_u64().unwrap() as usize;
    assert_eq!(scores["best_val_acc"], run["val_acc"][best - 1]);
    let table = train(&project, arguments).stdout;
    let percent = |value: &Value| format!("{:.2} %", 100.0 * value.as_f64().unwrap());
    for text in [
        "gwd baseline (as-run), seed 42: lr 0.0052039515385597, weight_decay 0.08712241487516913".to_owned(),
        percent(&run["val_acc"][0]),
        percent(&scores["test_acc"]),
        "50 steps in ".to_owned(),
    ] {
        assert!(table.contains(&text), "{text}: {table}");
    }
    assert!(!project.exists(".retrial") && !project.exists("artifacts"), "nothing is stored");
}

#[test]
fn it_watches_gradients() {
    let project = study();
    let parameters =
        project.read("params.yaml").replace("  rows: 750", "  rows: 30").replace("  features: 1000", "  features: 40");
    project.write("params.yaml", &parameters.replace("  units: 1250", "  units: 50"));
    let arguments = "lowrank I-ntk --protocol as-published --seed 5 --epochs 3";
    let run = train(&project, &format!("{arguments} --json")).json();
    assert_eq!((run["experiment"].as_str(), run["method"].as_str()), (Some("lowrank"), Some("I-ntk")));
    assert_eq!((run["protocol"].as_str(), run["epochs"].as_u64()), (Some("as-published"), Some(3)));
    assert_eq!((run["hp"]["gamma"].as_f64(), run["hp"]["nu"].as_f64()), (Some(1.0), Some(0.0)));
    for metric in ["train_loss", "test_loss", "test_loss_as_run", "operator_norm"] {
        let series = numbers(&run[metric]);
        assert_eq!((series.len(), Some(series[2])), (3, run["final"][metric].as_f64()), "{metric}");
    }
    assert!(run["final"]["final_test_loss"].is_f64() && numbers(&run["drift"])[0] > 0.9999);
    let table = train(&project, arguments).stdout;
    let loss = format!("train loss before the last step: {:.6}", run["final"]["train_loss"].as_f64().unwrap());
    assert!(table.contains(&loss) && table.contains("3 epochs in "), "{table}");
    // A step takes all examples; other rates give another run.
    let step =
        train(&project, "lowrank I-ntk --protocol as-published --seed 5 --steps 2 --set lr=0.5 nu=0.25 --json").json();
    assert_eq!((step["epochs"].as_u64(), step["hp"]["lr"].as_f64()), (Some(2), Some(0.5)));
    assert!(step["train_loss"][0] != run["train_loss"][0]);
}

#[test]
fn what_it_cannot_do_it_says_in_a_sentence() {
    let project = study();
    for (arguments, sentence) in [
        ("gwd decorr --protocol as-published", "there is no protocol `as-published`; there are"),
        ("lowrank A-relu --protocol as-stated", "lowrank has no protocol `as-stated`; it has as-run, as-published"),
        ("lowrank A-relu --protocol as-published", "so A has no protocol as-published"),
        ("lowrank A-tanh", "lowrank has no network `A-tanh`; it has A-relu, A-sigmoid, B-relu"),
        ("lowrank A-relu --set alpha=1", "lowrank has no hyper-parameter `alpha`; it has lr, gamma, nu"),
        ("dropout baseline", "there is no experiment `dropout`; there are"),
        ("gwd svvar", "gwd has no arm `svvar` under as-run; it has baseline, decorr, gwd"),
        ("gwd decorr --set gamma=1", "decorr has no hyper-parameter `gamma`; it has lr, weight_decay, alpha"),
        ("gwd decorr --set gamma", "a hyper-parameter is set as NAME=NUMBER"),
        (
            "gwd decorr --device cuda:0",
            "this build of retrial does not know cuda:0: say `cargo run --features cuda -- …`",
        ),
        ("gwd decorr --device metal", "say `cargo run --features metal -- …`"),
        ("gwd decorr --device tpu", "there is no device `tpu`; there are cpu, cuda:N"),
        ("gwd decorr --epochs 1 --steps 1", "cannot be used with"),
    ] {
        let ran = train(&project, arguments);
        assert_eq!(ran.code, 2, "{arguments}");
        assert!(ran.stderr.contains(sentence) && ran.stdout.is_empty(), "{arguments}: {}", ran.stderr);
    }
    project.write("params.yaml", "svvar: {hidden: [8]}\n");
    let ran = train(&project, "svvar baseline");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("params.yaml: there is no parameter `svvar.published`"), "{}", ran.stderr);
}
