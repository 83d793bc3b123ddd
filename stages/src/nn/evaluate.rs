//! How well a network does on a part of the data.

use super::loss::CrossEntropy;
use super::mlp::{Mlp, Pass};
use super::subnormals::Flushed;
use crate::data::dataset::Part;

/// A network's loss and accuracy on a part of the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The mean over batches of the batches' mean cross-entropy: a smaller last batch weighs as much as the others.
    pub loss: f64,
    /// The share of examples whose class has the greatest logit, the first of equals; NaN where the
    /// loss is.
    pub accuracy: f64,
}

/// Scores networks of one shape.
#[derive(Debug, Clone)]
pub struct Evaluator {
    pass: Pass,
    loss: CrossEntropy,
    inputs: usize,
    batch: usize,
}

impl Evaluator {
    /// For networks of this shape, in batches of `batch` examples (at least 1).
    pub fn new(network: &Mlp, batch: usize) -> Self {
        Self { pass: Pass::new(network, batch), loss: CrossEntropy::new(batch), inputs: network.inputs(), batch }
    }

    /// The score of these parameters on a part, which must not be empty, with subnormals flushed.
    pub fn score(&mut self, parameters: &[f32], part: &Part) -> Score {
        let _flushed = Flushed::new();
        let mut losses = 0.0;
        let mut hits = 0;
        for (x, labels) in part.x.chunks(self.batch * self.inputs).zip(part.y.chunks(self.batch)) {
            let logits = self.pass.forward(parameters, x);
            hits +=
                labels.iter().enumerate().filter(|&(at, &label)| predicted(logits, labels.len(), at) == label).count();
            losses += self.loss.value_and_gradient(logits, labels);
        }
        let loss = losses / part.len().div_ceil(self.batch) as f64;
        let accuracy = if loss.is_nan() { f64::NAN } else { hits as f64 / part.len() as f64 };
        Score { loss, accuracy }
    }

    /// The class that these parameters take each example of a part for, with subnormals flushed.
    pub fn predict(&mut self, parameters: &[f32], part: &Part) -> Vec<u8> {
        let _flushed = Flushed::new();
        let mut classes = Vec::with_capacity(part.len());
        for (x, labels) in part.x.chunks(self.batch * self.inputs).zip(part.y.chunks(self.batch)) {
            let logits = self.pass.forward(parameters, x);
            classes.extend((0..labels.len()).map(|at| predicted(logits, labels.len(), at)));
        }
        classes
    }
}

/// The class of one example of a batch.
fn predicted(logits: &[f32], batch: usize, example: usize) -> u8 {
    let mut best = (0, f32::NEG_INFINITY);
    for (class, &logit) in logits[example..].iter().step_by(batch).enumerate() {
        if logit > best.1 {
            best = (class as u8, logit);
        }
    }
    best.0
}
