//! What is promised, by simulation from fixed seeds: intervals cover as often as they say, and tests err as often.
//!
//! Every share of 2,000 (or more) replications is held against its binomial band. What to expect is computed where it is not
//! the level itself: exact tests of small samples reach only some levels.

use stages::random::numpy::RandomState;
use stages::statistics::bootstrap::Bootstrap;
use stages::statistics::power::Outlook;
use stages::statistics::t_test::{self, Alternative};
use stages::statistics::{
    correction, describe, interval, mann_whitney, mcnemar, power, proportion, sign_flip, student, wilcoxon,
};

const REPLICATIONS: usize = 2_000;

/// How many of `replications` samples of `n` normal values (mean `mean`, standard deviation 1) satisfy `holds`.
fn count(seed: u32, replications: usize, n: usize, mean: f64, holds: impl Fn(&[f64]) -> bool) -> usize {
    let mut random = RandomState::seeded(seed);
    let sample = |random: &mut RandomState| (0..n).map(|_| mean + random.normal()).collect::<Vec<_>>();
    (0..replications).filter(|_| holds(&sample(&mut random))).count()
}

/// Whether a count fits a chance: within 3.3 standard deviations, which one honest test in a thousand misses.
#[track_caller]
fn assert_fits(count: usize, replications: usize, chance: f64) {
    let n = replications as f64;
    let distance = (count as f64 - n * chance).abs();
    assert!(
        distance <= 3.3 * (n * chance * (1.0 - chance)).sqrt(),
        "{count} of {replications}, expected {}",
        n * chance
    );
}

#[test]
fn intervals_cover_as_often_as_they_say() {
    for (n, level) in [(3, 0.95), (10, 0.95), (10, 0.8)] {
        let covers = |x: &[f64]| {
            let [low, high] = interval::t_interval(x, level);
            low <= 5.0 && 5.0 <= high
        };
        assert_fits(count(10, 2_000, n, 5.0, covers), 2_000, level);
        // The last value is the further run that the others are to predict.
        let predicts = |x: &[f64]| {
            let [low, high] = interval::prediction_interval(&x[..n], level);
            low <= x[n] && x[n] <= high
        };
        assert_fits(count(11, 2_000, n + 1, 5.0, predicts), 2_000, level);
    }
}

#[test]
fn tests_err_as_often_as_they_say() {
    for n in [6, 10] {
        let rejects = |x: &[f64]| t_test::paired(x, Alternative::TwoSided, 0.95).p <= 0.05;
        assert_fits(count(20, 2_000, n, 0.0, rejects), 2_000, 0.05);
        // The sign-flip test can only be as close to 5 % as the 2^n patterns allow.
        let patterns = 2_f64.powi(n as i32);
        let attainable = 2.0 * (0.05 * patterns / 2.0).floor() / patterns;
        let rejects = |x: &[f64]| sign_flip::sign_flip(x).unwrap().two_sided <= 0.05;
        assert_fits(count(21, 2_000, n, 0.0, rejects), 2_000, attainable);
        // At the margin itself, equivalence is the error (nearly: the other side hardly ever rejects too).
        let rejects = |x: &[f64]| t_test::paired_equivalence(x, 4.0).p <= 0.05;
        assert_fits(count(22, 2_000, n, 4.0, rejects), 2_000, 0.05);
    }
}

