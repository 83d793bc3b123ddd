//! What a claim may ask: which side, which epochs, against what; and numbers held against our spread.

use super::*;
use stages::claims::verdict::ClaimVerdicts;

/// A claim about methods `a` and `b` of `study` under as-run, whose `fields` say the rest.
fn claim(fields: &str) -> String {
    let indented = fields.trim().lines().map(|line| format!("    {}\n", line.trim_end())).collect::<String>();
    format!(
        "source: {{title: t}}\nclaims:\n  - id: C-1\n    statement: s\n    experiment: study\n{indented}    \
         protocols: [{{protocol: as-run}}]\n"
    )
}

/// Four seeds of two methods; `value` says what is observed.
fn curves(epochs: u32, metrics: &[&str], value: impl Fn(&str, &str, u64, u32) -> f64) -> Vec<Observation> {
    let mut rows = Vec::new();
    for method in ["a", "b"] {
        for seed in 0..4 {
            for epoch in 0..=epochs {
                for metric in metrics {
                    rows.push(row("as-run", method, seed, epoch, metric, value(method, metric, seed, epoch)));
                }
            }
        }
    }
    rows
}

fn judged(fields: &str, rows: &[Observation]) -> ClaimVerdicts {
    judge(&[source(&claim(fields))], rows).unwrap().claims.remove(0)
}

#[test]
fn a_comparison_takes_the_epochs_that_it_names() {
    // a's loss: 9 before training, then 3, 1, 2, 4; its accuracy is greatest at epochs 3 and 4.
    let value = |method: &str, metric: &str, seed: u64, epoch: u32| {
        let jitter = f64::from(seed as u32 * (epoch + 1)) / 1024.0;
        match (method, metric) {
            ("a", "val_loss") => [9.0, 3.0, 1.0, 2.0, 4.0][epoch as usize] + jitter,
            ("a", "val_accuracy") => [0.1, 0.2, 0.3, 0.5, 0.5][epoch as usize],
            _ => 0.0,
        }
    };
    let rows = curves(4, &["val_loss", "val_accuracy"], value);
    for (at, expected, words) in [
        ("at: last", 4.0, "at the last epoch"),
        ("at: best", 1.0, "at the best epoch"),
        ("at: best, best_by: val_accuracy", 2.0, "at the best epoch by val_accuracy"),
        ("at: {epoch: 0}", 9.0, "at epoch 0"),
        ("at: mean", 2.5, "(mean over all epochs)"),
        ("at: rise", 3.0, "(last epoch less the least)"),
        ("at: {epochs: [0, 2], take: max}", 9.0, "(greatest over epochs 0 to 2)"),
        ("at: {epochs: [1, 3], take: min}", 1.0, "(least over epochs 1 to 3)"),
        ("at: {epochs: [1, 3], take: mean}", 2.0, "(mean over epochs 1 to 3)"),
    ] {
        let fields = format!("comparison: {{a: a, b: b, metric: val_loss, {at}, direction: higher}}\nmargin: 0.02");
        let verdicts = judged(&fields, &rows);
        let protocol = &verdicts.protocols[0];
        // The first seed does not jitter, and b's losses are all 0.
        let (_, a, b) = protocol.evidence.as_ref().unwrap().pairs[0];
        assert_eq!((a, b), (expected, 0.0), "{at}");
        assert_eq!(protocol.verdict, Verdict::Supported, "{at}");
        assert!(protocol.reason.contains(words), "{at}: {}", protocol.reason);
    }
}

#[test]
fn several_epochs_need_all_their_values() {
    let mut rows = curves(4, &["val_loss"], |method, _, seed, epoch| {
        f64::from(epoch) + seed as f64 * 0.01 + if method == "a" { 1.0 } else { 0.0 }
    });
    rows.retain(|row| (row.method.as_str(), row.seed, row.epoch) != ("a", 1, 2));
    for row in rows.iter_mut().filter(|row| (row.method.as_str(), row.seed, row.epoch) == ("b", 3, 1)) {
        row.value = f64::NAN;
    }
    for (at, failed) in [("mean", vec![1, 3]), ("rise", vec![1, 3]), ("{epochs: [3, 4], take: mean}", vec![])] {
        let fields = format!("comparison: {{a: a, b: b, metric: val_loss, at: {at}, direction: higher}}\nmargin: 0.02");
        assert_eq!(judged(&fields, &rows).protocols[0].evidence.as_ref().unwrap().failed_seeds, failed, "{at}");
    }
}

