//! The Tree-structured Parzen Estimator, as Optuna's `TPESampler` computes it.
//!
//! Bergstra et al. (2011), "Algorithms for Hyper-Parameter Optimization": trials are split into a good tenth and the
//! others, a density is fitted to each, candidates are drawn from the good one, and the candidate is tried at which
//! the ratio of the densities is greatest. What the paper leaves open (bandwidths, weights, ties, the order of draws)
//! is Optuna's, so that a seed gives Optuna's trials. Only single-objective studies, no groups, no constraints.

mod argsort;
mod kernels;
mod normal;
mod parzen;
mod split;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use super::elementary::Elementary;
use super::random_sampler::RandomSampler;
use super::sampler::Sampler;
use super::space::{Distribution, Value};
use super::study::{State, Study, Trial};
use crate::random::numpy::RandomState;
use parzen::Estimator;
use split::split;

pub(super) use kernels::rows as choice_rows;
pub(super) use normal::Normal;

/// Which Optuna's rules are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// 4.5.0's, which up to 4.x samples each parameter for itself by default.
    V4_5 { multivariate: bool },
    /// 5.0.0's, which samples the parameters of all trials together by default.
    V5_0 { multivariate: bool },
}

impl Rules {
    /// Whether the parameters that all trials have are sampled together.
    pub fn multivariate(self) -> bool {
        match self {
            Self::V4_5 { multivariate } | Self::V5_0 { multivariate } => multivariate,
        }
    }

    fn log_integers_are_continuous(self) -> bool {
        matches!(self, Self::V4_5 { .. })
    }

    /// `constant_liar`'s default.
    fn running_trials_count_as_bad(self) -> bool {
        matches!(self, Self::V5_0 { .. })
    }
}

/// What a [`TpeSampler`] is made of, beside its seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    pub rules: Rules,
    /// Until so many trials are usable, all is drawn at random.
    pub startup_trials: usize,
    /// How many candidates a suggestion is chosen from.
    pub candidates: NonZeroUsize,
    pub elementary: Elementary,
}

/// `TPESampler(seed=seed)`: one study's, since it remembers where its random streams are.
#[derive(Debug, Clone)]
pub struct TpeSampler {
    options: Options,
    /// For the trials at random; seeded like the other, and no draw of it moves the other.
    startup: RandomSampler,
    random: RandomState,
    /// What was drawn together for the trial of that number.
    joint: Option<(u32, BTreeMap<String, Value>)>,
}

impl TpeSampler {
    pub fn seeded(options: Options, seed: u32) -> Self {
        let startup = RandomSampler::seeded(seed, options.elementary);
        Self { options, startup, random: RandomState::seeded(seed), joint: None }
    }

    /// The values of the parameters that all usable trials have, drawn together; none while it is too early.
    fn draw_jointly(&mut self, study: &Study) -> BTreeMap<String, Value> {
        if usable(study).count() < self.options.startup_trials {
            return BTreeMap::new();
        }
        let common = common_space(study);
        let space: Vec<(&str, &Distribution)> = common.into_iter().collect();
        if space.is_empty() {
            return BTreeMap::new();
        }
        let values = self.step(study, &space);
        space.iter().map(|(name, _)| (*name).to_owned()).zip(values).collect()
    }

    /// One choice among candidates: a value for each parameter of `space`.
    fn step(&mut self, study: &Study, space: &[(&str, &Distribution)]) -> Vec<Value> {
        let Options { rules, elementary, candidates, .. } = self.options;
        let parts = split(study, rules.running_trials_count_as_bad());
        let estimator = |trials: &[&Trial]| Estimator::new(&observations(trials, space), rules, elementary);
        let (good, bad) = (estimator(&parts.below), estimator(&parts.above));
        let columns = good.sample(&mut self.random, candidates.get());
        let gains: Vec<f64> =
            good.ln_density(&columns).iter().zip(bad.ln_density(&columns)).map(|(good, bad)| good - bad).collect();
        let best = first_greatest(&gains);
        space.iter().zip(&columns).map(|((_, distribution), column)| distribution.external(column[best])).collect()
    }
}

impl Sampler for TpeSampler {
    fn sample(&mut self, study: &Study, name: &str, distribution: &Distribution) -> Value {
        if self.options.rules.multivariate() {
            let number = study.trials().last().map_or(0, |trial| trial.number);
            if self.joint.as_ref().is_none_or(|(drawn_for, _)| *drawn_for != number) {
                self.joint = Some((number, self.draw_jointly(study)));
            }
            let drawn = self.joint.as_ref().and_then(|(_, values)| values.get(name));
            if let Some(value) = drawn.filter(|value| distribution.contains(value)) {
                return value.clone();
            }
        }
        if usable(study).count() < self.options.startup_trials {
            return self.startup.draw(distribution);
        }
        self.step(study, &[(name, distribution)]).swap_remove(0)
    }
}

/// The trials that can be learnt from.
fn usable(study: &Study) -> impl Iterator<Item = &Trial> {
    study.trials().iter().filter(|trial| matches!(trial.state, State::Complete | State::Pruned))
}

/// The parameters, in order of name, that every usable trial has, with the same distribution, of more than one value.
fn common_space(study: &Study) -> BTreeMap<&str, &Distribution> {
    let mut trials = usable(study);
    let Some(first) = trials.next() else { return BTreeMap::new() };
    let mut common: BTreeMap<&str, &Distribution> =
        first.parameters.iter().map(|(name, chosen)| (name.as_str(), &chosen.distribution)).collect();
    for trial in trials {
        common.retain(|&name, distribution| {
            trial.parameters.get(name).is_some_and(|chosen| chosen.distribution == **distribution)
        });
    }
    common.retain(|_, distribution| distribution.only_value().is_none());
    common
}

/// The internal values of each parameter, in the trials that have all of them.
fn observations<'a>(trials: &[&Trial], space: &[(&str, &'a Distribution)]) -> Vec<(&'a Distribution, Vec<f64>)> {
    let mut columns: Vec<(&Distribution, Vec<f64>)> =
        space.iter().map(|(_, distribution)| (*distribution, Vec::with_capacity(trials.len()))).collect();
    // Trials mostly have their parameters in the same places, where a look is cheaper than a search by name.
    let place = |name: &str| trials.first().and_then(|trial| trial.parameters.get_index_of(name)).unwrap_or_default();
    let places: Vec<usize> = space.iter().map(|(name, _)| place(name)).collect();
    let mut row = Vec::with_capacity(space.len());
    for trial in trials {
        row.clear();
        row.extend(space.iter().zip(&places).map_while(|((name, distribution), &place)| {
            let chosen = match trial.parameters.get_index(place) {
                Some((there, chosen)) if there == name => Some(chosen),
                _ => trial.parameters.get(*name),
            };
            distribution.internal(&chosen?.value)
        }));
        if row.len() == space.len() {
            columns.iter_mut().zip(&row).for_each(|((_, column), &value)| column.push(value));
        }
    }
    columns
}

/// As NumPy's `argmax`: the first NaN, if there is one.
fn first_greatest(values: &[f64]) -> usize {
    let mut best = 0;
    for (at, value) in values.iter().enumerate() {
        if value.is_nan() {
            return at;
        }
        if *value > values[best] {
            best = at;
        }
    }
    best
}
