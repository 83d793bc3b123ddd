//! A Parzen estimator: a mixture of one product of kernels for each observed trial, and a prior.

use std::collections::BTreeMap;

use super::Rules;
use super::kernels::{Kernels, Normals};
use super::normal::{LN_SQRT_2PI, Normal, Truncated};
use crate::pairwise;
use crate::random::numpy::RandomState;
use crate::search::elementary::Elementary;
use crate::search::space::Distribution;

/// Below this, a logarithm's share of a sum is left out beside one of 0: to Optuna's last bit only where eˣ itself is 0, by a margin;
/// else where even a thousand such are less than rounding by a factor of 500.
fn vanishes(elementary: Elementary) -> f64 {
    match elementary {
        Elementary::System => -750.0,
        Elementary::Portable => -50.0,
    }
}

/// Trials that count in full; older ones count the less the older they are.
const RECENT: usize = 25;

#[derive(Debug, Clone)]
pub(super) struct Estimator {
    /// Of the kernels, in order of trial; the last is the prior's. They add up to 1.
    pub weights: Vec<f64>,
    /// One for each parameter.
    pub parameters: Vec<Kernels>,
    elementary: Elementary,
}

impl Estimator {
    /// From the internal values of each parameter in the same trials, oldest first.
    pub fn new(space: &[(&Distribution, Vec<f64>)], rules: Rules, elementary: Elementary) -> Self {
        let kernels = |(distribution, observed): &(&Distribution, Vec<f64>)| {
            Kernels::new(distribution, observed, space.len(), rules, elementary)
        };
        let count = space.first().map_or(0, |(_, observed)| observed.len());
        let mut weights = weights(count);
        weights.push(1.0);
        let sum = pairwise::sum(&weights);
        weights.iter_mut().for_each(|weight| *weight /= sum);
        Self { weights, parameters: space.iter().map(kernels).collect(), elementary }
    }

    /// Draws candidates: for each parameter a column of values.
    pub fn sample(&self, random: &mut RandomState, candidates: usize) -> Vec<Vec<f64>> {
        let active = random.choice_weighted(&self.weights, candidates);
        let mut columns = vec![Vec::new(); self.parameters.len()];
        let mut numerical: Vec<(usize, &Normals)> = Vec::new();
        for (at, kernels) in self.parameters.iter().enumerate() {
            match kernels {
                Kernels::Categorical { rows } => {
                    columns[at] = active.iter().map(|&kernel| choice(&rows[kernel], random.double())).collect();
                }
                Kernels::Numerical(normals) => numerical.push((at, normals)),
            }
        }
        let mut wanted = Vec::with_capacity(numerical.len() * candidates);
        for (_, normals) in &numerical {
            for &kernel in &active {
                let [a, b] = normals.standard_ends(kernel);
                wanted.push(Truncated { quantile: random.double(), a, b });
            }
        }
        let drawn = Normal(self.elementary).truncated_quantiles(&wanted);
        for ((at, normals), drawn) in numerical.iter().zip(drawn.chunks(candidates)) {
            let value = |(&kernel, &x): (&usize, &f64)| {
                let unit = x * normals.deviations[kernel] + normals.means[kernel];
                normals.range.value(unit, self.elementary)
            };
            columns[*at] = active.iter().zip(drawn).map(value).collect();
        }
        columns
    }

    /// The logarithm of the density (of the probability, where parameters are discrete) at each candidate.
    pub fn ln_density(&self, columns: &[Vec<f64>]) -> Vec<f64> {
        // Discrete candidates repeat: each point is computed once.
        let (points, which) = distinct(columns.first().map_or(0, Vec::len), |at| {
            columns.iter().map(|column| column[at].to_bits()).collect::<Vec<u64>>()
        });
        let columns: Vec<Vec<f64>> =
            columns.iter().map(|column| points.iter().map(|&at| column[at]).collect()).collect();
        let kernels = self.weights.len();
        let ln_weights: Vec<f64> = self.weights.iter().map(|&weight| self.elementary.ln(weight)).collect();
        let mut table = vec![0.0; points.len() * kernels];
        let mut continuous: Vec<(&Normals, &[f64])> = Vec::new();
        for (parameter, column) in self.parameters.iter().zip(&columns) {
            match parameter {
                Kernels::Categorical { rows } => self.add_probabilities(rows, column, &mut table),
                Kernels::Numerical(normals) if normals.range.masses => {
                    self.add_masses(normals, column, &ln_weights, &mut table)
                }
                Kernels::Numerical(normals) => continuous.push((normals, column)),
            }
        }
        if !continuous.is_empty() {
            self.add_densities(&continuous, &mut table);
        }
        let densities: Vec<f64> = table.chunks_mut(kernels).map(|line| self.ln_sum(line, &ln_weights)).collect();
        which.into_iter().map(|at| densities[at]).collect()
    }

