//! The answer to a claim, as `artifacts/verdicts.json` holds it and the report and `retrial audit` show it.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::schema::{At, BestBy, Comparison, Court, Defect, OwnedAmendment, Published, Source};

/// Where a study keeps its verdicts, from the repository's root.
pub const VERDICTS: &str = "artifacts/verdicts.json";

/// All verdicts of a study; Holm's correction runs over all primary comparisons in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdicts {
    pub claims: Vec<ClaimVerdicts>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimVerdicts {
    pub id: String,
    pub statement: String,
    pub experiment: String,
    /// The parameter that lists its seeds, where that is not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeds: Option<String>,
    pub source: Source,
    pub alpha: f64,
    /// Digest of all that decides the verdicts.
    #[serde(default)]
    pub criterion: String,
    /// How that was changed after the claim was first judged, as the claim file says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amendments: Vec<OwnedAmendment>,
    /// None where nothing is compared.
    pub margin: Option<f64>,
    pub published: Option<Published>,
    /// In the claim file's order.
    pub protocols: Vec<ProtocolVerdict>,
    /// Sentences on where protocols disagree and which defect lies between them.
    pub disagreements: Vec<String>,
    /// (short name, defect), in order of name.
    pub defects: Vec<(String, Defect)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProtocolVerdict {
    pub protocol: String,
    /// Protocols that come to the same here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub reason: String,
    pub evidence: Option<Evidence>,
    pub reproduced: Option<Reproduced>,
    pub controls: Vec<ControlVerdict>,
    /// Where the claim is that published numbers lie inside our prediction intervals: each of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<InsideNumber>,
    /// What a test part of so many rows can show, where accuracies are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<NoiseFloor>,
    /// The comparison judged so that looking after every seed, and stopping, makes no error more likely; none where it rests on
    /// tunings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequential: Option<Sequential>,
    /// The judgement itself, tried with these runs and a known truth.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub court: Vec<CourtVerdict>,
    /// The verdict that the claim file expects here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Verdict>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Supported,
    Contradicted,
    NoDifference,
    Undecided,
    Untestable,
}

impl Verdict {
    /// The rule on a comparison: a difference that is surely there and surely too small to matter is none.
    pub fn by(p_difference: f64, p_equivalence: Option<f64>, as_claimed: bool, alpha: f64) -> Self {
        if p_equivalence.is_some_and(|p| p <= alpha) {
            Self::NoDifference
        } else if p_difference > alpha {
            Self::Undecided
        } else if as_claimed {
            Self::Supported
        } else {
            Self::Contradicted
        }
    }

    /// The verdict in words, as tables show it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Contradicted => "contradicted",
            Self::NoDifference => "no difference",
            Self::Undecided => "undecided",
            Self::Untestable => "untestable",
        }
    }
}

impl ProtocolVerdict {
    /// Its protocol, and those that come to the same: "as-run = as-stated".
    pub fn protocols(&self) -> String {
        let all: Vec<&str> = std::iter::once(&self.protocol).chain(&self.also).map(String::as_str).collect();
        all.join(" = ")
    }

    /// Whether the claim file expects another verdict.
    pub fn is_unexpected(&self) -> bool {
        self.expected.is_some_and(|expected| expected != self.verdict)
    }

    /// The difference that the source published, where it measured what is compared here.
    pub fn published_difference(&self) -> Option<f64> {
        self.reproduced.as_ref().map(|numbers| numbers.a.published - numbers.b.published)
    }
}

/// What becomes of the source's finding, that its `a` lies above or below its `b`, under a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PublishedVerdict {
    /// A difference the same way.
    Reproduced,
    /// A difference the other way.
    Reversed,
    /// No difference that matters.
    Vanished,
    /// Undecided or untestable.
    Open,
}

impl ClaimVerdicts {
    /// Whether the source's finding holds under a protocol; none where nothing is published.
    pub fn published_verdict(&self, protocol: &ProtocolVerdict) -> Option<PublishedVerdict> {
        let found = self.published.as_ref().map(|published| published.a.total_cmp(&published.b))?;
        let Some(evidence) = &protocol.evidence else { return Some(PublishedVerdict::Open) };
        let ours = match protocol.verdict {
            Verdict::Supported | Verdict::Contradicted => evidence.difference.total_cmp(&0.0),
            Verdict::NoDifference => Ordering::Equal,
            Verdict::Undecided | Verdict::Untestable => return Some(PublishedVerdict::Open),
        };
        Some(match ours {
            ours if ours == found => PublishedVerdict::Reproduced,
            Ordering::Equal => PublishedVerdict::Vanished,
            _ => PublishedVerdict::Reversed,
        })
    }
}

/// A control is judged like a claim, without Holm's correction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ControlVerdict {
    pub name: String,
    pub verdict: Verdict,
    pub reason: String,
    pub evidence: Option<Evidence>,
}

