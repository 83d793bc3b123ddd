//! decorr and gwd on a block: the correlations between the units of each hidden layer, run by run.
//!
//! `methods/decorr.rs` and `methods/gwd.rs` have the formulas, `linalg/correlation.rs` the derivation of what stands here.
//! Dead units are not left out, since runs differ in theirs: they are at 0 in Z, and so add nothing.

use candle_core::{DType, Device, Result, Tensor};

use super::adam::per_run;
use super::method::{BlockMethod, MethodError, Penalty, values};
use super::network::{Layer, Pass};
use crate::methods::method::Hyperparameters;
use crate::nn::mlp::Mlp;

/// Added to a unit's variance, as published.
const LEAST_VARIANCE: f64 = 1e-8;

/// A direction shorter than this is not scaled up to length 1.
const LEAST_LENGTH: f64 = 1e-12;

/// The penalty with all weights 1, or weighted by the cosines between gradients.
#[derive(Debug)]
pub struct Correlations {
    /// 2α/N (runs × 1 × 1).
    factors: Tensor,
    /// N, the number of pairs in all layers.
    pairs: f64,
    weights: Option<Weights>,
}

#[derive(Debug)]
struct Weights {
    /// γ (runs × 1 × 1).
    exponents: Tensor,
    /// For each hidden layer, 0 on the diagonal and 1 elsewhere (1 × units × units).
    off_diagonal: Vec<Tensor>,
}

impl Correlations {
    /// decorr.
    pub fn of_all_pairs(
        network: &Mlp,
        runs: &[&Hyperparameters],
        device: &Device,
    ) -> std::result::Result<Self, MethodError> {
        let pairs: f64 = network.hidden().iter().map(|layer| (layer.outputs * (layer.outputs - 1) / 2) as f64).sum();
        let factors = values(runs, "alpha")?.into_iter().map(|alpha| 2.0 * ((alpha / pairs) as f32) as f64);
        Ok(Self { factors: per_run(factors, device)?, pairs, weights: None })
    }

    /// gwd.
    pub fn weighted_by_gradients(
        network: &Mlp,
        runs: &[&Hyperparameters],
        device: &Device,
    ) -> std::result::Result<Self, MethodError> {
        let off_diagonal = network.hidden().iter().map(|layer| {
            let units = layer.outputs;
            let mask: Vec<f32> = (0..units * units).map(|at| f32::from(u8::from(at % (units + 1) != 0))).collect();
            Tensor::from_vec(mask, (1, units, units), device)
        });
        let weights = Weights {
            exponents: per_run(values(runs, "gamma")?.into_iter(), device)?,
            off_diagonal: off_diagonal.collect::<Result<_>>()?,
        };
        Ok(Self { weights: Some(weights), ..Self::of_all_pairs(network, runs, device)? })
    }
}

impl BlockMethod for Correlations {
    fn is_at_activations(&self) -> bool {
        true
    }

    fn penalise(&mut self, momentum: &[Layer], pass: &Pass) -> Result<Penalty> {
        let mut slopes = Vec::with_capacity(pass.activations().len());
        let mut sums = Vec::with_capacity(slopes.capacity());
        for (at, (activations, momentum)) in pass.activations().iter().zip(momentum).enumerate() {
            let (z, scales) = standardised(activations)?;
            let y = match &self.weights {
                None => of_all(&z)?,
                Some(weights) => weights.weighted(at, &z, &momentum.weight)?,
            };
            let shares = (&z * &y)?.sum_keepdim(1)?;
            sums.push(shares.sum((1, 2))?);
            slopes.push((y - z.broadcast_mul(&shares)?)?.broadcast_mul(&scales)?);
        }
        let sum = (Tensor::stack(&sums, 0)?.sum(0)? * 0.5)?;
        // As published: where it is not positive (or not a number), the step goes without.
        let is_positive = sum.gt(0.0)?.reshape(((), 1, 1))?;
        for slopes in &mut slopes {
            let scaled = slopes.broadcast_mul(&self.factors)?;
            *slopes = is_positive.broadcast_as(scaled.shape())?.where_cond(&scaled, &scaled.zeros_like()?)?;
        }
        Ok(Penalty { value: (sum * (1.0 / self.pairs))?, slopes })
    }
}

/// Z, and for each unit 1 / (s √(B − 1)) (runs × 1 × units).
fn standardised(activations: &Tensor) -> Result<(Tensor, Tensor)> {
    let others = activations.dim(1)? as f64 - 1.0;
    let centred = activations.broadcast_sub(&activations.mean_keepdim(1)?)?;
    let scales = centred.sqr()?.sum_keepdim(1)?.affine(1.0, others * LEAST_VARIANCE)?.sqrt()?.recip()?;
    Ok((centred.broadcast_mul(&scales)?, scales))
}

/// y with all weights 1.
fn of_all(z: &Tensor) -> Result<Tensor> {
    let (_, batch, units) = z.dims3()?;
    let transposed = z.t()?;
    let with_own = if batch <= units { z.matmul(&transposed)?.matmul(z)? } else { z.matmul(&transposed.matmul(z)?)? };
    with_own - z.broadcast_mul(&z.sqr()?.sum_keepdim(1)?)?
}

impl Weights {
    /// y with w_jk = max(0, cos(g_j, g_k))^γ.
    fn weighted(&self, layer: usize, z: &Tensor, directions: &Tensor) -> Result<Tensor> {
        let lengths = directions.sqr()?.sum_keepdim(2)?.sqrt()?.maximum(LEAST_LENGTH)?;
        let inverse = lengths.recip()?;
        let cosines = directions.matmul(&directions.t()?)?.broadcast_mul(&inverse)?.broadcast_mul(&inverse.t()?)?;
        let least = f64::from(f32::MIN_POSITIVE);
        let powers = cosines.maximum(least)?.log()?.broadcast_mul(&self.exponents)?.exp()?;
        let positive = cosines.ge(least)?.to_dtype(DType::F32)?.broadcast_mul(&self.off_diagonal[layer])?;
        let weighted = (z.t()?.matmul(z)? * (powers * positive)?)?;
        z.matmul(&weighted)
    }
}
