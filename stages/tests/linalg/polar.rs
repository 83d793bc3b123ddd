//! Products, norms and polar factors against exact chains, faer's singular value decomposition and finite differences.

use std::ops::Range;

use faer::{Mat, MatMut, MatRef};
use proptest::prelude::*;
use stages::linalg::polar::Polar;
use stages::linalg::product::{gram, multiply, multiply_add};
use stages::methods::METHODS;
use stages::methods::method::{Hyperparameters, Step, find};
use stages::nn::mlp::{Mlp, Pass};
use stages::random::torch::Generator;

use super::{exact, reference, uniform, with_values};

/// Not merely close: each element is one chain of fused multiply-adds, so no processor or kernel gives other bytes.
#[test]
fn products_are_chains_of_fused_multiply_adds() {
    let mut generator = Generator::seeded(0);
    for (rows, inner, columns) in [(128, 40, 128), (104, 128, 128), (10, 128, 32), (128, 10, 128), (7, 3, 5), (1, 9, 1)]
    {
        let (left, right) = (uniform(&mut generator, rows * inner), uniform(&mut generator, inner * columns));
        for right_transposed in [false, true] {
            let mut out = vec![f32::NAN; rows * columns];
            let right_view = if right_transposed {
                MatRef::from_column_major_slice(&right, inner, columns)
            } else {
                MatRef::from_row_major_slice(&right, inner, columns)
            };
            let left_view = MatRef::from_row_major_slice(&left, rows, inner);
            multiply(MatMut::from_row_major_slice_mut(&mut out, rows, columns), left_view, right_view);
            for (at, &element) in out.iter().enumerate() {
                let terms = (0..inner).map(|k| (left_view[(at / columns, k)], right_view[(k, at % columns)]));
                let chain = terms.fold(0.0_f32, |sum, (left, right)| left.mul_add(right, sum));
                assert_eq!(element, chain, "element {at} of {rows}×{inner}×{columns}");
            }
        }
    }
}

/// The same of double precision, and of inner dimensions that processors with another cache would cut elsewhere.
#[test]
fn long_products_are_sums_of_chains() {
    let mut generator = Generator::seeded(6);
    for (rows, inner, columns) in [(32, 1250, 40), (33, 512, 7), (5, 600, 130), (70, 32, 90)] {
        let [left, right, start] = [(rows, inner), (inner, columns), (rows, columns)]
            .map(|(i, j)| exact(&uniform(&mut generator, i * j), i, j));
        let mut out = start.clone();
        multiply_add(out.as_mut(), -0.5, left.as_ref(), right.as_ref());
        for i in 0..rows {
            for j in 0..columns {
                let chain =
                    |range: Range<usize>| range.fold(0.0_f64, |sum, k| left[(i, k)].mul_add(right[(k, j)], sum));
                let chains = (0..inner).step_by(512).map(|begin| chain(begin..inner.min(begin + 512)));
                let expected = chains.fold(start[(i, j)], |sum, chain| (-0.5_f64).mul_add(chain, sum));
                assert_eq!(out[(i, j)], expected, "element {i}, {j} of {rows}×{inner}×{columns}");
            }
        }
    }
}

#[test]
fn gram_is_the_product_with_the_transpose() {
    let mut generator = Generator::seeded(1);
    for (rows, columns) in [(128, 128), (128, 40), (90, 65), (3, 100), (5, 1)] {
        let x = uniform(&mut generator, rows * columns);
        let (mut ours, mut theirs) = (vec![0.0; columns * columns], vec![0.0; columns * columns]);
        gram(&mut ours, &x, columns);
        let view = MatRef::from_row_major_slice(&x, rows, columns);
        multiply(MatMut::from_row_major_slice_mut(&mut theirs, columns, columns), view.transpose(), view);
        assert_eq!(ours, theirs);
    }
}

