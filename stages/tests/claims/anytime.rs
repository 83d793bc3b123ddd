//! Tests that may be looked at after every seed: however often one looks, they err no more often than α.

use serde_json::{Value, json};

use super::*;
use stages::claims::further::further;
use stages::claims::verdict::{ClaimVerdicts, Sequential};
use stages::statistics::sequential::{against_beyond, against_none};

const STUDIES: usize = 2_000;
const LOOKS: usize = 60;

/// The most that α of the studies, and 3.3 standard deviations, allow.
fn allowed(alpha: f64) -> usize {
    let n = STUDIES as f64;
    (n * alpha + 3.3 * (n * alpha * (1.0 - alpha)).sqrt()) as usize
}

/// Draws symmetric noise: normal, heavy-tailed, or of a spread that changes from seed to seed.
fn noise(random: &mut RandomState, kind: usize, seed: usize) -> f64 {
    let normal = random.normal();
    match kind {
        0 => normal,
        1 => normal / random.normal(),
        _ => normal * [0.01, 1.0, 30.0][seed % 3],
    }
}

#[test]
fn looking_after_every_seed_makes_no_error_more_likely() {
    let mut random = RandomState::seeded(11);
    for kind in 0..3 {
        for (centre, scale) in [(0.0, 1.0), (0.0, 0.05), (1.0, 1.0), (1.5, 1.0)] {
            let mut by_look = [0; LOOKS];
            for _ in 0..STUDIES {
                let mut d = Vec::new();
                for look in 0..LOOKS {
                    d.push(centre + noise(&mut random, kind, look));
                    // Truth: no difference; or one that is just not, or more than not, within the margin.
                    let wrong = if centre == 0.0 { against_none(&d, scale) } else { against_beyond(&d, scale) };
                    if wrong >= 20.0 {
                        by_look[look..].iter_mut().for_each(|count| *count += 1);
                        break;
                    }
                }
            }
            for (look, count) in by_look.iter().enumerate() {
                assert!(*count <= allowed(0.05), "noise {kind}, centre {centre}: {count} by look {look}");
            }
        }
    }
}

#[test]
fn what_is_there_is_found() {
    let mut random = RandomState::seeded(12);
    let (mut seeds_for_effect, mut seeds_for_none) = (0, 0);
    for _ in 0..200 {
        let mut first = |centre: f64, spread: f64, evidence: &dyn Fn(&[f64]) -> f64| {
            let mut d = Vec::new();
            while evidence(&d) < 20.0 {
                d.push(centre + spread * random.normal());
                assert!(d.len() < 400, "never found");
            }
            d.len()
        };
        seeds_for_effect += first(0.1, 0.1, &|d| against_none(d, 0.02));
        seeds_for_none += first(0.0, 0.02, &|d| against_beyond(d, 0.02));
    }
    // A t-test with 90 % power needs 13 for the one; looking at will costs about as many again.
    assert!((10..=35).contains(&(seeds_for_effect / 200)), "{seeds_for_effect}");
    assert!((10..=40).contains(&(seeds_for_none / 200)), "{seeds_for_none}");
}

#[test]
fn e_values_are_means_over_lambda() {
    // By numerical integration over λ, for one spread at a time, the same numbers.
    let d = [0.3, -0.1, 0.25, 0.4, 0.05];
    let scale = 0.5;
    let (mut none, mut above, mut below) = (0.0, 0.0, 0.0);
    for spread in (0..8).map(|k| 16.0 / 4.0_f64.powi(k) / scale) {
        let steps = 200_000;
        for step in 0..steps {
            let u = -10.0 + 20.0 * (step as f64 + 0.5) / steps as f64;
            let (lambda, weight) =
                (u * spread, (-0.5 * u * u).exp() / (2.0 * std::f64::consts::PI).sqrt() * 20.0 / steps as f64);
            let value = |shift: f64, sign: f64| {
                let exponent = |d: &f64| {
                    let d = shift + sign * d;
                    lambda * d - 0.5 * lambda * lambda * d * d
                };
                d.iter().map(exponent).sum::<f64>().exp() * weight / 8.0
            };
            none += value(0.0, 1.0);
            if lambda > 0.0 {
                above += 2.0 * value(scale, 1.0);
                below += 2.0 * value(scale, -1.0);
            }
        }
    }
    assert!((against_none(&d, scale) / none - 1.0).abs() < 1e-6);
    assert!((against_beyond(&d, scale) / f64::min(above, below) - 1.0).abs() < 1e-6);
}

