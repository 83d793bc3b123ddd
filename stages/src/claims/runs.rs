//! Tidy tables, looked up by run, metric and epoch.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::schema::{At, BestBy, Take};
use crate::statistics::describe;
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

    /// Whether there is a value of the metric, finite or not.
    pub fn has(&self, metric: &str) -> bool {
        self.first(metric).is_some()
    }

    /// The first value of a metric, finite or not.
    pub fn first(&self, metric: &str) -> Option<f64> {
        self.values.range((metric, 0)..=(metric, u32::MAX)).next().map(|(_, value)| *value)
    }

    /// The one epoch that is meant; none where a value is made of several.
    pub fn epoch(&self, at: At, best_by: BestBy) -> Option<u32> {
        match at {
            At::Last => self.last(),
            At::Best => self.best(best_by),
            At::Epoch(epoch) => Some(epoch),
            At::Mean | At::Rise | At::Epochs { .. } => None,
        }
    }

    /// The first epoch that `by` prefers among its finite values.
    pub fn best(&self, by: BestBy) -> Option<u32> {
        let values = self.values.range((by.metric(), 0)..=(by.metric(), u32::MAX));
        let finite = values.filter(|(_, value)| value.is_finite());
        let best = finite.min_by(|(_, x), (_, y)| match by {
            BestBy::ValLoss => x.total_cmp(y),
            BestBy::ValAccuracy => y.total_cmp(x),
        });
        best.map(|((_, epoch), _)| *epoch)
    }

    /// The last epoch of any metric: where a run broke off, that of what it still wrote.
    fn last(&self) -> Option<u32> {
        self.values.keys().map(|(_, epoch)| *epoch).max()
    }

    /// The value of a metric, if all that it is made of is there and finite.
    pub fn value(&self, metric: &str, at: At, best_by: BestBy) -> Option<f64> {
        let value = match at {
            At::Last | At::Best | At::Epoch(_) => self.single(metric, self.epoch(at, best_by)?),
            At::Mean => self.taken(metric, 1, self.last()?, Take::Mean),
            At::Rise => {
                let last = self.last()?;
                Some(self.single(metric, last)? - self.taken(metric, 1, last, Take::Min)?)
            }
            At::Epochs { from, to, take } => self.taken(metric, from, to, take),
        };
        value.filter(|value| value.is_finite())
    }

    fn single(&self, metric: &str, epoch: u32) -> Option<f64> {
        let values: &BTreeMap<(&str, u32), f64> = &self.values;
        values.get(&(metric, epoch)).copied().filter(|value| value.is_finite())
    }

    /// What the values from one epoch to another come to; none where one is missing or not finite.
    fn taken(&self, metric: &str, from: u32, to: u32, take: Take) -> Option<f64> {
        let values: Vec<f64> = (from..=to).map(|epoch| self.single(metric, epoch)).collect::<Option<_>>()?;
        match take {
            Take::Min => values.into_iter().min_by(f64::total_cmp),
            Take::Mean => Some(describe::mean(&values)),
            Take::Max => values.into_iter().max_by(f64::total_cmp),
        }
    }
}
