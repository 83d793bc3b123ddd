//! The protocols and their stage programs: what they write, from what, and that nothing else is seen in the bytes.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Parser;
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use stages::data::dataset::Dataset;
use stages::data::mnist1d::{self, Options};
use stages::methods::method::Hyperparameters;
use stages::parameters::Parameters;
use stages::programs::{train, tune};
use stages::protocols::EXPERIMENTS;
use stages::protocols::differences;
use stages::protocols::parts::Selection;
use stages::protocols::protocol::{self, Judge, Name, Protocol};
use stages::protocols::runs::{Finals, Observed};
use stages::protocols::seeds::Streams;
use stages::protocols::sensitivity::Source;
use stages::protocols::tuning::Tuning;
use stages::random::torch::Generator;
use stages::search::journal;
use stages::search::study::{State, Trial};
use stages::table::{self, Observation};

fn parameters(settings: Value) -> Parameters {
    let Value::Object(declared) = settings else { panic!("an object") };
    Parameters::from_map(declared)
}

/// The published settings, as params.yaml has them.
fn published() -> Parameters {
    parameters(json!({"svvar": {
        "hidden": [128, 128], "batch": 128, "epochs": 20,
        "published": {"baseline": {"lr": 0.0042}, "svvar": {"lr": 0.0021, "strength": 0.0422}},
    }}))
}

/// Everything small.
fn tiny() -> Map<String, Value> {
    let settings = json!({
        "mnist1d": {"samples": 400},
        "svvar.hidden": [16, 12], "svvar.batch": 50, "svvar.epochs": 4,
        "svvar.published": {"baseline": {"lr": 0.01}, "svvar": {"lr": 0.005, "strength": 0.1}},
        "svvar.controlled": {"generate_data": true, "validation_share": 0.2},
        "svvar.search": {"trials": 5, "sampler": {"name": "tpe", "rules": "4.5", "n_startup_trials": 2}, "space": {
            "lr": {"type": "float", "low": 1e-3, "high": 1e-1, "log": true},
            "strength": {"type": "float", "low": 1e-3, "high": 1.0, "log": true},
        }},
    });
    let Value::Object(settings) = settings else { unreachable!() };
    settings
}

fn svvar(name: Name, parameters: &Parameters) -> Protocol {
    (protocol::find(EXPERIMENTS, "svvar").unwrap().protocol)(name, parameters).unwrap()
}

fn canonical() -> Dataset {
    Dataset::from(&mnist1d::generate(&Options::default()).unwrap())
}

/// Mean and sd of the last epoch's loss and accuracy and of the least loss over PyTorch's twenty seeds.
struct Expected {
    protocol: Name,
    arm: &'static str,
    last_loss: (f64, f64),
    best_loss: (f64, f64),
    last_accuracy: (f64, f64),
}

