//! Spectra, alignments and truncations: full decompositions by faer, laws, and what has no derivative.

use faer::{Mat, Side};
use proptest::prelude::*;
use stages::linalg::alignment::Alignment;
use stages::linalg::lanes::{flat, flat_mut, lanes_for};
use stages::linalg::spectrum::Spectrum;
use stages::linalg::subspace::Subspace;
use stages::linalg::truncation::Truncation;
use stages::random::torch::Generator;

use super::{exact, uniform, with_values};

fn decompose(spectrum: &mut Spectrum, matrix: &Mat<f64>) {
    let width = 8 * lanes_for(matrix.nrows());
    let rows = flat_mut(spectrum.matrix());
    rows.fill(0.0);
    for i in 0..matrix.nrows() {
        for j in 0..matrix.ncols() {
            rows[i * width + j] = matrix[(i, j)];
        }
    }
    spectrum.decompose();
}

/// Asserts what spectrum.rs promises of the `count` largest, and that the vectors are orthonormal.
fn assert_spectrum(matrix: &Mat<f64>, count: usize, what: &str) {
    let order = matrix.nrows();
    let mut spectrum = Spectrum::new(order, count);
    decompose(&mut spectrum, matrix);
    let mut expected = matrix.self_adjoint_eigenvalues(Side::Lower).unwrap();
    expected.reverse();
    let largest = expected.iter().fold(0.0, |most, value| f64::max(most, value.abs()));
    let vectors = Mat::from_fn(order, count, |i, j| flat(spectrum.vector(j))[i]);
    for (at, (&ours, &expected)) in spectrum.values().iter().zip(&expected).enumerate() {
        assert!((ours - expected).abs() <= 1e-13 * largest, "{what}: value {at} is {ours}, by faer {expected}");
        let vector = vectors.col(at);
        let residual = (matrix * vector - ours * vector).norm_l2();
        assert!(residual <= 1e-13 * largest, "{what}: residual {residual:e} of vector {at}");
        assert!(flat(spectrum.vector(at))[order..].iter().all(|&padding| padding == 0.0), "{what}");
    }
    let skewness = (vectors.transpose() * &vectors - Mat::<f64>::identity(count, count)).norm_max();
    assert!(skewness < 1e-14, "{what}: {skewness:e} from orthonormal");
}

#[test]
fn spectra_of_every_kind() {
    let mut generator = Generator::seeded(10);
    for (order, count) in [(1, 1), (2, 1), (2, 2), (7, 3), (8, 8), (40, 6), (65, 11), (128, 6), (128, 40), (30, 30)] {
        let x = exact(&uniform(&mut generator, order * order), order, order);
        assert_spectrum(&(x.transpose() * &x), count, "positive");
        assert_spectrum(&(&x + x.transpose()), count, "indefinite");
        assert_spectrum(&Mat::zeros(order, order), count, "zero");
        assert_spectrum(&Mat::identity(order, order), count, "identity");
        let diagonal = Mat::from_fn(order, order, |i, j| if i == j { (i / 3) as f64 } else { 0.0 });
        assert_spectrum(&diagonal, count, "diagonal, with equal values");
        let single = x.col(0) * x.col(0).transpose();
        assert_spectrum(&single, count, "of rank one");
        let steep: Vec<f64> = (0..order).map(|at| 10.0_f64.powi(-(at as i32))).collect();
        let steep = exact(&with_values(&mut generator, order, order, &steep), order, order);
        assert_spectrum(&(steep.transpose() * &steep), count, "steep");
        let clusters: Vec<f64> = (0..order).map(|at| if at < order / 2 { 2.0 } else { 1.0 }).collect();
        let clusters = exact(&with_values(&mut generator, order, order, &clusters), order, order);
        assert_spectrum(&(clusters.transpose() * &clusters), count, "two clusters");
        // Wilkinson's matrix W⁺: its largest eigenvalues come in pairs that agree to many figures.
        let middle = (order / 2) as f64;
        let pairs = Mat::from_fn(order, order, |i, j| match i.abs_diff(j) {
            0 => (i as f64 - middle).abs(),
            1 => 1.0,
            _ => 0.0,
        });
        assert_spectrum(&pairs, count, "Wilkinson's");
        assert_spectrum(&(1e-70 * &pairs), count, "tiny");
        assert_spectrum(&(1e70 * &pairs), count, "huge");
    }
}

