//! Tests that may be looked at after every value, and stopped at any look, without erring more often than α.
//!
//! Bets on signs: if a value is symmetric about 0, then given its size its sign is a fair coin, and 1 + tanh(λd), which is
//! exp(λd)/cosh(λd), has mean 1 for every λ, whatever the spread. So the product over all values is a martingale that starts at
//! 1, and so is its mean over any set of λ that is chosen beforehand. By Ville's inequality it ever reaches 1/α with chance α at
//! most. It is never less than exp(λS − λ²V/2), S = Σd and V = Σd², since cosh x ≤ exp(x²/2).
//!
//! Sources: de la Peña 1999, "A general class of exponential inequalities for martingales and ratios" (the bound); mixtures and
//! stopping: Howard, Ramdas, McAuliffe and Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences".

/// The λ of the bets, in units of 1/scale, are 2ᵏ⁄² for k from [`LEAST`] to [`GREATEST`]: from a thousandth of a scale to sixty-four
/// of them, the evidence of some bet grows nearly as fast as that of the best.
const LEAST: i32 = -20;
const GREATEST: i32 = 12;

/// Bets that are placed anew on every value with all that they have won.
#[derive(Debug, Clone)]
struct Bets {
    /// λ and the logarithm of what its bet has come to.
    bets: Vec<(f64, f64)>,
}

impl Bets {
    /// For each λ of the grid, bets with these signs.
    fn new(scale: f64, signs: &[f64]) -> Self {
        let grid = (LEAST..=GREATEST).map(|k| libm::exp2(0.5 * f64::from(k)) / scale);
        Self { bets: grid.flat_map(|lambda| signs.iter().map(move |sign| (sign * lambda, 0.0))).collect() }
    }

    /// What all together have come to after one more value: an e-value.
    fn see(&mut self, value: f64) -> f64 {
        for (lambda, won) in &mut self.bets {
            // ln(1 + tanh x) = ln 2 − ln(1 + exp(−2x))
            let odds = -2.0 * *lambda * value;
            *won += std::f64::consts::LN_2 - if odds > 40.0 { odds } else { libm::log1p(libm::exp(odds)) };
        }
        // Their mean by the greatest, so that it neither overflows early nor loses digits.
        let greatest = self.bets.iter().map(|(_, won)| *won).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = self.bets.iter().map(|(_, won)| libm::exp(won - greatest)).sum();
        // Beyond this no level asks for more, and JSON has no infinity.
        (libm::exp(greatest) * sum / self.bets.len() as f64).min(1e300)
    }
}

/// Evidence against "the values are symmetric about 0", whatever their spread.
#[derive(Debug, Clone)]
pub struct Difference {
    bets: Bets,
}

impl Difference {
    /// `scale` is a size of difference that matters. It must not be taken from the values.
    pub fn new(scale: f64) -> Self {
        Self { bets: Bets::new(scale, &[1.0, -1.0]) }
    }

    /// The evidence after one more value: an e-value.
    pub fn see(&mut self, value: f64) -> f64 {
        self.bets.see(value)
    }
}

/// Evidence that the centre of symmetric values lies within ±margin: the lesser of that against each side.
///
/// Against a centre of −margin or less only λ > 0 bets on d + margin. Since tanh rises with its argument, values whose centre lies
/// lower still win no more than those whose centre is 0: the bound on errors holds for all of them.
#[derive(Debug, Clone)]
pub struct Equivalence {
    margin: f64,
    above: Bets,
    below: Bets,
}

impl Equivalence {
    pub fn new(margin: f64) -> Self {
        Self { margin, above: Bets::new(margin, &[1.0]), below: Bets::new(margin, &[1.0]) }
    }

    /// The evidence after one more value: an e-value.
    pub fn see(&mut self, value: f64) -> f64 {
        let above = self.above.see(value + self.margin);
        let below = self.below.see(self.margin - value);
        above.min(below)
    }
}
