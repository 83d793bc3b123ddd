//! ReLU and the logistic sigmoid over whole layers, with the weighted sum that follows, and their derivatives.

use serde::Serialize;

use crate::linalg::simd::vectorised;
use crate::nn::elementary::exp;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    Relu,
    Sigmoid,
}

/// Units whose share in the predictions is summed in single precision; such sums are then added in double precision.
const UNITS: usize = 32;

/// What the inputs of a layer lack: `shares` of each unit times its row of `rows`.
#[derive(Debug, Clone, Copy)]
pub struct Rest<'a> {
    pub shares: &'a [f32],
    pub rows: &'a [f32],
}

impl Activation {
    /// Of one number, in double precision: what targets are made with.
    pub fn exact(self) -> fn(f64) -> f64 {
        match self {
            Self::Relu => |z| z.max(0.0),
            Self::Sigmoid => |z| 1.0 / (1.0 + libm::exp(-z)),
        }
    }

    /// `layer` (units × examples) becomes act of itself, and `sums` Σ over units of `outputs` times it.
    pub fn apply(self, layer: &mut [f32], rest: Option<Rest<'_>>, outputs: &[f32], sums: &mut [f64]) {
        sums.fill(0.0);
        match self {
            Self::Relu => sum(layer, rest, outputs, sums, relu),
            Self::Sigmoid => sum(layer, rest, outputs, sums, sigmoid),
        }
    }

    /// `layer`, act of its inputs, becomes `outputs` of the unit times `scales` of the example times the derivative of act.
    pub fn differentiate(self, layer: &mut [f32], outputs: &[f32], scales: &[f32]) {
        match self {
            Self::Relu => slopes(layer, outputs, scales, |h| if h > 0.0 { 1.0 } else { 0.0 }),
            Self::Sigmoid => slopes(layer, outputs, scales, |h| h * (1.0 - h)),
        }
    }
}

#[inline(always)]
fn relu(z: f32) -> f32 {
    // Written so that NaN stays.
    if z < 0.0 { 0.0 } else { z }
}

#[inline(always)]
fn sigmoid(z: f32) -> f32 {
    let power = exp(-z.abs());
    let inverse = 1.0 / (1.0 + power);
    if z < 0.0 { power * inverse } else { inverse }
}

#[inline(always)]
fn sum(layer: &mut [f32], rest: Option<Rest<'_>>, outputs: &[f32], sums: &mut [f64], act: impl Fn(f32) -> f32 + Copy) {
    let examples = sums.len();
    let mut partial = vec![0.0_f32; examples];
    for (group, (units, outputs)) in layer.chunks_mut(UNITS * examples).zip(outputs.chunks(UNITS)).enumerate() {
        partial.fill(0.0);
        for (at, (unit, &output)) in units.chunks_exact_mut(examples).zip(outputs).enumerate() {
            let at = group * UNITS + at;
            vectorised(
                #[inline(always)]
                || {
                    if let Some(Rest { shares, rows }) = rest {
                        let share = shares[at];
                        for (z, &rest) in unit.iter_mut().zip(&rows[at * examples..][..examples]) {
                            *z += share * rest;
                        }
                    }
                    for (z, sum) in unit.iter_mut().zip(&mut partial) {
                        *z = act(*z);
                        *sum += output * *z;
                    }
                },
            );
        }
        sums.iter_mut().zip(&partial).for_each(|(sum, &partial)| *sum += f64::from(partial));
    }
}

#[inline(always)]
fn slopes(layer: &mut [f32], outputs: &[f32], scales: &[f32], derivative: impl Fn(f32) -> f32 + Copy) {
    for (unit, &output) in layer.chunks_exact_mut(scales.len()).zip(outputs) {
        vectorised(
            #[inline(always)]
            || {
                for (h, &scale) in unit.iter_mut().zip(scales) {
                    *h = output * scale * derivative(*h);
                }
            },
        );
    }
}
