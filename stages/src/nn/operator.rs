//! The network's mean cross-entropy as one candle operator on its flat vector of parameters.
//!
//! A candle graph that holds the parameters as one variable gets loss and gradient from here, in place of a node for
//! every layer, and may add terms of its own. On the CPU only; first derivatives only.

use candle_core::{CpuStorage, CustomOp1, Error, Layout, Result, Shape, Tensor};

use super::loss::CrossEntropy;
use super::mlp::{Mlp, Pass};
use super::subnormals::Flushed;

/// The mean cross-entropy of one batch.
#[derive(Debug, Clone)]
pub struct MeanCrossEntropy {
    network: Mlp,
    /// (batch × inputs), row-major.
    x: Vec<f32>,
    labels: Vec<u8>,
}

impl MeanCrossEntropy {
    /// `x` is (batch × inputs), row-major; `labels` are the classes of its rows.
    pub fn new(network: Mlp, x: Vec<f32>, labels: Vec<u8>) -> Result<Self> {
        if labels.is_empty() || x.len() != labels.len() * network.inputs() {
            candle_core::bail!("{} inputs do not make {} examples of {}", x.len(), labels.len(), network.inputs());
        }
        if let Some(label) = labels.iter().find(|&&label| usize::from(label) >= network.classes()) {
            candle_core::bail!("class {label} of a network of {} classes", network.classes());
        }
        Ok(Self { network, x, labels })
    }

    /// The loss, a scalar, at `parameters`: a tensor of single precision with one dimension, laid out as [`Mlp`] says.
    pub fn at(self, parameters: &Tensor) -> Result<Tensor> {
        parameters.apply_op1(self)?.get(0)
    }
}

/// The operator's result is the loss followed by its gradient, so that the way back has nothing to compute.
impl CustomOp1 for MeanCrossEntropy {
    fn name(&self) -> &'static str {
        "mean-cross-entropy"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (start, end) = layout.contiguous_offsets().ok_or(Error::RequiresContiguous { op: "mean-cross-entropy" })?;
        let parameters = &storage.as_slice::<f32>()?[start..end];
        if parameters.len() != self.network.parameters() {
            candle_core::bail!("{} parameters for a network of {}", parameters.len(), self.network.parameters());
        }
        let _flushed = Flushed::new();
        let mut result = vec![0.0; 1 + parameters.len()];
        let mut pass = Pass::new(&self.network, self.labels.len());
        let logits = pass.forward(parameters, &self.x);
        let loss = CrossEntropy::new(self.labels.len()).value_and_gradient(logits, &self.labels);
        result[0] = loss as f32;
        pass.backward(parameters, &self.x, &mut result[1..]);
        let shape = Shape::from(result.len());
        Ok((CpuStorage::F32(result), shape))
    }

    fn bwd(&self, _parameters: &Tensor, result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        // Scaled by hand: candle would share out the multiplication among the threads of its pool.
        let scale: f32 = gradient.get(0)?.to_scalar()?;
        let scaled: Vec<f32> = result.to_vec1::<f32>()?[1..].iter().map(|slope| scale * slope).collect();
        let length = scaled.len();
        Tensor::from_vec(scaled, length, result.device()).map(Some)
    }
}
