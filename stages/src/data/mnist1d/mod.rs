//! MNIST-1D: ten one-dimensional "digits", padded, stretched, shifted, sheared and buried in noise.
//!
//! Greydanus and Kobak (2024), "Scaling Down Deep Learning with MNIST-1D", <https://arxiv.org/abs/2011.14597>. This makes
//! what their package `mnist1d` 0.0.2 makes, bit for bit in double precision, so every sum below keeps NumPy's order and
//! nothing is fused. A few results in ten thousand may be a unit in the last place off where the C library's `ln` differs
//! from glibc's; in single precision, as all experiments use the data, that does not show.

mod noise;
mod resample;
mod sums;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use self::noise::{REACH, smoothed};
use self::resample::{Interpolation, linspace};
use self::sums::mean_and_std;
use crate::random::numpy::RandomState;

pub const CLASSES: usize = 10;

/// Points in a digit's template.
const POINTS: usize = 12;

/// The digits as drawn, before they are normalised.
const TEMPLATES: [[f64; POINTS]; CLASSES] = [
    [5.0, 6.0, 6.5, 6.75, 7.0, 7.0, 7.0, 7.0, 6.75, 6.5, 6.0, 5.0],
    [5.0, 3.0, 3.0, 3.4, 3.8, 4.2, 4.6, 5.0, 5.4, 5.8, 5.0, 5.0],
    [5.0, 6.0, 6.5, 6.5, 6.0, 5.25, 4.75, 4.0, 3.5, 3.5, 4.0, 5.0],
    [5.0, 6.0, 6.5, 6.5, 6.0, 5.0, 5.0, 6.0, 6.5, 6.5, 6.0, 5.0],
    [5.0, 4.4, 3.8, 3.2, 2.6, 2.6, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0],
    [5.0, 3.0, 3.0, 3.0, 3.0, 5.0, 6.0, 6.5, 6.5, 6.0, 4.5, 5.0],
    [5.0, 4.0, 3.5, 3.25, 3.0, 3.0, 3.0, 3.0, 3.25, 3.5, 4.0, 5.0],
    [5.0, 7.0, 7.0, 6.6, 6.2, 5.8, 5.4, 5.0, 4.6, 4.2, 5.0, 5.0],
    [5.0, 4.0, 3.5, 3.5, 4.0, 5.0, 5.0, 4.0, 3.5, 3.5, 4.0, 5.0],
    [5.0, 4.0, 3.5, 3.5, 4.0, 5.0, 5.0, 5.0, 5.0, 4.7, 4.3, 5.0],
];

/// What `get_dataset_args()` of the package holds, with its defaults. `template_len` is missing: it is always 12.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Samples in both parts together, rounded down to a multiple of ten (`num_samples`).
    pub samples: usize,
    /// The share of the samples that the train part gets, rounded down.
    pub train_split: f64,
    /// The least and the greatest number of zeros put behind a template.
    pub padding: (u32, u32),
    /// Templates are scaled by 1 ± half of this.
    pub scale_coeff: f64,
    /// Signals are rotated by less than this many points.
    pub max_translation: u32,
    /// Standard deviation of the noise that is smoothed and laid where the signal is zero, before it is smoothed.
    pub corr_noise_scale: f64,
    /// Standard deviation of the noise added to every point.
    pub iid_noise_scale: f64,
    /// Signals are sheared by a slope within ± half of this.
    pub shear_scale: f64,
    /// Whether the features are put in a random order, the same for all samples.
    pub shuffle_seq: bool,
    /// Features of a finished sample.
    pub final_seq_length: usize,
    pub seed: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            samples: 5000,
            train_split: 0.8,
            padding: (36, 60),
            scale_coeff: 0.4,
            max_translation: 48,
            corr_noise_scale: 0.25,
            iid_noise_scale: 0.02,
            shear_scale: 0.75,
            shuffle_seq: false,
            final_seq_length: 40,
            seed: 42,
        }
    }
}

/// Options that no data set can be made from.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum OptionsError {
    #[error("samples: {0} is too few, for each of the ten classes needs one")]
    Samples(usize),
    #[error("train_split: {0} is not a share between 0 and 1")]
    TrainSplit(f64),
    #[error("padding: the least, {0}, is more than the greatest, {1}")]
    Padding(u32, u32),
    #[error("max_translation: {translation} is not between 1 and the signal's {points} points")]
    Translation { translation: u32, points: usize },
    #[error("final_seq_length: a sample needs at least one feature")]
    Length,
}

/// The data set. Samples are rows: `x` is (samples × features), row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Mnist1d {
    pub x: Vec<f64>,
    /// Classes, 0 to 9.
    pub y: Vec<u8>,
    pub x_test: Vec<f64>,
    pub y_test: Vec<u8>,
    /// Where the features of an undistorted sample lie, the same for all: as many as there are features.
    pub t: Vec<f64>,
}

