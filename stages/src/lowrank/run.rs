//! A run: epochs of one network, or of a configuration's two in step.

use faer::Mat;

use super::configuration::{Arm, Configuration, Sizes};
use super::measure::{Epoch, Measure, loss, loss_of_all_pairs};
use super::network::{Network, Rates};
use super::protocol::{Protocol, Residue};
use super::refit::{Refit, refit};
use super::rotation::Rotated;
use crate::linalg::angles::principal_angles;
use crate::nn::subnormals::Flushed;

/// What came of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub epochs: Vec<Epoch>,
    pub refit: Refit,
}

/// The principal angles between the column spaces of two networks' weights after an epoch, in degrees.
///
/// Two d-dimensional subspaces of R^k share 2d − k dimensions at least, so as many angles are 0 whatever the networks do: 750
/// of 1,000 angles in a space of 1,250 dimensions, whose mean cannot exceed 22.5°. The others are those between the
/// orthogonal complements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Angles {
    /// The mean of all d, as the source takes it.
    pub mean: f64,
    /// The mean of those that need not be 0.
    pub mean_complement: f64,
}

/// A network in training, and what observes it.
struct Run<'a> {
    problem: &'a Rotated,
    network: Network<'a>,
    measure: Measure<'a>,
    residue: Residue,
    epochs: Vec<Epoch>,
}

/// Trains one network for so many epochs.
pub fn train(problem: &Rotated, arm: &Arm, rates: Rates, protocol: &Protocol, epochs: u32) -> Outcome {
    let mut run = Run::new(problem, arm, rates, protocol);
    for _ in 0..epochs {
        run.epoch();
    }
    run.finish()
}

/// Trains a configuration's two networks in step, and compares their weights after every epoch.
pub fn train_both(
    problem: &Rotated,
    configuration: &Configuration,
    sizes: &Sizes,
    protocol: &Protocol,
    epochs: u32,
) -> ([Outcome; 2], Vec<Angles>) {
    let [mut one, mut other] =
        configuration.arms.each_ref().map(|arm| Run::new(problem, arm, Rates::of(configuration, arm, sizes), protocol));
    let mut angles = Vec::new();
    for _ in 0..epochs {
        one.epoch();
        other.epoch();
        angles.push(Angles::between(one.network.weights(), other.network.weights(), problem.features));
    }
    ([one.finish(), other.finish()], angles)
}

impl<'a> Run<'a> {
    fn new(problem: &'a Rotated, arm: &Arm, rates: Rates, protocol: &Protocol) -> Self {
        let _flushed = Flushed::new();
        Self {
            problem,
            network: Network::new(problem, arm.activation, rates, protocol),
            measure: Measure::new(problem),
            residue: protocol.residue,
            epochs: Vec::new(),
        }
    }

    /// Loss and gradient, a step, and what became of it.
    fn epoch(&mut self) {
        let _flushed = Flushed::new();
        let Self { problem, network, measure, .. } = self;
        let mut epoch = Epoch::default();
        let residue = network.residue();
        epoch.train_loss = residue.iter().map(|residue| residue * residue).sum::<f64>() / residue.len() as f64;
        measure.gradient(network.gradient(), &mut epoch);
        if self.residue == Residue::BeforeStep {
            measure.residue(network.residue(), &mut epoch);
        }
        network.descend();
        measure.weights(network.weights(), &mut epoch);
        let predictions = network.test();
        epoch.test_loss = loss(predictions, &problem.test_y);
        epoch.test_loss_as_run = loss_of_all_pairs(predictions, &problem.test_y);
        network.predict();
        if self.residue == Residue::AfterStep {
            measure.residue(network.residue(), &mut epoch);
        }
        self.epochs.push(epoch);
    }

    fn finish(self) -> Outcome {
        let _flushed = Flushed::new();
        Outcome { refit: refit(&self.network, self.problem), epochs: self.epochs }
    }
}

impl Angles {
    fn between(one: &[f32], other: &[f32], features: usize) -> Self {
        let [one, other] = [one, other].map(|weights| {
            Mat::from_fn(weights.len() / features, features, |i, j| f64::from(weights[i * features + j]))
        });
        let angles = principal_angles(one.as_ref(), other.as_ref());
        let sum = angles.iter().sum::<f64>().to_degrees();
        Self { mean: sum / features.min(one.nrows()) as f64, mean_complement: sum / angles.len().max(1) as f64 }
    }
}