/// Asserts what polar.rs promises: Q and Σσ, as those of a matrix within 1e-5 of the given one.
fn assert_polar(matrix: &[f32], rows: usize, columns: usize) {
    let mut polar = Polar::new(rows, columns);
    let norm = polar.decompose(matrix);
    let (_, exact_norm, largest) = reference(matrix, rows, columns);
    assert!((norm - exact_norm).abs() < 2e-6 * exact_norm, "{rows}×{columns}: norm {norm}, exactly {exact_norm}");
    let (matrix, factor) = (exact(matrix, rows, columns), exact(polar.factor(), rows, columns));
    let short = rows.min(columns);
    // W = QH with H symmetric (on the short side): its asymmetry is the backward error.
    let (hermitian, gram) = if rows >= columns {
        (factor.transpose() * &matrix, factor.transpose() * &factor)
    } else {
        (&matrix * factor.transpose(), &factor * factor.transpose())
    };
    let asymmetry = (&hermitian - hermitian.transpose()).norm_l2() / largest;
    assert!(asymmetry < 1e-5, "{rows}×{columns}: asymmetry {asymmetry}");
    let skewness = (gram - Mat::<f64>::identity(short, short)).norm_l2();
    assert!(skewness < 1e-4, "{rows}×{columns}: {skewness} from orthonormal");
}

#[test]
fn polar_factors_of_weights_are_those_of_a_full_decomposition() {
    let mut generator = Generator::seeded(2);
    for (rows, columns) in [(128, 40), (128, 128), (10, 128), (10, 1), (1, 10), (1, 1), (2, 2), (65, 64)] {
        let matrix = uniform(&mut generator, rows * columns);
        assert_polar(&matrix, rows, columns);
        let (factor, ..) = reference(&matrix, rows, columns);
        let mut polar = Polar::new(rows, columns);
        polar.decompose(&matrix);
        let difference = (exact(polar.factor(), rows, columns) - factor).norm_max();
        assert!(difference < 2e-5, "{rows}×{columns}: {difference}");
    }
}

#[test]
fn small_singular_values_do_not_spoil_the_factor() {
    let mut generator = Generator::seeded(3);
    // One value far above all others, a broad spectrum, a cluster at the edge of the polynomials' interval.
    let lonely: Vec<f64> = (0..40).map(|at| if at == 0 { 1.0 } else { 2e-3 }).collect();
    let broad: Vec<f64> = (0..40).map(|at| 10.0_f64.powf(-f64::from(at) / 8.0)).collect();
    let edge: Vec<f64> = (0..40).map(|at| 0.5_f64.powi(at.min(6)) * 0.9).collect();
    for values in [lonely, broad, edge] {
        for (rows, columns) in [(60, 40), (40, 40), (40, 50)] {
            assert_polar(&with_values(&mut generator, rows, columns, &values), rows, columns);
        }
    }
}

