//! Statistics against SciPy, statsmodels and rliable, and against simulation: what is promised must hold.

use std::collections::BTreeMap;

mod simulation;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use stages::statistics::aggregate::Scores;
use stages::statistics::bootstrap::{self, Bootstrap};
use stages::statistics::t_test::{self, Alternative};
use stages::statistics::{
    anova, budget, correction, describe, effect, interval, mann_whitney, mcnemar, power, proportion, sign_flip,
    student, wilcoxon,
};

/// Groups of golden.json that nothing here implements yet. A group must be here or in [`compute`].
const NOT_IMPLEMENTED: [&str; 0] = [];

#[test]
fn every_golden_case_agrees() {
    let golden: Value = serde_json::from_str(include_str!("../golden/stats/golden.json")).unwrap();
    let mut failures = Vec::new();
    let mut compared = BTreeMap::new();
    for case in golden["cases"].as_array().unwrap() {
        let (id, group) = (case["id"].as_str().unwrap(), case["group"].as_str().unwrap());
        if NOT_IMPLEMENTED.contains(&group) {
            continue;
        }
        let computed = compute(group, &Inputs(&case["inputs"]));
        // The other way round: whatever the case asks for must have been computed.
        for (name, expected) in case["outputs"].as_object().unwrap() {
            match computed.get(name) {
                Some(value) => {
                    compare(&format!("{id}.{name}"), value, expected, case["rel_tol"].as_f64().unwrap(), &mut failures)
                }
                None => failures.push(format!("{id}: `{name}` was not computed")),
            }
        }
        *compared.entry(group).or_insert(0) += 1;
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(compared.values().sum::<i32>(), 147, "{compared:?}");
}

fn compare(what: &str, value: &Value, expected: &Value, tolerance: f64, failures: &mut Vec<String>) {
    match (value, expected) {
        (Value::Array(values), Value::Array(expected)) if values.len() == expected.len() => {
            for (index, (value, expected)) in values.iter().zip(expected).enumerate() {
                compare(&format!("{what}[{index}]"), value, expected, tolerance, failures);
            }
        }
        (Value::Object(values), Value::Object(expected)) if values.len() == expected.len() => {
            for (name, expected) in expected {
                compare(&format!("{what}.{name}"), &values[name], expected, tolerance, failures);
            }
        }
        (Value::Number(_) | Value::String(_), Value::Number(_) | Value::String(_)) => {
            let (value, expected) = (number(value), number(expected));
            let close = value == expected
                || (value.is_nan() && expected.is_nan())
                || (value - expected).abs() <= (tolerance * expected.abs()).max(1e-12);
            if !close {
                failures.push(format!("{what}: {value:e}, expected {expected:e}"));
            }
        }
        _ if value == expected => {}
        _ => failures.push(format!("{what}: {value}, expected {expected}")),
    }
}

/// JSON has no infinities; golden.json writes them as text.
fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().unwrap(),
        value => value.as_f64().unwrap(),
    }
}

fn numbers(values: &[f64]) -> Value {
    values
        .iter()
        .map(|value| if value.is_finite() { json!(value) } else { json!(value.to_string().to_lowercase()) })
        .collect()
}

struct Inputs<'a>(&'a Value);

impl Inputs<'_> {
    fn number(&self, name: &str) -> f64 {
        self.0[name].as_f64().unwrap()
    }

    fn count(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap()
    }

    fn list(&self, name: &str) -> Vec<f64> {
        self.0[name].as_array().unwrap().iter().map(number).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    fn scores(&self, name: &str) -> Scores {
        let rows = self.0[name].as_array().unwrap();
        Scores::new(rows.iter().map(|row| row.as_array().unwrap().iter().map(number).collect()).collect()).unwrap()
    }

    fn differences(&self) -> Vec<f64> {
        describe::differences(&self.list("x"), &self.list("y"))
    }

    fn alternative(&self) -> Alternative {
        let own = self.0.get("alternative").or_else(|| self.0["args"].get("alternative"));
        match own.and_then(Value::as_str).unwrap_or("two-sided") {
            "two-sided" => Alternative::TwoSided,
            "greater" | "larger" => Alternative::Greater,
            "less" | "smaller" => Alternative::Less,
            other => panic!("{other}"),
        }
    }
}

