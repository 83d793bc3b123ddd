//! The numbers underneath, as Optuna has them.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value as Json;

use super::Rules;
use super::kernels::Kernels;
use super::normal::{Normal, Truncated};
use super::parzen::{Estimator, weights};
use super::split::count_below;
use crate::random::numpy::RandomState;
use crate::search::elementary::Elementary;
use crate::search::space::{Distribution, Value};

#[derive(Deserialize)]
struct Numerics {
    log_ndtr: Vec<(f64, f64)>,
    log_gauss_mass: Vec<(f64, f64, f64)>,
    ndtri_exp_scalar: Vec<(f64, f64)>,
    ndtri_exp_vector: (Vec<f64>, Vec<f64>),
    ppf: Vec<(f64, f64, Vec<f64>, Vec<f64>)>,
    weights: std::collections::BTreeMap<usize, Vec<f64>>,
    gamma: std::collections::BTreeMap<usize, usize>,
    parzen: Vec<Parzen>,
}

#[derive(Deserialize)]
struct Parzen {
    name: String,
    dist: Distribution,
    observations: Vec<f64>,
    mixture_weights: Vec<f64>,
    mu: Option<Vec<f64>>,
    sigma: Option<Vec<f64>>,
    rows: Option<Vec<Vec<f64>>>,
    sample_seed7_size6: Vec<f64>,
    log_pdf_of_sample: Vec<Json>,
    next_double: f64,
}

#[test]
fn the_functions_underneath_are_optunas() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/search/numerics.json");
    let numerics: Numerics = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for elementary in [Elementary::System, Elementary::Portable] {
        let normal = Normal(elementary);
        let mut seen = Seen::default();
        for &(a, expected) in &numerics.log_ndtr {
            seen.add(normal.ln_cdf(a), expected, || format!("ln_cdf({a})"));
        }
        for &(a, b, expected) in &numerics.log_gauss_mass {
            seen.add(normal.ln_mass(a, b), expected, || format!("ln_mass({a}, {b})"));
        }
        for &(y, expected) in &numerics.ndtri_exp_scalar {
            seen.add(normal.inverse_ln_cdf(&[y])[0], expected, || format!("inverse_ln_cdf({y})"));
        }
        let (roots, expected) = &numerics.ndtri_exp_vector;
        seen.add_all(&normal.inverse_ln_cdf(roots), expected, "inverse_ln_cdf together");
        for (a, b, quantiles, expected) in &numerics.ppf {
            let wanted: Vec<Truncated> =
                quantiles.iter().map(|&quantile| Truncated { quantile, a: *a, b: *b }).collect();
            seen.add_all(&normal.truncated_quantiles(&wanted), expected, &format!("quantiles in [{a}, {b}]"));
        }
        for (&count, expected) in &numerics.weights {
            assert_eq!(&weights(count), expected, "weights of {count}");
        }
        for (&trials, &expected) in &numerics.gamma {
            assert_eq!(count_below(trials), expected, "good ones of {trials}");
        }
        assert_eq!(numerics.parzen.len(), 12);
        for parzen in &numerics.parzen {
            check(parzen, elementary, &mut seen);
        }
        println!("{elementary:?}: {} of {} are inexact, at most by {:e}", seen.inexact, seen.count, seen.greatest);
        assert!(seen.count > 300 && seen.greatest < 1e-9);
        if crate::search::reference::is_reference(elementary) {
            assert_eq!(seen.inexact, 0, "{}", seen.first);
        }
    }
}

fn check(parzen: &Parzen, elementary: Elementary, seen: &mut Seen) {
    let rules = Rules::V5_0 { multivariate: true };
    let estimator = Estimator::new(&[(&parzen.dist, parzen.observations.clone())], rules, elementary);
    let named = |what: &str| format!("{}: {what}", parzen.name);
    seen.add_all(&estimator.weights, &parzen.mixture_weights, &named("weights"));
    match &estimator.parameters[0] {
        Kernels::Categorical { rows } => {
            seen.add_all(&rows.concat(), &parzen.rows.as_ref().unwrap().concat(), &named("rows"));
        }
        Kernels::Numerical(normals) => {
            seen.add_all(&normals.means, parzen.mu.as_ref().unwrap(), &named("means"));
            seen.add_all(&normals.deviations, parzen.sigma.as_ref().unwrap(), &named("deviations"));
        }
    }
    let mut random = RandomState::seeded(7);
    let columns = estimator.sample(&mut random, 6);
    seen.add_all(&columns[0], &parzen.sample_seed7_size6, &named("sample"));
    assert_eq!(random.double(), parzen.next_double, "{}: as many draws", parzen.name);
    // Densities at the golden points, so that only the density is compared.
    let densities = estimator.ln_density(std::slice::from_ref(&parzen.sample_seed7_size6));
    let expected: Vec<f64> = parzen.log_pdf_of_sample.iter().map(|x| x.as_f64().unwrap_or(f64::NEG_INFINITY)).collect();
    seen.add_all(&densities, &expected, &named("density"));
}

#[derive(Default)]
struct Seen {
    count: usize,
    inexact: usize,
    greatest: f64,
    first: String,
}

impl Seen {
    fn add(&mut self, ours: f64, expected: f64, what: impl FnOnce() -> String) {
        self.count += 1;
        // Python writes -0.0 where ours may be 0.0 and the other way round.
        if ours.to_bits() == expected.to_bits() || ours == expected {
            return;
        }
        if self.inexact == 0 {
            self.first = format!("{}: {ours:?}, Optuna {expected:?}", what());
        }
        self.inexact += 1;
        self.greatest = self.greatest.max((ours - expected).abs() / expected.abs().max(1e-10));
    }

    fn add_all(&mut self, ours: &[f64], expected: &[f64], what: &str) {
        assert_eq!(ours.len(), expected.len(), "{what}");
        for (at, (&ours, &expected)) in ours.iter().zip(expected).enumerate() {
            self.add(ours, expected, || format!("{what} [{at}]"));
        }
    }
}

/// The joint draw is for parameters that all trials share; whatever it gives must be within the distribution asked for.
#[test]
fn internal_values_and_choices_correspond() {
    let choices = vec![Value::Text("a".into()), Value::Int(2), Value::Null, Value::Bool(true), Value::Float(0.5)];
    let distribution = Distribution::Categorical { choices: choices.clone() };
    for (index, choice) in choices.iter().enumerate() {
        assert_eq!(distribution.internal(choice), Some(index as f64));
        assert_eq!(&distribution.external(index as f64), choice);
    }
    assert_eq!(distribution.internal(&Value::Int(3)), None);
    let integers = Distribution::Int { low: 1, high: 9, log: false, step: 4 };
    assert_eq!(integers.external(5.9), Value::Int(5));
    assert!(integers.contains(&Value::Int(5)) && !integers.contains(&Value::Int(6)));
}