#[test]
fn a_side_may_have_its_own_metric_or_be_a_value() {
    let rows = curves(2, &["residue", "spike"], |_, metric, seed, _| {
        if metric == "residue" { 0.7 + 0.02 * seed as f64 } else { 0.2 + 0.01 * seed as f64 }
    });
    let own = judged(
        "comparison: {a: a, b: {method: a, metric: spike}, metric: residue, at: {epoch: 0}, direction: higher}\n\
         margin: 0.02",
        &rows,
    );
    assert_eq!(own.protocols[0].verdict, Verdict::Supported);
    assert!(own.protocols[0].reason.contains("`residue` of `a` at epoch 0 is higher than `spike` of `a`"), "{own:?}");

    let threshold = |value: &str, direction: &str| {
        let fields = format!(
            "comparison: {{a: a, b: {{value: {value}}}, metric: residue, at: last, direction: {direction}}}\nmargin: \
             0.02\npublished: {{a: 0.8, verdict: enough}}"
        );
        judged(&fields, &rows)
    };
    let above = threshold("0.5", "higher");
    assert_eq!(above.protocols[0].verdict, Verdict::Supported);
    assert!(
        above.protocols[0].reason.contains("`residue` of `a` at the last epoch is higher than 0.5, as"),
        "{above:?}"
    );
    let evidence = above.protocols[0].evidence.as_ref().unwrap();
    // A one-sample test: the threshold has no spread.
    let values: Vec<f64> = evidence.pairs.iter().map(|(_, a, _)| a - 0.5).collect();
    assert_eq!((evidence.sd_b, evidence.interval), (0.0, interval::t_interval(&values, 0.95)));
    assert_eq!(threshold("0.9", "higher").protocols[0].verdict, Verdict::Contradicted);
    assert_eq!(threshold("0.9", "different").protocols[0].verdict, Verdict::Supported);
    let found = above.published_verdict(&above.protocols[0]);
    assert_eq!(found, Some(PublishedVerdict::Reproduced));
    assert!(above.disagreements[0].contains("`residue` higher for `a`, 0.8 against 0.5)"), "{:?}", above.disagreements);
    let against = |claim: &ClaimVerdicts| {
        claim.disagreements.iter().any(|said| said.contains("themselves are against the claim"))
    };
    assert!(!against(&above) && against(&threshold("0.9", "higher")));
}

#[test]
fn published_numbers_are_a_claim_of_their_own() {
    let rows = curves(2, &["loss", "norm"], |_, metric, seed, _| {
        [1.4, 1.45, 1.5, 1.55][seed as usize] * if metric == "loss" { 1.0 } else { 10.0 }
    });
    let fields = |norm: &str| {
        format!(
            "published_inside:\n  - {{method: a, metric: loss, value: 1.46}}\n  - {{method: b, metric: norm, at: {{epoch: \
             1}}, value: {norm}, scale: 100}}"
        )
    };
    let inside = judged(&fields("0.15"), &rows);
    assert_eq!((inside.protocols[0].verdict, inside.margin), (Verdict::Supported, None));
    assert!(inside.protocols[0].reason.contains("all 2 published numbers lie where"), "{inside:?}");
    let [loss, norm] = inside.protocols[0].inside.as_slice() else { panic!("{inside:?}") };
    // Of two numbers each has half of α.
    assert_eq!(loss.number.prediction, interval::prediction_interval(&[1.4, 1.45, 1.5, 1.55], 0.975));
    assert_eq!((loss.number.percentile, norm.number.published, norm.number.percentile), (50.0, 15.0, 62.5));

    let outside = judged(&fields("0.2"), &rows);
    assert_eq!(outside.protocols[0].verdict, Verdict::Contradicted);
    let reason = &outside.protocols[0].reason;
    assert!(
        reason.contains("1 of 2 published numbers lies where one more run of ours would not: `norm` of `b`, 20"),
        "{reason}"
    );
    let shown = audit::table(&Verdicts { claims: vec![outside] }, &Amendments::new(), 100, false);
    assert!(
        shown.contains("contradicted  –                  –  1 of 2") && shown.contains("note: as-run: Over 4"),
        "{shown}"
    );

    let vague = judged(&fields("0.15").replace("value: 1.46", "value: 1.46, margin: 0.1"), &rows);
    assert_eq!(vague.protocols[0].verdict, Verdict::Undecided, "four runs leave more room than that");
    assert!(vague.protocols[0].reason.contains("`loss` of `a` anywhere from 1.1"), "{vague:?}");
    let clear = judged(&fields("0.15").replace("value: 1.46", "value: 1.46, margin: 0.5"), &rows);
    assert_eq!(clear.protocols[0].verdict, Verdict::Supported);

    let untestable = judged(&fields("0.2"), &rows.iter().filter(|row| row.seed == 0).cloned().collect::<Vec<_>>());
    assert_eq!(untestable.protocols[0].verdict, Verdict::Untestable);
    assert!(untestable.protocols[0].reason.contains("1 seed has a finite `loss` of `a`"), "{untestable:?}");
}

