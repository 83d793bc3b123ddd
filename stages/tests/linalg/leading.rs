//! Large matrices: leading singular values followed from one to the next, complements, angles.

use faer::Mat;
use stages::linalg::angles::principal_angles;
use stages::linalg::bidiagonal::singular_values;
use stages::linalg::complement::Reflections;
use stages::linalg::elimination;
use stages::linalg::leading::Leading;
use stages::random::torch::Generator;

use super::{exact, uniform, with_values};

/// Asserts what leading.rs certifies, against a full decomposition.
fn assert_leading(leading: &Leading, matrix: &[f32], what: &str) {
    let columns = leading.vector(0).len();
    let rows = matrix.len() / columns;
    let svd = exact(matrix, rows, columns).thin_svd().unwrap();
    let values: Vec<f64> = svd.S().column_vector().iter().copied().collect();
    for (at, (&ours, &expected)) in leading.values().iter().zip(&values).enumerate() {
        assert!(
            (ours - expected).abs() <= 1e-5 * expected + 1e-6 * values[0],
            "{what}: value {at} is {ours}, by faer {expected}"
        );
    }
    let cosine: f64 = leading.vector(0).iter().zip(svd.V().col(0).iter()).map(|(ours, theirs)| ours * theirs).sum();
    assert!(1.0 - cosine.abs() < 0.5 * 5e-5 * 5e-5, "{what}: cosine {cosine}");
    let left = leading.left_vector(matrix, 0);
    let cosine: f64 = left.iter().zip(svd.U().col(0).iter()).map(|(ours, theirs)| ours * theirs).sum();
    assert!(1.0 - cosine.abs() < 0.5 * 1e-4 * 1e-4, "{what}: left cosine {cosine}");
    let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    assert!((leading.norm() / norm - 1.0).abs() < 1e-12, "{what}");
}

#[test]
fn leading_triplets_are_those_of_a_full_decomposition() {
    let mut generator = Generator::seeded(20);
    let (rows, columns) = (125, 100);
    let noise = uniform(&mut generator, rows * columns);
    let decaying = with_values(&mut generator, rows, columns, &(0..100).map(|at| 0.7_f64.powi(at)).collect::<Vec<_>>());
    let overtaking = with_values(&mut generator, rows, columns, &[3.0, 2.0, 1.0]);
    let alone = with_values(&mut generator, rows, columns, &[50.0]);
    let mut leading = Leading::new(columns, 2);
    for (matrix, what, fast) in [
        (&noise, "flat", false),
        (&decaying, "decaying", true),
        // Nothing of the last one's directions is in this one's.
        (&overtaking, "others", true),
        (&noise, "flat again", false),
        // The second value is of the size of rounding.
        (&alone, "one direction", true),
    ] {
        leading.decompose(matrix);
        assert_leading(&leading, matrix, what);
        assert_eq!(leading.passes().is_some(), fast, "{what}");
    }
}

/// One matrix that changes by 1 % a step, as gradients do.
#[test]
fn a_slow_change_takes_few_passes() {
    let mut generator = Generator::seeded(21);
    let (rows, columns) = (250, 200);
    let values: Vec<f64> =
        (0..200).map(|at| if at < 2 { 5.0 - 2.0 * f64::from(at) } else { 0.97_f64.powi(at) }).collect();
    let mut matrix = with_values(&mut generator, rows, columns, &values);
    let mut leading = Leading::new(columns, 2);
    leading.decompose(&matrix);
    for _ in 0..4 {
        for (element, change) in matrix.iter_mut().zip(uniform(&mut generator, rows * columns)) {
            *element += 0.002 * change;
        }
        leading.decompose(&matrix);
        assert_leading(&leading, &matrix, "warm");
        assert!(leading.passes().is_some_and(|passes| passes <= 3), "{:?}", leading.passes());
    }
}

#[test]
fn leading_values_of_what_has_none() {
    let mut generator = Generator::seeded(22);
    let mut leading = Leading::new(12, 2);
    leading.decompose(&[0.0; 240]);
    assert_eq!((leading.values(), leading.norm()), (&[0.0, 0.0][..], 0.0));
    let length: f64 = leading.vector(0).iter().map(|element| element * element).sum();
    assert!((length - 1.0).abs() < 1e-12, "{length}");
    assert_eq!(leading.left_vector(&[0.0; 240], 0), [0.0; 20]);

    let mut matrix = uniform(&mut generator, 240);
    leading.decompose(&matrix);
    assert_leading(&leading, &matrix, "after zero");
    matrix[5] = f32::NAN;
    leading.decompose(&matrix);
    assert!(leading.norm().is_nan() && leading.values().iter().all(|value| value.is_nan()));
    matrix[5] = 0.0;
    leading.decompose(&matrix);
    assert_leading(&leading, &matrix, "after NaN");

    let one = uniform(&mut generator, 7);
    let mut leading = Leading::new(1, 1);
    leading.decompose(&one);
    assert_leading(&leading, &one, "one column");
}

