//! How long a suggestion takes, in CPU time, and how long in Optuna:
//! `cargo run -p stages --example search_overhead -- PYTHON`, where PYTHON is one that has Optuna (without it, ours alone).

use std::collections::BTreeMap;
use std::process::Command;

use stages::search::elementary::Elementary;
use stages::search::random_sampler::RandomSampler;
use stages::search::sampler::{Settings, Version};
use stages::search::space::Space;
use stages::search::study::{Direction, Ending, Study};

/// The search spaces, by name. The Python program gets the same.
fn spaces() -> BTreeMap<&'static str, serde_json::Value> {
    let floats = serde_json::json!({
        "lr": {"type": "float", "low": 1e-4, "high": 1e-2, "log": true},
        "weight_decay": {"type": "float", "low": 1e-6, "high": 1e-1, "log": true},
        "dropout": {"type": "float", "low": 0.0, "high": 0.7},
    });
    let mixed = serde_json::json!({
        "activation": {"type": "categorical", "choices": ["relu", "tanh", "gelu"]},
        "hidden": {"type": "int", "low": 32, "high": 512},
        "layers": {"type": "int", "low": 1, "high": 4},
        "lr": {"type": "float", "low": 1e-4, "high": 1e-2, "log": true},
    });
    BTreeMap::from([("three floats", floats), ("mixed", mixed)])
}

const SIZES: [usize; 4] = [20, 100, 300, 1000];
/// How many further trials are timed.
const TIMED: usize = 20;
/// Of so many times the least: other work on the machine only adds.
const TIMES: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut ours = BTreeMap::new();
    for (name, json) in spaces() {
        let space: Space = serde_json::from_value(json)?;
        for multivariate in [false, true] {
            for size in SIZES {
                let name = format!("{name}, {}, {size}", if multivariate { "multivariate" } else { "univariate" });
                let mut least = [f64::INFINITY; 2];
                for _ in 0..TIMES {
                    for (least, functions) in least.iter_mut().zip([Elementary::Portable, Elementary::System]) {
                        *least = least.min(microseconds(&space, multivariate, size, functions));
                    }
                }
                ours.insert(name, least);
            }
        }
    }
    let optunas: BTreeMap<String, f64> = match std::env::args().nth(1) {
        Some(python) => {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/search_overhead.py");
            let task = serde_json::json!({"spaces": spaces(), "sizes": SIZES, "timed": TIMED, "times": TIMES});
            let output = Command::new(python).arg(script).arg(task.to_string()).output()?;
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into());
            }
            serde_json::from_slice(&output.stdout)?
        }
        None => BTreeMap::new(),
    };
    println!("{:<32} {:>9} {:>9} {:>9} {:>6}", "µs of CPU a suggestion", "portable", "system", "Optuna", "ratio");
    for (name, [portable, system]) in ours {
        let [theirs, ratio] = optunas.get(&name).map_or([String::new(), String::new()], |theirs| {
            [format!("{theirs:.0}"), format!("{:.0}", theirs / portable)]
        });
        println!("{name:<32} {portable:>9.1} {system:>9.1} {theirs:>9} {ratio:>6}");
    }
    Ok(())
}

/// After a study of `size` random trials.
fn microseconds(space: &Space, multivariate: bool, size: usize, functions: Elementary) -> f64 {
    let mut study = Study::new(Direction::Minimize);
    let mut random = RandomSampler::seeded(1, Elementary::Portable);
    for number in 0..size {
        study.ask(&mut random, space);
        study.tell(Ending::Value((number * 7919 % 1000) as f64));
    }
    let settings = Settings { multivariate: Some(multivariate), functions, ..Settings::tpe(Version::V5_0) };
    let mut sampler = settings.sampler(2);
    let before = cpu_seconds();
    for number in 0..TIMED {
        study.ask(sampler.as_mut(), space);
        study.tell(Ending::Value((number * 7919 % 1000) as f64));
    }
    1e6 * (cpu_seconds() - before) / (TIMED * space.iter().count()) as f64
}

fn cpu_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes one timespec to the address, which is a local variable's.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