#[test]
fn seeds_without_the_metric_have_not_failed() {
    // Tunings are rows beside the runs of the same method: fewer seeds, another metric, one epoch.
    let mut rows = curves(3, &["val_loss"], |_, _, seed, epoch| f64::from(epoch) + seed as f64);
    rows.extend((0..3).map(|seed| row("as-run", "a", seed, 1, "tuned_gamma", 0.6 + 0.01 * seed as f64)));
    let tuned = judged(
        "comparison: {a: a, b: {value: 0.1}, metric: tuned_gamma, at: {epoch: 1}, direction: higher}\nmargin: 0.05",
        &rows,
    );
    let evidence = tuned.protocols[0].evidence.as_ref().unwrap();
    assert_eq!((evidence.seeds, evidence.failed_seeds.as_slice()), (3, [].as_slice()));
}

#[test]
fn published_numbers_are_scaled_as_they_are_read() {
    let text = claim(
        "comparison: {a: a, b: b, metric: val_loss, at: last, direction: lower}\nmargin: 0.02\n\
         published: {a: 0.002, b: 0.003, verdict: v, scale: 500, curves: {a: [0.004, 0.002]}}",
    );
    let published = source(&text).file.claims[0].published.clone().unwrap();
    assert_eq!((published.a, published.b, published.curves["a"].as_slice()), (1.0, 1.5, [2.0, 1.0].as_slice()));
}

#[test]
fn questions_that_make_no_sense_are_refused_with_their_line() {
    const COMPARISON: &str = "comparison: {a: a, b: b, metric: m, at: last, direction: higher}";
    const INSIDE: &str = "published_inside: [{method: a, metric: m, value: 1}]";
    for (fields, line, mentions) in [
        (format!("{COMPARISON}\n{INSIDE}\nmargin: 1"), 3, "`comparison` or `published_inside`, not both"),
        ("alpha: 0.05".to_owned(), 3, "missing field `comparison` or `published_inside`"),
        (format!("{INSIDE}\nmargin: 1"), 3, "`margin` has no meaning beside `published_inside`"),
        ("published_inside: []".to_owned(), 3, "lists no number"),
        (INSIDE.replace("value: 1", "value: .inf"), 6, "a finite number"),
        (INSIDE.replace("value: 1", "value: 1, scale: 0"), 6, "a number greater than 0"),
        (format!("{}\nmargin: 1", COMPARISON.replace("at: last", "at: first")), 6, "unknown variant `first`"),
        (
            format!("{}\nmargin: 1", COMPARISON.replace("at: last", "at: {epochs: [3, 1], take: min}")),
            6,
            "from 3 back to 1",
        ),
        (
            format!("{}\nmargin: 1", COMPARISON.replace("at: last", "at: {epochs: [1, 3]}")),
            6,
            "the epochs are not clear",
        ),
        (format!("{}\nmargin: 1", COMPARISON.replace("b: b", "b: {value: 1, method: c}")), 6, "a method or a value"),
        (format!("{}\nmargin: 1", COMPARISON.replace("b: b", "b: {metric: c}")), 6, "missing field `method`"),
        (
            format!("{}\nmargin: 1", COMPARISON.replace("a: a, b: b", "a: {value: 2}, b: {value: 1}")),
            3,
            "compares two values",
        ),
        (
            format!("{}\nmargin: 1", COMPARISON.replace("b: b", "b: {method: a, metric: m}")),
            3,
            "compares `a` with itself",
        ),
        (format!("{COMPARISON}\nmargin: 1\npublished: {{a: 1, verdict: v}}"), 3, "missing field `b`"),
        (format!("{COMPARISON}\nmargin: 1\ncontrols: [neutral]"), 8, "`negative`, `positive`, or a comparison"),
        (format!("{COMPARISON}\nmargin: 1\ncontrols: [negative, negative]"), 3, "twice"),
        (
            format!("{}\nmargin: 1", COMPARISON.replace("at: last", "at: best, best_by: loss")),
            6,
            "`val_loss` or `val_accuracy`",
        ),
    ] {
        let error = parse(Path::new("claims/bad.yaml"), &claim(&fields)).unwrap_err().to_string();
        let beginning = format!("claims/bad.yaml:{line}: ");
        assert!(
            error.starts_with(&beginning) && error.contains(mentions),
            "{error}\n(expected {beginning}…{mentions})"
        );
    }
}
