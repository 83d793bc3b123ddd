//! Several tests at once: p-values adjusted so that each may be compared with α as if it stood alone.
//!
//! All functions keep the order of the p-values and cap them at 1; m is their number.

/// Bonferroni: p·m. Bounds the chance of any false rejection.
pub fn bonferroni(p: &[f64]) -> Vec<f64> {
    let m = p.len() as f64;
    p.iter().map(|p| (p * m).min(1.0)).collect()
}

/// Holm's step-down method: the k-th least p times m − k + 1, and never less than an earlier one.
///
/// Bounds the chance of any false rejection as Bonferroni does and rejects more. Source: Holm 1979, "A simple
/// sequentially rejective multiple test procedure".
pub fn holm(p: &[f64]) -> Vec<f64> {
    let m = p.len();
    let mut adjusted = vec![0.0; m];
    let mut running = 0.0_f64;
    for (rank, index) in ascending(p).into_iter().enumerate() {
        running = running.max(p[index] * (m - rank) as f64).min(1.0);
        adjusted[index] = running;
    }
    adjusted
}

/// Benjamini and Hochberg's step-up method: the k-th least p times m/k, and never more than a later one.
///
/// Bounds the expected share of false rejections for independent or positively dependent tests. Source: Benjamini and
/// Hochberg 1995, "Controlling the false discovery rate".
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    step_up(p, 1.0)
}

/// Benjamini and Yekutieli's method: as [`benjamini_hochberg`], times 1 + 1/2 + … + 1/m; holds under any dependence.
///
/// Source: Benjamini and Yekutieli 2001, "The control of the false discovery rate in multiple testing under dependency".
pub fn benjamini_yekutieli(p: &[f64]) -> Vec<f64> {
    step_up(p, (1..=p.len()).map(|k| 1.0 / k as f64).sum())
}

fn step_up(p: &[f64], penalty: f64) -> Vec<f64> {
    let m = p.len();
    let mut adjusted = vec![0.0; m];
    let mut running = 1.0_f64;
    for (rank, index) in ascending(p).into_iter().enumerate().rev() {
        running = running.min(p[index] * penalty * m as f64 / (rank + 1) as f64);
        adjusted[index] = running;
    }
    adjusted
}

/// Indices in ascending order of p; equal ones stay in order.
fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&i, &j| p[i].total_cmp(&p[j]));
    order
}
