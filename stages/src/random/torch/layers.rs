//! How PyTorch initialises the parameters of layers when they are constructed.

use super::Generator;

impl Generator {
    /// `nn.Linear(inputs, outputs)`: the weight (row-major, outputs × inputs) and then the bias (outputs), each uniform
    /// in ±1/√inputs. `nn.Conv1d(channels, outputs, kernel)` draws as `linear(channels * kernel, outputs, …)`.
    pub fn linear(&mut self, inputs: usize, outputs: usize, weight: &mut [f32], bias: &mut [f32]) {
        debug_assert_eq!((weight.len(), bias.len()), (inputs * outputs, outputs), "lengths of weight and bias");
        if inputs == 0 {
            return self.fill_uniform_f32(bias, 0.0, 0.0);
        }
        let root = (inputs as f64).sqrt();
        // 1/√inputs in exact numbers: PyTorch comes to it as kaiming_uniform_(a = √5), whose rounding this follows.
        let gain = (2.0_f64 / (1.0 + 5.0)).sqrt();
        let bound = (3.0_f64.sqrt() * (gain / root)) as f32;
        self.fill_uniform_f32(weight, -bound, bound);
        let bound = (1.0 / root) as f32;
        self.fill_uniform_f32(bias, -bound, bound);
    }
}
