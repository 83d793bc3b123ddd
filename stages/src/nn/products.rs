//! The products of a layer in which zeros that ReLU left take part: skipped where that is quicker, to the same bits.

use faer::{MatMut, MatRef};

use crate::linalg::panel::{Panel, Right};
use crate::linalg::product::{add_product, multiply};
use crate::linalg::simd::vectorised;
use crate::linalg::sparse::{self, Pattern};

/// Room for them.
#[derive(Debug, Clone, Default)]
pub(super) struct Products {
    transposed: Pattern,
    panel: Panel,
    product: Vec<f32>,
}

impl Products {
    /// `out = input · weightᵀ`, for input (batch × inputs), whose pattern is given if there is one, and weight (outputs × inputs).
    pub(super) fn forward(
        &mut self,
        out: &mut [f32],
        input: &[f32],
        pattern: Option<&Pattern>,
        weight: &[f32],
        outputs: usize,
    ) {
        if let Some(pattern) = pattern.filter(|pattern| pattern.saves(outputs)) {
            return sparse::multiply(out, input, pattern, Right::transposed(weight, outputs), &mut self.panel);
        }
        let (batch, inputs) = (out.len() / outputs, weight.len() / outputs);
        let weight = matrix(weight, outputs, inputs);
        multiply(matrix_mut(out, batch, outputs), matrix(input, batch, inputs), weight.transpose());
    }

    /// `out = deltaᵀ · input`, for delta (batch × outputs) with this pattern and input (batch × inputs).
    pub(super) fn gradient(&mut self, out: &mut [f32], delta: &[f32], pattern: &Pattern, input: &[f32]) {
        let (batch, outputs) = (pattern.rows(), pattern.columns());
        let inputs = input.len() / batch;
        if pattern.saves_transposed(inputs) {
            self.transposed.transpose(pattern);
            let input = Right::new(input, inputs);
            return sparse::multiply_transposed(out, delta, &self.transposed, input, &mut self.panel);
        }
        let (delta, input) = (matrix(delta, batch, outputs), matrix(input, batch, inputs));
        multiply(matrix_mut(out, outputs, inputs), delta.transpose(), input);
    }

    /// `out = delta · weight`, added to what is `given` there, for delta (batch × outputs) with this pattern and weight
    /// (outputs × inputs).
    pub(super) fn back(&mut self, out: &mut [f32], given: bool, delta: &[f32], pattern: &Pattern, weight: &[f32]) {
        let (batch, outputs) = (pattern.rows(), pattern.columns());
        let inputs = weight.len() / outputs;
        if !pattern.saves(inputs) {
            let (delta, weight) = (matrix(delta, batch, outputs), matrix(weight, outputs, inputs));
            return multiply_onto(matrix_mut(out, batch, inputs), given, delta, weight);
        }
        let weight = Right::new(weight, inputs);
        if !given {
            return sparse::multiply(out, delta, pattern, weight, &mut self.panel);
        }
        self.product.resize(out.len(), 0.0);
        sparse::multiply(&mut self.product, delta, pattern, weight, &mut self.panel);
        add(out, &self.product);
    }
}

/// `out = left · right`, added to what is `given` there.
pub(super) fn multiply_onto(out: MatMut<'_, f32>, given: bool, left: MatRef<'_, f32>, right: MatRef<'_, f32>) {
    if given { add_product(out, left, right) } else { multiply(out, left, right) }
}

fn add(out: &mut [f32], others: &[f32]) {
    vectorised(
        #[inline(always)]
        || out.iter_mut().zip(others).for_each(|(out, other)| *out += other),
    );
}

pub(super) fn matrix(data: &[f32], rows: usize, columns: usize) -> MatRef<'_, f32> {
    MatRef::from_row_major_slice(data, rows, columns)
}

pub(super) fn matrix_mut(data: &mut [f32], rows: usize, columns: usize) -> MatMut<'_, f32> {
    MatMut::from_row_major_slice_mut(data, rows, columns)
}