/// Without a start from the last result, there is none to leave a trace.
#[test]
fn nothing_depends_on_what_came_before() {
    let mut generator = Generator::seeded(11);
    for (rows, columns) in [(30, 20), (10, 20), (20, 20)] {
        let [x, w, other] = [24, rows, rows].map(|rows| uniform(&mut generator, rows * columns));
        let run = |before: &[&[f32]]| {
            let mut alignment = Alignment::new(rows, columns, 5);
            let mut truncation = Truncation::new(rows, columns, 4);
            let mut subspace = Subspace::new(columns, 5);
            for matrix in before {
                alignment.align(&matrix[..3 * columns], matrix);
                truncation.truncate(&mut matrix.to_vec());
                subspace.find(matrix);
            }
            let (mut gradient, mut truncated) = (vec![0.0; w.len()], w.clone());
            let value = alignment.align(&x, &w);
            alignment.add_gradient(&mut gradient, 1.0);
            truncation.truncate(&mut truncated);
            subspace.find(&x);
            (value.to_bits(), gradient, truncated, subspace.vector(4).to_vec())
        };
        let fresh = run(&[]);
        assert_eq!(run(&[&other]), fresh);
        assert_eq!(run(&[&vec![0.0; other.len()], &other, &vec![f32::NAN; other.len()]]), fresh);
    }
}

#[test]
fn where_an_alignment_has_no_derivative_it_is_0() {
    let mut generator = Generator::seeded(12);
    let (rows, columns) = (20, 12);
    let x = uniform(&mut generator, 30 * columns);
    let identity: Vec<f32> =
        (0..rows * columns).map(|at| if at / columns == at % columns { 1.0 } else { 0.0 }).collect();
    let deficient = with_values(&mut generator, rows, columns, &[3.0, 2.0]);
    let tied: Vec<f32> = (0..rows * columns)
        .map(|at| if at / columns == at % columns { [4.0, 3.0, 3.0, 1.0][at % columns % 4] } else { 0.0 })
        .collect();
    for (w, directions, least, most) in [
        (&vec![0.0; rows * columns], 2, 0.0, 0.0),
        (&identity, 3, 0.0, 3.0),
        // Two directions of the three that are asked for.
        (&deficient, 3, 0.0, 2.0),
        (&tied, 4, 0.0, 4.0),
    ] {
        for transposed in [false, true] {
            let (rows, columns) = if transposed { (columns, rows) } else { (rows, columns) };
            let w: Vec<f32> = if transposed {
                (0..rows * columns).map(|at| w[at % columns * rows + at / columns]).collect()
            } else {
                w.clone()
            };
            let x = &x[..x.len() / columns * columns];
            let mut alignment = Alignment::new(rows, columns, directions);
            let value = alignment.align(x, &w);
            assert!((least..=most + 1e-9).contains(&value), "{value}");
            let mut gradient = vec![0.0; w.len()];
            alignment.add_gradient(&mut gradient, 1.0);
            assert!(gradient.iter().all(|&element| element == 0.0), "{directions}");
        }
    }
    // A batch of zeros has no directions to be aligned with.
    let w = uniform(&mut generator, rows * columns);
    let mut alignment = Alignment::new(rows, columns, 3);
    assert_eq!(alignment.align(&[0.0; 36], &w), 0.0);
    let mut gradient = vec![0.0; w.len()];
    alignment.add_gradient(&mut gradient, 1.0);
    assert!(gradient.iter().all(|&element| element == 0.0));
    // None are asked for.
    assert_eq!(Alignment::new(rows, columns, 0).align(&x, &w), 0.0);

    for at in [0, 1] {
        let (mut x, mut w) = (x.clone(), w.clone());
        if at == 0 {
            x[7] = f32::NAN
        } else {
            w[7] = f32::INFINITY
        }
        assert!(alignment.align(&x, &w).is_nan());
        let mut gradient = vec![0.0; w.len()];
        alignment.add_gradient(&mut gradient, 1.0);
        assert!(gradient.iter().all(|element| element.is_nan()));
    }
}

#[test]
fn truncations_at_their_limits() {
    let mut generator = Generator::seeded(13);
    let matrix = uniform(&mut generator, 60);
    let truncated = |rows: usize, rank: usize, mut matrix: Vec<f32>| {
        Truncation::new(rows, matrix.len() / rows, rank).truncate(&mut matrix);
        matrix
    };
    assert_eq!(truncated(6, 6, matrix.clone()), matrix);
    assert_eq!(truncated(10, 99, matrix.clone()), matrix);
    assert_eq!(truncated(6, 0, matrix.clone()), [0.0; 60]);
    assert_eq!(truncated(6, 3, vec![0.0; 60]), [0.0; 60]);
    assert_eq!(truncated(1, 1, matrix.clone()), matrix);
    let mut broken = matrix;
    broken[3] = f32::NEG_INFINITY;
    assert!(truncated(6, 3, broken).iter().all(|element| element.is_nan()));
}

/// An orthogonal matrix, in double precision.
fn orthogonal(generator: &mut Generator, order: usize) -> Mat<f64> {
    exact(&uniform(generator, order * order), order, order).qr().compute_Q()
}