#[test]
fn degenerate_matrices_get_a_finite_subgradient() {
    let mut generator = Generator::seeded(4);
    let mut polar = Polar::new(20, 12);
    assert_eq!(polar.decompose(&[0.0; 240]), 0.0);
    assert!(polar.factor().iter().all(|&element| element == 0.0));

    // Rank 3: right on the three directions, and of norm at most 1 elsewhere.
    let deficient = with_values(&mut generator, 20, 12, &[2.0, 1.0, 0.5]);
    let norm = polar.decompose(&deficient);
    assert!((norm - 3.5).abs() < 1e-5, "{norm}");
    let (_, _, largest) = reference(polar.factor(), 20, 12);
    assert!(largest < 1.0 + 1e-5, "{largest}");

    // As large as single precision goes: norms of columns would overflow.
    let huge: Vec<f32> = with_values(&mut generator, 20, 12, &[1.0; 12]).iter().map(|element| element * 3e38).collect();
    assert!((polar.decompose(&huge) / 3.6e39 - 1.0).abs() < 1e-5);

    let mut broken = deficient;
    broken[7] = f32::INFINITY;
    assert!(polar.decompose(&broken).is_nan());
    assert!(polar.factor().iter().all(|element| element.is_nan()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Q(cW) = Q(W), Q(Wᵀ) = Q(W)ᵀ.
    #[test]
    fn the_factor_ignores_scale_and_follows_the_transpose(
        rows in 1_usize..24, columns in 1_usize..24, seed in 0_u64..1000, scale in -50..50,
    ) {
        let matrix = uniform(&mut Generator::seeded(seed), rows * columns);
        let scaled: Vec<f32> = matrix.iter().map(|&element| element * 2.0_f32.powi(scale)).collect();
        let transposed: Vec<f32> = (0..rows * columns).map(|at| matrix[at % rows * columns + at / rows]).collect();
        let mut polar = Polar::new(rows, columns);
        let norm = polar.decompose(&matrix);
        let factor = polar.factor().to_vec();
        let scaled_norm = polar.decompose(&scaled);
        prop_assert!((scaled_norm - norm * 2.0_f64.powi(scale)).abs() <= 1e-6 * scaled_norm);
        let worst = factor.iter().zip(polar.factor()).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
        prop_assert!(worst < 1e-5, "{}", worst);

        let mut other = Polar::new(columns, rows);
        prop_assert!((other.decompose(&transposed) - norm).abs() <= 1e-6 * norm);
        if rows != columns {
            let back = (0..rows * columns).map(|at| other.factor()[at % columns * rows + at / columns]);
            let worst = factor.iter().zip(back).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
            prop_assert!(worst < 1e-5, "{}", worst);
        }
    }
}

/// Σ over layers of the sample variance of the singular values, by full decompositions.
fn variance(network: &Mlp, parameters: &[f64]) -> f64 {
    let of_layer = |rows: usize, columns: usize, weight: &[f64]| {
        let matrix = Mat::from_fn(rows, columns, |i, j| weight[i * columns + j]);
        let values = matrix.singular_values().unwrap();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64
    };
    network.layers().map(|layer| of_layer(layer.outputs, layer.inputs, &parameters[layer.weight.clone()])).sum()
}

#[test]
fn svvar_adds_the_derivative_of_the_variance() {
    let network = Mlp::new(40, &[24, 16], 10).unwrap();
    let mut generator = Generator::seeded(5);
    let parameters = network.initial(&mut generator);
    let strength = 0.7;
    let entry = find(METHODS, "svvar").unwrap();
    let mut method = (entry.make)(&network, &Hyperparameters::from([("strength", strength)])).unwrap();
    let start = uniform(&mut generator, parameters.len());
    let mut gradient = start.clone();
    let pass = Pass::new(&network, 1);
    let step = Step { network: &network, parameters: &parameters, x: &[], pass: &pass };
    let penalty = method.adjust(&step, &mut gradient);

    let exact: Vec<f64> = parameters.iter().map(|&parameter| f64::from(parameter)).collect();
    let expected = variance(&network, &exact);
    assert!((penalty - expected).abs() < 1e-5 * expected, "{penalty}, exactly {expected}");
    for _ in 0..5 {
        let direction: Vec<f64> = uniform(&mut generator, exact.len()).into_iter().map(f64::from).collect();
        let moved = |by: f64| exact.iter().zip(&direction).map(|(p, d)| p + by * d).collect::<Vec<_>>();
        let slope = (variance(&network, &moved(1e-5)) - variance(&network, &moved(-1e-5))) / 2e-5;
        let added = gradient.iter().zip(&start).map(|(after, before)| f64::from(after - before));
        let ours: f64 = added.zip(&direction).map(|(added, direction)| added * direction).sum();
        assert!((ours - strength * slope).abs() < 1e-5, "{ours}, exactly {}", strength * slope);
    }
    for layer in network.layers() {
        assert_eq!(gradient[layer.bias.clone()], start[layer.bias.clone()], "biases are left alone");
    }
}
