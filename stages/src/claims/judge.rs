//! From tables to verdicts: every claim under every protocol, and all of them corrected together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use thiserror::Error;

use super::evidence::{evidence, inside, reproduced, sample};
use super::predicted::Predicted;
use super::read::ClaimSource;
use super::runs::{Repeated, Runs};
use super::schema::{Claim, Comparison, ProtocolComparison, PublishedValue, Question};
use super::verdict::{ClaimVerdicts, ControlVerdict, Evidence, InsideNumber, ProtocolVerdict, Verdict, Verdicts};
use super::{anytime, court, criterion, noise, sentences, tunings};
use crate::statistics::power::Outlook;
use crate::statistics::{correction, describe};
use crate::table::Observation;

/// The chance of a decision that the further seeds of an undecided claim are to give.
pub const DECISION_POWER: f64 = 0.9;

/// The most seeds that are ever asked for.
pub const MOST_SEEDS: usize = 10_000;

#[derive(Debug, Error)]
pub enum JudgeError {
    #[error(transparent)]
    Unknown(Box<UnknownName>),
    #[error(transparent)]
    Repeated(#[from] Repeated),
}

/// A claim names what no run of its experiment has: most often a slip of the pen.
#[derive(Debug, Error)]
#[error(
    "{}:{line}: claim `{claim}` names {kind} `{name}`, which no run of experiment `{experiment}` has: correct it, or run \
     it (the tables have {known})",
    path.display()
)]
pub struct UnknownName {
    path: PathBuf,
    line: usize,
    claim: String,
    kind: &'static str,
    name: String,
    experiment: String,
    known: String,
}

/// The comparisons that are corrected together.
struct Family {
    /// The p-values of those that could be tested.
    p: Vec<f64>,
    /// All that the claims plan.
    comparisons: usize,
}

/// What the tables say on a claim under a protocol, or the reason why they say nothing.
enum Finding {
    Compared(Result<Box<Evidence>, String>),
    Inside(Result<Vec<InsideNumber>, String>),
}

impl Finding {
    fn evidence(&mut self) -> Option<&mut Evidence> {
        match self {
            Self::Compared(finding) => finding.as_deref_mut().ok(),
            Self::Inside(_) => None,
        }
    }
}

/// Judges all claims of a study by its tables.
///
/// The rule, at the claim's α and margin: *no difference* if both one-sided tests against the margin reject; else, if
/// the paired t-test rejects after Holm's correction over all claims and protocols, *supported* or *contradicted* by
/// the sign; else *undecided*. With fewer than two pairs of runs a claim is *untestable*. Controls are judged alike,
/// without the correction.
pub fn judge(sources: &[ClaimSource], rows: &[Observation]) -> Result<Verdicts, JudgeError> {
    judge_with(sources, rows, &Predicted::default())
}

/// [`judge`], with what the runs predict for each row of the test part.
pub fn judge_with(
    sources: &[ClaimSource],
    rows: &[Observation],
    predicted: &Predicted,
) -> Result<Verdicts, JudgeError> {
    let experiments = Runs::by_experiment(rows)?;
    for source in sources {
        for claim in &source.file.claims {
            check_names(source, claim, &experiments)?;
        }
    }

    // All primary comparisons come before any verdict: the correction needs the p-values of all.
    let claims: Vec<(&ClaimSource, &Claim)> =
        sources.iter().flat_map(|source| source.file.claims.iter().map(move |claim| (source, claim))).collect();
    let mut findings: Vec<Vec<Finding>> = claims
        .iter()
        .map(|(_, claim)| {
            let of = |p| match &claim.question {
                Question::Compare { comparison, margin } => {
                    let finding = find(&experiments, claim, p, comparison.under(Some(p), None), *margin);
                    Finding::Compared(finding.map(Box::new))
                }
                Question::PublishedInside(values) => Finding::Inside(find_inside(&experiments, claim, p, values)),
            };
            claim.protocols.iter().map(of).collect()
        })
        .collect();
    let p: Vec<f64> = findings.iter_mut().flatten().filter_map(Finding::evidence).map(|e| e.p_t).collect();
    let mut adjusted = correction::holm(&p).into_iter();
    for evidence in findings.iter_mut().flatten().filter_map(Finding::evidence) {
        evidence.p_holm = adjusted.next();
    }

    let planned = claims.iter().filter(|(_, claim)| claim.comparison().is_some());
    let family = Family { p, comparisons: planned.map(|(_, claim)| claim.protocols.len()).sum() };

    let verdicts = claims.into_iter().zip(findings).map(|((source, claim), findings)| {
        let protocols = claim.protocols.iter().zip(findings);
        let protocols = protocols.map(|(p, finding)| judge_under(&experiments, predicted, claim, p, finding, &family));
        let mut verdicts = ClaimVerdicts {
            id: claim.id.clone(),
            statement: claim.statement.trim().to_owned(),
            experiment: claim.experiment.clone(),
            seeds: claim.seeds.clone(),
            source: source.file.source.clone(),
            criterion: criterion::digest(claim),
            amendments: claim.amendments.clone(),
            alpha: claim.alpha,
            margin: claim.margin(),
            published: claim.published.clone(),
            protocols: protocols.collect(),
            disagreements: Vec::new(),
            defects: source.file.defects.iter().map(|(name, defect)| (name.clone(), defect.clone())).collect(),
        };
        verdicts.disagreements = sentences::disagreements(&verdicts, claim.comparison());
        verdicts
    });
    Ok(Verdicts { claims: verdicts.collect() })
}

