//! iwsva: a penalty on weights that look elsewhere than their inputs lie ("input-weight singular vector alignment").
//!
//! Claim: layers whose leading input directions are those that their weights respond to most reach a lower validation
//! loss and over-fit less. The published write-up found this supported.
//!
//! loss = cross-entropy + strength · penalty, over the linear layers ℓ with weight W_ℓ and the batch's inputs X_ℓ
//! (not centred, and taken as constants):
//!
//! ```text
//! penalty = − Σ_ℓ ‖V_xᵀ V_w‖²_F = − Σ_ℓ tr(P_x P_w)
//! ```
//!
//! V_x and V_w: the k leading right singular vectors of X_ℓ and W_ℓ, k at most as many as each has; P: the projectors onto
//! their spans. Value and derivative are `linalg::alignment`'s, in double precision. The derivative is unbounded where
//! σ_k and σ_{k+1} of W_ℓ meet; the published code let that through, and so does this. Biases are left alone.

use super::method::{Entry, Hyperparameters, Method, MissingHyperparameter, Step};
use crate::linalg::alignment::Alignment;
use crate::nn::mlp::Mlp;

/// Its row in the table of methods.
pub const ENTRY: Entry = Entry { name: "iwsva", hyperparameters: &["strength", "k"], make };

struct InputWeightAlignment {
    strength: f64,
    /// One for each layer.
    alignments: Vec<Alignment>,
}

fn make(network: &Mlp, hyperparameters: &Hyperparameters) -> Result<Box<dyn Method>, MissingHyperparameter> {
    let (strength, k) = (hyperparameters.get("strength")?, hyperparameters.get("k")? as usize);
    let alignments = network.layers().map(|layer| Alignment::new(layer.outputs, layer.inputs, k)).collect();
    Ok(Box::new(InputWeightAlignment { strength, alignments }))
}

impl Method for InputWeightAlignment {
    fn adjust(&mut self, step: &Step<'_>, gradient: &mut [f32]) -> f64 {
        let mut penalty = 0.0;
        for (at, (layer, alignment)) in step.network.layers().zip(&mut self.alignments).enumerate() {
            let weight = layer.weight.clone();
            penalty -= alignment.align(step.input_of(at), &step.parameters[weight.clone()]);
            alignment.add_gradient(&mut gradient[weight], -self.strength);
        }
        penalty
    }
}