#[test]
fn complements_are_orthonormal_and_orthogonal() {
    let mut generator = Generator::seeded(23);
    for (rows, columns) in [(100, 70), (70, 64), (5, 1), (40, 40), (33, 32)] {
        let matrix = exact(&uniform(&mut generator, rows * columns), rows, columns);
        let reflections = Reflections::of(matrix.as_ref());
        let all = reflections.columns_from(0);
        assert!((all.transpose() * &all - Mat::<f64>::identity(rows, rows)).norm_max() < 1e-14);
        let triangular = Mat::from_fn(rows, columns, |i, j| reflections.triangular(i, j));
        assert!((&all * triangular - &matrix).norm_max() < 1e-13, "{rows}×{columns}");
        let complement = reflections.columns_from(columns);
        assert_eq!(complement.shape(), (rows, rows - columns));
        assert!((complement.transpose() * &matrix).norm_max() < 1e-13, "{rows}×{columns}");

        let eliminated = elimination::complement(matrix.as_ref());
        let count = rows - columns;
        assert_eq!(eliminated.shape(), (rows, count));
        assert!((eliminated.transpose() * &eliminated - Mat::<f64>::identity(count, count)).norm_max() < 1e-14);
        assert!((eliminated.transpose() * &matrix).norm_max() < 1e-12, "{rows}×{columns}");
    }
}

/// A column that is the sum of others leaves no pivot; what comes is still orthonormal and orthogonal.
#[test]
fn complements_of_dependent_columns() {
    let mut generator = Generator::seeded(26);
    let mut matrix = exact(&uniform(&mut generator, 90 * 70), 90, 70);
    for row in 0..90 {
        matrix[(row, 66)] = matrix[(row, 3)] - 2.0 * matrix[(row, 65)];
    }
    let complement = elimination::complement(matrix.as_ref());
    assert!((complement.transpose() * &complement - Mat::<f64>::identity(20, 20)).norm_max() < 1e-14);
    assert!((complement.transpose() * &matrix).norm_max() < 1e-12);
}

/// A subspace turned by known angles, from a right one down to 10⁻⁹.
#[test]
fn angles_keep_their_figures_at_both_ends() {
    let mut generator = Generator::seeded(24);
    let angles = [std::f64::consts::FRAC_PI_2, 1.5, 0.8, 0.3, 1e-3, 1e-6, 1e-9];
    let (rows, columns) = (30, 30 - angles.len());
    let basis = exact(&uniform(&mut generator, rows * rows), rows, rows).qr().compute_Q();
    let turned = Mat::from_fn(rows, columns, |i, j| match angles.get(j) {
        Some(angle) => angle.cos() * basis[(i, j)] + angle.sin() * basis[(i, columns + j)],
        None => basis[(i, j)],
    });
    let mixed = &turned * exact(&uniform(&mut generator, columns * columns), columns, columns);
    let ours = principal_angles(basis.subcols(0, columns), mixed.as_ref());
    assert_eq!(ours.len(), angles.len());
    for (ours, angle) in ours.iter().zip(angles) {
        assert!((ours - angle).abs() < 1e-13, "{ours}, exactly {angle}");
    }
    let same = principal_angles(turned.as_ref(), mixed.as_ref());
    assert!(same.iter().all(|angle| angle.abs() < 1e-13), "{same:?}");
    assert!(principal_angles(basis.as_ref(), basis.as_ref()).is_empty());
}

#[test]
fn singular_values_of_square_matrices() {
    let mut generator = Generator::seeded(25);
    for order in [1, 2, 3, 8, 9, 40, 65] {
        let steep: Vec<f64> = (0..order).map(|at| 10.0_f64.powi(-(at as i32))).collect();
        for matrix in [
            uniform(&mut generator, order * order),
            with_values(&mut generator, order, order, &steep),
            with_values(&mut generator, order, order, &vec![0.7; order]),
            vec![0.0; order * order],
            vec![1e-30; order * order],
        ] {
            let matrix = exact(&matrix, order, order);
            let ours = singular_values(order, |i, j| matrix[(i, j)]);
            let theirs = matrix.singular_values().unwrap();
            let largest = theirs[0];
            assert_eq!(ours.len(), order);
            for (ours, theirs) in ours.iter().zip(&theirs) {
                assert!((ours - theirs).abs() <= 1e-14 * largest, "{order}: {ours}, by faer {theirs}");
            }
        }
    }
    assert!(singular_values(0, |_, _| 1.0).is_empty());
}