    /// Adds to each entry the logarithm of the probability of a candidate's choice under a kernel.
    fn add_probabilities(&self, rows: &[Vec<f64>], column: &[f64], table: &mut [f64]) {
        let (choices, which) = distinct(column.len(), |at| column[at].to_bits());
        let ln_probabilities =
            |&at: &usize| -> Vec<f64> { rows.iter().map(|row| self.elementary.ln(row[column[at] as usize])).collect() };
        let known: Vec<Vec<f64>> = choices.iter().map(ln_probabilities).collect();
        for (line, at) in table.chunks_mut(rows.len()).zip(which) {
            line.iter_mut().zip(&known[at]).for_each(|(entry, ln)| *entry += ln);
        }
    }

    /// Adds to each entry the logarithm of the probability of a candidate's step under a kernel.
    ///
    /// Kernels on discrete values repeat too: each pair of a value and a kernel is computed once. Where there is no other
    /// parameter, a kernel so far away that its share of the density vanishes beside the prior's is not computed at all.
    fn add_masses(&self, normals: &Normals, column: &[f64], ln_weights: &[f64], table: &mut [f64]) {
        let (normal, range) = (Normal(self.elementary), &normals.range);
        let (kernels, which_kernel) = distinct(normals.means.len(), |kernel| {
            (normals.means[kernel].to_bits(), normals.deviations[kernel].to_bits())
        });
        let (values, which_value) = distinct(column.len(), |at| column[at].to_bits());
        let whole = |&kernel: &usize| {
            let [a, b] = normals.standard_ends(kernel);
            normal.ln_mass(a, b)
        };
        let whole: Vec<f64> = kernels.iter().map(whole).collect();
        let half = range.step.map_or(0.0, |step| step / 2.0);
        // Where one value's step ends the next one's may begin, so ends repeat as well: the mass beyond each is computed once.
        let ends: Vec<f64> = values.iter().flat_map(|&at| [column[at] - half, column[at] + half]).collect();
        let (distinct_ends, which_end) = distinct(ends.len(), |at| ends[at].to_bits());
        let units: Vec<f64> = distinct_ends.iter().map(|&at| range.kernel_unit(ends[at], self.elementary)).collect();
        let mut tails = vec![f64::NAN; units.len() * kernels.len()];
        let prior = which_kernel[normals.means.len() - 1];
        let masses = |of_value: &[usize]| -> Vec<f64> {
            let mut mass = |at: usize, least: f64| {
                let kernel = kernels[at];
                let standard = |end: usize| (units[end] - normals.means[kernel]) / normals.deviations[kernel];
                let (low, high) = (of_value[0], of_value[1]);
                let (a, b) = (standard(low), standard(high));
                // Beyond z on one side lies less than exp(−z²/2), and no weight is above 1.
                let z = a.max(-b).max(0.0);
                if -0.5 * z * z - whole[at] < least {
                    return f64::NEG_INFINITY;
                }
                let mut tail = |end: usize, beyond: f64| {
                    let tail = &mut tails[end * kernels.len() + at];
                    if tail.is_nan() {
                        *tail = normal.tail(beyond);
                    }
                    *tail
                };
                if b <= 0.0 {
                    normal.ln_between(tail(high, b), tail(low, a))
                } else if a > 0.0 {
                    normal.ln_between(tail(low, -a), tail(high, -b))
                } else {
                    normal.ln_mass(a, b)
                }
            };
            let of_prior = mass(prior, f64::NEG_INFINITY) - whole[prior] + ln_weights[ln_weights.len() - 1];
            let least =
                if self.parameters.len() == 1 { of_prior + vanishes(self.elementary) } else { f64::NEG_INFINITY };
            (0..kernels.len()).map(|at| mass(at, least)).collect()
        };
        let known: Vec<Vec<f64>> = which_end.chunks_exact(2).map(masses).collect();
        for (line, value) in table.chunks_mut(which_kernel.len()).zip(which_value) {
            for (entry, &kernel) in line.iter_mut().zip(&which_kernel) {
                *entry = *entry + known[value][kernel] - whole[kernel];
            }
        }
    }

