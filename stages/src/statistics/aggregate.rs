//! Several runs on several tasks: one number, or one curve, for all of them.
//!
//! Source: Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice".

use super::{describe, effect};

/// A table of scores: one row a run, one column a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    rows: Vec<Vec<f64>>,
}

impl Scores {
    /// None where rows differ in length, or there is no score.
    pub fn new(rows: Vec<Vec<f64>>) -> Option<Self> {
        let tasks = rows.first()?.len();
        (tasks > 0 && rows.iter().all(|row| row.len() == tasks)).then_some(Self { rows })
    }

    pub fn runs(&self) -> usize {
        self.rows.len()
    }

    pub fn tasks(&self) -> usize {
        self.rows[0].len()
    }

    fn pooled(&self) -> Vec<f64> {
        self.rows.concat()
    }

    fn task(&self, task: usize) -> Vec<f64> {
        self.rows.iter().map(|row| row[task]).collect()
    }

    fn task_means(&self) -> Vec<f64> {
        (0..self.tasks()).map(|task| describe::mean(&self.task(task))).collect()
    }

    /// Every score replaced by that of another run on the same task; `draw` names the runs, row by row.
    pub(super) fn redrawn(&self, mut draw: impl FnMut() -> usize) -> Self {
        let row = |row: &Vec<f64>| (0..row.len()).map(|task| self.rows[draw()][task]).collect();
        Self { rows: self.rows.iter().map(row).collect() }
    }

    /// Mean of the task means.
    pub fn mean(&self) -> f64 {
        describe::mean(&self.task_means())
    }

    /// Median of the task means.
    pub fn median(&self) -> f64 {
        describe::median(&self.task_means())
    }

    /// Interquartile mean of all runs and tasks together.
    pub fn interquartile_mean(&self) -> f64 {
        describe::interquartile_mean(&self.pooled())
    }

    /// How far scores fall short of `target` on average, with no credit for what goes beyond.
    pub fn optimality_gap(&self, target: f64) -> f64 {
        let capped: Vec<f64> = self.pooled().iter().map(|score| score.min(target)).collect();
        target - describe::mean(&capped)
    }

    /// The chance that a run of this table beats one of the other on the same task, ties half, averaged over tasks. None
    /// where the tasks differ in number.
    pub fn probability_of_improvement(&self, other: &Self) -> Option<f64> {
        if self.tasks() != other.tasks() {
            return None;
        }
        let chance = |task| effect::probability_of_improvement(&self.task(task), &other.task(task));
        Some(describe::mean(&(0..self.tasks()).map(chance).collect::<Vec<_>>()))
    }

    /// Share of all runs and tasks that score more than `threshold`.
    pub fn share_above(&self, threshold: f64) -> f64 {
        share_above(&self.pooled(), threshold)
    }

    /// Share of tasks whose mean score is more than `threshold`.
    pub fn tasks_above(&self, threshold: f64) -> f64 {
        share_above(&self.task_means(), threshold)
    }
}

fn share_above(x: &[f64], threshold: f64) -> f64 {
    x.iter().filter(|x| **x > threshold).count() as f64 / x.len() as f64
}