#[test]
fn power_is_the_share_of_studies_that_find_it() {
    for (dz, n) in [(0.5, 10), (1.2, 6), (0.0, 8)] {
        let power = power::paired_t_power(dz, n as f64, 0.05, Alternative::TwoSided);
        let finds = |x: &[f64]| t_test::paired(x, Alternative::TwoSided, 0.95).p <= 0.05;
        assert_fits(count(30, 4_000, n, dz, finds), 4_000, power);
    }

    // A small difference within the margin, a larger one beyond it, and one that neither test can settle at 8 pairs.
    for (mean, margin, n) in [(0.1, 0.8, 30), (1.0, 0.5, 12), (0.4, 1.0, 8), (0.3, 1.5, 9)] {
        let outlook = Outlook { mean, sd: 1.0, margin, alpha_difference: 0.02, alpha_equivalence: 0.05 };
        let decides = |x: &[f64]| {
            t_test::paired(x, Alternative::TwoSided, 0.95).p <= 0.02 || t_test::paired_equivalence(x, margin).p <= 0.05
        };
        assert_fits(count(31, 4_000, n, mean, decides), 4_000, outlook.decision_power(n));
        let needed = outlook.pairs_to_decide(0.9, 5, 10_000).unwrap();
        assert!(outlook.decision_power(needed) >= 0.9, "{needed}");
        assert!(needed == 6 || outlook.decision_power(needed - 1) < 0.9, "{needed}");
    }
    let hopeless = Outlook { mean: 1e-4, sd: 1.0, margin: 2e-4, alpha_difference: 0.05, alpha_equivalence: 0.05 };
    assert_eq!(hopeless.pairs_to_decide(0.9, 5, 10_000), None);
}

/// A sample of `n` normal values.
fn normal(random: &mut RandomState, n: usize, mean: f64, sd: f64) -> Vec<f64> {
    (0..n).map(|_| mean + sd * random.normal()).collect()
}

/// How many of the replications say so.
fn times(seed: u32, mut says_so: impl FnMut(&mut RandomState) -> bool) -> usize {
    let mut random = RandomState::seeded(seed);
    (0..REPLICATIONS).filter(|_| says_so(&mut random)).count()
}

#[test]
fn bootstrap_intervals_cover_as_often_as_they_say() {
    const N: usize = 60;
    const RESAMPLES: usize = 500;
    // Of normal data the bootstrap finds the spread n − 1 / n times as large, and takes it for known.
    let z = 1.959_964 * ((N - 1) as f64 / N as f64).sqrt();
    let promised = 1.0 - student::two_sided(z, (N - 1) as f64);
    // An exponential mean has skewed errors: BCa moves with them, the percentiles do not.
    let mut covered = [[0; 3]; 2];
    for (kind, covered) in covered.iter_mut().enumerate() {
        let mut random = RandomState::seeded(40 + kind as u32);
        for replication in 0..REPLICATIONS {
            let x: Vec<f64> = match kind {
                0 => normal(&mut random, N, 1.0, 1.0),
                _ => (0..N).map(|_| -(1.0 - random.double()).ln()).collect(),
            };
            let bootstrap = Bootstrap::of(&x, describe::mean, RESAMPLES, replication as u32);
            let intervals = [bootstrap.percentile(0.95), bootstrap.basic(0.95), bootstrap.bca(0.95)];
            for (covered, [low, high]) in covered.iter_mut().zip(intervals) {
                *covered += usize::from(low <= 1.0 && 1.0 <= high);
            }
        }
    }
    for covered in covered[0] {
        assert_fits(covered, REPLICATIONS, promised);
    }
    let [percentile, basic, bca] = covered[1];
    assert_fits(bca, REPLICATIONS, promised);
    assert!(basic < percentile && percentile <= bca, "{basic} {percentile} {bca}");
}

#[test]
fn intervals_of_shares_cover_as_often_as_they_say() {
    for (n, p) in [(300_u64, 0.58_f64), (40, 0.3), (40, 0.02)] {
        // What they cover exactly: the chance of all counts whose interval holds p.
        let mut chance = (n as f64 * (1.0 - p).ln()).exp();
        let mut exact = [0.0; 3];
        for count in 0..=n {
            for (exact, [low, high]) in exact.iter_mut().zip(intervals(count, n)) {
                *exact += if low <= p && p <= high { chance } else { 0.0 };
            }
            chance *= (n - count) as f64 / (count + 1) as f64 * p / (1.0 - p);
        }
        assert!(exact[1] >= 0.95, "Clopper and Pearson's is never too short: {exact:?}");
        // The others are right on average over p, within a few per cent for small n.
        assert!((exact[0] - 0.95).abs() < if n > 100 { 0.01 } else { 0.04 }, "{exact:?}");
        for (which, exact) in exact.into_iter().enumerate() {
            let covers = |random: &mut RandomState| {
                let count = (0..n).filter(|_| random.double() < p).count() as u64;
                let [low, high] = intervals(count, n)[which];
                low <= p && p <= high
            };
            assert_fits(times(50, covers), REPLICATIONS, exact);
        }
    }
}