fn sequential(verdicts: &Verdicts) -> &Sequential {
    only(verdicts).sequential.as_ref().unwrap()
}

#[test]
fn a_claim_is_judged_at_the_first_seed_that_decides() {
    let mut random = RandomState::seeded(13);
    let found = judge(&simple("lower"), &pair(&mut random, 40, 0.2, 0.03)).unwrap();
    let Sequential { verdict: Verdict::Contradicted, seeds, e_difference, .. } = *sequential(&found) else {
        panic!("{found:?}")
    };
    assert!((7..30).contains(&seeds) && e_difference >= 20.0, "{seeds} {e_difference}");
    let d: Vec<f64> = evidence(&found).pairs.iter().map(|(_, a, b)| a - b).collect();
    let decides = |n: &usize| against_none(&d[..*n], 0.02) >= 20.0 || against_beyond(&d[..*n], 0.02) >= 20.0;
    assert_eq!((1..=d.len()).find(decides), Some(seeds));
    // Seeds after that change nothing.
    let rows = pair(&mut RandomState::seeded(13), 40, 0.2, 0.03);
    let more: Vec<_> = rows.iter().filter(|row| row.seed < seeds as u64).cloned().collect();
    assert_eq!(sequential(&judge(&simple("lower"), &more).unwrap()), sequential(&found));

    let none = judge(&simple("higher"), &pair(&mut random, 40, 0.0, 0.01)).unwrap();
    assert_eq!(sequential(&none).verdict, Verdict::NoDifference);
    let open = judge(&simple("higher"), &pair(&mut random, 6, 0.0, 0.1)).unwrap();
    assert_eq!((sequential(&open).verdict, sequential(&open).seeds), (Verdict::Undecided, 6));
}

#[test]
fn further_seeds_are_asked_for_where_a_claim_is_open() {
    let mut random = RandomState::seeded(14);
    let open = judge(&simple("higher"), &pair(&mut random, 6, 0.0, 0.1)).unwrap();
    let decided = judge(&simple("lower"), &pair(&mut random, 40, 0.2, 0.03)).unwrap();
    let with = |seeds: Value| move |key: &str| (key == "study.seeds").then(|| seeds.clone());
    assert_eq!(further(&open, 100, &with(json!(["0-2", "3-5"]))), ["study.seeds=[\"0-2\", \"3-5\", \"6-8\"]"]);
    assert_eq!(further(&open, 8, &with(json!(["0-2", "3-5"]))), ["study.seeds=[\"0-2\", \"3-5\", \"6-7\"]"]);
    assert_eq!(further(&open, 100, &with(json!(["42", "0-9"]))), ["study.seeds=[\"42\", \"0-9\", \"43-52\"]"]);
    for full in [json!(["0-2", "3-5"]), json!([]), json!("0-5"), json!(["a-b"])] {
        assert_eq!(further(&open, 6, &with(full)), [""; 0]);
    }
    assert_eq!(further(&decided, 100, &with(json!(["0-39"]))), [""; 0]);
    // A claim may name its blocks, a protocol may have its own.
    let named = Verdicts {
        claims: vec![ClaimVerdicts { seeds: Some("study.claim_seeds".to_owned()), ..open.claims[0].clone() }],
    };
    let own = |key: &str| (key == "study.claim_seeds").then(|| json!(["0-5"]));
    assert_eq!(further(&named, 100, &own), ["study.claim_seeds=[\"0-5\", \"6-11\"]"]);
    let own = |key: &str| (key == "study.as_run_seeds").then(|| json!(["7"]));
    assert_eq!(further(&open, 100, &own), ["study.as_run_seeds=[\"7\", \"8\"]"]);
}
