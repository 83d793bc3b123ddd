//! What a seed stands for: data, weights and output weights, drawn in the order in which the source's code draws.
//!
//! One generator, seeded with the seed: q, β, training sample, test sample, W, a for A to D; then β, training sample, test
//! sample for E to H, which keep q, W and a; then everything anew for I. W is k × d normals, each row divided by its length;
//! a is k draws of `torch.randint(-1, 1, …)` (the controlled protocol turns the same words into signs), or of `torch.randn`.

use std::num::NonZeroU32;

use super::configuration::{Part, Sizes};
use super::protocol::Outputs;
use crate::data::spiked::{self, Sample, Shape};
use crate::random::torch::Generator;

/// Everything that training starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    pub features: usize,
    /// The planted direction.
    pub q: Vec<f32>,
    pub train: Sample,
    pub test: Sample,
    /// W, units × features, row-major.
    pub weights: Vec<f32>,
    /// a
    pub outputs: Vec<f32>,
}

/// Draws the problem of one part; `spike` in place of the part's own ν if there is one.
pub fn draw(part: Part, sizes: &Sizes, outputs: Outputs, spike: Option<f64>, seed: u64) -> Problem {
    let mut generator = Generator::seeded(seed);
    // The law decides how many words are drawn, and what comes before I is drawn as A to D are.
    let first = if part == Part::Third { Outputs::MinusOneOrZero } else { outputs };
    let mut problem = whole(Part::First, sizes, first, spike, &mut generator);
    if part >= Part::Second {
        (problem.train, problem.test) = samples(Part::Second, sizes, spike, &problem.q, &mut generator);
    }
    if part >= Part::Third {
        problem = whole(Part::Third, sizes, outputs, spike, &mut generator);
    }
    problem
}

fn whole(part: Part, sizes: &Sizes, law: Outputs, spike: Option<f64>, generator: &mut Generator) -> Problem {
    let features = sizes.features;
    let q = spiked::direction(generator, features);
    let (train, test) = samples(part, sizes, spike, &q, generator);
    let mut weights = vec![0.0; sizes.units * features];
    generator.fill_normal_f32(&mut weights, 0.0, 1.0);
    weights.chunks_exact_mut(features).for_each(spiked::scale_to_unit);
    let mut outputs = vec![0.0; sizes.units];
    match law {
        Outputs::Normal => generator.fill_normal_f32(&mut outputs, 0.0, 1.0),
        Outputs::MinusOneOrZero => outputs.iter_mut().for_each(|output| *output = coin(generator) - 1.0),
        Outputs::Signs => outputs.iter_mut().for_each(|output| *output = 2.0 * coin(generator) - 1.0),
    }
    let root = (sizes.units as f32).sqrt();
    outputs.iter_mut().for_each(|output| *output /= root);
    Problem { features, q, train, test, weights, outputs }
}

fn samples(part: Part, sizes: &Sizes, spike: Option<f64>, q: &[f32], generator: &mut Generator) -> (Sample, Sample) {
    let Sizes { rows, features, decay, noise, .. } = *sizes;
    let shape = Shape { rows, features, spike: spike.unwrap_or(part.spike()), decay, noise };
    let beta = spiked::direction(generator, features);
    let link = part.link().exact();
    let train = spiked::sample(generator, &shape, q, &beta, link);
    let test = spiked::sample(generator, &shape, q, &beta, link);
    (train, test)
}

/// 0 or 1.
fn coin(generator: &mut Generator) -> f32 {
    const TWO: NonZeroU32 = NonZeroU32::new(2).expect("two is not zero");
    generator.below(TWO) as f32
}
