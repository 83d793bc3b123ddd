//! Adam and AdamW for a block: each run with its own learning rate and decay. `nn/adam.rs` is the same for one run.

use candle_core::{Device, Result, Tensor};

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

/// The optimiser and its state, for flat vectors of parameters: a step is a handful of operations, however many layers there are.
#[derive(Debug, Clone)]
pub struct Adam {
    rates: Vec<Rates>,
    /// What decay leaves of each parameter in a step: (runs × 1).
    keep: Tensor,
    /// β₁ᵗ and β₂ᵗ after t steps.
    powers: [f64; 2],
    /// First and second, (runs × parameters) each.
    moments: Option<[Tensor; 2]>,
}

impl Adam {
    /// At step 0; one entry for each run.
    pub fn new(rates: Vec<Rates>, device: &Device) -> Result<Self> {
        let keep = each(&rates, |run| 1.0 - run.rate * run.weight_decay, device)?;
        Ok(Self { rates, keep, powers: [1.0; 2], moments: None })
    }

    /// The running means of the gradient as of the last step, (runs × parameters); none before the first.
    pub fn first_moments(&self) -> Option<&Tensor> {
        self.moments.as_ref().map(|[first, _]| first)
    }

    /// What becomes of the parameters in a step along `gradient`, (runs × parameters) each.
    pub fn step(&mut self, parameters: &Tensor, gradient: &Tensor) -> Result<Tensor> {
        self.powers = [self.powers[0] * BETA_1, self.powers[1] * BETA_2];
        let step = each(&self.rates, |run| -run.rate / (1.0 - self.powers[0]), gradient.device())?;
        let [first, second] = match self.moments.take() {
            Some(moments) => moments,
            None => [gradient.zeros_like()?, gradient.zeros_like()?],
        };
        let first = (&first + ((gradient - &first)? * (1.0 - BETA_1))?)?;
        let second = ((second * BETA_2)? + ((gradient * (1.0 - BETA_2))? * gradient)?)?;
        let scale = second.sqrt()?.affine(1.0 / (1.0 - self.powers[1]).sqrt(), EPSILON)?;
        let moved = parameters.broadcast_mul(&self.keep)? + (first.broadcast_mul(&step)? / scale)?;
        self.moments = Some([first, second]);
        moved
    }

    /// Sets moments that have become subnormal to 0: processors are slow on them, and a device may or may not keep
    /// them, while no score depends on them.
    pub fn flush(&mut self) -> Result<()> {
        for moments in self.moments.iter_mut().flatten() {
            let is_normal = moments.abs()?.ge(f32::MIN_POSITIVE)?;
            *moments = is_normal.where_cond(moments, &moments.zeros_like()?)?;
        }
        Ok(())
    }
}

/// A number of each run (runs × 1).
fn each(rates: &[Rates], of: impl Fn(&Rates) -> f64, device: &Device) -> Result<Tensor> {
    per_run(rates.iter().map(of), device)?.squeeze(2)
}

/// A number for each run, to be multiplied with tensors of three dimensions: (runs × 1 × 1).
pub(super) fn per_run(numbers: impl Iterator<Item = f64>, device: &Device) -> Result<Tensor> {
    let numbers: Vec<f32> = numbers.map(|number| number as f32).collect();
    let runs = numbers.len();
    Tensor::from_vec(numbers, (runs, 1, 1), device)
}
