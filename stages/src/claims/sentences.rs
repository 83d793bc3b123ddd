//! Verdicts in words: why a verdict is what it is, and what lies between two that differ.

use super::evidence::seed_list;
use super::judge::{DECISION_POWER, MOST_SEEDS};
use super::numbers::{decimals_of, list, p_value, percent, plain, signed};
use super::schema::{Comparison, Defect};
use super::verdict::{ClaimVerdicts, ControlVerdict, Evidence, ProtocolVerdict, PublishedVerdict, Verdict};

/// Why a claim can't be tested. `missing` is what the tables lack, without a full stop.
pub(super) fn untestable(missing: &str) -> String {
    format!("Untestable: {missing}.")
}

/// Why the evidence gives the verdict.
pub(super) fn reason(verdict: Verdict, evidence: &Evidence, alpha: f64, margin: f64) -> String {
    let Evidence { comparison, seeds, difference, interval, .. } = evidence;
    let Comparison { a, b, metric, at, direction } = comparison;
    let digits = decimals_of(*interval);
    let [low, high] = interval.map(|end| signed(end, digits));
    let spread =
        format!("difference {}, {} interval {low} to {high}", signed(*difference, digits), percent(1.0 - alpha));
    let p = match evidence.p_holm {
        Some(p) => format!("p = {} after Holm's correction", p_value(p)),
        None => format!("p = {}", p_value(evidence.p_t)),
    };
    let equivalence = p_value(evidence.p_equivalence);
    let whose = format!("`{metric}` of `{a}` at the {at} epoch");
    let what = match verdict {
        Verdict::Supported => {
            format!("{whose} is {direction} than that of `{b}`, as claimed ({spread}; {p})")
        }
        Verdict::Contradicted => {
            let found = if *difference > 0.0 { "higher" } else { "lower" };
            format!("{whose} is {found} than that of `{b}`, where {direction} is claimed ({spread}; {p})")
        }
        Verdict::NoDifference => {
            format!(
                "{whose} differs from that of `{b}` by less than the margin of {margin} ({spread}; p = {equivalence} \
                 for equivalence)"
            )
        }
        Verdict::Undecided | Verdict::Untestable => {
            format!(
                "{whose} is shown neither to differ from that of `{b}` ({spread}; {p}) nor to be within the margin of \
                 {margin} (p = {equivalence} for equivalence){}",
                outlook(evidence)
            )
        }
    };
    let left_out = match evidence.failed_seeds.as_slice() {
        [] => String::new(),
        [one] => format!("; seed {one} is left out, since a value is missing or not finite"),
        failed => format!("; {} are left out, since a value is missing or not finite", seed_list(failed)),
    };
    format!("Over {seeds} seeds {what}{left_out}.")
}

fn outlook(evidence: &Evidence) -> String {
    match evidence.further_seeds {
        Some(1) => format!("; 1 further seed would decide with {} power", percent(DECISION_POWER)),
        Some(more) => format!("; {more} further seeds would decide with {} power", percent(DECISION_POWER)),
        None => format!("; more than {MOST_SEEDS} seeds would be needed to decide"),
    }
}

/// Where the published verdict holds, where protocols disagree, and where a control says something else.
pub(super) fn disagreements(verdicts: &ClaimVerdicts, comparison: &Comparison) -> Vec<String> {
    let mut sentences = Vec::new();
    sentences.extend(published(verdicts, comparison));
    sentences.extend(between_protocols(verdicts));
    for protocol in &verdicts.protocols {
        sentences.extend(protocol.controls.iter().filter_map(|control| beside_control(protocol, control)));
    }
    sentences
}

/// Under which protocols the source's finding is reproduced, reversed, or gone.
fn published(verdicts: &ClaimVerdicts, comparison: &Comparison) -> Option<String> {
    let published = verdicts.published.as_ref()?;
    let mut groups: Vec<(PublishedVerdict, Vec<&str>)> = Vec::new();
    for protocol in &verdicts.protocols {
        let outcome = verdicts.published_verdict(protocol)?;
        match groups.iter_mut().find(|(known, _)| *known == outcome) {
            Some((_, protocols)) => protocols.push(&protocol.protocol),
            None => groups.push((outcome, vec![&protocol.protocol])),
        }
    }
    let Comparison { a, b, metric, .. } = comparison;
    let finding = match published.a.total_cmp(&published.b) {
        std::cmp::Ordering::Less => "lower",
        std::cmp::Ordering::Equal => "the same",
        std::cmp::Ordering::Greater => "higher",
    };
    let outcomes: Vec<String> = groups
        .iter()
        .map(|(outcome, protocols)| {
            let outcome = match outcome {
                PublishedVerdict::Reproduced => "is reproduced",
                PublishedVerdict::Reversed => "turns round",
                PublishedVerdict::Vanished => "vanishes",
                PublishedVerdict::Open => "stays open",
            };
            format!("{outcome} under {}", list(protocols))
        })
        .collect();
    Some(format!(
        "The published verdict (\"{}\": `{metric}` {finding} for `{a}`, {} against {} for `{b}`) {}.",
        published.verdict.trim(),
        published.a,
        published.b,
        list(&outcomes)
    ))
}

