//! The judgement itself on trial: a control whose outcome is known beforehand, made of the study's own runs.
//!
//! The runs of one method are cut in two halves by seed and compared with each other, as if they were two methods. There is
//! nothing to find between them: the negative control. With an effect added that matters there is: the positive control.

use std::collections::BTreeMap;

use super::evidence::{Sample, evidence};
use super::judge;
use super::numbers::{decimals_for, decimals_of, p_value, percent, signed};
use super::runs::{Run, Runs};
use super::schema::{Comparison, Court, Direction, Side};
use super::sentences;
use super::verdict::{CourtVerdict, Evidence, Verdict};
use crate::statistics::{describe, student};

/// The chance with which a planted effect is to be found.
const POWER: f64 = 0.99;

/// Tries the judgement on the runs of a comparison's second method, or of its only one.
pub(super) fn sit(
    control: Court,
    runs: &Runs,
    protocol: &str,
    comparison: &Comparison,
    alpha: f64,
    margin: f64,
) -> CourtVerdict {
    let untestable = |missing: &str| CourtVerdict {
        control,
        passed: false,
        planted: None,
        verdict: Verdict::Untestable,
        reason: sentences::untestable(missing),
        evidence: None,
    };
    let measured = comparison.measured(&comparison.b).or_else(|| comparison.measured(&comparison.a));
    let Some((method, metric)) = measured else { return untestable("the claim compares no method") };
    let Some(runs) = runs.of(protocol, method) else {
        return untestable(&format!("the tables hold no runs of `{method}`"));
    };
    let mut pairs = halves(runs, metric, comparison);
    if pairs.len() < 2 {
        return untestable(&format!("`{method}` has fewer than four seeds with a finite `{metric}`"));
    }
    let planted = match control {
        Court::Negative => None,
        Court::Positive => {
            let differences: Vec<f64> = pairs.iter().map(|(_, x, y)| x - y).collect();
            let effect = effect(&differences, alpha, margin);
            let sign = if comparison.direction == Direction::Lower { -1.0 } else { 1.0 };
            pairs.iter_mut().for_each(|(_, x, _)| *x += sign * effect);
            Some(sign * effect)
        }
    };
    let of_halves = Comparison {
        a: Side::method(&format!("{method}, one half of the seeds")),
        b: Side::method(&format!("{method}, the other half")),
        metric: metric.to_owned(),
        ..comparison.clone()
    };
    let Some(evidence) = evidence(of_halves, Sample { pairs, failed: Vec::new(), tunings: 0 }, alpha, margin) else {
        return untestable(&format!("the values of `{metric}` are too large to compute with"));
    };
    let verdict = judge::rule(&evidence, alpha);
    let passed = match control {
        Court::Negative => matches!(verdict, Verdict::NoDifference | Verdict::Undecided),
        Court::Positive => verdict == Verdict::Supported,
    };
    let reason = reason(verdict, &evidence, method, planted, alpha);
    CourtVerdict { control, passed, planted, verdict, reason, evidence: Some(evidence) }
}

/// The method's values, those of the first half of its seeds beside those of the second; of an odd number the middle one is
/// left out.
fn halves(runs: &BTreeMap<u64, Run>, metric: &str, comparison: &Comparison) -> Vec<(u64, f64, f64)> {
    let value = |run: &Run| run.value(metric, comparison.at, comparison.best_by);
    let values: Vec<(u64, f64)> = runs.iter().filter_map(|(seed, run)| Some((*seed, value(run)?))).collect();
    let half = values.len() / 2;
    let second = &values[values.len() - half..];
    values[..half].iter().zip(second).map(|((seed, x), (_, y))| (*seed, *x, *y)).collect()
}

/// The least whole number of margins, 2 or more, that is shown with chance [`POWER`] at least.
///
/// The effect is measured in the standard error that the test itself will use, so without a difference between the halves
/// the test's t is the planted one plus a value of Student's distribution: the chance is exact.
fn effect(differences: &[f64], alpha: f64, margin: f64) -> f64 {
    let df = differences.len() as f64 - 1.0;
    let errors = student::critical(1.0 - alpha, df) + student::upper_critical(1.0 - POWER, df);
    let needed = errors * describe::standard_error(differences);
    (needed / margin).ceil().max(2.0) * margin
}

fn reason(verdict: Verdict, evidence: &Evidence, method: &str, planted: Option<f64>, alpha: f64) -> String {
    let digits = decimals_of(evidence.interval);
    let found = format!(
        "difference {}, p = {}, p = {} for equivalence",
        signed(evidence.difference, digits),
        p_value(evidence.p_t),
        p_value(evidence.p_equivalence)
    );
    let outcome = match (planted, verdict) {
        (None, Verdict::NoDifference) => "shows that there is no difference, as it must",
        (None, Verdict::Undecided) => "finds nothing, as it must, though so few seeds don't show that there is nothing",
        (None, _) => "finds a difference where there is none",
        (Some(_), Verdict::Supported) => "is found, as it must be",
        (Some(_), _) => "is not found",
    };
    let luck = match (planted, verdict) {
        (None, Verdict::Supported | Verdict::Contradicted) => {
            format!("; by chance alone this happens in {} of studies", percent(alpha))
        }
        _ => String::new(),
    };
    match planted {
        None => format!("One half of the seeds of `{method}` against the other {outcome} ({found}){luck}."),
        Some(effect) => format!(
            "A planted difference of {} between the halves of the seeds of `{method}` {outcome} ({found}){luck}.",
            signed(effect, decimals_for(effect.abs()))
        ),
    }
}
