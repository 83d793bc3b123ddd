//! A comparison judged so that it may be looked at after every seed: by evidence that no stopping rule can inflate.

use super::verdict::{Evidence, Sequential, Verdict};
use crate::statistics::sequential::{Difference, Equivalence};

/// Goes through the seeds in their order and stops at the first that decides.
///
/// `comparisons` is the number that the study plans, which share α for the test of a difference; equivalence is tested at
/// α, as elsewhere.
pub(super) fn judge(evidence: &Evidence, alpha: f64, margin: f64, comparisons: usize) -> Sequential {
    let differences: Vec<f64> = evidence.pairs.iter().map(|(_, a, b)| a - b).collect();
    let (mut of_difference, mut of_equivalence) = (Difference::new(margin), Equivalence::new(margin));
    let (mut difference, mut equivalence, mut sum) = (1.0_f64, 1.0_f64, 0.0);
    let mut decided = None;
    for (index, d) in differences.iter().enumerate() {
        difference = difference.max(of_difference.see(*d));
        equivalence = equivalence.max(of_equivalence.see(*d));
        sum += d;
        let verdict = if equivalence >= 1.0 / alpha {
            Verdict::NoDifference
        } else if difference < comparisons.max(1) as f64 / alpha {
            continue;
        } else if evidence.comparison.direction.agrees(sum) {
            Verdict::Supported
        } else {
            Verdict::Contradicted
        };
        decided = Some((verdict, index + 1));
        break;
    }
    Sequential {
        verdict: decided.map_or(Verdict::Undecided, |(verdict, _)| verdict),
        seeds: decided.map_or(differences.len(), |(_, seeds)| seeds),
        e_difference: difference,
        e_equivalence: equivalence,
    }
}
