//! svvar on a block: the variance of each weight matrix's singular values, run by run.
//!
//! `methods/svvar.rs` has the formula. With the polar factor Q and the mean m = ⟨Q, W⟩/r of the singular values, W − mQ has the
//! singular values σ − m, so one matrix gives both: Var = ‖W − mQ‖²_F/(r − 1), with nothing cancelled, and its derivative
//! 2 (W − mQ)/(r − 1).
//!
//! Q comes from products of matrices alone. `linalg/polar.rs` applies five polynomials, which bring every singular value above
//! 0.012 of the largest to 1 and multiply the smallest by 259, and then looks for the few that lag; on a device it is
//! cheaper to apply all five again, which leaves 1 at 1. Three rounds reach down to 2·10⁻⁷ of the largest, where
//! single precision ends; what is smaller stays below 1, a subgradient in between.

use candle_core::{Device, Result, Tensor};

use super::adam::per_run;
use super::method::{BlockMethod, MethodError, values};
use super::network::{Layer, Pass};
use crate::methods::method::Hyperparameters;

/// (a, b, c) of p(x) = a·x + b·x³ + c·x⁵, as in `linalg/polar.rs`.
const POLYNOMIALS: [[f64; 3]; 5] = [
    [8.013962779112553, -23.30735184972342, 17.197261788086283],
    [3.5394703084934824, -2.6514133091679657, 0.5285316299085268],
    [2.5309863666024226, -1.8688849375331964, 0.4406421573586909],
    [1.9255845769786357, -1.305125820162189, 0.38055387240839866],
    [1.8750419257819402, -1.250046583412982, 0.3750046583717247],
];

const ROUNDS: usize = 3;

/// Below the bound of any matrix but 0, whose elements stay 0 through it.
const LEAST_BOUND: f64 = 1e-3;

/// The penalty.
#[derive(Debug)]
pub struct Variance {
    /// (runs × 1 × 1)
    strengths: Tensor,
}

impl Variance {
    /// For the strengths of these runs.
    pub fn new(runs: &[&Hyperparameters], device: &Device) -> std::result::Result<Self, MethodError> {
        Ok(Self { strengths: per_run(values(runs, "strength")?.into_iter(), device)? })
    }
}

impl BlockMethod for Variance {
    fn adjust(&mut self, parameters: &[Layer], _: &Pass, gradient: &mut [Layer]) -> Result<Option<Tensor>> {
        let mut penalties = Vec::with_capacity(parameters.len());
        for (layer, gradient) in parameters.iter().zip(gradient) {
            let weight = &layer.weight;
            let (_, outputs, inputs) = weight.dims3()?;
            let rank = outputs.min(inputs) as f64;
            if rank < 2.0 {
                continue; // a single value has no variance
            }
            let factor = polar_factor(weight)?;
            let mean = ((&factor * weight)?.sum_keepdim((1, 2))? * (1.0 / rank))?;
            let rest = (weight - factor.broadcast_mul(&mean)?)?;
            penalties.push((rest.sqr()?.sum((1, 2))? * (1.0 / (rank - 1.0)))?);
            let slopes = rest.broadcast_mul(&(&self.strengths * (2.0 / (rank - 1.0)))?)?;
            gradient.weight = (&gradient.weight + slopes)?;
        }
        if penalties.is_empty() { Ok(None) } else { Tensor::stack(&penalties, 0)?.sum(0).map(Some) }
    }
}

/// UVᵀ of each matrix UΣVᵀ of (runs × rows × columns); 0 of one that is 0, NaN of one that is not finite.
pub fn polar_factor(matrices: &Tensor) -> Result<Tensor> {
    let (_, rows, columns) = matrices.dims3()?;
    if rows < columns {
        return polar_factor(&matrices.t()?.contiguous()?)?.t()?.contiguous();
    }
    // Where all is 0, divides by a number that keeps it so.
    let norms = matrices.sqr()?.sum_keepdim((1, 2))?.sqrt()?.maximum(f64::from(f32::MIN_POSITIVE))?;
    let mut x = matrices.broadcast_div(&norms)?;
    for round in 0..ROUNDS {
        for (at, [a, b, c]) in POLYNOMIALS.into_iter().enumerate() {
            let mut gram = x.t()?.matmul(&x)?;
            let mut square = gram.matmul(&gram)?;
            if (round, at) == (0, 0) {
                // Divides by a bound on the largest singular value, at hand here: (Σσ⁸)^⅛.
                let bound = square.sqr()?.sum_keepdim((1, 2))?.sqrt()?.sqrt()?.sqrt()?;
                let inverse = bound.maximum(LEAST_BOUND)?.recip()?;
                let shrink = inverse.sqr()?;
                x = x.broadcast_mul(&inverse)?;
                gram = gram.broadcast_mul(&shrink)?;
                square = square.broadcast_mul(&shrink.sqr()?)?;
            }
            let higher = ((gram * b)? + (square * c)?)?;
            x = ((&x * a)? + x.matmul(&higher)?)?;
        }
    }
    Ok(x)
}
