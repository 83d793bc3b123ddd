//! Which parameters mattered: PED-ANOVA.
//!
//! Watanabe, Bansal and Hutter (2023), "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces",
//! with conditional parameters as in the follow-up of 2026: a parameter matters as much as the values that good trials
//! have differ from those that all have, measured by Pearson's divergence between two densities on a grid. Densities, grid
//! and the good tenth are those of Optuna 5.0's `PedAnovaImportanceEvaluator`.

use super::elementary::Elementary;
use super::space::Distribution;
use super::study::{Direction, State, Study, Trial};
use super::tpe::{Normal, choice_rows};

/// The method's name.
pub const METHOD: &str = "PED-ANOVA";

/// This part of the trials is good.
const TARGET: f64 = 0.1;

/// Points of the grid of a range without steps.
const POINTS: usize = 50;

/// Trials that share a distribution, and are fewer, say nothing of it.
const FEWEST: usize = 2;

/// What the parameters of a study are worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Importance {
    /// Parameter and share of all importance, the greatest first.
    pub shares: Vec<(String, f64)>,
    /// The complete trials with a finite value, and how many of them count as good.
    pub trials: usize,
    pub good: usize,
}

/// None where fewer than two complete trials have a finite value.
pub fn importance(study: &Study) -> Option<Importance> {
    let complete = study.trials().iter().filter(|trial| trial.state == State::Complete);
    let valued: Vec<(&Trial, f64)> = complete
        .filter_map(|trial| {
            let value = trial.value.filter(|value| value.is_finite())?;
            Some((trial, if study.direction == Direction::Minimize { value } else { -value }))
        })
        .collect();
    if valued.len() < 2 {
        return None;
    }
    let mut losses: Vec<f64> = valued.iter().map(|&(_, loss)| loss).collect();
    losses.sort_by(f64::total_cmp);
    let limit = losses[(TARGET * losses.len() as f64).ceil() as usize - 1];
    let trials: Vec<(&Trial, bool)> = valued.iter().map(|&(trial, loss)| (trial, loss <= limit)).collect();
    let good = trials.iter().filter(|(_, good)| *good).count();

    let mut names: Vec<&String> = trials.iter().flat_map(|(trial, _)| trial.parameters.keys()).collect();
    names.sort();
    names.dedup();
    let mut shares: Vec<(String, f64)> =
        names.into_iter().map(|name| (name.clone(), divergence_of_parameter(name, &trials, good))).collect();
    let (sum, count) = (shares.iter().map(|(_, share)| share).sum::<f64>(), shares.len() as f64);
    shares.iter_mut().for_each(|(_, share)| *share = if sum > 0.0 { *share / sum } else { 1.0 / count });
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    Some(Importance { shares, trials: trials.len(), good })
}

/// Summed over the distributions that the parameter has had, each by its share of trials.
fn divergence_of_parameter(name: &str, trials: &[(&Trial, bool)], good: usize) -> f64 {
    let mut regimes: Vec<(&Distribution, Vec<(f64, bool)>)> = Vec::new();
    for (trial, good) in trials {
        let Some(chosen) = trial.parameters.get(name) else { continue };
        let Some(value) = chosen.distribution.internal(&chosen.value) else { continue };
        match regimes.iter_mut().find(|(distribution, _)| **distribution == chosen.distribution) {
            Some((_, values)) => values.push((value, *good)),
            None => regimes.push((&chosen.distribution, vec![(value, *good)])),
        }
    }
    let mut sum = 0.0;
    for (distribution, values) in regimes {
        let all: Vec<f64> = values.iter().map(|&(value, _)| value).collect();
        let best: Vec<f64> = values.iter().filter(|(_, good)| *good).map(|&(value, _)| value).collect();
        if all.len() < FEWEST || best.is_empty() || distribution.only_value().is_some() {
            continue;
        }
        let share_of_good = best.len() as f64 / good as f64;
        let share_of_all = all.len() as f64 / trials.len() as f64;
        let densities = density(distribution, &best).into_iter().zip(density(distribution, &all));
        let divergence: f64 = densities.map(|(best, all)| all * (best / all - 1.0).powi(2)).sum();
        sum += share_of_good.powi(2) / share_of_all * divergence;
    }
    sum
}