#[test]
fn over_seeds_the_runs_are_distributed_as_pytorchs() {
    let seeds: Vec<u64> = (0..10).collect();
    for expected in [
        Expected {
            protocol: Name::AsRun,
            arm: "baseline",
            last_loss: (1.2064, 0.0381),
            best_loss: (1.0223, 0.0182),
            last_accuracy: (0.6292, 0.0127),
        },
        Expected {
            protocol: Name::AsStated,
            arm: "svvar",
            last_loss: (1.0498, 0.0318),
            best_loss: (1.0209, 0.0175),
            last_accuracy: (0.6109, 0.0096),
        },
        Expected {
            protocol: Name::AsRun,
            arm: "svvar",
            last_loss: (1.4465, 0.0479),
            best_loss: (1.1573, 0.0281),
            last_accuracy: (0.6414, 0.0072),
        },
    ] {
        let protocol = svvar(expected.protocol, &published());
        let arm = protocol.arm(expected.arm).unwrap().clone();
        let finals = Finals { protocol, data: Some(canonical()), tuned: BTreeMap::new() };
        let runs: Vec<Vec<Observation>> =
            seeds.par_iter().map(|&seed| finals.observe(&arm, seed).unwrap().rows).collect();
        let of = |metric: &str, summary: fn(&[f64]) -> f64| -> Vec<f64> {
            let curve = |run: &Vec<Observation>| -> Vec<f64> {
                run.iter().filter(|row| row.metric == metric).map(|row| row.value).collect()
            };
            runs.iter().map(|run| summary(&curve(run))).collect()
        };
        let last = |curve: &[f64]| curve[19];
        let least = |curve: &[f64]| curve.iter().copied().fold(f64::INFINITY, f64::min);
        for (what, ours, theirs) in [
            ("last loss", of("val_loss", last), expected.last_loss),
            ("best loss", of("val_loss", least), expected.best_loss),
            ("last accuracy", of("val_accuracy", last), expected.last_accuracy),
        ] {
            let n = ours.len() as f64;
            let mean = ours.iter().sum::<f64>() / n;
            let variance = ours.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
            let error = (variance / n + theirs.1.powi(2) / 20.0).sqrt();
            println!(
                "{} {} {what}: {mean:.4} ± {:.4}, PyTorch {theirs:?}",
                expected.protocol,
                arm.name,
                variance.sqrt()
            );
            assert!((mean - theirs.0).abs() < 2.0 * error, "{what}: {mean}, PyTorch {theirs:?}, error {error}");
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let protocol = svvar(Name::AsStated, &parameters(tiny().into()));
    let arm = protocol.arm("svvar").unwrap().clone();
    let data = Dataset::from(&mnist1d::generate(&Options { samples: 400, ..Options::default() }).unwrap());
    let finals = Finals { protocol, data: Some(data), tuned: BTreeMap::new() };
    let bits = |runs: Vec<Vec<Observation>>| -> Vec<u64> {
        runs.concat().iter().map(|observation| observation.value.to_bits()).collect()
    };
    let in_pool = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        bits(pool.install(|| (0..6_u64).into_par_iter().map(|seed| finals.observe(&arm, seed).unwrap().rows).collect()))
    };
    let alone = bits((0..6).map(|seed| finals.observe(&arm, seed).unwrap().rows).collect());
    assert_eq!(alone.len(), 6 * 4 * 3);
    for threads in [1, 2, 5] {
        assert_eq!(in_pool(threads), alone, "{threads} threads");
    }
}

#[derive(Parser)]
enum Stage {
    Tune(tune::Args),
    Train(train::Args),
}

fn stage(command: &str, folder: &Path, parameters: &Parameters) -> Result<(), String> {
    let command = command.replace("FOLDER", folder.to_str().unwrap());
    let parsed = Stage::try_parse_from(["stage"].into_iter().chain(command.split_whitespace()));
    match parsed.map_err(|error| error.to_string())? {
        Stage::Tune(args) => tune::run(args, parameters),
        Stage::Train(args) => train::run(args, parameters),
    }
    .map_err(|error| error.to_string())
}

#[test]
fn controlled_runs_take_the_outcome_of_their_tuning_and_score_the_test_part_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let parameters = parameters(tiny().into());
    for method in ["baseline", "svvar"] {
        for seed in 0..2 {
            let command = format!(
                "tune svvar --method {method} --tuning-seed {seed} --out FOLDER/t/{method}-{seed}.json \
                 --journal FOLDER/s/{method}-{seed}.log"
            );
            stage(&command, folder, &parameters).unwrap();
        }
    }
    let tuning = |name: &str| -> Tuning {
        serde_json::from_slice(&std::fs::read(folder.join("t").join(name)).unwrap()).unwrap()
    };
    let (first, second) = (tuning("svvar-0.json"), tuning("svvar-1.json"));
    let study = journal::read(&folder.join("s/svvar-0.log"), None).unwrap().study;
    assert_eq!(study.trials().len(), 5);
    assert_ne!(first.best, second.best);
    let best = study.best().unwrap();
    let value = best.value.unwrap();
    assert!(study.trials().iter().all(|trial| trial.value.unwrap() >= value));
    assert_eq!(value, best.intermediate.values().copied().fold(f64::INFINITY, f64::min));
    let names: Vec<&String> = first.best.as_ref().unwrap().0.keys().collect();
    assert_eq!(names, ["lr", "strength"]);
    assert_eq!(tuning("baseline-0.json").best.unwrap().0.len(), 1);

    let train = |arm: &str, tuned: &str, out: &str| -> Result<Vec<Observation>, String> {
        let command = format!(
            "train svvar --protocol controlled --method {arm} --seeds 0-2,5 --tuned {tuned} --out FOLDER/{out}"
        );
        stage(&command, folder, &parameters)?;
        Ok(table::read(&folder.join(out)).unwrap())
    };
    let svvar = train("svvar", "FOLDER/t", "svvar.parquet").unwrap();
    let seeds: Vec<u64> = svvar.iter().map(|row| row.seed).collect();
    assert!(seeds.is_sorted() && seeds.contains(&5));
    assert!(
        svvar.iter().all(|row| (row.experiment.as_str(), row.protocol.as_str(), row.method.as_str())
            == ("svvar", "controlled", "svvar"))
    );
    for seed in [0, 1, 2, 5] {
        let of = |metric: &str| -> BTreeMap<u32, f64> {
            let rows = svvar.iter().filter(|row| row.seed == seed && row.metric == metric);
            rows.map(|row| (row.epoch, row.value)).collect()
        };
        let losses = of("val_loss");
        assert_eq!(losses.keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4]);
        let least = losses.values().copied().fold(f64::INFINITY, f64::min);
        let best = *losses.iter().find(|(_, loss)| **loss == least).unwrap().0;
        let scored: Vec<u32> = of("test_loss").into_keys().collect();
        assert_eq!(scored, if best == 4 { vec![4] } else { vec![best, 4] });
        assert_eq!(of("test_accuracy").into_keys().collect::<Vec<_>>(), scored);
        assert_ne!(of("test_loss")[&4], losses[&4], "validation and test rows differ");
    }

    // The equal-learning-rate control is the baseline with the learning rate that svvar's tuning chose for that seed.
    let control = train("baseline-at-svvar", "FOLDER/t", "control.parquet").unwrap();
    let baseline = train("baseline", "FOLDER/t/baseline-0.json FOLDER/t/baseline-1.json", "baseline.parquet").unwrap();
    assert_ne!(control[0].value, baseline[0].value);
    // Seed i takes tuning i mod 2: with svvar's rate in the baseline's tuning 1, the odd seeds become the control's.
    let odd = folder.join("t/baseline-1.json");
    let mut changed: Value = serde_json::from_slice(&std::fs::read(&odd).unwrap()).unwrap();
    changed["best"]["lr"] = json!(second.best.as_ref().unwrap().0["lr"]);
    std::fs::write(&odd, changed.to_string()).unwrap();
    let mixed = train("baseline", "FOLDER/t", "mixed.parquet").unwrap();
    let of = |rows: &[Observation], seed: u64| -> Vec<(u32, f64)> {
        rows.iter().filter(|row| row.seed == seed).map(|row| (row.epoch, row.value)).collect()
    };
    for seed in [0, 1, 2, 5] {
        assert_eq!(of(&mixed, seed), of(if seed % 2 == 1 { &control } else { &baseline }, seed));
    }

    let again = train("svvar", "FOLDER/t", "again.parquet").unwrap();
    assert_eq!(again, svvar);
    let bytes = |name: &str| std::fs::read(folder.join(name)).unwrap();
    assert_eq!(bytes("again.parquet"), bytes("svvar.parquet"));

    std::fs::remove_file(folder.join("t/svvar-0.json")).unwrap();
    assert!(train("svvar", "FOLDER/t", "x").unwrap_err().contains("seeded [1]"));
    assert!(train("svvar", "FOLDER/t/baseline-0.json", "x").unwrap_err().contains("no tuning of svvar svvar"));
}

