//! Training a block of runs: as `train.rs` for one, with every step taken by all of them at once.
//!
//! Runs of a block have the same shapes and differ in data, hyper-parameters, first weights and random streams. One whose weights
//! stop being finite ends there, and the others go on.

use candle_core::{Device, Tensor};
use thiserror::Error;

use super::adam::{Adam, Rates};
use super::method::{self, BlockMethod, MethodError};
use super::network::{self, Layer};
use crate::data::dataset::Part;
use crate::methods::method::MissingHyperparameter;
use crate::nn::mlp::Mlp;
use crate::random::torch::Generator;
use crate::train::{self, Best, Data, Epoch, Optimiser, Outcome, Recipe, StepLosses, TrainError};

/// One run of a block.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    pub recipe: Recipe<'a>,
    pub data: Data<'a>,
    /// The weights that it starts from.
    pub initial: Vec<f32>,
    /// Gives each epoch's order of examples, drawn on the CPU.
    pub generator: Generator,
}

/// Why a block cannot be trained.
#[derive(Debug, Error)]
pub enum BlockError {
    #[error("runs that are trained together need the same {0}")]
    Unlike(&'static str),
    #[error(transparent)]
    Run(#[from] TrainError),
    #[error(transparent)]
    Method(#[from] MethodError),
    #[error("the device failed: {0}")]
    Device(#[from] candle_core::Error),
}

impl From<MissingHyperparameter> for BlockError {
    fn from(missing: MissingHyperparameter) -> Self {
        Self::Run(missing.into())
    }
}

/// Trains the runs to their ends; one outcome for each, in their order.
pub fn train(mut runs: Vec<Run<'_>>, device: &Device) -> Result<Vec<Outcome>, BlockError> {
    let Some(recipe) = shared(&runs)? else { return Ok(Vec::new()) };
    let mut trainer = Trainer::new(&recipe, &runs, device)?;
    let validation = Rows::upload(recipe.network, runs.iter().map(|run| run.data.validation), device)?;
    let mut results: Vec<Outcome> =
        runs.iter().map(|_| Outcome { epochs: Vec::new(), last: Vec::new(), best: None }).collect();
    for epoch in 1..=recipe.epochs {
        let steps = trainer.epoch(&mut runs)?;
        let train_losses = means(&steps, runs.len())?;
        let weights = trainer.parameters.to_vec2::<f32>()?;
        let scores = trainer.score(&validation)?;
        for (((result, weights), train_loss), (val_loss, val_accuracy)) in
            results.iter_mut().zip(weights).zip(train_losses).zip(scores)
        {
            if result.epochs.len() + 1 != epoch as usize {
                continue; // it has failed before
            }
            let is_finite = weights.iter().all(|weight| weight.is_finite());
            if is_finite {
                let numbers = Epoch { train_loss, val_loss, val_accuracy };
                result.epochs.push(numbers);
                let value = recipe.criterion.value(&numbers);
                let best = result.best.as_ref().map(|best| best.value);
                if recipe.criterion.improves(value, best) {
                    result.best = Some(Best { epoch, value, parameters: weights.clone() });
                }
            } else {
                result.epochs.resize(recipe.epochs as usize, Epoch::FAILED);
            }
            result.last = weights;
        }
    }
    if recipe.epochs == 0 {
        results.iter_mut().zip(runs).for_each(|(result, run)| result.last = run.initial);
    }
    Ok(results)
}

/// So many steps of each run, not scored.
pub fn steps(mut runs: Vec<Run<'_>>, device: &Device, count: usize) -> Result<Vec<Vec<StepLosses>>, BlockError> {
    let Some(recipe) = shared(&runs)? else { return Ok(Vec::new()) };
    let mut trainer = Trainer::new(&recipe, &runs, device)?;
    let mut taken = Vec::with_capacity(count);
    while taken.len() < count {
        let order = trainer.order(&mut runs)?;
        taken.extend(trainer.steps(&order, count - taken.len())?);
    }
    let mut losses = vec![Vec::with_capacity(count); runs.len()];
    for step in taken {
        let cross_entropies = step.cross_entropy.to_vec1::<f32>()?;
        let penalties = step.penalty.map(|penalty| penalty.to_vec1::<f32>()).transpose()?;
        for (run, losses) in losses.iter_mut().enumerate() {
            let penalty = penalties.as_ref().map_or(0.0, |penalties| f64::from(penalties[run]));
            losses.push(StepLosses { cross_entropy: f64::from(cross_entropies[run]), penalty });
        }
    }
    Ok(losses)
}

/// What all runs have in common (none: there are no runs), once each is one that the CPU would train.
fn shared<'a>(runs: &[Run<'a>]) -> Result<Option<Recipe<'a>>, BlockError> {
    for run in runs {
        // No step: only what can be wrong with a run is looked at.
        train::steps(&run.recipe, run.data, run.initial.clone(), &mut run.generator.clone(), 0)?;
    }
    let Some(first) = runs.first() else { return Ok(None) };
    let differs = |of: &dyn Fn(&Run<'a>) -> bool| runs.iter().any(|run| !of(run));
    let recipe = &first.recipe;
    for (what, differs) in [
        ("network", differs(&|run| run.recipe.network == recipe.network)),
        ("method", differs(&|run| run.recipe.method.name == recipe.method.name)),
        ("optimiser", differs(&|run| run.recipe.optimiser == recipe.optimiser)),
        ("number of epochs", differs(&|run| run.recipe.epochs == recipe.epochs)),
        ("batch size", differs(&|run| run.recipe.batch == recipe.batch)),
        ("criterion", differs(&|run| run.recipe.criterion == recipe.criterion)),
        ("number of training examples", differs(&|run| run.data.train.len() == first.data.train.len())),
        ("number of validation examples", differs(&|run| run.data.validation.len() == first.data.validation.len())),
    ] {
        if differs {
            return Err(BlockError::Unlike(what));
        }
    }
    Ok(Some(*recipe))
}

/// The runs' training or validation parts, one after another, on the device.
struct Rows {
    runs: usize,
    /// Of one run.
    examples: usize,
    /// (runs · examples × features)
    x: Tensor,
    /// (runs · examples × classes), 1 at an example's class.
    targets: Tensor,
    /// (runs · examples)
    classes: Tensor,
}

impl Rows {
    fn upload<'a>(
        network: &Mlp,
        parts: impl Iterator<Item = &'a Part> + Clone,
        device: &Device,
    ) -> candle_core::Result<Self> {
        let runs = parts.clone().count();
        let x: Vec<f32> = parts.clone().flat_map(|part| &part.x).copied().collect();
        let classes: Vec<u32> = parts.flat_map(|part| &part.y).map(|&class| u32::from(class)).collect();
        let mut targets = vec![0.0_f32; classes.len() * network.classes()];
        for (row, &class) in targets.chunks_exact_mut(network.classes()).zip(&classes) {
            row[class as usize] = 1.0;
        }
        let total = classes.len();
        Ok(Self {
            runs,
            examples: total / runs,
            x: Tensor::from_vec(x, (total, network.inputs()), device)?,
            targets: Tensor::from_vec(targets, (total, network.classes()), device)?,
            classes: Tensor::from_vec(classes, total, device)?,
        })
    }

    /// Inputs and targets of the examples at these rows, as many for each run: (runs × batch × …).
    fn pick(&self, rows: &Tensor) -> candle_core::Result<(Tensor, Tensor)> {
        let pick = |from: &Tensor| from.index_select(rows, 0)?.reshape((self.runs, (), from.dim(1)?));
        Ok((pick(&self.x)?, pick(&self.targets)?))
    }

    /// Inputs, targets and classes of examples `start` to `start + length` of each run.
    fn range(&self, start: usize, length: usize) -> candle_core::Result<(Tensor, Tensor, Tensor)> {
        let part = |from: &Tensor| from.narrow(1, start, length)?.contiguous();
        let split = |from: &Tensor| part(&from.reshape((self.runs, self.examples, ()))?);
        let classes = part(&self.classes.reshape((self.runs, self.examples))?)?;
        Ok((split(&self.x)?, split(&self.targets)?, classes))
    }
}

/// What a step of all runs saw before it moved the weights: (runs) each.
struct BlockLosses {
    cross_entropy: Tensor,
    penalty: Option<Tensor>,
}

/// The runs' mean cross-entropies.
fn means(steps: &[BlockLosses], runs: usize) -> candle_core::Result<Vec<f64>> {
    let losses: Vec<&Tensor> = steps.iter().map(|step| &step.cross_entropy).collect();
    let losses = Tensor::stack(&losses, 0)?.to_vec2::<f32>()?;
    let mean = |run: usize| losses.iter().map(|step| f64::from(step[run])).sum::<f64>() / losses.len() as f64;
    Ok((0..runs).map(mean).collect())
}

/// A block in training.
struct Trainer<'a> {
    network: &'a Mlp,
    /// (runs × parameters)
    parameters: Tensor,
    /// The same, layer by layer.
    layers: Vec<Layer>,
    optimiser: Adam,
    method: Box<dyn BlockMethod>,
    training: Rows,
    batch: usize,
    device: Device,
}

