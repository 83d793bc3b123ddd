//! Products that skip zeros are the dense ones, bit for bit, whatever the shapes (but the smallest) and wherever the zeros.

use faer::{MatMut, MatRef};
use proptest::prelude::*;
use stages::linalg::panel::{Panel, Right};
use stages::linalg::product;
use stages::linalg::sparse::{self, Pattern};
use stages::random::torch::Generator;

use crate::uniform;

/// A matrix of which about this share is 0; of its rows and columns some as a whole.
fn with_zeros(generator: &mut Generator, rows: usize, columns: usize, share: f32) -> Vec<f32> {
    let mut matrix = uniform(generator, rows * columns);
    let dice = uniform(generator, matrix.len() + rows + columns);
    let (of_elements, of_lines) = dice.split_at(matrix.len());
    let is_zero = |die: f32, share: f32| die < 2.0 * share - 1.0;
    for (at, element) in matrix.iter_mut().enumerate() {
        let lines = [of_lines[at / columns], of_lines[rows + at % columns]];
        if is_zero(of_elements[at], share) || lines.into_iter().any(|die| is_zero(die, share / 4.0)) {
            *element = 0.0;
        }
    }
    matrix
}

fn dense(left: MatRef<'_, f32>, right: MatRef<'_, f32>) -> Vec<f32> {
    let mut out = vec![0.0; left.nrows() * right.ncols()];
    product::multiply(MatMut::from_row_major_slice_mut(&mut out, left.nrows(), right.ncols()), left, right);
    out
}

/// Without the sign of a 0.
fn bits(matrix: &[f32]) -> Vec<u32> {
    matrix.iter().map(|element| (element + 0.0).to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn skipping_zeros_changes_no_bit(
        (rows, inner, columns) in (2..200_usize, 2..200_usize, 2..300_usize),
        share in 0.0..1.0_f32,
        seed: u64,
    ) {
        // Smaller ones are not asked for.
        prop_assume!(rows * inner * columns > 16 * 16 * 16);
        let mut generator = Generator::seeded(seed);
        let (mut pattern, mut transposed, mut panel) = (Pattern::default(), Pattern::default(), Panel::default());
        // Twice, since buffers keep what they held.
        for (rows, inner, columns) in [(rows, inner, columns), (inner, rows, columns)] {
            let left = with_zeros(&mut generator, rows, inner, share);
            let left_matrix = MatRef::from_row_major_slice(&left, rows, inner);
            pattern.find(&left, inner);
            transposed.transpose(&pattern);
            let mut out = vec![f32::NAN; rows * columns];

            let right = uniform(&mut generator, inner * columns);
            let right_matrix = MatRef::from_row_major_slice(&right, inner, columns);
            sparse::multiply(&mut out, &left, &pattern, Right::new(&right, columns), &mut panel);
            prop_assert_eq!(bits(&out), bits(&dense(left_matrix, right_matrix)));

            let right_matrix = MatRef::from_row_major_slice(&right, columns, inner).transpose();
            sparse::multiply(&mut out, &left, &pattern, Right::transposed(&right, columns), &mut panel);
            prop_assert_eq!(bits(&out), bits(&dense(left_matrix, right_matrix)));

            let mut out = vec![f32::NAN; inner * columns];
            let right = uniform(&mut generator, rows * columns);
            let right_matrix = MatRef::from_row_major_slice(&right, rows, columns);
            sparse::multiply_transposed(&mut out, &left, &transposed, Right::new(&right, columns), &mut panel);
            prop_assert_eq!(bits(&out), bits(&dense(left_matrix.transpose(), right_matrix)));
        }
    }
}