/// Everything that a group's cases may ask for, by the names that golden.json uses.
fn compute(group: &str, inputs: &Inputs) -> Map<String, Value> {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| {
        out.insert(name.to_owned(), value);
    };
    let one = |value: f64| numbers(&[value])[0].clone();
    match group {
        "describe" if inputs.has("scores") => {
            let scores = inputs.scores("scores");
            put("mean", one(scores.mean()));
            put("median", one(scores.median()));
            put("iqm", one(scores.interquartile_mean()));
            put("optimality_gap", one(scores.optimality_gap(1.0)));
        }
        "describe" => {
            let x = inputs.list("x");
            put("mean", one(describe::mean(&x)));
            put("median", one(describe::median(&x)));
            put("std", one(describe::sd(&x)));
            put("iqm", one(describe::interquartile_mean(&x)));
            put("sem", one(describe::standard_error(&x)));
            put("percentiles", numbers(&[0.025, 0.25, 0.75, 0.975].map(|q| describe::quantile(&x, q))));
        }
        "t_ci" => {
            let [low, high] = interval::t_interval(&inputs.list("x"), inputs.number("level"));
            put("low", one(low));
            put("high", one(high));
        }
        "paired_t" | "welch_t" => {
            let test = match group {
                "paired_t" => t_test::paired(&inputs.differences(), inputs.alternative(), 0.95),
                _ => t_test::welch(&inputs.list("x"), &inputs.list("y"), inputs.alternative(), 0.95),
            };
            put("t", one(test.t));
            put("p", one(test.p));
            put("df", one(test.df));
            put("ci95", numbers(&test.interval));
        }
        "tost_paired" | "tost_welch" => {
            let margin = inputs.number("margin");
            let (x, y) = (inputs.list("x"), inputs.list("y"));
            let (test, df) = match group {
                "tost_paired" => (t_test::paired_equivalence(&inputs.differences(), margin), x.len() as f64 - 1.0),
                _ => {
                    let df = t_test::welch(&x, &y, Alternative::TwoSided, 0.95).df;
                    (t_test::welch_equivalence(&x, &y, margin), df)
                }
            };
            put("p", one(test.p));
            put("lower", json!({"t": one(test.t_above), "p": one(test.p_above), "df": df}));
            put("upper", json!({"t": one(test.t_below), "p": one(test.p_below), "df": df}));
        }
        "sign_flip" => {
            let test = sign_flip::sign_flip(&inputs.differences()).unwrap();
            put("scipy_two-sided", json!((2.0 * test.greater.min(test.less)).min(1.0)));
            put("scipy_greater", json!(test.greater));
            put("scipy_less", json!(test.less));
            put("two_sided_abs", json!(test.two_sided));
            put("count", json!(test.count));
            put("total", json!(test.total));
        }
        "wilcoxon" => {
            let args = &inputs.0["args"];
            let method = match args["method"].as_str() {
                Some("exact") => wilcoxon::Method::Exact,
                Some("approx") => wilcoxon::Method::Normal { correction: args["correction"] == json!(true) },
                _ => wilcoxon::Method::Auto,
            };
            let zeros = if args["zero_method"] == "pratt" { wilcoxon::Zeros::Pratt } else { wilcoxon::Zeros::Drop };
            let test = wilcoxon::signed_rank(&inputs.differences(), inputs.alternative(), method, zeros);
            put("statistic", one(test.statistic));
            put("p", one(test.p));
        }
        "mann_whitney" => {
            let args = &inputs.0["args"];
            let method = match args["method"].as_str() {
                Some("exact") => mann_whitney::Method::Exact,
                Some("asymptotic") => {
                    mann_whitney::Method::Normal { continuity: args["use_continuity"] != json!(false) }
                }
                _ => mann_whitney::Method::Auto,
            };
            let test = mann_whitney::rank_sum(&inputs.list("x"), &inputs.list("y"), inputs.alternative(), method);
            put("u1", one(test.u1));
            put("p", one(test.p));
        }
        "effect" if inputs.has("scores_x") => {
            let (x, y) = (inputs.scores("scores_x"), inputs.scores("scores_y"));
            put("probability_of_improvement_rliable", one(x.probability_of_improvement(&y).unwrap()));
        }
        "effect" => {
            let (x, y) = (inputs.list("x"), inputs.list("y"));
            put("cohen_d", one(effect::cohen_d(&x, &y)));
            put("hedges_g", one(effect::hedges_g(&x, &y)));
            put("dz", one(effect::dz(&inputs.differences())));
            put("cliff", one(effect::cliff_delta(&x, &y)));
            put("probability_of_improvement_rliable", one(effect::probability_of_improvement(&x, &y)));
        }
        "multiple" => {
            let p = inputs.list("p");
            for (name, adjusted) in [
                ("holm", correction::holm(&p)),
                ("fdr_bh", correction::benjamini_hochberg(&p)),
                ("fdr_by", correction::benjamini_yekutieli(&p)),
                ("bonferroni", correction::bonferroni(&p)),
            ] {
                let reject: Vec<bool> = adjusted.iter().map(|p| *p <= 0.05).collect();
                put(name, json!({"adjusted": adjusted, "reject": reject}));
            }
        }
        "mcnemar" => {
            let (b, c) = (inputs.count("b"), inputs.count("c"));
            let (statistic, p) = mcnemar::chi_squared(b, c);
            put("exact_p", one(mcnemar::exact(b, c)));
            put("statistic", json!(b.min(c)));
            put("chi2_corrected", one(statistic));
            put("chi2_p", one(p));
        }
        "proportion" => {
            let (count, n, level) = (inputs.count("count"), inputs.count("nobs"), 1.0 - inputs.number("alpha"));
            put("wilson", numbers(&proportion::wilson(count, n, level)));
            put("beta", numbers(&proportion::clopper_pearson(count, n, level)));
            put("agresti_coull", numbers(&proportion::agresti_coull(count, n, level)));
        }
        "power" => {
            let (dz, n, alpha) = (inputs.number("effect_size"), inputs.number("nobs"), inputs.number("alpha"));
            put("power", one(power::paired_t_power(dz, n, alpha, inputs.alternative())));
        }
        "seeds_needed" => {
            let (dz, alpha) = (inputs.number("effect_size"), inputs.number("alpha"));
            let n = power::pairs_for_power(dz, alpha, inputs.number("power"), inputs.alternative(), 10_000).unwrap();
            put("nobs", one(n));
            put("needed", json!(n.ceil()));
        }
        "profile" => {
            let scores = inputs.scores("scores");
            let taus = inputs.list("taus");
            let curve = |share: fn(&Scores, f64) -> f64| {
                numbers(&taus.iter().map(|tau| share(&scores, *tau)).collect::<Vec<_>>())
            };
            put("score_distribution", curve(Scores::share_above));
            put("average_score", curve(Scores::tasks_above));
        }
        "bootstrap" if !inputs.has("B") => {
            let means = bootstrap::all_resamples(&inputs.list("x"), describe::mean).unwrap();
            put("percentile95", numbers(&[0.025, 0.975].map(|q| describe::quantile(&means, q))));
            put("mean", one(describe::mean(&means)));
            put("std", one(describe::population_sd(&means)));
        }
        "bootstrap" => {
            let x = inputs.list("x");
            let statistic = match inputs.0["statistic"].as_str().unwrap() {
                "median" => describe::median,
                "iqm" => describe::interquartile_mean,
                _ => describe::mean,
            };
            let bootstrap = Bootstrap::of(&x, statistic, inputs.count("B") as usize, inputs.count("seed") as u32);
            put("percentile", numbers(&bootstrap.percentile(0.95)));
            put("basic", numbers(&bootstrap.basic(0.95)));
            put("BCa", numbers(&bootstrap.bca(0.95)));
            put("standard_error", one(bootstrap.standard_error()));
            put("first5_replicates", numbers(&bootstrap.replicates[..5]));
            let many = Bootstrap::of(&x, statistic, 200_000, 99);
            put("percentile_200000_resamples_seed99", numbers(&many.percentile(0.95)));
        }
        "stratified_bootstrap" => {
            let scores = inputs.scores("scores");
            let statistics: [fn(&Scores) -> f64; 4] =
                [Scores::interquartile_mean, Scores::mean, Scores::median, |scores| scores.share_above(0.5)];
            let replicates = statistics.map(|statistic| {
                bootstrap::stratified(&scores, statistic, inputs.count("reps") as usize, inputs.count("seed") as u32)
            });
            let each = |f: &dyn Fn(usize) -> f64| numbers(&[0, 1, 2, 3].map(f));
            put("point", each(&|k| statistics[k](&scores)));
            put("low", each(&|k| describe::quantile(&replicates[k], 0.025)));
            put("high", each(&|k| describe::quantile(&replicates[k], 0.975)));
            put("first3_replicates", [0, 1, 2].map(|r| each(&|k| replicates[k][r])).into_iter().collect());
        }
        other => panic!("golden.json has a group `{other}` that is neither computed nor listed as not implemented"),
    }
    out
}

