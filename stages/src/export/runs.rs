//! Tidy tables as other trackers see them: runs with parameters and curves.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::claims::runs::{Repeated, Runs};
use crate::table::Observation;

/// One method under one protocol with one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub experiment: String,
    pub protocol: String,
    pub method: String,
    pub seed: u64,
    /// What it was trained with, as far as that is known.
    pub hyperparameters: BTreeMap<String, f64>,
    pub curves: Curves,
}

/// Metric -> epoch and value, in order of epoch.
pub type Curves = BTreeMap<String, Vec<(u32, f64)>>;

/// Experiment, protocol and method -> tuning seed -> what that tuning chose.
pub(super) type Tunings = BTreeMap<(String, String, String), BTreeMap<u64, BTreeMap<String, f64>>>;

/// How `retrial stage tuned` marks what a tuning chose. Its seeds are those of tunings, not of runs.
const TUNED: &str = "tuned_";

/// The runs in `rows`, in order of experiment, protocol, method and seed, and the outcomes of tunings.
pub(super) fn runs(rows: &[Observation]) -> Result<(Vec<Run>, Tunings), Repeated> {
    // Refuses what says two things of one epoch.
    Runs::by_experiment(rows)?;
    let mut runs: BTreeMap<(&str, &str, &str, u64), Curves> = BTreeMap::new();
    let mut tunings = Tunings::new();
    for row in rows {
        if let Some(name) = row.metric.strip_prefix(TUNED) {
            let of = (row.experiment.clone(), row.protocol.clone(), row.method.clone());
            tunings.entry(of).or_default().entry(row.seed).or_default().insert(name.to_owned(), row.value);
        } else {
            let curves = runs.entry((&row.experiment, &row.protocol, &row.method, row.seed)).or_default();
            curves.entry(row.metric.clone()).or_default().push((row.epoch, row.value));
        }
    }
    let run = |((experiment, protocol, method, seed), mut curves): ((&str, &str, &str, u64), BTreeMap<_, Vec<_>>)| {
        curves.values_mut().for_each(|curve| curve.sort_by_key(|(epoch, _)| *epoch));
        Run {
            experiment: experiment.to_owned(),
            protocol: protocol.to_owned(),
            method: method.to_owned(),
            seed,
            hyperparameters: BTreeMap::new(),
            curves,
        }
    };
    Ok((runs.into_iter().map(run).collect(), tunings))
}

impl Run {
    /// SHA-256 of all that is known of it: another value anywhere is another run.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut text = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        for name in ["retrial run 1", &self.experiment, &self.protocol, &self.method] {
            text(name);
        }
        text(&self.seed.to_string());
        for (name, value) in &self.hyperparameters {
            text(name);
            text(&value.to_string());
        }
        for (metric, curve) in &self.curves {
            text(metric);
            for (epoch, value) in curve {
                text(&format!("{epoch} {value:?}"));
            }
        }
        hash.finalize().into()
    }
}
