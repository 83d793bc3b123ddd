//! Importances against Optuna's evaluator.

use std::collections::BTreeMap;
use std::path::Path;

use stages::search::importance::importance;
use stages::search::sampler::Version;
use stages::search::study::State;

use crate::Elementary;
use crate::goldens::{Agreement, goldens};

#[test]
fn importances_are_those_of_optunas_ped_anova() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/search/importances.json");
    let expected: BTreeMap<String, BTreeMap<String, f64>> =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(expected.len(), 26);
    for golden in goldens("5.0") {
        let study = golden.make(&golden.settings(Version::V5_0, Elementary::System), &mut Agreement::default());
        let Some(ours) = importance(&study) else {
            // One complete trial says nothing; Optuna calls that equal shares.
            assert_eq!(study.trials().iter().filter(|trial| trial.state == State::Complete).count(), 1);
            assert!(expected[&golden.name].values().all(|share| *share == 0.5));
            continue;
        };
        assert!(ours.shares.is_sorted_by(|a, b| a.1 >= b.1));
        assert!(ours.good * 10 >= ours.trials);
        let ours: BTreeMap<String, f64> = ours.shares.into_iter().collect();
        let expected = &expected[&golden.name];
        assert_eq!(ours.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{}", golden.name);
        for (name, share) in &ours {
            assert!(
                (share - expected[name]).abs() < 1e-9,
                "{} {name}: {share}, Optuna {}",
                golden.name,
                expected[name]
            );
        }
    }
}
