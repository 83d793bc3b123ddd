//! Mean and standard deviation with NumPy's order of summation, which decides their last bits.

/// Mean and population standard deviation, `np.mean` and `np.std`.
pub(super) fn mean_and_std(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = pairwise_sum(values) / count;
    let squares: Vec<f64> = values.iter().map(|value| (value - mean) * (value - mean)).collect();
    (mean, (pairwise_sum(&squares) / count).sqrt())
}

/// The sum in NumPy's order: halves, down to runs of 128, which go into eight running sums.
fn pairwise_sum(values: &[f64]) -> f64 {
    if values.len() > 128 {
        let half = values.len() / 2;
        let (left, right) = values.split_at(half - half % 8);
        return pairwise_sum(left) + pairwise_sum(right);
    }
    let (blocks, rest) = values.as_chunks::<8>();
    let Some((first, blocks)) = blocks.split_first() else { return rest.iter().sum() };
    let mut r = *first;
    for block in blocks {
        r.iter_mut().zip(block).for_each(|(sum, value)| *sum += value);
    }
    let sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    rest.iter().fold(sum, |sum, value| sum + value)
}