#[test]
fn student_is_exact_where_formulas_are_known() {
    // One degree of freedom is Cauchy's distribution, two have a closed form, and many are nearly normal.
    for t in [1e-8, 0.3, 1.0, 40.0, 1e9] {
        let cauchy = (1.0_f64 / t).atan() / std::f64::consts::PI;
        assert!((student::upper(t, 1.0) / cauchy - 1.0).abs() < 1e-13, "{t}");
        let two = 1.0 / ((t * t + 2.0).sqrt() * ((t * t + 2.0).sqrt() + t));
        assert!((student::upper(t, 2.0) / two - 1.0).abs() < 1e-13, "{t}");
        assert_eq!(student::upper(-t, 2.0), 1.0 - student::upper(t, 2.0));
    }
    assert!((student::critical(0.95, 1e7) - 1.959_964).abs() < 1e-6);
    for tail in [1e-12, 0.001, 0.3, 0.5, 0.9] {
        for df in [1.0, 4.0, 300.0] {
            let t = student::upper_critical(tail, df);
            assert!((student::upper(t, df) / tail - 1.0).abs() < 1e-12, "{tail} {df}");
        }
    }
}

/// All 2ⁿ patterns, one by one: what the sign-flip test counts by halves.
fn patterns_as_far_from_zero(d: &[f64]) -> u64 {
    let scale: f64 = d.iter().map(|d| d.abs()).sum();
    let sum = |pattern: u64| -> f64 {
        d.iter().enumerate().map(|(bit, d)| if pattern >> bit & 1 == 1 { -d } else { *d }).sum()
    };
    let observed = sum(0).abs();
    (0..1 << d.len()).filter(|pattern| sum(*pattern).abs() >= observed - 1e-12 * scale).count() as u64
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    // Tenths, so that ties and zeros are common and rounding matters.
    prop::collection::vec((-30_i32..30).prop_map(|tenths| f64::from(tenths) / 10.0), 1..11)
}

