//! From tables to verdicts: every claim under every protocol, and all of them corrected together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use thiserror::Error;

use super::evidence::{evidence, reproduced, sample};
use super::read::ClaimSource;
use super::runs::{Repeated, Runs};
use super::schema::{Claim, Comparison, Control, ProtocolComparison};
use super::sentences;
use super::verdict::{ClaimVerdicts, ControlVerdict, Evidence, ProtocolVerdict, Verdict, Verdicts};
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

/// Evidence, or the reason why there is none.
type Finding = Result<Evidence, String>;

/// Judges all claims of a study by its tables.
///
/// The rule, at the claim's α and margin: *no difference* if both one-sided tests against the margin reject; else, if
/// the paired t-test rejects after Holm's correction over all claims and protocols, *supported* or *contradicted* by
/// the sign; else *undecided*. With fewer than two pairs of runs a claim is *untestable*. Controls are judged alike,
/// without the correction.
pub fn judge(sources: &[ClaimSource], rows: &[Observation]) -> Result<Verdicts, JudgeError> {
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
            let primary = |protocol| under(&claim.comparison, protocol, None);
            claim.protocols.iter().map(|p| find(&experiments, claim, &p.protocol, primary(p))).collect()
        })
        .collect();
    let family: Vec<f64> = findings.iter().flatten().flatten().map(|evidence| evidence.p_t).collect();
    let mut adjusted = correction::holm(&family).into_iter();
    for evidence in findings.iter_mut().flatten().flatten() {
        evidence.p_holm = adjusted.next();
    }

    let verdicts = claims.into_iter().zip(findings).map(|((source, claim), findings)| {
        let protocols = claim.protocols.iter().zip(findings);
        let protocols = protocols.map(|(p, finding)| judge_under(&experiments, claim, p, finding, &family));
        let mut verdicts = ClaimVerdicts {
            id: claim.id.clone(),
            statement: claim.statement.trim().to_owned(),
            experiment: claim.experiment.clone(),
            source: source.file.source.clone(),
            alpha: claim.alpha,
            margin: claim.margin,
            published: claim.published.clone(),
            protocols: protocols.collect(),
            disagreements: Vec::new(),
            defects: source.file.defects.iter().map(|(name, defect)| (name.clone(), defect.clone())).collect(),
        };
        verdicts.disagreements = sentences::disagreements(&verdicts, &claim.comparison);
        verdicts
    });
    Ok(Verdicts { claims: verdicts.collect() })
}

/// A claim's comparison as a protocol, and perhaps a control, changes it.
fn under(comparison: &Comparison, protocol: &ProtocolComparison, control: Option<&Control>) -> Comparison {
    let mut comparison = comparison.clone();
    if let Some(metric) = &protocol.metric {
        comparison.metric.clone_from(metric);
    }
    if let Some(control) = control {
        comparison.a = control.a.clone().unwrap_or(comparison.a);
        comparison.b = control.b.clone().unwrap_or(comparison.b);
        comparison.at = control.at.unwrap_or(comparison.at);
    }
    comparison
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
        let controls = claim.controls.iter().map(Some);
        for control in controls.chain([None]) {
            let comparison = under(&claim.comparison, protocol, control);
            check("method", &comparison.a, runs.methods())?;
            check("method", &comparison.b, runs.methods())?;
            check("metric", &comparison.metric, runs.metrics())?;
        }
    }
    Ok(())
}

fn find(experiments: &BTreeMap<&str, Runs>, claim: &Claim, protocol: &str, comparison: Comparison) -> Finding {
    let Some(runs) = experiments.get(claim.experiment.as_str()) else {
        return Err(format!("the tables hold no runs of experiment `{}`", claim.experiment));
    };
    let sample = sample(runs, protocol, &comparison)?;
    let metric = comparison.metric.clone();
    evidence(comparison, sample, claim.alpha, claim.margin)
        .ok_or_else(|| format!("the values of `{metric}` are too large to compute with"))
}

/// The verdict on one claim under one protocol, from its finding, and on its controls.
fn judge_under(
    experiments: &BTreeMap<&str, Runs>,
    claim: &Claim,
    protocol: &ProtocolComparison,
    finding: Finding,
    family: &[f64],
) -> ProtocolVerdict {
    let (verdict, reason, evidence) = decide(claim, finding, family);
    let comparison = under(&claim.comparison, protocol, None);
    // A published number can be reproduced only where we measure what it measured.
    let published = claim.published.as_ref().filter(|_| comparison.metric == claim.comparison.metric);
    let runs = experiments.get(claim.experiment.as_str());
    let reproduced = published.and_then(|published| reproduced(runs?, &protocol.protocol, &comparison, published));
    let controls = claim.controls.iter().map(|control| {
        let comparison = under(&claim.comparison, protocol, Some(control));
        let finding = find(experiments, claim, &protocol.protocol, comparison);
        let (verdict, reason, evidence) = decide(claim, finding, &[]);
        ControlVerdict { name: control.name.clone(), verdict, reason, evidence }
    });
    let controls = controls.collect();
    ProtocolVerdict { protocol: protocol.protocol.clone(), verdict, reason, evidence, reproduced, controls }
}

/// The rule. `family` holds the p-values that the comparison's own was corrected with; none for a control.
fn decide(claim: &Claim, finding: Finding, family: &[f64]) -> (Verdict, String, Option<Evidence>) {
    let mut evidence = match finding {
        Ok(evidence) => evidence,
        Err(missing) => return (Verdict::Untestable, sentences::untestable(&missing), None),
    };
    let verdict = if evidence.p_equivalence <= claim.alpha {
        Verdict::NoDifference
    } else if evidence.p_holm.unwrap_or(evidence.p_t) > claim.alpha {
        Verdict::Undecided
    } else if evidence.comparison.direction.agrees(evidence.difference) {
        Verdict::Supported
    } else {
        Verdict::Contradicted
    };
    if verdict == Verdict::Undecided {
        // Holm's factor for this p-value, should the others stay as they are: how many are not smaller.
        let factor = family.iter().filter(|p| **p >= evidence.p_t).count().max(1) as f64;
        let differences: Vec<f64> = evidence.pairs.iter().map(|(_, a, b)| a - b).collect();
        let outlook = Outlook {
            mean: evidence.difference,
            sd: describe::sd(&differences),
            margin: claim.margin,
            alpha_difference: claim.alpha / factor,
            alpha_equivalence: claim.alpha,
        };
        let now = evidence.seeds;
        evidence.further_seeds = outlook.pairs_to_decide(DECISION_POWER, now, MOST_SEEDS).map(|needed| needed - now);
    }
    let reason = sentences::reason(verdict, &evidence, claim.alpha, claim.margin);
    (verdict, reason, Some(evidence))
}