/// Probabilities of the points of the distribution's grid, estimated from values; none is 0.
fn density(distribution: &Distribution, values: &[f64]) -> Vec<f64> {
    let counts = counts(distribution, values);
    let seen: Vec<(f64, f64)> = counts
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
        .map(|(point, &count)| (point as f64, count as f64))
        .collect();
    let kernels = match distribution {
        Distribution::Categorical { choices } => {
            choice_rows(choices.len(), &seen.iter().map(|&(point, _)| point).collect::<Vec<_>>())
        }
        Distribution::Float { .. } | Distribution::Int { .. } => normals(counts.len(), &seen),
    };
    // The last kernel is the prior's, and counts as one value.
    let weights = seen.iter().map(|&(_, count)| count).chain([1.0]);
    let sum: f64 = weights.clone().sum();
    let mut density = vec![1e-12; counts.len()];
    for (kernel, weight) in kernels.iter().zip(weights) {
        density.iter_mut().zip(kernel).for_each(|(density, probability)| *density += weight / sum * probability);
    }
    density
}

/// How many values lie nearest to each point of the grid; halfway between two, to the lower.
fn counts(distribution: &Distribution, values: &[f64]) -> Vec<usize> {
    let (low, high, log, points) = match *distribution {
        Distribution::Categorical { ref choices } => {
            let mut counts = vec![0; choices.len()];
            values.iter().for_each(|&value| counts[value as usize] += 1);
            return counts;
        }
        Distribution::Float { low, high, log, step } => {
            (low, high, log, step.map_or(POINTS, |step| ((high - low) / step).round_ties_even() as usize + 1))
        }
        Distribution::Int { low, high, log: true, .. } => {
            let doublings = ((high - low + 1) as f64).ln() / 2f64.ln();
            (low as f64, high as f64, true, doublings.ceil() as usize + 1)
        }
        Distribution::Int { low, high, log: false, step } => {
            (low as f64, high as f64, false, ((high - low) / step) as usize + 1)
        }
    };
    let position = |x: f64| if log { x.ln() } else { x };
    let last = points.min(POINTS) - 1;
    let width = (position(high) - position(low)) / last as f64;
    let mut counts = vec![0; last + 1];
    for &value in values {
        let point = ((position(value) - position(low)) / width - 0.5).ceil();
        counts[point.clamp(0.0, last as f64) as usize] += 1;
    }
    counts
}

/// Normals around the points that were seen (with how often), with Scott's bandwidth, and the prior's: each as
/// probabilities of the points.
fn normals(points: usize, seen: &[(f64, f64)]) -> Vec<Vec<f64>> {
    let total: f64 = seen.iter().map(|&(_, count)| count).sum();
    let mean = seen.iter().map(|&(point, count)| point * count).sum::<f64>() / total;
    let squares: f64 = seen.iter().map(|&(point, count)| (point - mean).powi(2) * count).sum();
    let deviation = (squares / (total - 1.0).max(1.0)).sqrt();
    // The first point at which the running count satisfies a condition, or the last.
    let first = |condition: &dyn Fn(f64) -> bool| {
        let mut running = 0.0;
        let found = seen.iter().find(|&&(_, count)| {
            running += count;
            condition(running)
        });
        found.or(seen.last()).map_or(0.0, |&(point, _)| point)
    };
    let (quarter, three_quarters) = ((total / 4.0).floor(), (total * 3.0 / 4.0).floor());
    let quartiles = first(&|running| running > three_quarters) - first(&|running| running >= quarter);
    let scott = 1.059 * (quartiles / 1.34).min(deviation) * total.powf(-0.2);
    // 90 % of a kernel lies within its point's half steps at least.
    let bandwidth = scott.max(0.5 / 1.64);
    let last = (points - 1) as f64;
    let prior = (last / 2.0, last + 1.0);
    let normal = Normal(Elementary::Portable);
    let kernel = |(mean, deviation): (f64, f64)| -> Vec<f64> {
        let ln_mass = |from: f64, to: f64| normal.ln_mass((from - mean) / deviation, (to - mean) / deviation);
        let whole = ln_mass(-0.5, last + 0.5);
        (0..points).map(|point| (ln_mass(point as f64 - 0.5, point as f64 + 0.5) - whole).exp()).collect()
    };
    seen.iter().map(|&(point, _)| (point, bandwidth)).chain([prior]).map(kernel).collect()
}