proptest! {
    #[test]
    fn sign_flips_are_counted_right_in_any_order(mut d in values(), turn in 0_usize..10) {
        let test = sign_flip::sign_flip(&d).unwrap();
        prop_assert_eq!(test.count, patterns_as_far_from_zero(&d));
        let turn = turn % d.len();
        d.rotate_left(turn);
        d.reverse();
        prop_assert_eq!(sign_flip::sign_flip(&d), Some(test));
        for d in &mut d {
            *d = -*d;
        }
        let other = sign_flip::sign_flip(&d).unwrap();
        prop_assert_eq!((other.two_sided, other.greater), (test.two_sided, test.less));
    }

    #[test]
    fn corrections_never_help_and_holm_never_beats_bonferroni(p in prop::collection::vec(0.0..=1.0, 0..12)) {
        let (holm, bonferroni) = (correction::holm(&p), correction::bonferroni(&p));
        for i in 0..p.len() {
            prop_assert!(p[i] <= holm[i] && holm[i] <= bonferroni[i]);
            for j in 0..p.len() {
                prop_assert!(p[i] > p[j] || holm[i] <= holm[j]);
            }
        }
    }

    #[test]
    fn interquartile_mean_is_that_of_the_sorted_middle(x in prop::collection::vec(-1e3..1e3, 1..60)) {
        let sorted = describe::sorted(&x);
        let cut = x.len() / 4;
        let middle = describe::mean(&sorted[cut..x.len() - cut]);
        prop_assert!((describe::interquartile_mean(&x) - middle).abs() < 1e-9);
    }
}

#[test]
fn bad_samples_give_no_number_and_no_panic() {
    for x in [&[][..], &[f64::NAN], &[1.0], &[f64::INFINITY, 1.0], &[f64::NAN, 1.0, 2.0]] {
        let _ = (describe::median(x), describe::quantile(x, 0.5), describe::interquartile_mean(x), effect::dz(x));
        let _ = (sign_flip::sign_flip(x), interval::percentile_of(x, 1.0), effect::cliff_delta(x, x));
        let _ = t_test::welch(x, x, Alternative::TwoSided, 0.95);
        let _ = wilcoxon::signed_rank(x, Alternative::TwoSided, wilcoxon::Method::Auto, wilcoxon::Zeros::Drop);
        let _ = mann_whitney::rank_sum(x, x, Alternative::TwoSided, mann_whitney::Method::Auto);
        let _ = Bootstrap::of(x, describe::mean, 10, 0).bca(0.95);
        assert!(t_test::paired(x, Alternative::TwoSided, 0.95).p.is_nan());
        assert!(interval::t_interval(x, 0.95)[0].is_nan());
        assert!(interval::prediction_interval(x, 0.95)[0].is_nan());
    }
    assert_eq!(sign_flip::sign_flip(&[1.0; 41]), None);
    assert!(power::paired_t_power(1.0, 1.0, 0.05, Alternative::TwoSided).is_nan());
    assert!(Scores::new(vec![vec![1.0], vec![]]).is_none() && Scores::new(vec![]).is_none());
}