#[test]
fn published_runs_start_where_the_protocol_says() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let parameters = parameters(tiny().into());
    let options = Options { samples: 400, ..Options::default() };
    Dataset::from(&mnist1d::generate(&options).unwrap()).write(&folder.join("data.safetensors")).unwrap();
    let train = |protocol: &str, arm: &str| -> Vec<Observation> {
        let command = format!(
            "train svvar --protocol {protocol} --method {arm} --seeds 3 --data FOLDER/data.safetensors --out FOLDER/o.parquet"
        );
        stage(&command, folder, &parameters).unwrap();
        table::read(&folder.join("o.parquet")).unwrap()
    };
    let first = |rows: &[Observation]| {
        assert_eq!(rows.len(), 4 * 3, "no test part is left to score");
        (rows[0].metric.clone(), rows[0].value)
    };
    let last_loss = |rows: &[Observation]| rows.iter().rfind(|row| row.metric == "train_loss").unwrap().value;
    let baseline = train("as-run", "baseline");
    let (as_run, as_stated) = (train("as-run", "svvar"), train("as-stated", "svvar"));
    assert_eq!(first(&train("as-stated", "baseline")), first(&baseline));
    // From trained weights the first epoch is already as good as the baseline's last; from fresh ones it is not.
    assert!(first(&as_run).1 < last_loss(&baseline) + 0.05);
    assert!(first(&as_stated).1 > last_loss(&baseline) + 0.2);
    assert_eq!(train("as-run", "baseline-at-svvar"), {
        let mut rows = train("as-stated", "baseline-at-svvar");
        rows.iter_mut().for_each(|row| row.protocol = "as-run".to_owned());
        rows
    });
    // Both at once: what each gives by itself.
    let both = train("as-run --also as-stated", "baseline");
    assert_eq!(both, [baseline, train("as-stated", "baseline")].concat());
}

