//! Adam and AdamW for a block: each run with its own learning rate and decay. `nn/adam.rs` is the same for one run.

use candle_core::{Device, Result, Tensor};

use super::network::Layer;

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// What one run asks of the optimiser.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    pub rate: f64,
    /// Decoupled; 0 for plain Adam.
    pub weight_decay: f64,
}

/// The optimiser and its state.
#[derive(Debug, Clone)]
pub struct Adam {
    rates: Vec<Rates>,
    /// β₁ᵗ and β₂ᵗ after t steps.
    powers: [f64; 2],
    /// First and second.
    moments: Option<(Vec<Layer>, Vec<Layer>)>,
    device: Device,
}

impl Adam {
    /// At step 0; one entry for each run.
    pub fn new(rates: Vec<Rates>, device: &Device) -> Self {
        Self { rates, powers: [1.0; 2], moments: None, device: device.clone() }
    }

    /// The running means of the gradient as of the last step; none before the first.
    pub fn first_moments(&self) -> Option<&[Layer]> {
        self.moments.as_ref().map(|(first, _)| first.as_slice())
    }

    /// One step along `gradient`.
    pub fn step(&mut self, parameters: &mut [Layer], gradient: &[Layer]) -> Result<()> {
        self.powers = [self.powers[0] * BETA_1, self.powers[1] * BETA_2];
        let keep = self.each(|run| 1.0 - run.rate * run.weight_decay)?;
        let step = self.each(|run| -run.rate / (1.0 - self.powers[0]))?;
        let root_scale = 1.0 / (1.0 - self.powers[1]).sqrt();
        let (mut first, mut second) = match self.moments.take() {
            Some(moments) => moments,
            None => (zeros(gradient)?, zeros(gradient)?),
        };
        let moments = first.iter_mut().zip(&mut second);
        for ((parameters, gradient), (first, second)) in parameters.iter_mut().zip(gradient).zip(moments) {
            for (parameter, gradient, first, second) in [
                (&mut parameters.weight, &gradient.weight, &mut first.weight, &mut second.weight),
                (&mut parameters.bias, &gradient.bias, &mut first.bias, &mut second.bias),
            ] {
                *first = (&*first + ((gradient - &*first)? * (1.0 - BETA_1))?)?;
                *second = ((&*second * BETA_2)? + ((gradient * (1.0 - BETA_2))? * gradient)?)?;
                let scale = second.sqrt()?.affine(root_scale, EPSILON)?;
                *parameter = (parameter.broadcast_mul(&keep)? + (first.broadcast_mul(&step)? / scale)?)?;
            }
        }
        self.moments = Some((first, second));
        Ok(())
    }

    /// Sets moments that have become subnormal to 0: processors are slow on them, and a device may or may not keep
    /// them, while no score depends on them.
    pub fn flush(&mut self) -> Result<()> {
        if let Some((first, second)) = &mut self.moments {
            for layer in first.iter_mut().chain(second) {
                *layer = layer.map(|moments| {
                    let is_normal = moments.abs()?.ge(f32::MIN_POSITIVE)?;
                    is_normal.where_cond(moments, &moments.zeros_like()?)
                })?;
            }
        }
        Ok(())
    }

    /// A number of each run (runs × 1 × 1).
    fn each(&self, of: impl Fn(&Rates) -> f64) -> Result<Tensor> {
        per_run(self.rates.iter().map(of), &self.device)
    }
}

/// A number for each run, to be multiplied with tensors of three dimensions: (runs × 1 × 1).
pub(super) fn per_run(numbers: impl Iterator<Item = f64>, device: &Device) -> Result<Tensor> {
    let numbers: Vec<f32> = numbers.map(|number| number as f32).collect();
    let runs = numbers.len();
    Tensor::from_vec(numbers, (runs, 1, 1), device)
}

fn zeros(layers: &[Layer]) -> Result<Vec<Layer>> {
    layers.iter().map(|layer| layer.map(Tensor::zeros_like)).collect()
}