impl<'a> Trainer<'a> {
    fn new(recipe: &Recipe<'a>, runs: &[Run<'_>], device: &Device) -> Result<Self, BlockError> {
        let rates = runs.iter().map(|run| -> Result<Rates, MissingHyperparameter> {
            let weight_decay = match recipe.optimiser {
                Optimiser::Adam => 0.0,
                Optimiser::AdamW => run.recipe.hyperparameters.get("weight_decay")?,
            };
            Ok(Rates { rate: run.recipe.hyperparameters.get("lr")?, weight_decay })
        });
        let hyperparameters: Vec<_> = runs.iter().map(|run| run.recipe.hyperparameters).collect();
        let initial: Vec<Vec<f32>> = runs.iter().map(|run| run.initial.clone()).collect();
        let parameters = network::upload(recipe.network, &initial, device)?;
        Ok(Self {
            network: recipe.network,
            layers: network::split(recipe.network, &parameters)?,
            parameters,
            optimiser: Adam::new(rates.collect::<Result<_, _>>()?, device)?,
            method: method::make(recipe.method.name, recipe.network, &hyperparameters, device)?,
            training: Rows::upload(recipe.network, runs.iter().map(|run| run.data.train), device)?,
            batch: recipe.batch,
            device: device.clone(),
        })
    }

    fn epoch(&mut self, runs: &mut [Run<'_>]) -> candle_core::Result<Vec<BlockLosses>> {
        let order = self.order(runs)?;
        let losses = self.steps(&order, usize::MAX)?;
        self.optimiser.flush()?;
        Ok(losses)
    }

    /// The rows of the next epoch's batches, each batch's of all runs, one after another.
    fn order(&self, runs: &mut [Run<'_>]) -> candle_core::Result<Tensor> {
        let examples = self.training.examples;
        let orders: Vec<Vec<u32>> = runs.iter_mut().map(|run| run.generator.permutation(examples)).collect();
        let mut rows = Vec::with_capacity(runs.len() * examples);
        for start in (0..examples).step_by(self.batch) {
            for (run, order) in orders.iter().enumerate() {
                let first = (run * examples) as u32;
                rows.extend(order[start..examples.min(start + self.batch)].iter().map(|row| first + row));
            }
        }
        Tensor::from_vec(rows, runs.len() * examples, &self.device)
    }

    /// The first steps of an epoch, up to so many.
    fn steps(&mut self, order: &Tensor, most: usize) -> candle_core::Result<Vec<BlockLosses>> {
        let (runs, examples) = (self.training.runs, self.training.examples);
        let starts = (0..examples).step_by(self.batch).take(most);
        let steps = starts.map(|start| {
            let length = self.batch.min(examples - start);
            self.step(&order.narrow(0, runs * start, runs * length)?)
        });
        steps.collect()
    }

    fn step(&mut self, rows: &Tensor) -> candle_core::Result<BlockLosses> {
        let (x, targets) = self.training.pick(rows)?;
        let pass = network::forward(&self.layers, x)?;
        let (cross_entropy, at_logits) = network::cross_entropy(&pass.logits, &targets)?;
        let mut penalty = None;
        let mut slopes = None;
        if self.method.is_at_activations() {
            let found = match self.optimiser.first_moments() {
                Some(momentum) => self.method.penalise(&network::split(self.network, momentum)?, &pass)?,
                None => self.method.penalise(&network::backward(&self.layers, &pass, &at_logits, None)?, &pass)?,
            };
            penalty = Some(found.value);
            slopes = Some(found.slopes);
        }
        let mut gradient = network::backward(&self.layers, &pass, &at_logits, slopes.as_deref())?;
        if let Some(found) = self.method.adjust(&self.layers, &pass, &mut gradient)? {
            penalty = Some(found);
        }
        self.parameters = self.optimiser.step(&self.parameters, &network::join(&gradient)?)?;
        self.layers = network::split(self.network, &self.parameters)?;
        Ok(BlockLosses { cross_entropy, penalty })
    }

    /// Each run's loss and accuracy, as `nn/evaluate.rs` defines them.
    fn score(&self, part: &Rows) -> candle_core::Result<Vec<(f64, f64)>> {
        let (mut losses, mut hits) = (vec![0.0; part.runs], vec![0.0; part.runs]);
        for start in (0..part.examples).step_by(self.batch) {
            let (x, targets, classes) = part.range(start, self.batch.min(part.examples - start))?;
            let pass = network::forward(&self.layers, x)?;
            let (loss, _) = network::cross_entropy(&pass.logits, &targets)?;
            for (sum, loss) in losses.iter_mut().zip(loss.to_vec1::<f32>()?) {
                *sum += f64::from(loss);
            }
            for (sum, hits) in hits.iter_mut().zip(network::hits(&pass.logits, &classes)?.to_vec1::<f32>()?) {
                *sum += f64::from(hits);
            }
        }
        let batches = part.examples.div_ceil(self.batch) as f64;
        let score = |(loss, hits): (f64, f64)| {
            let loss = loss / batches;
            (loss, if loss.is_nan() { f64::NAN } else { hits / part.examples as f64 })
        };
        Ok(losses.into_iter().zip(hits).map(score).collect())
    }
}