#[test]
fn trials_that_do_worse_than_others_are_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = tiny();
    settings["svvar.search"]["trials"] = json!(16);
    let tune = |settings: &Map<String, Value>, name: &str| {
        let command =
            format!("tune svvar --method svvar --tuning-seed 0 --out FOLDER/{name}.json --journal FOLDER/{name}.log");
        stage(&command, folder.path(), &parameters(settings.clone().into())).unwrap();
        journal::read(&folder.path().join(format!("{name}.log")), None).unwrap().study
    };
    let whole = tune(&settings, "whole");
    settings["svvar.search"]["pruner"] = json!({"name": "median", "n_startup_trials": 3});
    let pruned = tune(&settings, "pruned");
    assert!(whole.trials().iter().all(|trial| trial.state == State::Complete && trial.intermediate.len() == 4));
    let states = |state: State| pruned.trials().iter().filter(move |trial| trial.state == state);
    assert!(states(State::Pruned).count() > 2 && states(State::Complete).count() >= 3);
    let mut shorter = 0;
    for trial in states(State::Pruned) {
        let (&step, _) = trial.intermediate.last_key_value().unwrap();
        let before = |other: &&Trial| other.number < trial.number && other.state == State::Complete;
        let mut others: Vec<f64> =
            pruned.trials().iter().filter(before).map(|other| other.intermediate[&step]).collect();
        others.sort_by(f64::total_cmp);
        let middle = others.len() / 2;
        let median = if others.len() % 2 == 1 { others[middle] } else { (others[middle - 1] + others[middle]) / 2.0 };
        assert!(trial.intermediate.values().all(|&loss| loss > median - 1e-12), "trial {}", trial.number);
        shorter += usize::from(step < 4);
    }
    assert!(shorter > 0, "no trial was cut short");
    let best: Tuning = serde_json::from_slice(&std::fs::read(folder.path().join("pruned.json")).unwrap()).unwrap();
    let least = states(State::Complete).map(|trial| trial.value.unwrap()).fold(f64::INFINITY, f64::min);
    assert_eq!(best.value, Some(least));
}

