//! The standard normal distribution in logarithms: its distribution function, the mass of an interval, quantiles.
//!
//! Each step is Optuna's, operation by operation: another formula for the same number would part from it in the last
//! bits, and sooner or later choose another candidate.

use std::f64::consts::{LN_2, PI, SQRT_2};

use crate::search::elementary::Elementary;

/// ln √(2π).
pub(super) const LN_SQRT_2PI: f64 = 0.9189385332046727;

#[derive(Debug, Clone, Copy)]
pub(in crate::search) struct Normal(pub Elementary);

/// One value asked of [`Normal::truncated_quantiles`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Truncated {
    /// The share of the mass below it.
    pub quantile: f64,
    /// The ends.
    pub a: f64,
    pub b: f64,
}

impl Normal {
    /// Φ(a), by whichever of erf and erfc is precise there.
    fn cdf(self, a: f64) -> f64 {
        let x = a / SQRT_2;
        if x < -1.0 / SQRT_2 {
            0.5 * self.0.erfc(-x)
        } else if x < 1.0 / SQRT_2 {
            0.5 + 0.5 * self.0.erf(x)
        } else {
            1.0 - 0.5 * self.0.erfc(x)
        }
    }

    /// ln Φ(a); far out by the asymptotic series.
    pub(super) fn ln_cdf(self, a: f64) -> f64 {
        if a > 6.0 {
            return -self.cdf(-a);
        }
        if a > -20.0 || a.is_nan() {
            return self.0.ln(self.cdf(a));
        }
        let leading = -0.5 * (a * a) - self.0.ln(-a) - LN_SQRT_2PI;
        let per_term = 1.0 / (a * a);
        let (mut series, mut last) = (1.0, 0.0);
        let (mut sign, mut odd, mut numerator, mut power) = (1.0, -1.0, 1.0, 1.0);
        while f64::abs(last - series) > f64::EPSILON {
            (sign, odd) = (-sign, odd + 2.0);
            power *= per_term;
            numerator *= odd;
            last = series;
            series += sign * numerator * power;
        }
        leading + self.0.ln(series)
    }

    /// ln (Φ(b) − Φ(a)).
    pub fn ln_mass(self, a: f64, b: f64) -> f64 {
        if b <= 0.0 {
            self.ln_difference(self.ln_cdf(b), self.ln_cdf(a))
        } else if a > 0.0 {
            self.ln_difference(self.ln_cdf(-a), self.ln_cdf(-b))
        } else {
            let below = |v: f64| 0.5 + 0.5 * self.0.erf(v / SQRT_2);
            self.0.ln_1p(-below(a) - below(-b))
        }
    }

    /// What [`Self::ln_between`] asks of the mass below a: Optuna takes its logarithm. The mass itself is cheaper and no
    /// less precise, until it is 0 beyond −38, where a kernel's share is nothing beside the prior's.
    pub(super) fn tail(self, a: f64) -> f64 {
        match self.0 {
            Elementary::System => self.ln_cdf(a),
            Elementary::Portable => self.cdf(a),
        }
    }

    /// The logarithm of the mass between the ends of two tails, of which the first is the larger.
    pub(super) fn ln_between(self, larger: f64, smaller: f64) -> f64 {
        match self.0 {
            Elementary::System => self.ln_difference(larger, smaller),
            Elementary::Portable => self.0.ln(larger - smaller),
        }
    }

    /// ln (eᵖ − e^q).
    fn ln_difference(self, p: f64, q: f64) -> f64 {
        p + self.0.ln_1p(-self.0.exp(q - p))
    }

    /// ln (eᵖ + e^q).
    fn ln_sum(self, p: f64, q: f64) -> f64 {
        let difference = p - q;
        if p == q {
            p + LN_2
        } else if difference > 0.0 {
            p + self.0.ln_1p(self.0.exp(-difference))
        } else {
            q + self.0.ln_1p(self.0.exp(difference))
        }
    }

    /// Quantiles of normals truncated to [a, b].
    ///
    /// All are found together: Newton's steps go on for every value until the last of them has converged, and the extra
    /// steps change last bits. Intervals that begin below 0 are one such group, the others, mirrored, another.
    pub(super) fn truncated_quantiles(self, wanted: &[Truncated]) -> Vec<f64> {
        let (left, right): (Vec<usize>, Vec<usize>) = (0..wanted.len()).partition(|&at| wanted[at].a < 0.0);
        let mut found = vec![f64::NAN; wanted.len()];
        let targets = |group: &[usize], below: &dyn Fn(Truncated) -> f64| -> Vec<f64> {
            let roots: Vec<f64> = group.iter().map(|&at| below(wanted[at])).collect();
            self.inverse_ln_cdf(&roots)
        };
        let from_left = targets(&left, &|Truncated { quantile, a, b }| {
            self.ln_sum(self.ln_cdf(a), self.0.ln(quantile) + self.ln_mass(a, b))
        });
        let from_right = targets(&right, &|Truncated { quantile, a, b }| {
            self.ln_sum(self.ln_cdf(-b), self.0.ln_1p(-quantile) + self.ln_mass(a, b))
        });
        left.iter().zip(from_left).for_each(|(&at, x)| found[at] = x);
        right.iter().zip(from_right).for_each(|(&at, x)| found[at] = -x);
        for (found, &Truncated { quantile, a, b }) in found.iter_mut().zip(wanted) {
            if a == b {
                *found = f64::NAN;
            } else if quantile == 0.0 {
                *found = a;
            } else if quantile == 1.0 {
                *found = b;
            }
        }
        found
    }

    /// For each y the x with ln Φ(x) = y, by Newton's method on all of them at once.
    pub(super) fn inverse_ln_cdf(self, roots: &[f64]) -> Vec<f64> {
        // Near y = 0 the mirrored problem is the well-conditioned one.
        let mirrored: Vec<bool> = roots.iter().map(|&y| y > -0.01).collect();
        let targets = roots.iter().zip(&mirrored);
        let targets: Vec<f64> =
            targets.map(|(&y, &mirrored)| if mirrored { self.0.ln(-self.0.exp_m1(y)) } else { y }).collect();
        let mut found: Vec<f64> = targets.iter().map(|&z| self.first_guess(z)).collect();
        for _ in 0..100 {
            let mut converged = true;
            for (x, &z) in found.iter_mut().zip(&targets) {
                let ln_cdf = self.ln_cdf(*x);
                let ln_density = -0.5 * (*x * *x) - LN_SQRT_2PI;
                let step = (ln_cdf - z) * self.0.exp(ln_cdf - ln_density);
                *x -= step;
                converged &= step.abs() < 1e-8 * x.abs();
            }
            if converged {
                break;
            }
        }
        found.iter().zip(mirrored).map(|(&x, mirrored)| if mirrored { -x } else { x }).collect()
    }

    /// In the tail its leading term, elsewhere the logistic distribution of the same variance.
    fn first_guess(self, z: f64) -> f64 {
        if z < -5.0 { -(-2.0 * (z + LN_SQRT_2PI)).sqrt() } else { -(3f64.sqrt() / PI) * self.0.ln(self.0.exp_m1(-z)) }
    }
}