    /// Adds to each entry the logarithm of the joint density of the continuous parameters.
    fn add_densities(&self, continuous: &[(&Normals, &[f64])], table: &mut [f64]) {
        let normal = Normal(self.elementary);
        // Kernel by kernel, the parameters side by side, as they are summed.
        struct Kernel {
            mean: f64,
            deviation: f64,
            ends: [f64; 2],
            ln_mass: f64,
            ln_deviation: f64,
        }
        let kernels: Vec<Kernel> = (0..self.weights.len())
            .flat_map(|at| continuous.iter().map(move |(normals, _)| (at, normals)))
            .map(|(at, normals)| {
                let (mean, deviation) = (normals.means[at], normals.deviations[at]);
                let ends = normals.standard_ends(at);
                let (ln_mass, ln_deviation) = (normal.ln_mass(ends[0], ends[1]), self.elementary.ln(deviation));
                Kernel { mean, deviation, ends, ln_mass, ln_deviation }
            })
            .collect();
        let mut terms = vec![0.0; continuous.len()];
        let mut point = vec![0.0; continuous.len()];
        for (candidate, line) in table.chunks_mut(self.weights.len()).enumerate() {
            for (x, (normals, column)) in point.iter_mut().zip(continuous) {
                *x = normals.range.kernel_unit(column[candidate], self.elementary);
            }
            for (entry, kernels) in line.iter_mut().zip(kernels.chunks(continuous.len())) {
                for ((term, kernel), &x) in terms.iter_mut().zip(kernels).zip(&point) {
                    let [a, b] = kernel.ends;
                    let t = (x - kernel.mean) / kernel.deviation;
                    *term = if a == b {
                        f64::NAN
                    } else if t < a || t > b {
                        f64::NEG_INFINITY
                    } else {
                        -(t * t) / 2.0 - LN_SQRT_2PI - kernel.ln_mass - kernel.ln_deviation
                    };
                }
                *entry += pairwise::sum(&terms);
            }
        }
    }

    /// ln Σ exp(entry + ln weight).
    fn ln_sum(&self, line: &mut [f64], ln_weights: &[f64]) -> f64 {
        line.iter_mut().zip(ln_weights).for_each(|(entry, ln_weight)| *entry += ln_weight);
        // As in NumPy a NaN is the maximum.
        let larger = |max: f64, &entry: &f64| if entry > max || entry.is_nan() { entry } else { max };
        let max = line.iter().fold(f64::NEG_INFINITY, larger);
        let max = if max == f64::NEG_INFINITY { 0.0 } else { max };
        let vanishes = vanishes(self.elementary);
        for entry in line.iter_mut() {
            let exponent = *entry - max;
            *entry = if exponent < vanishes { 0.0 } else { self.elementary.exp(exponent) };
        }
        self.elementary.ln(pairwise::sum(line)) + max
    }
}

/// Weights of observations, oldest first, before they are divided by their sum: the last 25 count 1, those before rise
/// to that in a line.
pub(super) fn weights(count: usize) -> Vec<f64> {
    let older = count.saturating_sub(RECENT);
    let lowest = 1.0 / count as f64;
    let step = (1.0 - lowest) / (older.max(2) - 1) as f64;
    let ramp = (0..older).map(|at| match at {
        0 => lowest,
        at if at == older - 1 => 1.0,
        at => at as f64 * step + lowest,
    });
    ramp.chain(std::iter::repeat_n(1.0, count - older)).collect()
}

/// The index of the choice at a quantile.
fn choice(probabilities: &[f64], quantile: f64) -> f64 {
    let (mut sum, mut index) = (0.0, 0.0);
    // The last sum is 1, whatever rounding makes of it, and no quantile is above 1.
    for probability in &probabilities[..probabilities.len() - 1] {
        sum += probability;
        if sum < quantile {
            index += 1.0;
        }
    }
    index
}

/// The first of each kind among `count` things, and for each of them its kind's place in that list.
fn distinct<K: Ord>(count: usize, kind: impl Fn(usize) -> K) -> (Vec<usize>, Vec<usize>) {
    let mut places: BTreeMap<K, usize> = BTreeMap::new();
    let mut firsts = Vec::new();
    let which = (0..count).map(|at| {
        *places.entry(kind(at)).or_insert_with(|| {
            firsts.push(at);
            firsts.len() - 1
        })
    });
    let which = which.collect();
    (firsts, which)
}
