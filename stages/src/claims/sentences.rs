//! Verdicts in words: why a verdict is what it is, and what lies between two that differ.

use super::evidence::seed_list;
use super::judge::{DECISION_POWER, MOST_SEEDS};
use super::numbers::{decimals_of, list, p_value, percent, plain, signed};
use super::schema::{At, Comparison, Defect, Direction, Published};
use super::verdict::{
    ClaimVerdicts, ControlVerdict, Evidence, InsideNumber, NoiseFloor, PredictionTests, ProtocolVerdict,
    PublishedVerdict, Tunings, Verdict,
};

/// Below this p of their analysis of variance it is said that tunings differ.
const TUNINGS_DIFFER: f64 = 0.05;

/// Why a claim can't be tested. `missing` is what the tables lack, without a full stop.
pub(super) fn untestable(missing: &str) -> String {
    format!("Untestable: {missing}.")
}

/// Why the evidence gives the verdict.
pub(super) fn reason(verdict: Verdict, evidence: &Evidence, alpha: f64, margin: f64) -> String {
    let Evidence { comparison, difference, interval, .. } = evidence;
    let direction = comparison.direction;
    let digits = decimals_of(*interval);
    let [low, high] = interval.map(|end| signed(end, digits));
    let spread =
        format!("difference {}, {} interval {low} to {high}", signed(*difference, digits), percent(1.0 - alpha));
    let p = match evidence.p_holm {
        Some(p) => format!("p = {} after Holm's correction", p_value(p)),
        None => format!("p = {}", p_value(evidence.p_t)),
    };
    let equivalence = p_value(evidence.p_equivalence);
    let (whose, other) = (subject(comparison), object(comparison));
    let found = if *difference > 0.0 { "higher" } else { "lower" };
    let what = match verdict {
        Verdict::Supported => {
            let claimed = match direction {
                Direction::Different => "where a difference is claimed",
                Direction::Higher | Direction::Lower => "as claimed",
            };
            format!("{whose} is {found} than {other}, {claimed} ({spread}; {p})")
        }
        Verdict::Contradicted => {
            format!("{whose} is {found} than {other}, where {direction} is claimed ({spread}; {p})")
        }
        Verdict::NoDifference => {
            format!(
                "{whose} differs from {other} by less than the margin of {margin} ({spread}; p = {equivalence} \
                 for equivalence)"
            )
        }
        Verdict::Undecided | Verdict::Untestable => {
            format!(
                "{whose} is shown neither to differ from {other} ({spread}; {p}) nor to be within the margin of \
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
    format!("Over {} {what}{left_out}.{}", over(evidence), luck(evidence))
}

/// "10 seeds", "5 tunings with 20 seeds", "10 seeds of one tuning".
fn over(evidence: &Evidence) -> String {
    let seeds = evidence.seeds;
    match &evidence.tunings {
        None => format!("{seeds} seeds"),
        Some(Tunings { differences, .. }) if differences.len() == 1 => format!("{seeds} seeds of one tuning"),
        Some(Tunings { differences, .. }) => format!("{} tunings with {seeds} seeds", differences.len()),
    }
}

/// How tunings differ, where that is shown.
fn luck(evidence: &Evidence) -> String {
    let Some(Tunings { differences, p: Some(p) }) = &evidence.tunings else { return String::new() };
    if *p > TUNINGS_DIFFER {
        return String::new();
    }
    let digits = decimals_of(evidence.interval);
    let differences: Vec<String> = differences.iter().map(|difference| signed(*difference, digits)).collect();
    format!(
        " Tunings differ by more than their seeds do (p = {} by analysis of variance): {} on average with each.",
        p_value(*p),
        list(&differences)
    )
}

/// "`val_loss` of `a` at the last epoch", "`val_loss` of `a` (mean over all epochs)".
fn subject(comparison: &Comparison) -> String {
    let when = comparison.when();
    let when = match comparison.at {
        At::Last | At::Best => format!("at the {when}"),
        At::Epoch(_) => format!("at {when}"),
        At::Mean | At::Rise | At::Epochs { .. } => format!("({when})"),
    };
    match comparison.measured(&comparison.a) {
        Some((method, metric)) => format!("`{metric}` of `{method}` {when}"),
        None => format!("{}", comparison.a),
    }
}

/// "that of `b`", "`data_alignment` of `b`", "0.5".
fn object(comparison: &Comparison) -> String {
    let first = comparison.measured(&comparison.a).map(|(_, metric)| metric);
    match comparison.measured(&comparison.b) {
        Some((method, metric)) if first == Some(metric) => format!("that of `{method}`"),
        Some((method, metric)) => format!("`{metric}` of `{method}`"),
        None => format!("{}", comparison.b),
    }
}

/// Which published numbers lie inside our prediction intervals, and where each of the others lies.
pub(super) fn inside(numbers: &[InsideNumber]) -> String {
    let outside: Vec<String> = numbers
        .iter()
        .filter(|number| !number.number.inside)
        .map(|InsideNumber { method, metric, number, .. }| {
            let digits = decimals_of(number.prediction);
            let [low, high] = number.prediction.map(|end| plain(end, digits));
            format!("`{metric}` of `{method}`, {}, is not within {low} to {high}", number.published)
        })
        .collect();
    let fewest = numbers.iter().map(|number| number.seeds).min().unwrap_or(0);
    let count = numbers.len();
    let vague: Vec<String> = numbers.iter().filter(|number| number.is_vague()).map(vague).collect();
    if outside.is_empty() && !vague.is_empty() {
        return format!("Over {fewest} runs it can't be told where one more would lie: {}.", vague.join("; "));
    }
    match (outside.len(), count) {
        (0, 1) => format!("Over {fewest} seeds the published number lies where one more run of ours would."),
        (0, _) => format!("Over {fewest} seeds all {count} published numbers lie where one more run of ours would."),
        (1, 1) => format!("Over {fewest} seeds one more run of ours would lie elsewhere: {}.", outside[0]),
        (misses, _) => format!(
            "Over {fewest} seeds {misses} of {count} published numbers {} where one more run of ours would not: {}.",
            if misses == 1 { "lies" } else { "lie" },
            outside.join("; ")
        ),
    }
}

fn vague(InsideNumber { method, metric, number, margin, .. }: &InsideNumber) -> String {
    let digits = decimals_of(number.prediction);
    let [low, high] = number.prediction.map(|end| plain(end, digits));
    let margin = margin.unwrap_or_default();
    format!("`{metric}` of `{method}` anywhere from {low} to {high}, which is more than ±{margin}")
}

/// What a test part of so many rows can show, and what it shows.
pub(super) fn noise(floor: &NoiseFloor, evidence: &Evidence, published: Option<&Published>) -> String {
    let NoiseFloor { rows, wilson_a: [low, high], least_unpaired, least_paired, predictions, .. } = floor;
    let Comparison { a, b, .. } = &evidence.comparison;
    let mut text = format!(
        "The accuracies are shares of {rows} rows: one run's is known to ±{} (Wilson, 95 %), two runs can be told apart by \
         {} or more, and row by row by {} at the very least",
        plain(0.5 * (high - low), 3),
        plain(*least_unpaired, 3),
        plain(*least_paired, 3),
    );
    if let Some(published) = published {
        let difference = published.a - published.b;
        let (count, side) = ((difference.abs() * *rows as f64).round(), difference.abs() < *least_unpaired);
        let side = if side { "below" } else { "above" };
        text.push_str(&format!(
            "; the published difference of {} is {count} row{}, {side} what two runs can show unpaired",
            signed(difference, 3),
            if count == 1.0 { "" } else { "s" }
        ));
    }
    if let Some(PredictionTests { a_better, b_better, seeds }) = predictions {
        let count = seeds.len();
        text.push_str(&format!(
            "; McNemar's test on the predictions shows `{a}` to be better in {a_better} of {count} seeds, `{b}` in \
             {b_better}"
        ));
    }
    text + "."
}

fn outlook(evidence: &Evidence) -> String {
    let (_, unit) = evidence.units();
    match evidence.further_seeds {
        Some(1) => format!("; 1 further {unit} would decide with {} power", percent(DECISION_POWER)),
        Some(more) => format!("; {more} further {unit}s would decide with {} power", percent(DECISION_POWER)),
        None => format!("; more than {MOST_SEEDS} {unit}s would be needed to decide"),
    }
}

/// Where the published verdict holds, where protocols disagree, and where a control says something else.
pub(super) fn disagreements(verdicts: &ClaimVerdicts, comparison: Option<&Comparison>) -> Vec<String> {
    let mut sentences = Vec::new();
    sentences.extend(comparison.and_then(|comparison| published(verdicts, comparison)));
    sentences.extend(comparison.and_then(|comparison| against_itself(verdicts, comparison)));
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
    // A threshold is its own name.
    let of_b = b.method_name().map_or(String::new(), |_| format!(" for `{b}`"));
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
        "The published verdict (\"{}\": `{metric}` {finding} for `{a}`, {} against {}{of_b}) {}.",
        published.verdict.trim(),
        published.a,
        published.b,
        list(&outcomes)
    ))
}

/// Where the source's own numbers lie on the other side than the claim says.
fn against_itself(verdicts: &ClaimVerdicts, comparison: &Comparison) -> Option<String> {
    let published = verdicts.published.as_ref()?;
    let agrees = comparison.direction.agrees(published.a - published.b);
    (!agrees).then(|| {
        let Comparison { a, metric, direction, .. } = comparison;
        format!("The published numbers themselves are against the claim, by which `{metric}` is {direction} for `{a}`.")
    })
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
    } else if share < -0.5 {
        format!("the difference points the other way ({after}, where it was {before}), and is not shown to be there")
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
    let Comparison { a, b, metric, .. } = other;
    let mut changes = Vec::new();
    if (a, b) != (&own.a, &own.b) {
        changes.push(format!("`{a}` against `{b}`"));
    }
    if *metric != own.metric {
        changes.push(format!("`{metric}`"));
    }
    if other.at != own.at {
        changes.push(other.when());
    }
    changes.join(", ")
}
