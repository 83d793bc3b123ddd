//! Who proposes the values of a trial.

use std::fmt;
use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::elementary::Elementary;
use super::random_sampler::RandomSampler;
use super::space::{Distribution, Value};
use super::study::Study;
use super::tpe::{self, Rules, TpeSampler};

/// Proposes one value at a time, so that a search may decide on a parameter after it has seen others of the trial.
///
/// The trial is the study's last; its number and the values so far are there, and so are all finished trials. A sampler
/// that draws a trial's values together does so when it first meets a trial's number.
pub trait Sampler {
    /// A value of `distribution`, which has more than one.
    fn sample(&mut self, study: &Study, name: &str, distribution: &Distribution) -> Value;
}

/// Which sampler, as parameters and journals say it. All but the name may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub name: Name,
    /// Which Optuna's rules TPE follows.
    #[serde(default)]
    pub rules: Version,
    /// Whether TPE samples parameters together; without it as those rules do by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multivariate: Option<bool>,
    #[serde(default = "startup_trials")]
    pub n_startup_trials: usize,
    #[serde(default = "candidates")]
    pub n_ei_candidates: NonZeroUsize,
    #[serde(default)]
    pub functions: Elementary,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Name {
    Random,
    Tpe,
}

/// A version of Optuna.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Version {
    #[serde(rename = "4.5")]
    V4_5,
    #[default]
    #[serde(rename = "5.0")]
    V5_0,
}

fn startup_trials() -> usize {
    10
}

fn candidates() -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add(23)
}

impl Settings {
    /// TPE as that version has it by default.
    pub fn tpe(rules: Version) -> Self {
        Self {
            name: Name::Tpe,
            rules,
            multivariate: None,
            n_startup_trials: startup_trials(),
            n_ei_candidates: candidates(),
            functions: Elementary::default(),
        }
    }

    /// Of a study's attribute; None for what is no sampler of ours.
    pub fn from_json(json: &Json) -> Option<Self> {
        Self::deserialize(json).ok()
    }

    /// Whether TPE samples parameters together.
    pub fn is_multivariate(&self) -> bool {
        self.multivariate.unwrap_or(self.rules == Version::V5_0)
    }

    /// The sampler of one study.
    pub fn sampler(&self, seed: u32) -> Box<dyn Sampler> {
        let multivariate = self.is_multivariate();
        match self.name {
            Name::Random => Box::new(RandomSampler::seeded(seed, self.functions)),
            Name::Tpe => {
                let rules = match self.rules {
                    Version::V4_5 => Rules::V4_5 { multivariate },
                    Version::V5_0 => Rules::V5_0 { multivariate },
                };
                let (startup_trials, candidates) = (self.n_startup_trials, self.n_ei_candidates);
                let options = tpe::Options { rules, startup_trials, candidates, elementary: self.functions };
                Box::new(TpeSampler::seeded(options, seed))
            }
        }
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = match self.rules {
            Version::V4_5 => "4.5",
            Version::V5_0 => "5.0",
        };
        match self.name {
            Name::Random => write!(formatter, "the random sampler"),
            Name::Tpe => {
                let mode = if self.is_multivariate() { "multivariate" } else { "univariate" };
                write!(formatter, "TPE by the rules of Optuna {version}, {mode},")
            }
        }
    }
}
