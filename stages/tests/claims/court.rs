//! How often the judgement errs: over many simulated studies with a known truth, as often as it says.

use super::*;
use stages::claims::verdict::CourtVerdict;
use stages::statistics::t_test::{self, Alternative};

const STUDIES: usize = 2_000;

/// Whether a count of events, each with chance `p`, is within 3.3 standard deviations of what is expected: a band that one
/// honest count in a thousand leaves.
fn within_band(count: usize, p: f64) -> bool {
    let (n, count) = (STUDIES as f64, count as f64);
    (count - n * p).abs() <= 3.3 * (n * p * (1.0 - p)).sqrt()
}

#[test]
fn wrong_verdicts_are_as_rare_as_alpha() {
    // (Ten seconds of work: 2,000 studies, and each that stays open asks how many more seeds it needs.)
    // Without a difference, a difference is claimed in 5 % of studies; at the margin, its absence is; and the interval
    // holds the truth in 95 %.
    let mut random = RandomState::seeded(2);
    let (mut found, mut missed, mut covered) = (0, 0, 0);
    for _ in 0..STUDIES {
        let null = judge(&simple("higher"), &pair(&mut random, 8, 0.0, 0.1)).unwrap();
        found += usize::from(matches!(only(&null).verdict, Verdict::Supported | Verdict::Contradicted));
        let margin = judge(&simple("higher"), &pair(&mut random, 8, 0.02, 0.005)).unwrap();
        missed += usize::from(only(&margin).verdict == Verdict::NoDifference);
        let [low, high] = evidence(&margin).interval;
        covered += usize::from(low <= 0.02 && 0.02 <= high);
    }
    assert!(within_band(found, 0.05), "{found}");
    assert!(within_band(missed, 0.05), "{missed}");
    assert!(within_band(covered, 0.95), "{covered}");
}

#[test]
fn of_many_true_nulls_even_one_is_rarely_rejected() {
    let mut random = RandomState::seeded(3);
    let mut any = 0;
    for _ in 0..STUDIES {
        let p: Vec<f64> = (0..10)
            .map(|_| {
                let d: Vec<f64> = (0..6).map(|_| random.normal()).collect();
                t_test::paired(&d, Alternative::TwoSided, 0.95).p
            })
            .collect();
        any += usize::from(correction::holm(&p).iter().any(|p| *p <= 0.05));
    }
    // Of independent tests: 1 − (1 − 0.05/10)^10.
    assert!(within_band(any, 0.0489), "{any}");
}

fn controlled(margin: f64, direction: &str) -> Vec<ClaimSource> {
    let text = format!(
        "source: {{title: t}}\nclaims:\n  - {{id: C-1, statement: s, experiment: study, margin: {margin}, protocols: \
         [{{protocol: as-run}}], controls: [negative, positive],\n     comparison: {{a: a, b: b, metric: val_loss, at: \
         last, direction: {direction}}}}}\n"
    );
    vec![source(&text)]
}

fn court(verdicts: &Verdicts) -> [&CourtVerdict; 2] {
    let [negative, positive] = only(verdicts).court.as_slice() else { panic!("{verdicts:?}") };
    [negative, positive]
}

#[test]
fn controls_of_the_court_err_at_their_stated_rates() {
    let mut random = RandomState::seeded(4);
    // The margin is far below the spread, so the planted effect is not rounded up by much.
    let claims = controlled(0.0005, "lower");
    let (mut acquitted, mut found) = (0, 0);
    for _ in 0..STUDIES {
        // The claim itself is decided at once, by an effect that the halves of one method know nothing of.
        let verdicts = judge(&claims, &pair(&mut random, 12, 2.0, 0.1)).unwrap();
        let [negative, positive] = court(&verdicts);
        acquitted += usize::from(negative.passed);
        found += usize::from(positive.passed);
        assert!(positive.planted.is_some_and(|effect| effect < 0.0) && negative.planted.is_none());
    }
    assert!(within_band(acquitted, 0.95), "{acquitted}");
    assert!(within_band(found, 0.99), "{found}");
}

#[test]
fn controls_of_the_court_show_what_they_must() {
    let mut random = RandomState::seeded(5);
    let sharp = judge(&controlled(0.02, "higher"), &pair(&mut random, 20, 0.1, 0.005)).unwrap();
    let [negative, positive] = court(&sharp);
    assert_eq!((negative.verdict, positive.verdict), (Verdict::NoDifference, Verdict::Supported));
    assert_eq!(positive.planted, Some(0.04));
    assert!(negative.reason.contains("shows that there is no difference, as it must"), "{}", negative.reason);
    assert!(positive.reason.contains("A planted difference of +0.04"), "{}", positive.reason);
    // The halves are those of the second method: ten pairs, whatever the first one does.
    let halves = &negative.evidence.as_ref().unwrap().pairs;
    let b = |seed: usize| evidence(&sharp).pairs[seed].2;
    assert!(halves.len() == 10 && halves[3] == (3, b(3), b(13)));

    let few = judge(&controlled(0.02, "higher"), &pair(&mut random, 3, 0.1, 0.005)).unwrap();
    assert_eq!(court(&few).map(|control| (control.verdict, control.passed)), [(Verdict::Untestable, false); 2]);
}
