//! Journal files: ours read back, Optuna's, and foreign ones.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use stages::search::journal::{self, Recorded, parse};
use stages::search::replay::replay;
use stages::search::sampler::Version;
use stages::search::space::{Distribution, Value};
use stages::search::study::State;

use crate::Elementary;
use crate::goldens::{Agreement, Golden, goldens};
use crate::reference::is_reference;

/// A golden study as a journal.
pub fn recorded(golden: &Golden, rules: Version) -> Recorded {
    let settings = golden.settings(rules, Elementary::System);
    let study = golden.make(&settings, &mut Agreement::default());
    let attributes = BTreeMap::from([("sampler".into(), json!(settings)), ("seed".into(), json!(golden.seed()))]);
    Recorded { name: golden.name.clone(), attributes, study }
}

fn read(text: &str) -> Result<Recorded, String> {
    let mut studies = parse(text.as_bytes(), Path::new("a.log")).map_err(|error| error.to_string())?;
    assert_eq!(studies.len(), 1);
    Ok(studies.swap_remove(0))
}

#[test]
fn a_journal_holds_all_of_a_study_and_its_sampler_suggests_it_again() {
    for (file, rules) in [("5.0", Version::V5_0), ("4.5", Version::V4_5)] {
        for golden in goldens(file) {
            let written = recorded(&golden, rules);
            let text = journal::text(&written);
            let again = read(&text).unwrap();
            assert_eq!(journal::text(&again), text, "{}", golden.name);
            // NaN is not NaN, so those are looked at as text.
            assert_eq!(format!("{again:?}"), format!("{written:?}"));

            let settings = golden.settings(rules, Elementary::System);
            let comparison = replay(&again.study, settings.sampler(golden.seed()).as_mut());
            assert!(comparison.suggestions >= 50, "{}", golden.name);
            if is_reference(Elementary::System) {
                assert_eq!((comparison.exact, comparison.different), (comparison.suggestions, 0), "{}", golden.name);
            }
            // The lines of the first trials are those of a study that has no more.
            let mut lines = journal::header(&written.name, written.study.direction, &written.attributes);
            for trial in written.study.trials() {
                assert!(text.starts_with(&lines));
                lines.push_str(&journal::trial(trial));
            }
            assert_eq!(lines, text);
        }
    }
}

#[test]
fn a_replay_finds_the_first_suggestion_that_is_not_the_samplers() {
    let golden = goldens("5.0").into_iter().find(|golden| golden.name == "s12_mixed_default").unwrap();
    let written = recorded(&golden, Version::V5_0);
    let settings = golden.settings(Version::V5_0, Elementary::System);
    let text = journal::text(&written);
    // Trial 31 tried another number of layers.
    let line = text.lines().find(|line| line.contains("\"trial_id\":31,") && line.contains("layers")).unwrap();
    let Value::Int(layers) = written.study.trials()[31].parameters["layers"].value else { panic!("an integer") };
    let other = line.replace(&format!("internal\":{layers}"), &format!("internal\":{}", 5 - layers));
    assert_ne!(other, line);
    let changed = read(&text.replace(line, &other)).unwrap();
    let comparison = replay(&changed.study, settings.sampler(golden.seed()).as_mut());
    let first = comparison.first_different.unwrap();
    assert_eq!((first.trial, first.parameter.as_str()), (31, "layers"));
    assert_eq!((first.recorded, first.suggested), (Value::Int(5 - layers), Value::Int(layers)));

    // Another last bit is rounding, another number is not.
    let Value::Float(lr) = written.study.trials()[3].parameters["lr"].value else { panic!("a float") };
    for (other, different) in [(lr.next_up(), 0), (lr * (1.0 + 1e-6), 1)] {
        let changed =
            read(&text.replacen(&format!("internal\":{}", json!(lr)), &format!("internal\":{}", json!(other)), 1));
        let study = changed.unwrap().study;
        let comparison = replay(&study, settings.sampler(golden.seed()).as_mut());
        assert_eq!(comparison.first_different.as_ref().map_or(0, |first| usize::from(first.trial == 3)), different);
    }
    let seeds = replay(&written.study, settings.sampler(golden.seed() + 1).as_mut());
    assert_eq!(seeds.first_different.unwrap().trial, 0);
}

#[test]
fn optunas_own_journal_is_the_study_it_was_written_from() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/search/optuna-journal.log");
    let by_optuna = journal::read(&path, None).unwrap();
    let golden = goldens("5.0").into_iter().find(|golden| golden.name == by_optuna.name).unwrap();
    let made = recorded(&golden, Version::V5_0).study;
    assert_eq!(by_optuna.study.trials(), &made.trials()[..14]);
    assert_eq!(by_optuna.study.direction, made.direction);
}

const STUDY: &str = r#"{"op_code":0,"worker_id":"w","study_name":"a \"NaN\"","directions":[2]}
"#;
const FLOAT: &str =
    r#""{\"name\":\"FloatDistribution\",\"attributes\":{\"low\":0.0,\"high\":1.0,\"log\":false,\"step\":null}}""#;

