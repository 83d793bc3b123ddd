//! Independent draws, as Optuna's `RandomSampler` makes them: no trial is learnt from.

use super::elementary::Elementary;
use super::sampler::Sampler;
use super::space::{Distribution, Value};
use super::study::Study;
use crate::random::numpy::RandomState;

#[derive(Debug, Clone)]
pub struct RandomSampler {
    random: RandomState,
    elementary: Elementary,
}

impl RandomSampler {
    /// `RandomSampler(seed=seed)`.
    pub fn seeded(seed: u32, elementary: Elementary) -> Self {
        Self { random: RandomState::seeded(seed), elementary }
    }

    /// A value of `distribution`, one of a valid space.
    pub fn draw(&mut self, distribution: &Distribution) -> Value {
        let (exp, ln) = (|x| self.elementary.exp(x), |x| self.elementary.ln(x));
        match distribution {
            Distribution::Float { low, high, log: false, step: None } => {
                Value::Float(self.random.uniform(*low, *high).min(high.next_down()))
            }
            Distribution::Float { low, high, log: true, .. } => {
                let drawn = exp(self.random.uniform(ln(*low), ln(*high)));
                Value::Float(drawn.max(*low).min(high.next_down()))
            }
            // On a grid each point owns half a step on either side.
            Distribution::Float { low, high, log: false, step: Some(step) } => {
                let drawn = self.random.uniform(low - step / 2.0, high + step / 2.0);
                Value::Float((((drawn - low) / step).round_ties_even() * step + low).max(*low).min(*high))
            }
            Distribution::Int { low, high, log: false, step } => {
                let (first, last, width) = (*low as f64, *high as f64, *step as f64);
                let drawn = self.random.uniform(first - width / 2.0, last + width / 2.0);
                let drawn = ((drawn - first) / width + 0.5).floor() * width + first;
                Value::Int((drawn as i64).max(*low).min(*high))
            }
            Distribution::Int { low, high, log: true, .. } => {
                let (first, last) = (ln(*low as f64 - 0.5), ln(*high as f64 + 0.5));
                let drawn = exp(self.random.uniform(first, last)).round_ties_even();
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