/// Refuses methods, protocols and metrics that no run of the claim's experiment has.
///
/// An experiment without any run is left to the verdict, which calls the claim untestable.
fn check_names(source: &ClaimSource, claim: &Claim, experiments: &BTreeMap<&str, Runs>) -> Result<(), JudgeError> {
    let Some(runs) = experiments.get(claim.experiment.as_str()) else { return Ok(()) };
    let check = |kind: &'static str, name: &str, known: BTreeSet<&str>| {
        if known.contains(name) {
            return Ok(());
        }
        Err(JudgeError::Unknown(Box::new(UnknownName {
            path: source.path.clone(),
            line: source.line(claim),
            claim: claim.id.clone(),
            kind,
            name: name.to_owned(),
            experiment: claim.experiment.clone(),
            known: known.into_iter().collect::<Vec<_>>().join(", "),
        })))
    };
    for protocol in &claim.protocols {
        check("protocol", &protocol.protocol, runs.protocols())?;
        let measured: Vec<(String, String)> = match &claim.question {
            Question::Compare { comparison, .. } => {
                let controls = claim.controls.iter().map(Some).chain([None]);
                let changed = controls.map(|control| comparison.under(Some(protocol), control));
                let sides = changed.flat_map(|changed| {
                    let sides = [&changed.a, &changed.b].map(|side| changed.measured(side));
                    sides.into_iter().flatten().map(|(a, b)| (a.to_owned(), b.to_owned())).collect::<Vec<_>>()
                });
                sides.collect()
            }
            Question::PublishedInside(values) => {
                values.iter().map(|value| (value.method.clone(), value.metric.clone())).collect()
            }
        };
        for (method, metric) in &measured {
            check("method", method, runs.methods())?;
            check("metric", metric, runs.metrics())?;
        }
    }
    Ok(())
}

fn runs_of<'a>(experiments: &'a BTreeMap<&str, Runs<'a>>, claim: &Claim) -> Result<&'a Runs<'a>, String> {
    let runs = experiments.get(claim.experiment.as_str());
    runs.ok_or_else(|| format!("the tables hold no runs of experiment `{}`", claim.experiment))
}

fn find(
    experiments: &BTreeMap<&str, Runs>,
    claim: &Claim,
    protocol: &ProtocolComparison,
    comparison: Comparison,
    margin: f64,
) -> Result<Evidence, String> {
    let sample = sample(runs_of(experiments, claim)?, &protocol.protocol, &comparison)?;
    let metric = comparison.metric.clone();
    evidence(comparison, sample, claim.alpha, margin)
        .ok_or_else(|| format!("the values of `{metric}` are too large to compute with"))
}

fn find_inside(
    experiments: &BTreeMap<&str, Runs>,
    claim: &Claim,
    protocol: &ProtocolComparison,
    values: &[PublishedValue],
) -> Result<Vec<InsideNumber>, String> {
    let runs = runs_of(experiments, claim)?;
    values.iter().map(|value| inside(runs, &protocol.protocol, value)).collect()
}

