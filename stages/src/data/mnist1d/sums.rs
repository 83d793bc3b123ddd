//! Mean and standard deviation with NumPy's order of summation, which decides their last bits.

use crate::pairwise;

/// Mean and population standard deviation, `np.mean` and `np.std`.
pub(super) fn mean_and_std(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = pairwise::sum(values) / count;
    let squares: Vec<f64> = values.iter().map(|value| (value - mean) * (value - mean)).collect();
    (mean, (pairwise::sum(&squares) / count).sqrt())
}
