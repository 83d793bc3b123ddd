//! Which trials to give up: those that are worse than the median of the others at the same step, as Optuna's
//! `MedianPruner` decides it.

use serde::{Deserialize, Serialize};

use super::study::{Direction, State, Study};

/// Which pruner, as parameters and journals say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum Pruner {
    Median(MedianPruner),
}

impl Pruner {
    /// Whether the running trial, having just reported, is to be given up.
    pub fn should_prune(&self, study: &Study) -> bool {
        let Self::Median(pruner) = self;
        pruner.should_prune(study)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MedianPruner {
    /// Nothing is pruned before so many trials are complete.
    pub n_startup_trials: usize,
    /// Nothing is pruned before this step.
    pub n_warmup_steps: u64,
    /// After that, so many steps lie between two decisions; 0 counts as 1.
    pub interval_steps: u64,
    /// How many complete trials must have reported at a step for a decision.
    pub n_min_trials: usize,
}

impl Default for MedianPruner {
    fn default() -> Self {
        Self { n_startup_trials: 5, n_warmup_steps: 0, interval_steps: 1, n_min_trials: 1 }
    }
}

impl MedianPruner {
    /// Whether the running trial, having just reported, is to be given up.
    pub fn should_prune(&self, study: &Study) -> bool {
        let complete = || study.trials().iter().filter(|trial| trial.state == State::Complete);
        let Some(trial) = study.running() else { return false };
        let count = complete().count();
        if count == 0 || count < self.n_startup_trials {
            return false;
        }
        let mut steps = trial.intermediate.keys().rev();
        let Some(&step) = steps.next() else { return false };
        if step < self.n_warmup_steps || steps.next().is_some_and(|&earlier| earlier >= self.decision_before(step)) {
            return false;
        }
        let Some(best) = best_report(trial.intermediate.values(), study.direction) else { return true };
        let at_step: Vec<f64> = complete().filter_map(|trial| trial.intermediate.get(&step).copied()).collect();
        if at_step.len() < self.n_min_trials {
            return false;
        }
        median(at_step).is_some_and(|median| study.direction.better(median, best))
    }

    /// The step, not after that one, at which the present interval began.
    fn decision_before(&self, step: u64) -> u64 {
        let since = step - self.n_warmup_steps;
        since - since % self.interval_steps.max(1) + self.n_warmup_steps
    }
}

/// None if there is no number among them.
fn best_report<'a>(reports: impl Iterator<Item = &'a f64>, direction: Direction) -> Option<f64> {
    let numbers = reports.copied().filter(|report| !report.is_nan());
    numbers.reduce(|best, next| if direction.better(next, best) { next } else { best })
}

/// Of the numbers among them; between two it leans on the greater, as NumPy's percentile does.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.retain(|value| !value.is_nan());
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    let &upper = values.get(half)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = values[half - 1];
    Some(upper - (upper - lower) * 0.5)
}
