//! Adam and AdamW with the operations, and the order of them, of PyTorch's default implementation.
//!
//! Kingma and Ba (2015), "Adam: a method for stochastic optimization", algorithm 1; Loshchilov and Hutter (2019),
//! "Decoupled weight decay regularization", algorithm 2. The decay applies to every parameter, biases too.

use crate::linalg::simd::vectorised;

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f32 = 1e-8;

/// The optimiser and its state, over a flat vector of parameters.
#[derive(Debug, Clone)]
pub struct Adam {
    rate: f64,
    /// Decoupled, before it is multiplied by the learning rate; 0 for plain Adam.
    weight_decay: f64,
    /// β₁ᵗ and β₂ᵗ after t steps.
    powers: [f64; 2],
    first_moments: Vec<f32>,
    second_moments: Vec<f32>,
}

impl Adam {
    /// At step 0, with learning rate `rate`; `weight_decay` is 0 for plain Adam.
    pub fn new(parameters: usize, rate: f64, weight_decay: f64) -> Self {
        let moments = vec![0.0; parameters];
        Self { rate, weight_decay, powers: [1.0; 2], first_moments: moments.clone(), second_moments: moments }
    }

    /// The running means of the gradient, one for each parameter, as of the last step; none before the first.
    pub fn first_moments(&self) -> Option<&[f32]> {
        let has_stepped = self.powers != [1.0; 2];
        has_stepped.then_some(&self.first_moments)
    }

    /// One step along `gradient`; all lengths are the number of parameters.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32]) {
        self.powers = [self.powers[0] * BETA_1, self.powers[1] * BETA_2];
        let coefficients = Coefficients {
            keep: (1.0 - self.rate * self.weight_decay) as f32,
            step: (-self.rate / (1.0 - self.powers[0])) as f32,
            root_scale: 1.0 / (1.0 - self.powers[1]).sqrt() as f32,
        };
        let moments = self.first_moments.iter_mut().zip(&mut self.second_moments);
        let elements = parameters.iter_mut().zip(gradient).zip(moments);
        vectorised(
            #[inline(always)]
            || {
                for ((parameter, &gradient), (first, second)) in elements {
                    coefficients.apply(parameter, gradient, first, second);
                }
            },
        );
    }
}

/// What is the same for all parameters in a step.
struct Coefficients {
    /// 1 − ηλ
    keep: f32,
    /// −η / (1 − β₁ᵗ)
    step: f32,
    /// 1 / √(1 − β₂ᵗ)
    root_scale: f32,
}

impl Coefficients {
    #[inline(always)]
    fn apply(&self, parameter: &mut f32, gradient: f32, first: &mut f32, second: &mut f32) {
        const GAIN_1: f32 = (1.0 - BETA_1) as f32;
        const GAIN_2: f32 = (1.0 - BETA_2) as f32;
        *first += (gradient - *first) * GAIN_1;
        *second = *second * BETA_2 as f32 + GAIN_2 * gradient * gradient;
        let scale = second.sqrt() * self.root_scale + EPSILON;
        *parameter = *parameter * self.keep + self.step * *first / scale;
    }
}