fn intervals(count: u64, n: u64) -> [[f64; 2]; 3] {
    [
        proportion::wilson(count, n, 0.95),
        proportion::clopper_pearson(count, n, 0.95),
        proportion::agresti_coull(count, n, 0.95),
    ]
}

fn wilcoxon_p(d: &[f64]) -> f64 {
    wilcoxon::signed_rank(d, Alternative::TwoSided, wilcoxon::Method::Auto, wilcoxon::Zeros::Drop).p
}

fn mann_whitney_p(x: &[f64], y: &[f64]) -> f64 {
    mann_whitney::rank_sum(x, y, Alternative::TwoSided, mann_whitney::Method::Auto).p
}

#[test]
fn rank_tests_err_as_often_as_they_say() {
    // Ten ranks have 1,024 patterns of signs; the level that they can reach is the share with p ≤ 5 %.
    let signs = |pattern: u32| {
        (1..=10).map(move |rank| if pattern >> (rank - 1) & 1 == 1 { -1.0 } else { 1.0 } * f64::from(rank))
    };
    let attainable =
        (0..1024).filter(|&pattern| wilcoxon_p(&signs(pattern).collect::<Vec<_>>()) <= 0.05).count() as f64 / 1024.0;
    assert!((0.04..=0.05).contains(&attainable), "{attainable}");
    assert_fits(times(60, |random| wilcoxon_p(&normal(random, 10, 0.0, 1.0)) <= 0.05), REPLICATIONS, attainable);
    // The normal approximation, which begins above 50 pairs.
    assert_fits(times(61, |random| wilcoxon_p(&normal(random, 60, 0.0, 1.0)) <= 0.05), REPLICATIONS, 0.05);

    // Six and seven values: which of the 13 ranks are the first sample's, in all ways.
    let splits = (0..1_u32 << 13).filter(|split| split.count_ones() == 6);
    let (mut all, mut rejected) = (0, 0);
    for split in splits {
        let of =
            |first: bool| (0..13).filter(|rank| (split >> rank & 1 == 1) == first).map(f64::from).collect::<Vec<_>>();
        all += 1;
        rejected += usize::from(mann_whitney_p(&of(true), &of(false)) <= 0.05);
    }
    let attainable = rejected as f64 / f64::from(all);
    assert!((0.03..=0.05).contains(&attainable), "{attainable}");
    let rejects = |n: usize, m: usize| {
        move |random: &mut RandomState| {
            mann_whitney_p(&normal(random, n, 0.0, 1.0), &normal(random, m, 0.0, 1.0)) <= 0.05
        }
    };
    assert_fits(times(62, rejects(6, 7)), REPLICATIONS, attainable);
    assert_fits(times(63, rejects(30, 40)), REPLICATIONS, 0.05);
}

#[test]
fn tests_of_independent_samples_err_as_often_as_they_say() {
    let samples = |random: &mut RandomState, shift: f64| (normal(random, 12, shift, 3.0), normal(random, 20, 0.0, 1.0));
    let welch = |random: &mut RandomState| {
        let (x, y) = samples(random, 0.0);
        t_test::welch(&x, &y, Alternative::TwoSided, 0.95).p <= 0.05
    };
    assert_fits(times(70, welch), REPLICATIONS, 0.05);
    // At the margin itself; spreads are small enough for the other side never to matter.
    let equivalent = |random: &mut RandomState| {
        let (x, y) = samples(random, 8.0);
        t_test::welch_equivalence(&x, &y, 8.0).p <= 0.05
    };
    assert_fits(times(71, equivalent), REPLICATIONS, 0.05);
}

