//! Tests that may be looked at after every seed: however often one looks, they err no more often than α.

use serde_json::{Value, json};

use super::*;
use stages::claims::further::further;
use stages::claims::verdict::{ClaimVerdicts, Sequential};
use stages::statistics::sequential::{Difference, Equivalence};

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
                let (mut difference, mut equivalence) = (Difference::new(scale), Equivalence::new(scale));
                for look in 0..LOOKS {
                    let d = centre + noise(&mut random, kind, look);
                    // Truth: no difference; or one that is just not, or more than not, within the margin.
                    let wrong = if centre == 0.0 { difference.see(d) } else { equivalence.see(d) };
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
        let mut first = |centre: f64, spread: f64, see: &mut dyn FnMut(f64) -> f64| {
            (1..400).find(|_| see(centre + spread * random.normal()) >= 20.0).expect("never found")
        };
        let (mut difference, mut equivalence) = (Difference::new(0.02), Equivalence::new(0.02));
        seeds_for_effect += first(0.1, 0.1, &mut |d| difference.see(d));
        seeds_for_none += first(0.0, 0.02, &mut |d| equivalence.see(d));
    }
    // A t-test with 90 % power needs 13 for the one; looking at will costs about as many again.
    assert!((10..=35).contains(&(seeds_for_effect / 200)), "{seeds_for_effect}");
    assert!((10..=40).contains(&(seeds_for_none / 200)), "{seeds_for_none}");
}

#[test]
fn bets_on_signs_are_fair_and_exact() {
    let sizes = [0.3, 0.1, 0.25, 0.4, 0.05];
    let scale = 0.5;
    let mut mean = [0.0; 2];
    for pattern in 0..1 << sizes.len() {
        let (mut difference, mut equivalence) = (Difference::new(scale), Equivalence::new(scale));
        let (mut of_difference, mut of_equivalence) = (0.0, 0.0);
        for (bit, size) in sizes.iter().enumerate() {
            let d = if pattern >> bit & 1 == 1 { *size } else { -size };
            of_difference = difference.see(d);
            // Symmetric about −scale: the edge of the margin.
            of_equivalence = equivalence.see(d - scale);
        }
        mean[0] += of_difference / 32.0;
        mean[1] += of_equivalence / 32.0;
    }
    assert!((mean[0] - 1.0).abs() < 1e-12, "over all patterns of signs nothing is won: {mean:?}");
    assert!(mean[1] <= 1.0, "{mean:?}");

    // The product, bet by bet.
    let mut difference = Difference::new(scale);
    let all = sizes.map(|d| difference.see(d))[4];
    let grid = (-20..=12).flat_map(|k| [1.0, -1.0].map(|sign| sign * 2_f64.powf(0.5 * f64::from(k)) / scale));
    let products: Vec<f64> = grid.map(|lambda| sizes.iter().map(|d| 1.0 + (lambda * d).tanh()).product()).collect();
    assert!((all / (products.iter().sum::<f64>() / products.len() as f64) - 1.0).abs() < 1e-12);

    // Far off on one side there is no evidence for the other, however long one looks.
    let mut beyond = Equivalence::new(0.02);
    assert!((0..3000).all(|_| beyond.see(0.04) < 1.0));
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
    let (mut difference, mut equivalence) = (Difference::new(0.02), Equivalence::new(0.02));
    let mut decides = |(_, a, b): &(u64, f64, f64)| {
        let (difference, equivalence) = (difference.see(a - b), equivalence.see(a - b));
        difference >= 20.0 || equivalence >= 20.0
    };
    assert_eq!(evidence(&found).pairs.iter().position(&mut decides), Some(seeds - 1));
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
