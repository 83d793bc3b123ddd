//! Values and gradients against PyTorch's in double precision: golden/linalg/make.py made them.

use std::path::Path;

use faer::Mat;
use safetensors::{Dtype, SafeTensors};
use stages::linalg::alignment::Alignment;
use stages::linalg::angles::principal_angles;
use stages::linalg::leading::Leading;
use stages::linalg::polar::Polar;
use stages::linalg::truncation::Truncation;

struct Golden(Vec<u8>);

struct Tensor {
    shape: Vec<usize>,
    values: Vec<f64>,
}

impl Golden {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/linalg/linalg.safetensors");
        Self(std::fs::read(path).unwrap())
    }

    /// The cases of one kind.
    fn cases(&self, kind: &str) -> Vec<String> {
        let tensors = SafeTensors::deserialize(&self.0).unwrap();
        let mut cases: Vec<String> =
            tensors.names().iter().filter(|name| name.starts_with(kind)).map(|name| parent(name)).collect();
        cases.sort();
        cases.dedup();
        assert!(!cases.is_empty());
        cases
    }

    fn tensor(&self, case: &str, name: &str) -> Tensor {
        let tensors = SafeTensors::deserialize(&self.0).unwrap();
        let view = tensors.tensor(&format!("{case}/{name}")).unwrap();
        let values = match view.dtype() {
            Dtype::F32 => view.data().as_chunks().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect(),
            _ => view.data().as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect(),
        };
        Tensor { shape: view.shape().to_vec(), values }
    }
}

fn parent(name: &str) -> String {
    name.rsplit_once('/').unwrap().0.to_owned()
}

impl Tensor {
    fn single(&self) -> Vec<f32> {
        self.values.iter().map(|&value| value as f32).collect()
    }

    fn matrix(&self) -> Mat<f64> {
        Mat::from_fn(self.shape[0], self.shape[1], |i, j| self.values[i * self.shape[1] + j])
    }
}

/// The largest difference is at most `tolerance` of the largest element of the golden one.
fn assert_near(ours: impl IntoIterator<Item = f64>, golden: &[f64], tolerance: f64, what: &str) {
    let size = golden.iter().fold(0.0, |most, element| f64::max(most, element.abs()));
    let ours: Vec<f64> = ours.into_iter().collect();
    assert_eq!(ours.len(), golden.len(), "{what}");
    for (at, (&ours, &golden)) in ours.iter().zip(golden).enumerate() {
        assert!((ours - golden).abs() <= tolerance * size, "{what}, element {at}: {ours}, PyTorch {golden}");
    }
}

#[test]
fn alignments_and_their_gradients() {
    let golden = Golden::read();
    for case in golden.cases("alignment/") {
        let [x, w, k] = ["x", "w", "k"].map(|name| golden.tensor(&case, name));
        let mut alignment = Alignment::new(w.shape[0], w.shape[1], k.values[0] as usize);
        let value = alignment.align(&x.single(), &w.single());
        assert_near([value], &golden.tensor(&case, "value").values, 1e-8, &case);
        let mut gradient = vec![0.0; w.values.len()];
        alignment.add_gradient(&mut gradient, 1.0);
        let expected = golden.tensor(&case, "gradient").values;
        assert_near(gradient.into_iter().map(f64::from), &expected, 1e-6, &case);
    }
}

#[test]
fn truncations() {
    let golden = Golden::read();
    for case in golden.cases("truncation/") {
        let [matrix, k] = ["matrix", "k"].map(|name| golden.tensor(&case, name));
        let mut truncated = matrix.single();
        Truncation::new(matrix.shape[0], matrix.shape[1], k.values[0] as usize).truncate(&mut truncated);
        let expected = golden.tensor(&case, "truncated").values;
        assert_near(truncated.into_iter().map(f64::from), &expected, 2e-7, &case);
    }
}

#[test]
fn nuclear_norms_and_their_gradients() {
    let golden = Golden::read();
    for case in golden.cases("nuclear/") {
        let matrix = golden.tensor(&case, "matrix");
        let mut polar = Polar::new(matrix.shape[0], matrix.shape[1]);
        let norm = polar.decompose(&matrix.single());
        assert_near([norm], &golden.tensor(&case, "value").values, 1e-6, &case);
        let expected = golden.tensor(&case, "gradient").values;
        assert_near(polar.factor().iter().map(|&element| f64::from(element)), &expected, 1e-4, &case);
    }
}

#[test]
fn leading_singular_values_and_vectors() {
    let golden = Golden::read();
    for case in golden.cases("leading/") {
        let matrix = golden.tensor(&case, "matrix");
        let values = golden.tensor(&case, "values").values;
        let mut leading = Leading::new(matrix.shape[1], values.len());
        leading.decompose(&matrix.single());
        for (&ours, &expected) in leading.values().iter().zip(&values) {
            assert!((ours / expected - 1.0).abs() < 1e-5, "{case}: {ours}, PyTorch {expected}");
        }
        let vector = golden.tensor(&case, "vector").values;
        let cosine: f64 = leading.vector(0).iter().zip(&vector).map(|(ours, golden)| ours * golden).sum();
        assert!(1.0 - cosine.abs() < 0.5 * 5e-5 * 5e-5, "{case}: cosine {cosine}");
    }
}

#[test]
fn principal_angles_of_column_spaces() {
    let golden = Golden::read();
    for case in golden.cases("angles/") {
        let [a, b] = ["a", "b"].map(|name| golden.tensor(&case, name).matrix());
        let ours = principal_angles(a.as_ref(), b.as_ref());
        let expected = golden.tensor(&case, "angles").values;
        let (nonzero, zero) = expected.split_at(ours.len());
        for (ours, golden) in ours.iter().zip(nonzero) {
            assert!((ours - golden).abs() < 1e-14, "{case}: {ours}, PyTorch {golden}");
        }
        assert!(zero.iter().all(|angle| angle.abs() < 1e-14), "{case}: {zero:?}");
    }
}