#[test]
fn mcnemar_errs_as_often_as_it_says() {
    // 40 rows on which the two differ, each as likely for one as for the other.
    let mut chance = 0.5_f64.powi(40);
    let (mut exact, mut corrected) = (0.0, 0.0);
    for only_first in 0..=40_u64 {
        exact += if mcnemar::exact(only_first, 40 - only_first) <= 0.05 { chance } else { 0.0 };
        corrected += if mcnemar::chi_squared(only_first, 40 - only_first).1 <= 0.05 { chance } else { 0.0 };
        chance *= (40 - only_first) as f64 / (only_first + 1) as f64;
    }
    assert!(exact <= 0.05 && corrected <= 0.05, "{exact} {corrected}");
    for (level, p) in [(exact, mcnemar::exact as fn(u64, u64) -> f64), (corrected, |b, c| mcnemar::chi_squared(b, c).1)]
    {
        let rejects = |random: &mut RandomState| {
            let only_first = (0..40).filter(|_| random.double() < 0.5).count() as u64;
            p(only_first, 40 - only_first) <= 0.05
        };
        assert_fits(times(72, rejects), REPLICATIONS, level);
    }
}

/// p-values of paired t-tests: of as many null effects, then of effects that no test can miss.
fn p_values(random: &mut RandomState, null: usize, real: usize) -> Vec<f64> {
    let p = |random: &mut RandomState, mean: f64| {
        t_test::paired(&normal(random, 10, mean, 1.0), Alternative::TwoSided, 0.95).p
    };
    let nulls: Vec<f64> = (0..null).map(|_| p(random, 0.0)).collect();
    nulls.into_iter().chain((0..real).map(|_| p(random, 10.0))).collect::<Vec<_>>()
}

#[test]
fn corrections_bound_what_they_say() {
    // Independent tests: Holm's first step is at α/m, and real effects hand their share on.
    let any = |level: f64, tests: i32| 1.0 - (1.0 - level / f64::from(tests)).powi(tests);
    for (null, real) in [(5, 0), (3, 2)] {
        let false_finding = |adjust: fn(&[f64]) -> Vec<f64>| {
            move |random: &mut RandomState| adjust(&p_values(random, null, real))[..null].iter().any(|p| *p <= 0.05)
        };
        assert_fits(times(80, false_finding(correction::holm)), REPLICATIONS, any(0.05, null as i32));
        // Bonferroni's stays at α/m for each.
        let each = 0.05 / (null + real) as f64;
        assert_fits(
            times(81, false_finding(correction::bonferroni)),
            REPLICATIONS,
            1.0 - (1.0 - each).powi(null as i32),
        );
    }
    // The expected share of false findings is α·m₀/m for independent tests, and less by the harmonic sum with Yekutieli's.
    let harmonic: f64 = (1..=5).map(|k| 1.0 / f64::from(k)).sum();
    for (adjust, expected) in [
        (correction::benjamini_hochberg as fn(&[f64]) -> Vec<f64>, 0.05 * 3.0 / 5.0),
        (correction::benjamini_yekutieli, 0.05 * 3.0 / 5.0 / harmonic),
    ] {
        let mut random = RandomState::seeded(82);
        let shares: Vec<f64> = (0..REPLICATIONS)
            .map(|_| {
                let found: Vec<bool> = adjust(&p_values(&mut random, 3, 2)).iter().map(|p| *p <= 0.05).collect();
                let wrong = found[..3].iter().filter(|found| **found).count();
                wrong as f64 / found.iter().filter(|found| **found).count() as f64
            })
            .collect();
        let distance = (describe::mean(&shares) - expected).abs();
        assert!(distance <= 3.3 * describe::standard_error(&shares), "{} {expected}", describe::mean(&shares));
    }
}