#[test]
fn what_optuna_may_write_is_understood() {
    let text = format!(
        r#"{STUDY}{{"op_code":3,"worker_id":"w","study_id":0,"system_attr":{{"a":1}}}}
{{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":null,"state":1,"value":-Infinity,"values":null,"distributions":{{"z":{FLOAT},"b":{FLOAT}}},"params":{{"z":0.5,"b":0.25}},"user_attrs":{{"n":NaN}},"system_attrs":{{}},"intermediate_values":{{"10":NaN,"9":1}}}}
{{"op_code":4,"worker_id":"w","study_id":0,"system_attrs":{{"fixed_params":{{"z":0.75}}}},"state":4}}

{{"op_code":6,"worker_id":"w","trial_id":1,"state":0,"values":null}}
{{"op_code":5,"worker_id":"w","trial_id":1,"param_name":"z","param_value_internal":0.75,"distribution":{FLOAT}}}
{{"op_code":5,"worker_id":"w","trial_id":1,"param_name":"b","param_value_internal":0.5,"distribution":{FLOAT}}}
{{"op_code":8,"worker_id":"w","trial_id":1,"user_attr":{{"n":1}}}}
{{"op_code":10,"worker_id":"w"}}
{{"op_code":6,"worker_id":"w","trial_id":1,"state":1,"values":[Infinity]}}
{{"op_code":6,"worker_id":"w","trial_id":1,"state":3,"values":null}}
{{"op_code":4,"worker_id":"w","study_id":0}}
{{"op_code":5,"worker_id":"w","trial_id":2,"param_name":"z","param_value_internal":1,"distribution":"{{\"name\":\"IntDistribution\",\"attributes\":{{\"low\":0,\"high\":1,\"log\":false,\"step\":1}}}}"}}
{{"op_code":5,"worker_id":"w","trial_id":2,"param_name":"c","param_value_internal":3,"distribution":"{{\"name\": \"CategoricalDistribution\", \"attributes\": {{\"choices\": [\"NaN\", 2, null, true, 0.5]}}}}"}}
{{"op_code":7,"worker_id":"w","trial_id":2,"step":0,"intermed"#
    );
    let study = read(&text).unwrap();
    assert_eq!(study.name, "a \"NaN\"");
    let [first, enqueued, running] = study.study.trials() else { panic!("three trials") };
    assert_eq!((first.state, first.value), (State::Complete, Some(f64::NEG_INFINITY)));
    assert_eq!(first.parameters.keys().collect::<Vec<_>>(), ["z", "b"], "in the order of suggestion");
    assert!(first.last_report().unwrap().is_nan());
    assert_eq!((enqueued.state, enqueued.value), (State::Complete, Some(f64::INFINITY)), "finished is finished");
    assert!(enqueued.parameters["z"].given && !enqueued.parameters["b"].given);
    assert_eq!(running.state, State::Running);
    assert_eq!(running.parameters.keys().collect::<Vec<_>>(), ["c"], "z is a float in this study");
    let Distribution::Categorical { choices } = &running.parameters["c"].distribution else { panic!("choices") };
    assert_eq!(choices[..3], [Value::Text("NaN".into()), Value::Int(2), Value::Null]);
    assert_eq!(running.parameters["c"].value, Value::Bool(true));
    assert!(running.intermediate.is_empty(), "half a line");
}

#[test]
fn a_broken_journal_is_refused_with_its_line() {
    let parameter = |name: &str, value: &str, distribution: &str| {
        format!(
            "{STUDY}{{\"op_code\":4,\"study_id\":0}}\n{{\"op_code\":5,\"trial_id\":0,\"param_name\":\"{name}\",\"param_value_internal\":{value},\"distribution\":{distribution}}}\n"
        )
    };
    for (text, problem) in [
        (format!("{STUDY}{STUDY}nonsense\n"), "a.log:3: is no line of a journal"),
        (format!("{STUDY}{{\"op_code\":11}}\n"), "a.log:2: has the unknown operation 11"),
        (STUDY.replace("[2]", "[1,2]"), "a.log:1: makes a study of several objectives"),
        (STUDY.replace("[2]", "[0]"), "unknown direction"),
        (STUDY.replace("study_name", "name"), "has no `study_name`"),
        (format!("{STUDY}{{\"op_code\":4}}\n"), "a.log:2: has no `study_id`"),
        (format!("{STUDY}{{\"op_code\":4,\"study_id\":0,\"state\":1}}\n"), "with no number"),
        (format!("{STUDY}{{\"op_code\":4,\"study_id\":0,\"state\":9}}\n"), "unknown state 9"),
        (parameter("lr", "1e999", FLOAT), "a.log:3"),
        (parameter("lr", "0.5", &FLOAT.replace("1.0", "-1.0")), "low ≤ high"),
        (parameter("lr", "0.5", &FLOAT.replace("Float", "Normal")), "unknown distribution of `lr`"),
        (
            parameter("c", "2", r#""{\"name\":\"CategoricalDistribution\",\"attributes\":{\"choices\":[1,2]}}""#),
            "gives `c` a value that its distribution does not have",
        ),
    ] {
        let error = parse(text.as_bytes(), Path::new("a.log")).map(|studies| studies.len()).unwrap_err().to_string();
        assert!(error.contains(problem), "{text}: {error}");
    }
}
