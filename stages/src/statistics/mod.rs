//! Intervals, tests, effect sizes, corrections and power, as plain functions of slices.
//!
//! Two promises hold for all of them. Not a number in is not a number out: callers who would rather refuse such data
//! (the audit does, and counts the failed seed) look first. And results are the same to the bit on every system: sums run
//! in one fixed order ([`describe::sum`]), and `ln`, `exp` and `erfc` come from the `libm` crate, not from the system.
//!
//! Definitions follow SciPy, statsmodels and rliable, and are tested against them.

// One sample
pub mod describe; // sum, mean, sd, quantiles, interquartile mean

// What tests stand on
mod ranks; // average ranks
mod selection; // which values are in the middle, in NumPy's order
pub mod special; // incomplete beta function, normal distribution
pub mod student; // Student's t distribution

// Intervals and tests
pub mod anova; // whether groups have different means
pub mod interval; // t interval, prediction interval, percentile of a value
pub mod mann_whitney; // ranks of two independent samples
pub mod mcnemar; // two classifiers on the same test part
pub mod paired; // what a verdict on paired differences rests on
pub mod proportion; // intervals of a share of correct answers
pub mod sign_flip; // exact permutation test of paired differences
pub mod t_test; // paired, Welch, and two one-sided tests of equivalence
pub mod sequential; // tests that may be looked at after every value
pub mod wilcoxon; // signed ranks of paired differences

// What a search comes to
pub mod budget; // the expected best of n trials

// What tests are read with
pub mod correction; // Bonferroni, Holm, Benjamini and Hochberg or Yekutieli
pub mod effect; // dz, Cohen's d, Hedges' g, Cliff's delta
pub mod power; // power of a paired comparison, and the pairs that a decision needs

// Intervals without a distribution
pub mod aggregate; // several runs on several tasks: interquartile mean, optimality gap, profiles
pub mod bootstrap; // percentile, basic and BCa intervals from resamples
