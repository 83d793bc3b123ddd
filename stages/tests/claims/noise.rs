//! Accuracies on a finite test part: Wilson's intervals, the least difference to be seen, McNemar's test on predictions.

use super::*;
use stages::claims::judge::judge_with;
use stages::claims::predicted::Predicted;
use stages::claims::verdict::NoiseFloor;
use stages::predictions::{self, Prediction};
use stages::statistics::{mcnemar, proportion};

const CLAIM: &str = "
source: {title: t}
claims:
  - id: C-1
    statement: a is more accurate.
    experiment: study
    comparison: {a: a, b: b, metric: test_accuracy, at: best, best_by: val_accuracy, direction: higher}
    margin: 0.002
    published: {a: 0.686, b: 0.676, verdict: better}
    protocols: [{protocol: as-run}]
";

/// Six seeds on 100 rows. The best epoch is the second; there `a` errs on rows below 10, `b` below 10 + 3·seed.
fn study() -> (Vec<Observation>, Vec<Prediction>) {
    let (mut rows, mut predictions) = (Vec::new(), Vec::new());
    for method in ["a", "b"] {
        for seed in 0..6 {
            for epoch in 1..=3 {
                rows.push(row("as-run", method, seed, epoch, "val_accuracy", if epoch == 2 { 0.9 } else { 0.8 }));
                if epoch == 1 {
                    continue;
                }
                let wrong = if method == "a" { 10 } else { 10 + 3 * seed as u32 };
                // At the last epoch, which does not count, everything is wrong.
                let wrong = if epoch == 3 { 100 } else { wrong };
                rows.push(row("as-run", method, seed, epoch, "test_accuracy", 1.0 - f64::from(wrong) / 100.0));
                predictions.extend((0..100).map(|row| Prediction {
                    experiment: "study".into(),
                    protocol: "as-run".into(),
                    method: method.into(),
                    seed,
                    epoch,
                    row,
                    label: (row % 10) as u8,
                    predicted: if row < wrong { 10 } else { (row % 10) as u8 },
                }));
            }
        }
    }
    (rows, predictions)
}

fn floor(verdicts: &Verdicts) -> &NoiseFloor {
    only(verdicts).noise.as_ref().unwrap()
}

#[test]
fn predictions_are_tested_row_by_row_at_the_epoch_that_counts() {
    let (rows, predictions) = study();
    let folder = tempfile::tempdir().unwrap();
    let (a, b): (Vec<_>, Vec<_>) = predictions.into_iter().partition(|prediction| prediction.method == "a");
    for (name, table) in [("b.parquet", &b), ("a.parquet", &a)] {
        predictions::write_parquet(&folder.path().join(name), table).unwrap();
    }
    let predicted = Predicted::read(&[folder.path().to_owned()]).unwrap();
    let verdicts = judge_with(&[source(CLAIM)], &rows, &predicted).unwrap();
    let NoiseFloor { rows: n, least_paired, least_unpaired, predictions: Some(tests), by_seed, words, .. } =
        floor(&verdicts)
    else {
        panic!("{verdicts:?}")
    };
    assert_eq!(*n, 100);
    let counts: Vec<_> = tests.seeds.iter().map(|test| (test.only_a, test.only_b, test.p)).collect();
    assert_eq!(counts, [0, 3, 6, 9, 12, 15].map(|only_a| (only_a, 0, mcnemar::exact(only_a, 0))));
    // 2/2⁶ is the first p below 0.05.
    assert_eq!((tests.a_better, tests.b_better, *least_paired), (4, 0, 0.06));
    assert_eq!(by_seed[2], (2, proportion::wilson(90, 100, 0.95), proportion::wilson(84, 100, 0.95)));
    let middle: f64 = (0.9 + 0.825) / 2.0;
    assert!((least_unpaired - 1.959964 * (2.0 * middle * (1.0 - middle) / 100.0).sqrt()).abs() < 1e-6);
    assert!(words.contains("`a` to be better in 4 of 6 seeds, `b` in 0"), "{words}");
    assert!(words.contains("the published difference of +0.010 is 1 row, below what two runs can show"), "{words}");
}

#[test]
fn the_size_of_the_test_part_comes_from_the_claim_or_the_tables() {
    let (mut rows, _) = study();
    let none = judge(&[source(CLAIM)], &rows).unwrap();
    assert_eq!(only(&none).noise, None);
    let said = judge(&[source(&CLAIM.replace("direction: higher", "direction: higher, of: 1000"))], &rows).unwrap();
    assert_eq!((floor(&said).rows, &floor(&said).predictions), (1000, &None));
    assert_eq!(floor(&said).wilson_a, proportion::wilson(900, 1000, 0.95));
    rows.extend((0..6).map(|seed| row("as-run", "a", seed, 1, "test_size", 200.0)));
    let measured = judge(&[source(CLAIM)], &rows).unwrap();
    assert_eq!(floor(&measured).rows, 200);
    // Other metrics are no share of the test part.
    let validation = CLAIM.replace("metric: test_accuracy", "metric: val_accuracy");
    assert_eq!(only(&judge(&[source(&validation)], &rows).unwrap()).noise, None);
}

#[test]
fn predictions_of_other_rows_are_not_compared() {
    let (rows, predictions) = study();
    let mut predicted = Predicted::default();
    for p in &predictions {
        // Seed 1 of b saw other labels; seed 2 of b lacks a row.
        let label = if (p.method.as_str(), p.seed) == ("b", 1) { p.label + 1 } else { p.label };
        if (p.method.as_str(), p.seed, p.row) != ("b", 2, 99) {
            let run = (p.experiment.as_str(), p.protocol.as_str(), p.method.as_str(), p.seed);
            predicted.add(run, p.epoch, p.row, (label.into(), p.predicted.into()));
        }
    }
    let verdicts = judge_with(&[source(CLAIM)], &rows, &predicted).unwrap();
    let tests = floor(&verdicts).predictions.as_ref().unwrap();
    assert_eq!(tests.seeds.iter().map(|test| test.seed).collect::<Vec<_>>(), [0, 3, 4, 5]);
}

#[test]
fn what_is_no_share_has_no_noise_floor() {
    let (rows, _) = study();
    let percent = |row: &Observation| Observation { value: 100.0 * row.value, ..row.clone() };
    let in_percent: Vec<Observation> = rows.iter().map(percent).collect();
    let claim = vec![source(&CLAIM.replace("direction: higher", "direction: higher, of: 100"))];
    assert!(only(&judge(&claim, &rows).unwrap()).noise.is_some());
    assert_eq!(only(&judge(&claim, &in_percent).unwrap()).noise, None);
}