/// Of `scipy.stats.f_oneway`, 1.17.1.
#[test]
fn analysis_of_variance_is_scipys() {
    let a = vec![6.0, 8.0, 4.0, 5.0, 3.0, 4.0];
    let [b, c] = [vec![8.0, 12.0, 9.0, 11.0, 6.0, 8.0], vec![13.0, 9.0, 11.0, 8.0, 7.0, 12.0]];
    let small = vec![vec![1e-3, 2e-3], vec![1.5e-3, 1.2e-3, 1.9e-3], vec![1.4e-3, 1.6e-3], vec![1.1e-3, 2.1e-3]];
    let apart = vec![vec![0.1, 0.2, 0.15, 0.12], vec![0.9, 0.95], vec![0.5, 0.51, 0.49]];
    for (groups, f, p) in [
        (vec![a, b, c], 9.264705882352942, 0.0023987773293929083),
        (vec![vec![1.5, 2.5, 2.0], vec![2.25, 1.75]], 0.0, 1.0),
        (apart, 351.6198830409333, 6.054447497478144e-07),
        (small, 0.017543859649122792, 0.9964240705603049),
    ] {
        let found = anova::one_way(&groups);
        assert!((found.f - f).abs() <= 1e-11 * f && (found.p - p).abs() <= 1e-11 * p, "{groups:?}: {found:?}");
    }
    let alike = vec![1.0, 1.0];
    for groups in [
        vec![],
        vec![vec![1.0, 2.0]],
        vec![vec![1.0], vec![2.0]],
        vec![vec![1.0, 2.0], vec![]],
        vec![alike.clone(), vec![1.0]],
        vec![vec![f64::NAN, 1.0], vec![1.0]],
    ] {
        assert!(anova::one_way(&groups).p.is_nan(), "{groups:?}");
    }
    assert_eq!(anova::one_way(&[alike, vec![2.0]]), anova::OneWay { f: f64::INFINITY, p: 0.0 });
}

/// All subsets, one by one: what the curve has in closed form.
#[test]
fn the_expected_best_is_the_mean_over_all_subsets() {
    // Ties, an order of their own, and trials that failed.
    for (values, failed) in
        [(vec![0.3, -1.0, 0.3, 2.5, 0.1, 7.0], 0), (vec![4.0, 1.0, 1.0], 2), (vec![5.0], 0), (vec![], 2)]
    {
        let all: Vec<Option<f64>> = values.iter().copied().map(Some).chain(vec![None; failed]).collect();
        let curve = budget::expected_best(&values, failed);
        assert_eq!(curve.len(), all.len());
        for n in 1..=all.len() {
            let subsets = (0..1_u32 << all.len()).filter(|subset| subset.count_ones() == n as u32);
            let best = |subset: u32| {
                let kept = all.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1);
                kept.filter_map(|(_, value)| *value).max_by(f64::total_cmp)
            };
            let bests: Option<Vec<f64>> = subsets.map(best).collect();
            match (curve[n - 1], bests.map(|bests| describe::mean(&bests))) {
                (Some(curve), Some(mean)) => assert!((curve - mean).abs() < 1e-12, "{n}: {curve} {mean}"),
                (curve, mean) => assert_eq!(curve, mean, "{n}"),
            }
        }
    }
    // It stays right for many trials, where binomial coefficients would overflow.
    let values: Vec<f64> = (1..=2000).map(f64::from).collect();
    let curve = budget::expected_best(&values, 0);
    // The greatest of n of the numbers 1 to N is (N + 1)·n/(n + 1) on average.
    for n in [1, 2, 50, 1999, 2000] {
        let expected = 2001.0 * n as f64 / (n + 1) as f64;
        assert!((curve[n - 1].unwrap() / expected - 1.0).abs() < 1e-12, "{n}");
    }
}