#[test]
fn where_nothing_is_published_trials_are_made_as_the_source_made_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let settings = json!({
        "mnist1d": {"samples": 400}, "iwsva.samples": 500,
        "iwsva.hidden": [12, 12], "iwsva.batch": 50, "iwsva.epochs": 4, "iwsva.trial_epochs": 2,
        "iwsva.search": {"trials": 3, "sampler": {"name": "tpe", "rules": "4.5"}, "space": {
            "lr": {"type": "float", "low": 1e-3, "high": 1e-1, "log": true},
            "strength": {"type": "float", "low": 1e-3, "high": 1e-1, "log": true},
            "k": {"type": "int", "low": 5, "high": 5},
        }},
    });
    let parameters = parameters(settings);
    let options = Options { samples: 500, ..Options::default() };
    let data = Dataset::from(&mnist1d::generate(&options).unwrap());
    data.write(&folder.join("data.safetensors")).unwrap();
    for (protocol, epochs) in [("as-run", 2), ("as-stated", 4)] {
        let command = format!(
            "tune iwsva --protocol {protocol} --method iwsva --tuning-seed 0 --data FOLDER/data.safetensors \
             --out FOLDER/{protocol}/0.json --journal FOLDER/{protocol}.log"
        );
        stage(&command, folder, &parameters).unwrap();
        let study = journal::read(&folder.join(format!("{protocol}.log")), None).unwrap().study;
        assert!(study.trials().iter().all(|trial| trial.intermediate.len() == epochs));
        let command = format!(
            "train iwsva --protocol {protocol} --method iwsva --seeds 1 --data FOLDER/data.safetensors \
             --tuned FOLDER/{protocol} --out FOLDER/runs.parquet"
        );
        stage(&command, folder, &parameters).unwrap();
        assert_eq!(table::read(&folder.join("runs.parquet")).unwrap().len(), 4 * 3, "as long as a final run");
    }
    // Trials are judged on the test part: the only rows that could give these accuracies.
    let find = |name| (protocol::find(EXPERIMENTS, "iwsva").unwrap().protocol)(name, &parameters).unwrap();
    assert_eq!(find(Name::AsRun).judge, Judge::Test);
    assert_eq!(Selection::leaked(data.clone()).data().validation.y, data.test.y);
}

#[test]
fn a_run_is_repeated_with_one_source_of_chance_changed() {
    let parameters = parameters(tiny().into());
    let small = Dataset::from(&mnist1d::generate(&Options { samples: 400, ..Options::default() }).unwrap());
    let as_run = Finals { protocol: svvar(Name::AsRun, &parameters), data: Some(small), tuned: BTreeMap::new() };
    let losses = |observed: &Observed, metric: &str| -> Vec<f64> {
        observed.rows.iter().filter(|row| row.metric == metric).map(|row| row.value).collect()
    };
    for arm in ["baseline", "svvar"] {
        let arm = as_run.protocol.arm(arm).unwrap().clone();
        let run = losses(&as_run.observe(&arm, 3).unwrap(), "train_loss");
        let again = as_run.observe_varied(&arm, 3, Source::LastBit, 0).unwrap();
        assert_eq!(losses(&again, "train_loss"), run);
        assert!(again.rows.iter().all(|row| row.protocol == "as-run/last-bit" && row.seed == 0));
        let other = losses(&as_run.observe_varied(&arm, 3, Source::LastBit, 1).unwrap(), "train_loss");
        assert!(other != run && (other[0] - run[0]).abs() < 1e-4, "{} and {}", other[0], run[0]);
    }
    let arm = as_run.protocol.arm("baseline").unwrap().clone();
    for source in [Source::Data, Source::All] {
        assert!(as_run.observe_varied(&arm, 3, source, 0).unwrap_err().to_string().contains("nothing that varying"));
    }

    let tuned = Hyperparameters(BTreeMap::from([("lr".to_owned(), 0.01)]));
    let tuned = BTreeMap::from([("baseline".to_owned(), vec![tuned])]);
    let controlled = Finals { protocol: svvar(Name::Controlled, &parameters), data: None, tuned };
    let varied = |source, repetition| controlled.observe_varied(&arm, 3, source, repetition).unwrap();
    // Where the repetition is the seed itself nothing differs, whatever is varied.
    let base = losses(&varied(Source::All, 3), "test_loss");
    let mut seen = vec![base.clone()];
    for source in [Source::Data, Source::Split, Source::Weights, Source::Order] {
        assert_eq!(losses(&varied(source, 3), "test_loss"), base, "{source}");
        seen.push(losses(&varied(source, 0), "test_loss"));
    }
    seen.push(losses(&varied(Source::All, 0), "test_loss"));
    for (at, losses) in seen.iter().enumerate() {
        assert!(!seen[..at].contains(losses), "{at}: a source that changes nothing");
    }

    // Predictions give the accuracies of the same epochs.
    let observed = varied(Source::All, 0);
    let rows = observed.rows.iter().filter(|row| row.metric == "test_accuracy");
    let mut scored = 0;
    for row in rows {
        let of: Vec<_> = observed.predictions.iter().filter(|prediction| prediction.epoch == row.epoch).collect();
        let hits = of.iter().filter(|prediction| prediction.label == prediction.predicted).count();
        assert_eq!(hits as f64 / of.len() as f64, row.value);
        scored += of.len();
    }
    assert_eq!(scored, observed.predictions.len());
    assert!(scored >= 80);
}

