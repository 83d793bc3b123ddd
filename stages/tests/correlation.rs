//! The sums of squared correlations, and their gradients, against candle's automatic differentiation in double precision.

use candle_core::{D, DType, Device, Tensor, Var};
use stages::linalg::correlation::Correlation;
use stages::methods::METHODS;
use stages::methods::method::{Hyperparameters, find};
use stages::nn::loss::CrossEntropy;
use stages::nn::mlp::{Mlp, Pass};
use stages::random::torch::Generator;

/// What ReLU lets through, (batch × units): correlated units, one that is dead and one that never varies.
fn activations(units: usize, batch: usize, generator: &mut Generator) -> Vec<f32> {
    let (mut values, mut common) = (vec![0.0; batch * units], vec![0.0; batch]);
    generator.fill_uniform_f32(&mut values, -1.0, 2.0);
    generator.fill_uniform_f32(&mut common, -1.0, 1.0);
    for (row, common) in values.chunks_exact_mut(units).zip(common) {
        for (unit, value) in row.iter_mut().enumerate() {
            let value = &mut *value;
            *value = match unit {
                1 => 0.0,
                2 => 0.75,
                _ => (*value + common * (unit % 3) as f32).max(0.0),
            };
        }
    }
    values
}

/// The formula of the write-up: `weights` is (units × units), of which the upper triangle counts.
fn by_candle(activations: &[f32], units: usize, weights: &Tensor) -> (f64, Vec<f64>) {
    let batch = activations.len() / units;
    let tensor = Tensor::from_slice(activations, (batch, units), &Device::Cpu).unwrap();
    let variable = Var::from_tensor(&tensor.to_dtype(DType::F64).unwrap()).unwrap();
    let centred = variable.broadcast_sub(&variable.mean_keepdim(0).unwrap()).unwrap();
    let covariance = (centred.t().unwrap().matmul(&centred).unwrap() / (batch as f64 - 1.0)).unwrap();
    let identity = Tensor::eye(units, DType::F64, &Device::Cpu).unwrap();
    let variances = (&covariance * &identity).unwrap().sum(D::Minus1).unwrap();
    let deviations = (variances + 1e-8).unwrap().sqrt().unwrap();
    let outer = deviations.unsqueeze(1).unwrap().broadcast_mul(&deviations.unsqueeze(0).unwrap()).unwrap();
    let squares = (covariance / outer).unwrap().sqr().unwrap();
    let above = (Tensor::triu2(units, DType::F64, &Device::Cpu).unwrap() - identity).unwrap();
    let sum = (squares * above).unwrap().mul(weights).unwrap().sum_all().unwrap();
    let gradient = sum.backward().unwrap().get(&variable).unwrap().flatten_all().unwrap();
    (sum.to_scalar().unwrap(), gradient.to_vec1().unwrap())
}

fn power(cosine: f64, exponent: f64) -> f64 {
    if cosine > 0.0 { cosine.powf(exponent) } else { 0.0 }
}

/// max(0, cos)^exponent of all pairs of rows.
fn weights(directions: &[f32], units: usize, exponent: f64) -> Tensor {
    let rows: Vec<Vec<f64>> = directions
        .chunks_exact(directions.len() / units)
        .map(|row| {
            let length = row.iter().map(|&element| f64::from(element).powi(2)).sum::<f64>().sqrt().max(1e-12);
            row.iter().map(|&element| f64::from(element) / length).collect()
        })
        .collect();
    let cosine = |left: &[f64], right: &[f64]| left.iter().zip(right).map(|(left, right)| left * right).sum::<f64>();
    let all = rows.iter().flat_map(|left| rows.iter().map(move |right| power(cosine(left, right), exponent)));
    Tensor::from_vec(all.collect(), (units, units), &Device::Cpu).unwrap()
}

fn assert_same(value: f64, gradient: &[f32], expected: f64, expected_gradient: &[f64], what: &str) {
    assert!((value - expected).abs() < 1e-6 * expected, "{what}: {value}, candle {expected}");
    let scale = expected_gradient.iter().fold(0.0_f64, |largest, slope| largest.max(slope.abs()));
    for (at, (&ours, theirs)) in gradient.iter().zip(expected_gradient).enumerate() {
        assert!((f64::from(ours) - theirs).abs() < 5e-6 * scale, "{what}: element {at}: {ours}, candle {theirs}");
    }
}

/// Fewer and more units than examples, and more than one tile of them.
const SHAPES: [(usize, usize); 4] = [(5, 9), (9, 5), (40, 128), (300, 64)];