/// The verdict on one claim under one protocol, from its finding, and on its controls.
fn judge_under(
    experiments: &BTreeMap<&str, Runs>,
    predicted: &Predicted,
    claim: &Claim,
    protocol: &ProtocolComparison,
    finding: Finding,
    family: &Family,
) -> ProtocolVerdict {
    let empty = |verdict, reason| ProtocolVerdict {
        protocol: protocol.protocol.clone(),
        also: protocol.also.clone(),
        verdict,
        reason,
        evidence: None,
        reproduced: None,
        controls: Vec::new(),
        inside: Vec::new(),
        noise: None,
        tunings: None,
        sequential: None,
        court: Vec::new(),
        expected: protocol.expect,
    };
    let finding = match finding {
        Finding::Compared(finding) => finding.map(|evidence| *evidence),
        Finding::Inside(Err(missing)) => return empty(Verdict::Untestable, sentences::untestable(&missing)),
        Finding::Inside(Ok(inside)) => {
            let all = inside.iter().all(|number| number.number.inside);
            let verdict = if all { Verdict::Supported } else { Verdict::Contradicted };
            return ProtocolVerdict { reason: sentences::inside(&inside), inside, ..empty(verdict, String::new()) };
        }
    };
    let Question::Compare { comparison, margin } = &claim.question else {
        return empty(Verdict::Untestable, sentences::untestable("the claim compares nothing"));
    };
    let (verdict, reason, evidence) = decide(claim.alpha, *margin, finding, &family.p);
    let changed = comparison.under(Some(protocol), None);
    // A published number can be reproduced only where we measure what it measured.
    let published = claim.published.as_ref().filter(|_| changed.metric == comparison.metric);
    let runs = experiments.get(claim.experiment.as_str());
    let reproduced = published.and_then(|published| reproduced(runs?, &protocol.protocol, &changed, published));
    let controls = claim.controls.iter().map(|control| {
        let comparison = comparison.under(Some(protocol), Some(control));
        let finding = find(experiments, claim, protocol, comparison, *margin);
        let (verdict, reason, evidence) = decide(claim.alpha, *margin, finding, &[]);
        ControlVerdict { name: control.name.clone(), verdict, reason, evidence }
    });
    let controls = controls.collect();
    let noise = runs.zip(evidence.as_ref()).and_then(|(runs, evidence)| {
        noise::floor(runs, predicted, &claim.experiment, &protocol.protocol, evidence, published)
    });
    let tunings = runs
        .zip(evidence.as_ref())
        .and_then(|(runs, evidence)| tunings::by_tuning(runs, &protocol.protocol, evidence, claim.alpha));
    let court = claim
        .court
        .iter()
        .filter_map(|control| Some(court::sit(*control, runs?, &protocol.protocol, &changed, claim.alpha, *margin)));
    let court = court.collect();
    let sequential =
        evidence.as_ref().map(|evidence| anytime::judge(evidence, claim.alpha, *margin, family.comparisons));
    ProtocolVerdict { evidence, reproduced, controls, noise, tunings, sequential, court, ..empty(verdict, reason) }
}

/// The rule.
pub(super) fn rule(evidence: &Evidence, alpha: f64) -> Verdict {
    if evidence.p_equivalence <= alpha {
        Verdict::NoDifference
    } else if evidence.p_holm.unwrap_or(evidence.p_t) > alpha {
        Verdict::Undecided
    } else if evidence.comparison.direction.agrees(evidence.difference) {
        Verdict::Supported
    } else {
        Verdict::Contradicted
    }
}

/// The verdict by the rule, and why. `family` holds the p-values that the comparison's own was corrected with; none for a
/// control.
fn decide(
    alpha: f64,
    margin: f64,
    finding: Result<Evidence, String>,
    family: &[f64],
) -> (Verdict, String, Option<Evidence>) {
    let mut evidence = match finding {
        Ok(evidence) => evidence,
        Err(missing) => return (Verdict::Untestable, sentences::untestable(&missing), None),
    };
    let verdict = rule(&evidence, alpha);
    if verdict == Verdict::Undecided {
        // Holm's factor for this p-value, should the others stay as they are: how many are not smaller.
        let factor = family.iter().filter(|p| **p >= evidence.p_t).count().max(1) as f64;
        let differences: Vec<f64> = evidence.pairs.iter().map(|(_, a, b)| a - b).collect();
        let outlook = Outlook {
            mean: evidence.difference,
            sd: describe::sd(&differences),
            margin,
            alpha_difference: alpha / factor,
            alpha_equivalence: alpha,
        };
        let now = evidence.seeds;
        evidence.further_seeds = outlook.pairs_to_decide(DECISION_POWER, now, MOST_SEEDS).map(|needed| needed - now);
    }
    let reason = sentences::reason(verdict, &evidence, alpha, margin);
    (verdict, reason, Some(evidence))
}
