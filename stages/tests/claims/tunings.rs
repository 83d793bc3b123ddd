//! Seeds that share a tuning may agree more than seeds that don't.

use super::*;

/// Ten seeds of two methods, tuned `tunings` times; `b` is worse by 0.1, and by `luck` more where the tuning's number is even.
fn study(tunings: u64, luck: f64) -> Vec<Observation> {
    let mut random = RandomState::seeded(7);
    let mut rows = Vec::new();
    for method in ["a", "b"] {
        rows.extend((0..tunings).map(|tuning| row("as-run", method, tuning, 1, "tuned_score", 0.5)));
        for seed in 0..10 {
            let even = if tunings > 0 && (seed % tunings).is_multiple_of(2) { luck } else { 0.0 };
            let worse = if method == "b" { 0.1 + even } else { 0.0 };
            rows.push(row("as-run", method, seed, 1, "val_loss", 1.0 + worse + 0.01 * random.normal()));
        }
    }
    rows
}

#[test]
fn it_is_said_where_an_interval_over_seeds_is_too_narrow() {
    let judged = |tunings, luck| judge(&simple("lower"), &study(tunings, luck)).unwrap();

    let lucky = judged(2, 1.0);
    let found = only(&lucky).tunings.clone().unwrap();
    assert_eq!(only(&lucky).verdict, Verdict::Supported, "over seeds");
    assert!((found.differences[0] + 1.1).abs() < 0.02 && (found.differences[1] + 0.1).abs() < 0.02, "{found:?}");
    assert!(found.p < 1e-9 && found.interval[0] < -5.0 && found.interval[1] > 3.0, "{found:?}");
    let words = found.words.unwrap();
    assert!(words.contains("rests on 2 tunings rather than on 10 seeds"), "{words}");
    assert!(words.contains("leaves open on which side of 0 it lies"), "{words}");

    let small = only(&judged(5, 0.05)).tunings.clone().unwrap().words.unwrap();
    assert!(small.contains("5 tunings") && small.contains("is on one side of 0 still"), "{small}");

    let alike = only(&judged(5, 0.0)).tunings.clone().unwrap();
    assert!(alike.p > 0.05 && alike.words.is_none(), "{alike:?}");
    assert_eq!(only(&judged(0, 0.0)).tunings, None, "nothing was tuned");
    assert_eq!(only(&judged(1, 0.0)).tunings, None, "one tuning can't differ from itself");
}
