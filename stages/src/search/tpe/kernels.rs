//! What one parameter gives to a Parzen estimator: a kernel for each observation, and the prior's.

use super::Rules;
use super::argsort::argsort;
use crate::pairwise;
use crate::search::elementary::Elementary;
use crate::search::space::Distribution;

/// The kernels of one parameter, in order of observation; the last is the prior's.
#[derive(Debug, Clone)]
pub(super) enum Kernels {
    /// Probabilities of the choices.
    Categorical {
        rows: Vec<Vec<f64>>,
    },
    Numerical(Normals),
}

/// Truncated normals, in the logarithm where the distribution is logarithmic.
#[derive(Debug, Clone)]
pub(super) struct Normals {
    pub means: Vec<f64>,
    pub deviations: Vec<f64>,
    pub range: Range,
}

/// A numerical distribution as kernels see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub low: f64,
    pub high: f64,
    pub log: bool,
    pub step: Option<f64>,
    /// The ends of the kernels: half a step further out, in the logarithm if logarithmic.
    pub ends: [f64; 2],
    /// Whether a value's probability is the mass of the step around it, and not the density at it.
    pub masses: bool,
}

impl Kernels {
    /// `observed` are internal values: numbers, or indices of choices.
    pub fn new(
        distribution: &Distribution,
        observed: &[f64],
        dimensions: usize,
        rules: Rules,
        elementary: Elementary,
    ) -> Self {
        match Range::of(distribution, rules, elementary) {
            Some(range) => Self::Numerical(Normals::new(range, observed, dimensions, rules, elementary)),
            None => Self::Categorical { rows: rows(distribution.choices().len(), observed) },
        }
    }
}

/// One row of probabilities for each observation and one for the prior.
pub(in crate::search) fn rows(choices: usize, observed: &[f64]) -> Vec<Vec<f64>> {
    if observed.is_empty() {
        return vec![vec![1.0 / choices as f64; choices]];
    }
    let base = vec![1.0 / (observed.len() + 1) as f64; choices];
    let row = |observed: Option<&f64>| {
        let mut row = base.clone();
        if let Some(&index) = observed {
            row[index as usize] += 1.0;
        }
        let sum = pairwise::sum(&row);
        row.iter_mut().for_each(|probability| *probability /= sum);
        row
    };
    observed.iter().map(Some).chain([None]).map(row).collect()
}

impl Range {
    /// None for a categorical distribution.
    fn of(distribution: &Distribution, rules: Rules, elementary: Elementary) -> Option<Self> {
        let (low, high, log, step) = match *distribution {
            Distribution::Float { low, high, log, step } => (low, high, log, step),
            Distribution::Int { low, high, log, step } => (low as f64, high as f64, log, Some(step as f64)),
            Distribution::Categorical { .. } => return None,
        };
        let half = step.map_or(0.0, |step| step / 2.0);
        let ends = [low - half, high + half].map(|end| if log { elementary.ln(end) } else { end });
        let masses = step.is_some() && !(log && rules.log_integers_are_continuous());
        Some(Self { low, high, log, step, ends, masses })
    }

    pub fn width(&self) -> f64 {
        self.ends[1] - self.ends[0]
    }

    /// A value as the kernels see it.
    pub fn kernel_unit(&self, value: f64, elementary: Elementary) -> f64 {
        if self.log { elementary.ln(value) } else { value }
    }

    /// A kernel's number as a value.
    pub fn value(&self, kernel_unit: f64, elementary: Elementary) -> f64 {
        let value = if self.log { elementary.exp(kernel_unit) } else { kernel_unit };
        match self.step {
            Some(step) => {
                (self.low + ((value - self.low) / step).round_ties_even() * step).max(self.low).min(self.high)
            }
            None => value,
        }
    }
}

impl Normals {
    fn new(range: Range, observed: &[f64], dimensions: usize, rules: Rules, elementary: Elementary) -> Self {
        let count = observed.len();
        let mut means: Vec<f64> = observed.iter().map(|&value| range.kernel_unit(value, elementary)).collect();
        let prior = 0.5 * (range.ends[0] + range.ends[1]);
        let width = range.width();
        let mut deviations = match rules {
            Rules::V5_0 { .. } => neighbour_distances(&means, range.ends),
            Rules::V4_5 { multivariate: false } => {
                let mut with_prior = means.clone();
                with_prior.push(prior);
                let mut distances = neighbour_distances(&with_prior, range.ends);
                distances.truncate(count);
                distances
            }
            Rules::V4_5 { multivariate: true } => {
                let shrunk = elementary.pow(count.max(1) as f64, -1.0 / (dimensions + 4) as f64);
                let scale = 0.2 * shrunk * width;
                vec![scale; count]
            }
        };
        // "Magic clip": the more observations, the narrower a kernel may be.
        let narrowest = width / f64::min(100.0, (2 + count) as f64);
        deviations.iter_mut().for_each(|deviation| *deviation = deviation.max(narrowest).min(width));
        means.push(prior);
        deviations.push(width);
        Self { means, deviations, range }
    }

    /// The range's ends, in standard deviations from each kernel's mean.
    pub fn standard_ends(&self, kernel: usize) -> [f64; 2] {
        self.range.ends.map(|end| (end - self.means[kernel]) / self.deviations[kernel])
    }
}

/// Of each mean the greater of the distances to its neighbours. The range's ends are neighbours of a lone mean only.
fn neighbour_distances(means: &[f64], ends: [f64; 2]) -> Vec<f64> {
    let order = argsort(means);
    let mut distances = vec![0.0; means.len()];
    for (rank, &index) in order.iter().enumerate() {
        let mean = means[index];
        let below = rank.checked_sub(1).map(|rank| mean - means[order[rank]]);
        let above = order.get(rank + 1).map(|&next| means[next] - mean);
        distances[index] = match (below, above) {
            (Some(below), Some(above)) => below.max(above),
            (Some(distance), None) | (None, Some(distance)) => distance,
            (None, None) => (mean - ends[0]).max(ends[1] - mean),
        };
    }
    distances
}
