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
use super::{anytime, court, criterion, noise, sentences};
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
/// without the correction. Tests are over seeds, or over tunings where seeds share these.
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
    // All that the claims plan are corrected for, also what could not be tested: the correction is none of the results' making.
    let planned = findings.iter_mut().flatten().filter(|finding| matches!(finding, Finding::Compared(_)));
    let family: Vec<f64> = planned.map(|finding| finding.evidence().map_or(1.0, |evidence| evidence.p_t)).collect();
    let compared = findings.iter_mut().flatten().filter(|finding| matches!(finding, Finding::Compared(_)));
    for (finding, p) in compared.zip(correction::holm(&family)) {
        if let Some(evidence) = finding.evidence() {
            evidence.p_holm = Some(p);
        }
    }

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
    // α is shared out, so that of all these numbers even one lies outside by chance in a share α of studies at most.
    let level = 1.0 - claim.alpha / values.len() as f64;
    values.iter().map(|value| inside(runs, &protocol.protocol, value, level)).collect()
}

/// The verdict on one claim under one protocol, from its finding, and on its controls.
fn judge_under(
    experiments: &BTreeMap<&str, Runs>,
    predicted: &Predicted,
    claim: &Claim,
    protocol: &ProtocolComparison,
    finding: Finding,
    family: &[f64],
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
        sequential: None,
        court: Vec::new(),
        expected: protocol.expect,
    };
    let finding = match finding {
        Finding::Compared(finding) => finding.map(|evidence| *evidence),
        Finding::Inside(Err(missing)) => return empty(Verdict::Untestable, sentences::untestable(&missing)),
        Finding::Inside(Ok(inside)) => {
            let verdict = if inside.iter().any(|number| !number.number.inside) {
                Verdict::Contradicted
            } else if inside.iter().any(InsideNumber::is_vague) {
                Verdict::Undecided
            } else {
                Verdict::Supported
            };
            return ProtocolVerdict { reason: sentences::inside(&inside), inside, ..empty(verdict, String::new()) };
        }
    };
    let Question::Compare { comparison, margin } = &claim.question else {
        return empty(Verdict::Untestable, sentences::untestable("the claim compares nothing"));
    };
    let (verdict, reason, evidence) = decide(claim.alpha, *margin, finding, family);
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
    let court = claim
        .court
        .iter()
        .filter_map(|control| Some(court::sit(*control, runs?, &protocol.protocol, &changed, claim.alpha, *margin)));
    let court = court.collect();
    // More seeds are more answers only where they share no tunings.
    let by_seed = evidence.as_ref().filter(|evidence| evidence.by_tuning().is_none());
    let sequential = by_seed.map(|evidence| anytime::judge(evidence, claim.alpha, *margin, family.len()));
    ProtocolVerdict { evidence, reproduced, controls, noise, sequential, court, ..empty(verdict, reason) }
}

/// The rule.
pub(super) fn rule(evidence: &Evidence, alpha: f64) -> Verdict {
    let as_claimed = evidence.comparison.direction.agrees(evidence.difference);
    Verdict::by(evidence.p_holm.unwrap_or(evidence.p_t), Some(evidence.p_equivalence), as_claimed, alpha)
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
        let outlook = Outlook {
            mean: evidence.difference,
            sd: describe::sd(&evidence.differences()),
            margin,
            alpha_difference: alpha / factor,
            alpha_equivalence: alpha,
        };
        let (now, _) = evidence.units();
        evidence.further_seeds = outlook.pairs_to_decide(DECISION_POWER, now, MOST_SEEDS).map(|needed| needed - now);
    }
    let reason = sentences::reason(verdict, &evidence, alpha, margin);
    (verdict, reason, Some(evidence))
}
