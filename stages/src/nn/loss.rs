//! Softmax and cross-entropy: the mean loss of a batch, and its gradient in place of the logits.

use super::elementary::{exp, ln};
use crate::linalg::simd::vectorised;

/// Buffers for batches up to a size.
#[derive(Debug, Clone)]
pub struct CrossEntropy {
    /// One each for an example.
    largest: Vec<f32>,
    sum: Vec<f32>,
    loss: Vec<f32>,
}

impl CrossEntropy {
    /// For batches of up to this size.
    pub fn new(largest_batch: usize) -> Self {
        let zeros = vec![0.0; largest_batch];
        Self { largest: zeros.clone(), sum: zeros.clone(), loss: zeros }
    }

    /// The mean over the batch of −ln softmax(logits)\[label]; `logits` become the mean's gradient.
    ///
    /// `logits` is (classes × batch), row-major: the examples lie side by side, so every loop runs over all of them and
    /// no sum crosses the lanes of a vector. The mean is summed in double precision, in order.
    pub fn value_and_gradient(&mut self, logits: &mut [f32], labels: &[u8]) -> f64 {
        let batch = labels.len();
        let (largest, sum, loss) = (&mut self.largest[..batch], &mut self.sum[..batch], &mut self.loss[..batch]);
        largest.fill(f32::NEG_INFINITY);
        sum.fill(0.0);
        vectorised(
            #[inline(always)]
            || {
                for class in logits.chunks_exact(batch) {
                    for (largest, &logit) in largest.iter_mut().zip(class) {
                        // Written so that NaN stays.
                        *largest = if *largest > logit { *largest } else { logit };
                    }
                }
            },
        );
        for (example, &label) in labels.iter().enumerate() {
            loss[example] = largest[example] - logits[usize::from(label) * batch + example];
        }
        let share = 1.0 / batch as f32;
        vectorised(
            #[inline(always)]
            || {
                for class in logits.chunks_exact_mut(batch) {
                    for ((logit, &largest), sum) in class.iter_mut().zip(&*largest).zip(&mut *sum) {
                        *logit = exp(*logit - largest);
                        *sum += *logit;
                    }
                }
                for (loss, sum) in loss.iter_mut().zip(&mut *sum) {
                    *loss += ln(*sum);
                    *sum = share / *sum;
                }
                for class in logits.chunks_exact_mut(batch) {
                    for (logit, &scale) in class.iter_mut().zip(&*sum) {
                        *logit *= scale;
                    }
                }
            },
        );
        for (example, &label) in labels.iter().enumerate() {
            logits[usize::from(label) * batch + example] -= share;
        }
        loss.iter().map(|&loss| f64::from(loss)).sum::<f64>() / batch as f64
    }
}
