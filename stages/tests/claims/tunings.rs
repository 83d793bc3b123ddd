//! Seeds that share a tuning are one answer.

use super::*;

/// `seeds` seeds of two methods, tuned `tunings` times, with a difference for each tuning, and noise.
fn study(tunings: u64, seeds: u64, noise: f64, random: &mut RandomState, of: &[f64]) -> Vec<Observation> {
    let mut rows = Vec::new();
    for method in ["a", "b"] {
        rows.extend((0..tunings).map(|tuning| row("as-run", method, tuning, 1, "tuned_score", 0.5)));
        for seed in 0..seeds {
            let worse = if method == "b" { of[(seed % of.len() as u64) as usize] } else { 0.0 };
            rows.push(row("as-run", method, seed, 1, "val_loss", 1.0 + worse + noise * random.normal()));
        }
    }
    rows
}

#[test]
fn a_verdict_rests_on_tunings_where_seeds_share_them() {
    let random = &mut RandomState::seeded(7);
    let mut judged = |tunings, of: &[f64]| judge(&simple("lower"), &study(tunings, 10, 0.01, random, of)).unwrap();

    let lucky = judged(2, &[1.1, 0.1]);
    let found = evidence(&lucky);
    let differences = &found.tunings.as_ref().unwrap().differences;
    assert!((differences[0] + 1.1).abs() < 0.02 && (differences[1] + 0.1).abs() < 0.02, "{found:?}");
    let expected = interval::t_interval(differences, 0.95);
    assert!((0..2).all(|end| (found.interval[end] - expected[end]).abs() < 1e-12), "{found:?}");
    let reason = &only(&lucky).reason;
    assert_eq!(only(&lucky).verdict, Verdict::Undecided, "ten seeds alone would decide: {reason}");
    assert!(reason.starts_with("Over 2 tunings with 10 seeds") && reason.contains("further tunings would"), "{reason}");
    assert!(reason.contains("Tunings differ by more than their seeds do (p = "), "{reason}");
    assert_eq!(only(&lucky).sequential, None, "more seeds are no more answers");

    let alike = judged(5, &[0.1]);
    assert_eq!(only(&alike).verdict, Verdict::Supported);
    assert!(!only(&alike).reason.contains("Tunings differ"), "{alike:?}");
    // Ten seeds of three tunings: each tuning counts once, whatever its seeds.
    let uneven = judged(3, &[0.1, 0.2, 0.3]);
    assert!((evidence(&uneven).difference + 0.2).abs() < 0.01, "{uneven:?}");

    let once = judged(1, &[0.1]);
    assert_eq!(only(&once).verdict, Verdict::Supported);
    assert!(only(&once).reason.starts_with("Over 10 seeds of one tuning"), "{once:?}");
    assert_eq!(evidence(&judged(0, &[0.1])).tunings, None, "nothing was tuned");
}

#[test]
fn tunings_that_differ_by_chance_alone_are_no_difference_found() {
    // No true difference, and tunings that differ twice as much as their seeds: over 20 seeds every third study found one.
    let random = &mut RandomState::seeded(11);
    let found = |_: &usize| {
        let luck: Vec<f64> = (0..5).map(|_| random.normal()).collect();
        let verdicts = judge(&simple("lower"), &study(5, 20, 0.35, random, &luck)).unwrap();
        matches!(only(&verdicts).verdict, Verdict::Supported | Verdict::Contradicted)
    };
    let wrong = (0..2000).filter(found).count();
    // α = 5 % of 2,000, and three standard deviations of chance.
    assert!((71..=130).contains(&wrong), "{wrong} of 2,000 studies");
}
