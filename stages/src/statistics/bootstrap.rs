//! The bootstrap: the sample stands for its population, and is drawn from again, with replacement.
//!
//! Draws come from NumPy's `RandomState`, in SciPy's order, so intervals equal `scipy.stats.bootstrap`'s.
//! Source: Efron and Tibshirani 1993, "An introduction to the bootstrap"; BCa: Efron 1987.

use super::aggregate::Scores;
use super::describe;
use super::special::{normal_cdf, normal_quantile};
use crate::random::numpy::RandomState;

/// The statistic of the sample, of resamples of it, and of the sample without one value each.
#[derive(Debug, Clone, PartialEq)]
pub struct Bootstrap {
    pub observed: f64,
    /// In the order in which they were drawn.
    pub replicates: Vec<f64>,
    jackknife: Vec<f64>,
    sorted: Vec<f64>,
}

impl Bootstrap {
    /// Draws `count` resamples of `x` from the stream that `seed` starts.
    pub fn of(x: &[f64], statistic: impl Fn(&[f64]) -> f64, count: usize, seed: u32) -> Self {
        let mut random = RandomState::seeded(seed);
        let top = x.len().saturating_sub(1) as u32;
        let mut resample = vec![0.0; x.len()];
        let replicates: Vec<f64> = (0..count)
            .map(|_| {
                for value in &mut resample {
                    *value = x[random.bounded(top) as usize];
                }
                statistic(&resample)
            })
            .collect();
        let jackknife = (0..x.len())
            .map(|left_out| {
                let rest: Vec<f64> = [&x[..left_out], &x[left_out + 1..]].concat();
                statistic(&rest)
            })
            .collect();
        let sorted = describe::sorted(&replicates);
        Self { observed: statistic(x), replicates, jackknife, sorted }
    }

    /// Standard deviation of the replicates.
    pub fn standard_error(&self) -> f64 {
        describe::sd(&self.replicates)
    }

    /// The quantiles of the replicates.
    pub fn percentile(&self, level: f64) -> [f64; 2] {
        let tail = 0.5 * (1.0 - level);
        [tail, 1.0 - tail].map(|q| describe::quantile_sorted(&self.sorted, q))
    }

    /// The quantiles mirrored at the observed statistic: its error is taken to have their distribution.
    pub fn basic(&self, level: f64) -> [f64; 2] {
        let [low, high] = self.percentile(level);
        [2.0 * self.observed - high, 2.0 * self.observed - low]
    }

    /// Bias-corrected and accelerated: quantiles moved for the median bias of the replicates and for a spread that
    /// changes with the value. Not a number where leaving out a value never changes the statistic.
    pub fn bca(&self, level: f64) -> [f64; 2] {
        let below = self.replicates.iter().filter(|r| **r < self.observed).count();
        let up_to = self.replicates.iter().filter(|r| **r <= self.observed).count();
        let bias = normal_quantile((below + up_to) as f64 / (2 * self.replicates.len()) as f64);

        let n = self.jackknife.len() as f64;
        let mean = describe::mean(&self.jackknife);
        let influence: Vec<f64> = self.jackknife.iter().map(|value| (n - 1.0) * (mean - value)).collect();
        let second = influence.iter().map(|u| u * u).sum::<f64>() / (n * n);
        let third = influence.iter().map(|u| u * u * u).sum::<f64>() / (n * n * n);
        let acceleration = third / (6.0 * second * second.sqrt());

        let tail = normal_quantile(0.5 * (1.0 - level));
        [tail, -tail].map(|z| {
            let moved = bias + (bias + z) / (1.0 - acceleration * (bias + z));
            describe::quantile_sorted(&self.sorted, normal_cdf(moved))
        })
    }
}

/// The statistic of every one of the nⁿ resamples of `x`: the bootstrap without chance. None for more than 8 values.
pub fn all_resamples(x: &[f64], statistic: impl Fn(&[f64]) -> f64) -> Option<Vec<f64>> {
    let n = x.len();
    if n == 0 || n > 8 {
        return None;
    }
    let mut resample = vec![0.0; n];
    let values = (0..n.pow(n as u32))
        .map(|mut pattern| {
            for value in &mut resample {
                *value = x[pattern % n];
                pattern /= n;
            }
            statistic(&resample)
        })
        .collect();
    Some(values)
}

/// Replicates of a statistic of runs × tasks, with runs drawn anew within each task, as rliable's stratified bootstrap
/// does from `np.random.seed(seed)`. Source: Agarwal et al. 2021.
pub fn stratified(scores: &Scores, statistic: impl Fn(&Scores) -> f64, count: usize, seed: u32) -> Vec<f64> {
    let mut random = RandomState::seeded(seed);
    let top = scores.runs().saturating_sub(1) as u32;
    (0..count).map(|_| statistic(&scores.redrawn(|| random.bounded(top) as usize))).collect()
}
