//! Tests that may be looked at after every value, and stopped at any look, without erring more often than α.
//!
//! For values that are symmetric about 0, and any λ, exp(λS − λ²V/2) with S = Σd and V = Σd² is a supermartingale that
//! starts at 1: given |d|, its factor is exp(−λ²d²/2)·cosh(λd) ≤ 1, whatever the variance. So is its mean over any
//! distribution of λ that is chosen beforehand. By Ville's inequality it ever reaches 1/α with chance α at most.
//!
//! Sources: de la Peña 1999, "A general class of exponential inequalities for martingales and ratios"; mixtures and
//! stopping: Howard, Ramdas, McAuliffe and Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences".

use super::special::normal_cdf;

/// The λ's standard deviations, in units of 1/scale: from a sixteenth of a scale to a thousand of them, the evidence of some
/// component grows nearly as fast as that of the best λ.
const SPREADS: [f64; 8] = [16.0, 4.0, 1.0, 0.25, 0.0625, 0.015_625, 0.003_906_25, 0.000_976_562_5];

/// Evidence against "the values are symmetric about 0", whatever their spread: an e-value at every length.
///
/// `scale` is a size of difference that matters. It must not be taken from the values.
pub fn against_none(d: &[f64], scale: f64) -> f64 {
    let (sum, squares) = sums(d.iter().copied());
    mean_over(scale, |spread| {
        let growth = 1.0 + spread * spread * squares;
        let exponent = 0.5 * spread * spread * sum * sum / growth;
        exponent - 0.5 * libm::log(growth)
    })
}

/// Evidence that the centre of symmetric values lies within ±`margin`: the lesser of that against each side.
///
/// Against a centre of −margin or less only λ > 0 bets on d + margin. There the process stays a supermartingale where the
/// centre lies lower still: with η = λ·(how much lower) and k = 1 + η its factor is exp(−(k² − 1)/2 − u²/2)·cosh(ku), and
/// ln cosh x ≤ (u² + k² − 1)/2 for x = ku: for x ≥ 0.78 by ln cosh x ≤ x − ½, below it by ln cosh x ≤ x²/2 and k ≥ 1.
pub fn against_beyond(d: &[f64], margin: f64) -> f64 {
    let above = one_sided(d.iter().map(|d| d + margin), margin);
    let below = one_sided(d.iter().map(|d| margin - d), margin);
    above.min(below)
}

/// Evidence against a centre of 0 or less.
fn one_sided(values: impl Iterator<Item = f64>, scale: f64) -> f64 {
    let (sum, squares) = sums(values);
    mean_over(scale, |spread| {
        let growth = 1.0 + spread * spread * squares;
        let z = spread * sum / growth.sqrt();
        // The half of the normal distribution with λ > 0 has twice its density.
        0.5 * z * z - 0.5 * libm::log(growth) + libm::log(2.0) + ln_normal_cdf(z)
    })
}

/// ln Φ(z). Far out, where Φ is too small for a number, by the bound φ(z)/|z|·(1 − 1/z²) from below: it claims no evidence that is
/// not there.
fn ln_normal_cdf(z: f64) -> f64 {
    if z > -30.0 {
        return libm::log(normal_cdf(z));
    }
    -0.5 * z * z - libm::log(-z * (2.0 * std::f64::consts::PI).sqrt()) + libm::log1p(-1.0 / (z * z))
}

fn sums(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((0.0, 0.0), |(sum, squares), value| (sum + value, squares + value * value))
}

/// Mean of exp(`exponent`) over the spreads of λ, by its greatest term, so that it neither overflows early nor loses digits.
fn mean_over(scale: f64, exponent: impl Fn(f64) -> f64) -> f64 {
    let exponents = SPREADS.map(|spread| exponent(spread / scale));
    let greatest = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !greatest.is_finite() {
        return f64::NAN;
    }
    let sum: f64 = exponents.iter().map(|exponent| libm::exp(exponent - greatest)).sum();
    // Beyond this no level asks for more, and JSON has no infinity.
    (libm::exp(greatest) * sum / SPREADS.len() as f64).min(1e300)
}