#[test]
fn without_weights_as_by_automatic_differentiation() {
    for (units, batch) in SHAPES {
        let mut generator = Generator::seeded(1);
        let mut correlation = Correlation::new(units);
        // A smaller batch after a larger one, as at the end of an epoch.
        for batch in [batch, batch - 2] {
            let activations = activations(units, batch, &mut generator);
            let value = correlation.sum_of_squares(&activations);
            let mut gradient = vec![f32::NAN; activations.len()];
            correlation.gradient(1.0, &mut gradient);
            let ones = Tensor::ones((units, units), DType::F64, &Device::Cpu).unwrap();
            let (expected, expected_gradient) = by_candle(&activations, units, &ones);
            assert_same(value, &gradient, expected, &expected_gradient, &format!("{units} units, batch {batch}"));
        }
    }
}

#[test]
fn with_weights_as_by_automatic_differentiation() {
    for (units, batch) in SHAPES {
        for exponent in [0.6156, 2.5] {
            let mut generator = Generator::seeded(2);
            let activations = activations(units, batch, &mut generator);
            let mut directions = vec![0.0; units * 7];
            generator.fill_uniform_f32(&mut directions, -0.6, 1.0);
            if units > 5 {
                directions[3 * 7..4 * 7].fill(0.0); // a unit that nothing pulls
                directions[4 * 7..5 * 7].fill(1e-30); // and one that is hardly pulled
            }
            let mut correlation = Correlation::new(units);
            let weight = |cosine: f32| power(f64::from(cosine), exponent) as f32;
            let value = correlation.weighted_sum_of_squares(&activations, &directions, weight);
            let mut gradient = vec![f32::NAN; activations.len()];
            correlation.gradient(3.0, &mut gradient);
            gradient.iter_mut().for_each(|slope| *slope /= 3.0);
            let (expected, expected_gradient) = by_candle(&activations, units, &weights(&directions, units, exponent));
            let what = format!("{units} units, batch {batch}, exponent {exponent}");
            assert_same(value, &gradient, expected, &expected_gradient, &what);
        }
    }
}

#[test]
fn nothing_is_learnt_from_one_example_or_from_units_that_never_vary() {
    let mut correlation = Correlation::new(3);
    assert_eq!(correlation.sum_of_squares(&[1.0, 2.0, 3.0]), 0.0);
    let still = [1.0, 0.0, 3.0, 1.0, 0.0, 3.0];
    assert_eq!(correlation.sum_of_squares(&still), 0.0);
    assert_eq!(correlation.weighted_sum_of_squares(&still, &[1.0; 6], |cosine| cosine), 0.0);
    let mut slopes = [f32::NAN; 6];
    correlation.gradient(1.0, &mut slopes);
    assert_eq!(slopes, [0.0; 6]);
    assert!(correlation.sum_of_squares(&[1.0, f32::NAN, 3.0, 2.0, 1.0, 2.0]).is_nan());
}

/// What a method adds at the activations goes back with the cross-entropy's gradient: the difference quotient of the whole
/// loss, along the gradient itself.
#[test]
fn the_methods_gradients_are_those_of_their_losses() {
    let network = Mlp::new(6, &[9, 8], 3).unwrap();
    let mut generator = Generator::seeded(5);
    let parameters = network.initial(&mut generator);
    let (batch, alpha) = (30, 2.5);
    let mut x = vec![0.0; batch * 6];
    generator.fill_uniform_f32(&mut x, -2.0, 2.0);
    let labels: Vec<u8> = (0..batch).map(|_| (generator.word32() % 3) as u8).collect();
    let mut momentum = vec![0.0; network.parameters()];
    generator.fill_uniform_f32(&mut momentum, -0.5, 1.0);
    let hyperparameters = Hyperparameters::from([("alpha", alpha), ("gamma", 0.7)]);
    for name in ["decorr", "gwd"] {
        let mut method = (find(METHODS, name).unwrap().make)(&network, &hyperparameters).unwrap();
        let mut at = |parameters: &[f32], gradient: &mut [f32]| -> f64 {
            let mut pass = Pass::new(&network, batch);
            let loss = CrossEntropy::new(batch).value_and_gradient(pass.forward(parameters, &x), &labels);
            let penalty = method.at_activations().unwrap().penalise(&network, &momentum, &mut pass);
            pass.backward(parameters, &x, gradient);
            loss + alpha * penalty
        };
        let mut gradient = vec![0.0; parameters.len()];
        at(&parameters, &mut gradient);
        let square: f64 = gradient.iter().map(|&slope| f64::from(slope).powi(2)).sum();
        let mut moved = |step: f32| {
            let there: Vec<f32> = parameters.iter().zip(&gradient).map(|(p, slope)| p + step * slope).collect();
            at(&there, &mut vec![0.0; parameters.len()])
        };
        let step = 2e-3;
        let quotient = (moved(step) - moved(-step)) / (2.0 * f64::from(step));
        assert!((quotient - square).abs() < 3e-3 * square, "{name}: {quotient}, by the gradient {square}");
    }
}
