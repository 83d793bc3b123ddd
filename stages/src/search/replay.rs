//! Whether a sampler, seeded so, suggests exactly the trials of a recorded study.

use super::sampler::Sampler;
use super::space::{Distribution, Value};
use super::study::{Study, Trial};

/// Numbers that differ by less than this part of themselves are the same but for the C library's last bits.
pub const ROUNDING: f64 = 1e-9;

/// How a sampler's suggestions compare with the recorded ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// How many suggestions were compared.
    pub suggestions: usize,
    /// How many of them are the same, bit for bit.
    pub exact: usize,
    /// The greatest relative difference among those that are the same but for rounding.
    pub rounding: f64,
    /// The first that is not the same.
    pub first_different: Option<Difference>,
    /// How many are not the same.
    pub different: usize,
}

/// One suggestion and what the study has instead.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub trial: u32,
    pub parameter: String,
    pub recorded: Value,
    pub suggested: Value,
}

impl Comparison {
    /// Whether all suggestions are the same, up to rounding.
    pub fn same(&self) -> bool {
        self.first_different.is_none()
    }
}

/// Asks the sampler for every suggestion of the study again, each after the trials as they were recorded.
///
/// So one suggestion that differs does not lead the later ones astray. Values that a trial was given beforehand, or
/// that were the only ones there are, came from no sampler and are not compared.
pub fn replay(recorded: &Study, sampler: &mut dyn Sampler) -> Comparison {
    let mut study = Study::new(recorded.direction);
    let mut comparison = Comparison { suggestions: 0, exact: 0, rounding: 0.0, first_different: None, different: 0 };
    for trial in recorded.trials() {
        study.trials_mut().push(Trial::new(trial.number));
        for (name, chosen) in &trial.parameters {
            if !chosen.given && chosen.distribution.only_value().is_none() {
                let suggested = sampler.sample(&study, name, &chosen.distribution);
                comparison.add(trial, name, &chosen.value, suggested, &chosen.distribution);
            }
            if let Some(copy) = study.trials_mut().last_mut() {
                copy.parameters.insert(name.clone(), chosen.clone());
            }
        }
        if let Some(copy) = study.trials_mut().last_mut() {
            copy.clone_from(trial);
        }
    }
    comparison
}

impl Comparison {
    fn add(&mut self, trial: &Trial, name: &str, recorded: &Value, suggested: Value, distribution: &Distribution) {
        self.suggestions += 1;
        let numbers = recorded.number().zip(suggested.number());
        let difference = match numbers.filter(|_| matches!(distribution, Distribution::Float { .. })) {
            Some((a, b)) if a.to_bits() == b.to_bits() => 0.0,
            Some((a, b)) => (a - b).abs() / a.abs().max(b.abs()),
            None if *recorded == suggested => 0.0,
            None => f64::INFINITY,
        };
        // Not `<`: a NaN differs from everything.
        if difference == 0.0 {
            self.exact += 1;
        } else if difference < ROUNDING {
            self.rounding = self.rounding.max(difference);
        } else {
            self.different += 1;
            let (trial, parameter) = (trial.number, name.to_owned());
            let recorded = recorded.clone();
            self.first_different.get_or_insert(Difference { trial, parameter, recorded, suggested });
        }
    }
}