fn rounded(matrix: &Mat<f64>) -> Vec<f32> {
    (0..matrix.nrows()).flat_map(|i| matrix.row(i).iter().map(|&element| element as f32).collect::<Vec<_>>()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// The alignment sees spaces only: rotations of rows change nothing, a rotation of both column spaces turns the
    /// gradient along, and no multiple of W is better than another, so the gradient is orthogonal to W.
    #[test]
    fn alignments_obey_their_symmetries(
        seed in any::<u32>(), rows in 1_usize..25, columns in 2_usize..25, examples in 1_usize..25, k in 1_usize..7, scale in -20_i32..20,
    ) {
        let mut generator = Generator::seeded(u64::from(seed));
        let (x, w) = (uniform(&mut generator, examples * columns), uniform(&mut generator, rows * columns));
        let mut alignment = Alignment::new(rows, columns, k);
        let align = |alignment: &mut Alignment, x: &[f32], w: &[f32]| {
            let value = alignment.align(x, w);
            let mut gradient = vec![0.0; w.len()];
            alignment.add_gradient(&mut gradient, 1.0);
            (value, exact(&gradient, rows, columns))
        };
        let (value, gradient) = align(&mut alignment, &x, &w);
        prop_assert!((-1e-12..=k.min(rows).min(columns).min(examples) as f64 + 1e-9).contains(&value), "{}", value);
        let w_exact = exact(&w, rows, columns);
        let along: f64 = (0..rows).map(|i| gradient.row(i) * w_exact.row(i).transpose()).sum();
        prop_assert!(along.abs() <= 1e-5 * gradient.norm_l2() * w_exact.norm_l2(), "{}", along);

        let factor = 2.0_f32.powi(scale);
        let scaled: Vec<f32> = w.iter().map(|element| element * factor).collect();
        let (same, smaller) = align(&mut alignment, &x, &scaled);
        prop_assert_eq!(same, value);
        prop_assert!((smaller * f64::from(factor) - &gradient).norm_max() <= 1e-6 * gradient.norm_max());

        // Rounding the turned matrices to single precision moves them by 1e-7, which the gap may amplify.
        let values = w_exact.singular_values().unwrap();
        let k = k.min(rows).min(columns);
        let below = values.get(k).copied().unwrap_or(0.0);
        let x_values = exact(&x, examples, columns).singular_values().unwrap();
        let x_k = k.min(x_values.len());
        let x_below = x_values.get(x_k).copied().unwrap_or(0.0);
        prop_assume!(values[k - 1] - below > 0.05 * values[0] && x_values[x_k - 1] - x_below > 0.05 * x_values[0]);
        let (left, x_left) = (orthogonal(&mut generator, rows), orthogonal(&mut generator, examples));
        let turned = orthogonal(&mut generator, columns);
        let new_w = rounded(&(&left * &w_exact * &turned));
        let new_x = rounded(&(x_left * exact(&x, examples, columns) * &turned));
        let (same, new_gradient) = align(&mut alignment, &new_x, &new_w);
        prop_assert!((same - value).abs() < 1e-4, "{} {}", same, value);
        let back = left.transpose() * new_gradient * turned.transpose();
        prop_assert!((back - &gradient).norm_max() < 1e-3 * gradient.norm_max().max(1.0));
    }

    /// Eckart and Young: the error of the truncation is what the other singular values hold, and no other matrix of that
    /// rank does better. Truncating again changes nothing.
    #[test]
    fn truncations_are_the_best_approximations(
        seed in any::<u32>(), rows in 1_usize..30, columns in 1_usize..30, k in 1_usize..9,
    ) {
        let mut generator = Generator::seeded(u64::from(seed));
        let matrix = uniform(&mut generator, rows * columns);
        let mut truncation = Truncation::new(rows, columns, k);
        let mut truncated = matrix.clone();
        truncation.truncate(&mut truncated);
        let (whole, kept) = (exact(&matrix, rows, columns), exact(&truncated, rows, columns));
        let values = whole.singular_values().unwrap();
        let lost: f64 = values.iter().skip(k).map(|value| value * value).sum::<f64>().sqrt();
        let error = (&whole - &kept).norm_l2();
        prop_assert!((error - lost).abs() < 1e-6 * values[0], "{} {}", error, lost);
        let ranks = kept.singular_values().unwrap();
        prop_assert!(ranks.iter().skip(k).all(|&value| value < 1e-6 * values[0]));

        let mut again = truncated.clone();
        truncation.truncate(&mut again);
        let change = (exact(&again, rows, columns) - &kept).norm_max();
        prop_assert!(change < 1e-6 * values[0], "{}", change);

        let rival = exact(&uniform(&mut generator, rows * k), rows, k) * exact(&uniform(&mut generator, k * columns), k, columns);
        prop_assert!((&whole - rival).norm_l2() >= error - 1e-6 * values[0]);
    }
}
