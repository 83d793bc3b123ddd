//! Tidy tables, looked up by run, metric and epoch.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::schema::At;
use crate::table::Observation;

/// The runs of one experiment: protocol, method -> seed -> run.
#[derive(Debug, Default)]
pub(crate) struct Runs<'a> {
    runs: BTreeMap<(&'a str, &'a str), BTreeMap<u64, Run<'a>>>,
}

/// What was observed in one run: metric, epoch -> value.
#[derive(Debug, Default)]
pub(crate) struct Run<'a> {
    values: BTreeMap<(&'a str, u32), f64>,
}

/// A row that says again what another has said, perhaps with another value.
#[derive(Debug, Error)]
#[error(
    "the tables have two values of `{}` at epoch {} of seed {}, method `{}`, protocol `{}`, experiment `{}`: \
     remove one of the tables",
    .0.metric, .0.epoch, .0.seed, .0.method, .0.protocol, .0.experiment
)]
pub struct Repeated(Box<Observation>);

impl<'a> Runs<'a> {
    /// The runs of all experiments in `rows`, by name.
    pub fn by_experiment(rows: &'a [Observation]) -> Result<BTreeMap<&'a str, Self>, Repeated> {
        let mut experiments: BTreeMap<&str, Self> = BTreeMap::new();
        for row in rows {
            let runs = &mut experiments.entry(&row.experiment).or_default().runs;
            let run = runs.entry((&row.protocol, &row.method)).or_default().entry(row.seed).or_default();
            if run.values.insert((&row.metric, row.epoch), row.value).is_some() {
                return Err(Repeated(Box::new(row.clone())));
            }
        }
        Ok(experiments)
    }

    pub fn protocols(&self) -> BTreeSet<&'a str> {
        self.runs.keys().map(|(protocol, _)| *protocol).collect()
    }

    pub fn methods(&self) -> BTreeSet<&'a str> {
        self.runs.keys().map(|(_, method)| *method).collect()
    }

    pub fn metrics(&self) -> BTreeSet<&'a str> {
        self.runs.values().flat_map(BTreeMap::values).flat_map(Run::metrics).collect()
    }

    /// The runs of a method under a protocol, by seed; none if there are none.
    pub fn of(&self, protocol: &str, method: &str) -> Option<&BTreeMap<u64, Run<'a>>> {
        self.runs.iter().find(|(group, _)| **group == (protocol, method)).map(|(_, runs)| runs)
    }

    /// All groups of runs, by protocol and method.
    pub fn groups(&self) -> impl Iterator<Item = ((&'a str, &'a str), &BTreeMap<u64, Run<'a>>)> {
        self.runs.iter().map(|(group, runs)| (*group, runs))
    }
}

impl<'a> Run<'a> {
    pub fn metrics(&self) -> impl Iterator<Item = &'a str> {
        self.values.keys().map(|(metric, _)| *metric)
    }

    /// The run's last epoch, or its first epoch with the least finite `val_loss`.
    pub fn epoch(&self, at: At) -> Option<u32> {
        match at {
            At::Last => self.values.keys().map(|(_, epoch)| *epoch).max(),
            At::Best => {
                let losses = self.values.range(("val_loss", 0)..=("val_loss", u32::MAX));
                let finite = losses.filter(|(_, loss)| loss.is_finite());
                finite.min_by(|(_, x), (_, y)| x.total_cmp(y)).map(|((_, epoch), _)| *epoch)
            }
        }
    }

    /// The value of a metric at an epoch, if there is one and it is finite.
    pub fn value(&self, metric: &str, at: At) -> Option<f64> {
        let epoch = self.epoch(at)?;
        let values: &BTreeMap<(&str, u32), f64> = &self.values;
        values.get(&(metric, epoch)).copied().filter(|value| value.is_finite())
    }
}