#[test]
fn commands_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let parameters = parameters(tiny().into());
    for (command, problem) in [
        ("train svvar --protocol as-planned --method svvar --seeds 0 --out x", "as-planned"),
        ("train svvar --protocol as-run --method svvar --seeds 3-1 --out x", "3-1"),
        ("train svvar --protocol as-run --method svvar --seeds 0- --out x", "0-"),
        ("train svvar --protocol as-run --method gwd --seeds 0 --out x", "no arm `gwd`"),
        ("train dropout --protocol as-run --method gwd --seeds 0 --out x", "no experiment `dropout`"),
        ("train svvar --protocol as-run --method svvar --seeds 0 --out x", "--data"),
        ("train svvar --protocol controlled --method svvar --seeds 0 --out x", "no tuning"),
        (
            "train svvar --protocol as-run --also as-stated --method svvar --seeds 0 --out x",
            "not run alike under as-run and as-stated",
        ),
        ("train svvar --protocol controlled --also as-run --method baseline --seeds 0 --out x", "not run alike"),
        ("train svvar --protocol controlled --device gpu --method baseline --seeds 0 --out x", "no device `gpu`"),
        ("tune svvar --method dropout --tuning-seed 0 --out x", "no arm `dropout`"),
        ("tune svvar --method baseline-at-svvar --tuning-seed 0 --out x", "takes those of `svvar`"),
        ("tune svvar --protocol as-run --method svvar --tuning-seed 0 --out x", "not tuned under as-run"),
        ("tune svvar --method svvar --tuning-seed 1073741824 --out x", "too large"),
    ] {
        let error = stage(command, folder, &parameters).unwrap_err();
        assert!(error.contains(problem), "{command}: {error}");
    }
}

#[test]
fn streams_are_never_shared_and_parts_never_overlap() {
    let mut seen = Vec::new();
    for seed in [0, 1, 42, (1 << 30) - 1] {
        let (final_run, tuning) = (Streams::of_final_run(seed).unwrap(), Streams::of_tuning(seed).unwrap());
        assert_eq!(u64::from(final_run.data), seed);
        seen.extend([final_run, tuning].map(|streams| [u64::from(streams.data), streams.training]).concat());
    }
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count);
    assert!(seen.iter().all(|&seed| seed < 1 << 32), "PyTorch sees 32 bits of a seed");

    let dataset = canonical();
    let (selection, _) = Selection::held_out(dataset.clone(), 0.2, &mut Generator::seeded(1));
    let data = selection.data();
    assert_eq!((data.train.len(), data.validation.len()), (3_200, 800));
    let (selection_of_last, _) = Selection::last_rows(dataset.clone(), 0.2);
    let last = selection_of_last.data();
    assert_eq!((&last.train.x[..], &last.validation.x[..]), dataset.train.x.split_at(3_200 * 40));
    assert_eq!((&last.train.y[..], &last.validation.y[..]), dataset.train.y.split_at(3_200));
    let rows = |x: &[f32]| x.chunks(40).map(|row| row.iter().map(|value| value.to_bits()).collect()).collect();
    let mut split: Vec<Vec<u32>> = rows(&data.train.x);
    split.extend::<Vec<Vec<u32>>>(rows(&data.validation.x));
    let mut all: Vec<Vec<u32>> = rows(&dataset.train.x);
    split.sort_unstable();
    all.sort_unstable();
    assert_eq!(split, all, "each training row is in one of the two, no test row in either");
}

#[test]
fn what_lies_between_protocols_is_what_both_run() {
    let sides = differences::of_lowrank().unwrap();
    // A to H don't run as published, so they are no difference to what does.
    assert_eq!(sides.between("as-run", "as-published").unwrap(), ["γ is applied"]);
    let controlled = sides.between("as-run", "controlled").unwrap();
    assert_eq!(controlled.len(), sides.fields.len());
    assert_eq!(sides.between("as-run", "as-stated"), None);
}