/// One sentence for each two groups of protocols with different verdicts, naming the defects between them.
fn between_protocols(verdicts: &ClaimVerdicts) -> Vec<String> {
    let mut groups: Vec<(Verdict, Vec<&str>)> = Vec::new();
    for ProtocolVerdict { protocol, verdict, .. } in &verdicts.protocols {
        match groups.iter_mut().find(|(known, _)| known == verdict) {
            Some((_, protocols)) => protocols.push(protocol),
            // What can't be tested disagrees with nothing.
            None if *verdict == Verdict::Untestable => {}
            None => groups.push((*verdict, vec![protocol])),
        }
    }
    let mut sentences = Vec::new();
    for (index, first) in groups.iter().enumerate() {
        for second in &groups[index + 1..] {
            // What is still open disagrees with nothing yet, and no defect has decided it.
            let open = first.0 == Verdict::Undecided || second.0 == Verdict::Undecided;
            let (verb, effect) = if open { ("differ", "lies between them") } else { ("disagree", "decides") };
            let between = between(&verdicts.defects, &first.1, &second.1, effect);
            sentences.push(format!("{} and {} {verb}: {between}.", said(first), said(second)));
        }
    }
    sentences
}

/// "as-stated and controlled (contradicted)".
fn said((verdict, protocols): &(Verdict, Vec<&str>)) -> String {
    format!("{} ({})", list(protocols), verdict.words())
}

/// The decisive defects that all protocols of one group have and none of the other, and their `effect`; failing these,
/// the others.
fn between(defects: &[(String, Defect)], first: &[&str], second: &[&str], effect: &str) -> String {
    let has = |defect: &Defect, protocol: &&str| defect.protocols.iter().any(|name| name == protocol);
    let divides = |defect: &Defect, with: &[&str], without: &[&str]| {
        with.iter().all(|protocol| has(defect, protocol)) && !without.iter().any(|protocol| has(defect, protocol))
    };
    let mut decisive = Vec::new();
    let mut others = Vec::new();
    for (with, without) in [(first, second), (second, first)] {
        for (name, defect) in defects.iter().filter(|(_, defect)| divides(defect, with, without)) {
            if defect.decisive {
                decisive.push(format!(
                    "the defect `{name}`, which {} {} and {} {} not, {effect}: {}",
                    list(with),
                    if with.len() == 1 { "has" } else { "have" },
                    list(without),
                    if without.len() == 1 { "does" } else { "do" },
                    defect.summary.trim().trim_end_matches('.')
                ));
            } else {
                others.push(format!("`{name}`"));
            }
        }
    }
    match (decisive.is_empty(), others.is_empty()) {
        (false, _) => decisive.join("; "),
        (true, false) => format!("no decisive defect lies between them, only {}", list(&others)),
        (true, true) => "no known defect lies between them".to_owned(),
    }
}

/// What a control changes, where its verdict differs from the claim's own under the same protocol.
fn beside_control(protocol: &ProtocolVerdict, control: &ControlVerdict) -> Option<String> {
    let (own, other) = (protocol.evidence.as_ref()?, control.evidence.as_ref()?);
    if protocol.verdict == control.verdict {
        return None;
    }
    let digits = decimals_of(own.interval).max(decimals_of(other.interval));
    let (before, after) = (signed(own.difference, digits), signed(other.difference, digits));
    let share = other.difference / own.difference;
    let remains = format!("{} % of the difference remains ({after} of {before})", plain(100.0 * share, 0));
    let decided = matches!(control.verdict, Verdict::Supported | Verdict::Contradicted);
    // There is a gap to explain only where the claim's own comparison has shown one.
    let gap = matches!(protocol.verdict, Verdict::Supported | Verdict::Contradicted);
    let what = if !gap {
        format!("the difference is {after}, where it was {before}")
    } else if share < 0.0 && decided {
        format!("the difference turns round, from {before} to {after}")
    } else if share < 0.005 {
        format!("nothing of the difference remains ({after} of {before}), so the gap is what this control takes away")
    } else if share < 0.5 {
        format!("{remains}, so most of the gap is what this control takes away")
    } else if share < 1.0 {
        format!("{remains}, so part of the gap is what this control takes away")
    } else {
        format!("the whole difference remains ({after}, where it was {before})")
    };
    // In brackets what the control changes, unless its name says just that.
    let changes = match changed(&own.comparison, &other.comparison) {
        changes if changes == control.name => String::new(),
        changes => format!(" ({changes})"),
    };
    Some(format!(
        "Under {}, the control \"{}\"{changes} {}, where the claim itself is {}: {what}.",
        protocol.protocol,
        control.name,
        match control.verdict {
            Verdict::Supported => "supports the claim",
            Verdict::Contradicted => "contradicts the claim",
            Verdict::NoDifference => "finds no difference",
            Verdict::Undecided | Verdict::Untestable => "does not decide",
        },
        match protocol.verdict {
            Verdict::NoDifference => "found to make no difference",
            verdict => verdict.words(),
        },
    ))
}

/// What a control compares that the claim does not: "`a` against `c`", "best epoch".
fn changed(own: &Comparison, other: &Comparison) -> String {
    let Comparison { a, b, at, .. } = other;
    let mut changes = Vec::new();
    if (a, b) != (&own.a, &own.b) {
        changes.push(format!("`{a}` against `{b}`"));
    }
    if *at != own.at {
        changes.push(format!("{at} epoch"));
    }
    changes.join(", ")
}