/// The statistics of one paired comparison; differences are `a − b`.
///
/// All means and tests are over seeds, or over tunings where hyper-parameters were tuned more than once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub comparison: Comparison,
    pub seeds: usize,
    /// Where hyper-parameters were tuned: the tunings that the seeds share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tunings: Option<Tunings>,
    /// Seeds left out because a run gave a number that is not finite or is missing.
    pub failed_seeds: Vec<u64>,
    pub mean_a: f64,
    /// Over seeds.
    pub sd_a: f64,
    pub mean_b: f64,
    /// Over seeds.
    pub sd_b: f64,
    pub difference: f64,
    /// Student's t interval of the mean paired difference at level 1 − α.
    pub interval: [f64; 2],
    /// Paired t-test, two-sided.
    pub p_t: f64,
    /// Sign-flip test of the mean paired difference, exact, two-sided; null above 40 pairs.
    pub p_sign_flip: Option<f64>,
    /// `p_t` after Holm over the study's primary comparisons; null for controls, which are judged by `p_t`.
    pub p_holm: Option<f64>,
    /// Two one-sided t-tests against the margin.
    pub p_equivalence: f64,
    /// Mean over standard deviation of the paired differences.
    pub dz: Option<f64>,
    /// Further seeds, or tunings where it rests on these, after which a decision is likely (90 % power), for undecided claims;
    /// null too where more than 10,000 would be needed.
    pub further_seeds: Option<usize>,
    /// seed, a, b; in order of seed.
    pub pairs: Vec<(u64, f64, f64)>,
}

/// Does the published number lie where one more run of ours would?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reproduced {
    pub a: PublishedNumber,
    pub b: PublishedNumber,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublishedNumber {
    pub published: f64,
    /// Prediction interval for one further run, mean ± t·sd·√(1 + 1/n): at level 95 % beside a comparison; where several numbers
    /// are the claim, at 1 − α/k for k of them.
    pub prediction: [f64; 2],
    pub inside: bool,
    /// Share of our runs below the published value, in percent (ties half).
    pub percentile: f64,
}

/// A published number of one method, and our runs of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InsideNumber {
    pub method: String,
    pub metric: String,
    pub at: At,
    #[serde(default, skip_serializing_if = "BestBy::is_default")]
    pub best_by: BestBy,
    /// How far the interval may reach from our mean and still say something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Runs with a finite value.
    pub seeds: usize,
    pub failed_seeds: Vec<u64>,
    pub mean: f64,
    pub sd: f64,
    #[serde(flatten)]
    pub number: PublishedNumber,
}

impl InsideNumber {
    /// Whether so few or so different runs leave room for numbers that are too far away.
    pub fn is_vague(&self) -> bool {
        let [low, high] = self.number.prediction;
        self.margin.is_some_and(|margin| 0.5 * (high - low) > margin)
    }
}

/// What the rows of a test part can show, whatever the number of seeds; everything at level 95 %.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoiseFloor {
    /// Rows that the accuracies are shares of.
    pub rows: u64,
    /// Wilson's intervals of the mean accuracies, as if they were one run's.
    pub wilson_a: [f64; 2],
    pub wilson_b: [f64; 2],
    /// seed, Wilson's interval of a, of b.
    pub by_seed: Vec<(u64, [f64; 2], [f64; 2])>,
    /// The least difference of two accuracies that a test which doesn't pair the rows can show.
    pub least_unpaired: f64,
    /// The least that McNemar's test can show at the very best: where the runs differ on no other rows.
    pub least_paired: f64,
    /// Row by row, where predictions are stored.
    pub predictions: Option<PredictionTests>,
    /// All this in words.
    pub words: String,
}

/// What the seeds of each tuning have in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tunings {
    /// The mean paired difference over the seeds of each.
    pub differences: Vec<f64>,
    /// One-way analysis of variance: do they differ by more than their seeds do? None where no tuning has two seeds.
    pub p: Option<f64>,
}

impl Evidence {
    /// The differences of tunings, where the tests are over these; of one tuning alone they are over its seeds.
    pub fn by_tuning(&self) -> Option<&[f64]> {
        self.tunings.as_ref().map(|tunings| tunings.differences.as_slice()).filter(|differences| differences.len() > 1)
    }

    /// How many independent answers the tests rest on, and of what.
    pub fn units(&self) -> (usize, &'static str) {
        self.by_tuning().map_or((self.seeds, "seed"), |differences| (differences.len(), "tuning"))
    }

    /// The differences that the tests are over: of the seeds in their order, or of the tunings.
    pub fn differences(&self) -> Vec<f64> {
        let by_seed = || self.pairs.iter().map(|(_, a, b)| a - b).collect();
        self.by_tuning().map_or_else(by_seed, <[f64]>::to_vec)
    }
}

/// McNemar's exact test of each seed's two runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PredictionTests {
    /// Seeds whose test shows a to be better.
    pub a_better: usize,
    pub b_better: usize,
    pub seeds: Vec<McNemar>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct McNemar {
    pub seed: u64,
    /// Rows that only a's run got right.
    pub only_a: u64,
    pub only_b: u64,
    /// Exact, two-sided.
    pub p: f64,
}

/// A control of the judgement: what it had to find, and what it found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CourtVerdict {
    pub control: Court,
    /// Whether it found what it had to: of a negative control nothing, of a positive one the effect.
    pub passed: bool,
    /// The effect that was added.
    pub planted: Option<f64>,
    pub verdict: Verdict,
    pub reason: String,
    pub evidence: Option<Evidence>,
}

/// What anytime-valid tests say, which may be looked at after every seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sequential {
    pub verdict: Verdict,
    /// Seeds looked at until it was decided, in order; all of them where it is not.
    pub seeds: usize,
    /// The most evidence so far (e-value) against "no difference": it decides at the number of comparisons over α.
    pub e_difference: f64,
    /// Against "a difference beyond the margin": it decides at 1/α.
    pub e_equivalence: f64,
}
