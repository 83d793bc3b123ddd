//! Who proposes the values of a trial.

use super::space::{Distribution, Value};
use super::study::Study;
use crate::random::numpy::RandomState;

/// Proposes one value at a time, so that a search may decide on a parameter after it has seen others of the trial.
///
/// The trial is the study's last; its number and the values so far are there, and so are all finished trials. A sampler
/// that draws a trial's values together does so when it first meets a trial's number.
pub trait Sampler {
    /// A value of `distribution`, which has more than one.
    fn sample(&mut self, study: &Study, name: &str, distribution: &Distribution) -> Value;
}

/// Independent draws, as Optuna's `RandomSampler` makes them: no trial is learnt from.
#[derive(Debug, Clone)]
pub struct RandomSampler {
    random: RandomState,
}

impl RandomSampler {
    /// `RandomSampler(seed=seed)`.
    pub fn seeded(seed: u32) -> Self {
        Self { random: RandomState::seeded(seed) }
    }

    /// A value of `distribution`. `exp` and `ln` are Rust's own here, so that no system's C library is seen in a draw.
    pub fn draw(&mut self, distribution: &Distribution) -> Value {
        match distribution {
            Distribution::Float { low, high, log: false, step: None } => {
                Value::Float(self.random.uniform(*low, *high).min(high.next_down()))
            }
            Distribution::Float { low, high, log: true, .. } => {
                let drawn = libm::exp(self.random.uniform(libm::log(*low), libm::log(*high)));
                Value::Float(drawn.max(*low).min(high.next_down()))
            }
            // On a grid each point owns half a step on either side.
            Distribution::Float { low, high, log: false, step: Some(step) } => {
                let high = low + ((high - low) / step + 1e-8).floor() * step;
                let drawn = self.random.uniform(low - step / 2.0, high + step / 2.0);
                Value::Float((((drawn - low) / step).round_ties_even() * step + low).max(*low).min(high))
            }
            Distribution::Int { low, high, log: false, step } => {
                let high = high - (high - low) % step;
                let (first, last, width) = (*low as f64, high as f64, *step as f64);
                let drawn = self.random.uniform(first - width / 2.0, last + width / 2.0);
                let drawn = ((drawn - first) / width + 0.5).floor() * width + first;
                Value::Int((drawn as i64).max(*low).min(high))
            }
            Distribution::Int { low, high, log: true, .. } => {
                let (first, last) = (libm::log(*low as f64 - 0.5), libm::log(*high as f64 + 0.5));
                let drawn = libm::exp(self.random.uniform(first, last)).round_ties_even();
                Value::Int((drawn as i64).max(*low).min(*high))
            }
            Distribution::Categorical { choices } => {
                let weights = choices.iter().map(|_| self.random.double());
                let best = weights.enumerate().reduce(|best, next| if next.1 > best.1 { next } else { best });
                choices[best.map_or(0, |(at, _)| at)].clone()
            }
        }
    }
}

impl Sampler for RandomSampler {
    fn sample(&mut self, _: &Study, _: &str, distribution: &Distribution) -> Value {
        self.draw(distribution)
    }
}
