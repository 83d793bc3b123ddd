//! The roles of data, as types: what may choose an epoch or a trial, and what may only be scored at the end.
//!
//! A tuner takes a [`Selection`] judged on [`Validation`] rows. Nothing but [`Selection::leaked`], which says what it
//! does, turns test rows into those, so a search that sees the test part by mistake does not compile:
//!
//! ```
//! # use stages::{protocols::{parts::{Selection, Validation}, tuning::Tuner}, search::study::Study};
//! fn tune(tuner: &Tuner, selection: &Selection<Validation>, study: &mut Study) {
//!     let _ = tuner.try_trial(study, selection);
//! }
//! ```
//!
//! ```compile_fail
//! # use stages::{protocols::{parts::{Selection, Test}, tuning::Tuner}, search::study::Study};
//! fn cheat(tuner: &Tuner, selection: &Selection<Test>, study: &mut Study) {
//!     let _ = tuner.try_trial(study, selection);
//! }
//! ```

use std::marker::PhantomData;

use crate::data::dataset::{Dataset, Part};
use crate::nn::evaluate::{Evaluator, Score};
use crate::random::torch::Generator;
use crate::train::Data;

/// The role of rows that gradients are taken on.
#[derive(Debug, Clone, Copy)]
pub enum Train {}
/// The role of rows that choose among epochs and trials.
#[derive(Debug, Clone, Copy)]
pub enum Validation {}
/// The role of rows that say how good the chosen is.
#[derive(Debug, Clone, Copy)]
pub enum Test {}

/// Rows of a data set in one role.
#[derive(Debug, Clone)]
pub struct Rows<Role> {
    part: Part,
    role: PhantomData<Role>,
}

impl<Role> Rows<Role> {
    fn new(part: Part) -> Self {
        Self { part, role: PhantomData }
    }
}

/// All that can be done with test rows.
impl Rows<Test> {
    /// How good these weights are.
    pub fn score(&self, evaluator: &mut Evaluator, parameters: &[f32]) -> Score {
        evaluator.score(parameters, &self.part)
    }

    /// The label of each row, and the class that these weights take it for.
    pub fn predict(&self, evaluator: &mut Evaluator, parameters: &[f32]) -> Vec<(u8, u8)> {
        let predicted = evaluator.predict(parameters, &self.part);
        self.part.y.iter().copied().zip(predicted).collect()
    }
}

/// What a run is trained on, with the rows that its epochs are judged on.
#[derive(Debug, Clone)]
pub struct Selection<Judge> {
    train: Rows<Train>,
    judge: Rows<Judge>,
}

impl<Judge> Selection<Judge> {
    /// The rows, for a training run.
    pub fn data(&self) -> Data<'_> {
        Data { train: &self.train.part, validation: &self.judge.part }
    }
}

impl Selection<Validation> {
    /// Holds out a share of the training part (rounded), chosen by a permutation drawn from `generator`: its last rows.
    pub fn held_out(dataset: Dataset, share: f64, generator: &mut Generator) -> (Self, Rows<Test>) {
        let Dataset { features, train, test, .. } = dataset;
        let order = generator.permutation(train.len());
        let held_out = (train.len() as f64 * share).round() as usize;
        let (kept, held_out) = order.split_at(train.len() - held_out.min(train.len()));
        let take = |rows: &[u32]| Part {
            x: rows.iter().flat_map(|&row| &train.x[row as usize * features..][..features]).copied().collect(),
            y: rows.iter().map(|&row| train.y[row as usize]).collect(),
        };
        (Self { train: Rows::new(take(kept)), judge: Rows::new(take(held_out)) }, Rows::new(test))
    }

    /// Holds out a share of the training part (rounded): its last rows as they stand.
    pub fn last_rows(dataset: Dataset, share: f64) -> (Self, Rows<Test>) {
        let Dataset { features, mut train, test, .. } = dataset;
        let held_out = (train.len() as f64 * share).round() as usize;
        let kept = train.len() - held_out.min(train.len());
        let held_out = Part { x: train.x.split_off(kept * features), y: train.y.split_off(kept) };
        (Self { train: Rows::new(train), judge: Rows::new(held_out) }, Rows::new(test))
    }
}

impl Selection<Validation> {
    /// The whole training part, judged on test rows that pass for validation rows, so that a tuner takes them. This is
    /// the only door by which they reach one: for protocols that repeat [`super::protocol::Judge::Test`].
    pub fn leaked(dataset: Dataset) -> Self {
        Self { train: Rows::new(dataset.train), judge: Rows::new(dataset.test) }
    }
}

impl Selection<Test> {
    /// The whole training part, judged on the test part: the defect that [`super::protocol::Judge::Test`] names.
    pub fn judged_on_test(dataset: Dataset) -> Self {
        Self { train: Rows::new(dataset.train), judge: Rows::new(dataset.test) }
    }
}
