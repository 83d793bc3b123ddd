//! Ranks of values, ties sharing the average rank.

/// Ranks from 1, and the size of each group of equal values (groups of one included).
pub(super) struct Ranks {
    pub ranks: Vec<f64>,
    pub groups: Vec<usize>,
}

impl Ranks {
    pub fn of(x: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..x.len()).collect();
        order.sort_by(|&i, &j| x[i].total_cmp(&x[j]));
        let mut ranks = vec![0.0; x.len()];
        let mut groups = Vec::new();
        let mut ranked = 0;
        // Compared as numbers, so that −0 and +0 are one group.
        for group in order.chunk_by(|&i, &j| x[i] == x[j]) {
            for &index in group {
                ranks[index] = ranked as f64 + 0.5 * (group.len() + 1) as f64;
            }
            ranked += group.len();
            groups.push(group.len());
        }
        Self { ranks, groups }
    }

    pub fn tied(&self) -> bool {
        self.groups.iter().any(|&size| size > 1)
    }

    /// Σ (t³ − t) over the groups: what ties take from the variance of a rank sum.
    pub fn tie_sum(&self) -> f64 {
        self.groups.iter().map(|&t| t as f64).map(|t| t * t * t - t).sum()
    }
}