/// Makes the data set, `make_dataset(args)` of the package: the same options always give the same bytes.
pub fn generate(options: &Options) -> Result<Mnist1d, OptionsError> {
    let mut sampler = Sampler::new(options)?;
    let mut random = RandomState::seeded(options.seed);
    let features = options.final_seq_length;
    let per_class = options.samples / CLASSES;
    let samples = per_class * CLASSES;

    let mut by_class = vec![0.0; samples * features];
    for (sample, row) in by_class.chunks_exact_mut(features).enumerate() {
        sampler.draw(sample / per_class, &mut random, row);
    }

    let order = random.permutation(samples);
    let columns = options.shuffle_seq.then(|| random.permutation(features));
    let mut x = Vec::with_capacity(samples * features);
    let mut y = Vec::with_capacity(samples);
    for sample in order.into_iter().map(|sample| sample as usize) {
        let row = &by_class[sample * features..][..features];
        match &columns {
            None => x.extend_from_slice(row),
            Some(columns) => x.extend(columns.iter().map(|&column| row[column as usize])),
        }
        y.push((sample / per_class) as u8);
    }

    // NumPy sums in memory order, and indexing the columns left it with columns one after the other.
    let (mean, std) = if columns.is_some() {
        let by_column: Vec<f64> =
            (0..features).flat_map(|column| x.iter().skip(column).step_by(features).copied()).collect();
        mean_and_std(&by_column)
    } else {
        mean_and_std(&x)
    };
    x.iter_mut().for_each(|value| *value = (*value - mean) / std);
    let t = sampler.positions().into_iter().map(|position| position / std).collect();

    let train = (samples as f64 * options.train_split) as usize;
    let x_test = x.split_off(train * features);
    let y_test = y.split_off(train);
    Ok(Mnist1d { x, y, x_test, y_test, t })
}

/// Draws samples, with all that they share worked out once and a buffer for each step.
struct Sampler<'a> {
    options: &'a Options,
    templates: [[f64; POINTS]; CLASSES],
    /// From a padded template to the signal, for each number of zeros that padding may add.
    dilations: Vec<Interpolation>,
    /// From the signal to the finished sample.
    subsampling: Interpolation,
    /// What a shear of 1 takes from each point.
    slope: Vec<f64>,
    padded: Vec<f64>,
    signal: Vec<f64>,
    noise: Vec<f64>,
    smooth: Vec<f64>,
}

impl<'a> Sampler<'a> {
    fn new(options: &'a Options) -> Result<Self, OptionsError> {
        let Options { samples, train_split, padding: (least, greatest), max_translation, final_seq_length, .. } =
            *options;
        let points = POINTS + greatest as usize;
        if samples < CLASSES {
            return Err(OptionsError::Samples(samples));
        }
        if !(0.0..=1.0).contains(&train_split) {
            return Err(OptionsError::TrainSplit(train_split));
        }
        if least > greatest {
            return Err(OptionsError::Padding(least, greatest));
        }
        if max_translation < 1 || max_translation as usize > points {
            return Err(OptionsError::Translation { translation: max_translation, points });
        }
        if final_seq_length == 0 {
            return Err(OptionsError::Length);
        }
        Ok(Self {
            options,
            templates: TEMPLATES.map(normalised),
            dilations: (least..=greatest).map(|zeros| Interpolation::new(POINTS + zeros as usize, points)).collect(),
            subsampling: Interpolation::new(points, final_seq_length),
            slope: linspace(-0.5, 0.5, points),
            padded: vec![0.0; points],
            signal: vec![0.0; points],
            noise: vec![0.0; points + 2 * REACH],
            smooth: vec![0.0; points],
        })
    }

    /// Draws one sample of a class into `row`.
    fn draw(&mut self, class: usize, random: &mut RandomState, row: &mut [f64]) {
        let options = self.options;
        let signal = &mut self.signal;

        // Pad and dilate. What lies behind the template in `padded` is always zero. The 1e-8 keeps a template's own
        // zeros from being taken for padding below.
        let choice = (random.double() * self.dilations.len() as f64) as usize;
        for (padded, template) in self.padded.iter_mut().zip(&self.templates[class]) {
            *padded = template + 1e-8;
        }
        self.dilations[choice].apply(&self.padded, signal);

        // Scale and translate.
        let scale = 1.0 + options.scale_coeff * (random.double() - 0.5);
        signal.iter_mut().for_each(|value| *value *= scale);
        signal.rotate_right(random.bounded(options.max_translation - 1) as usize);

        // Noise: correlated where the padding is, independent everywhere.
        let points = signal.len();
        for noise in &mut self.noise[REACH..][..points] {
            *noise = options.corr_noise_scale * random.normal();
        }
        smoothed(&mut self.noise, &mut self.smooth);
        for (value, noise) in signal.iter_mut().zip(&self.smooth) {
            let with = if *value == 0.0 { *noise } else { *value };
            *value = with + options.iid_noise_scale * random.normal();
        }

        // Shear and subsample.
        let shear = options.shear_scale * (random.double() - 0.5);
        for (value, slope) in signal.iter_mut().zip(&self.slope) {
            *value -= shear * slope;
        }
        self.subsampling.apply(signal, row);
    }

    /// Where the points of an undistorted sample lie.
    fn positions(&self) -> Vec<f64> {
        let template: Vec<f64> = linspace(-5.0, 5.0, POINTS).into_iter().map(|position| position / 6.0).collect();
        let mut signal = vec![0.0; self.signal.len()];
        Interpolation::new(POINTS, signal.len()).apply(&template, &mut signal);
        let mut positions = vec![0.0; self.options.final_seq_length];
        self.subsampling.apply(&signal, &mut positions);
        positions
    }
}

/// A template with mean 0 and standard deviation 1, moved to begin at 0, a sixth as high.
fn normalised(mut template: [f64; POINTS]) -> [f64; POINTS] {
    let (mean, _) = mean_and_std(&template);
    template = template.map(|value| value - mean);
    let (_, std) = mean_and_std(&template);
    template = template.map(|value| value / std);
    template.map(|value| (value - template[0]) / 6.0)
}
