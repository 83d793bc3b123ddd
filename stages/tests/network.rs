//! The fused network against candle's automatic differentiation, and the optimiser against its formulas.

use candle_core::{DType, Device, Tensor, Var};
use stages::nn::adam::Adam;
use stages::nn::loss::CrossEntropy;
use stages::nn::mlp::{Mlp, Pass};
use stages::nn::operator::MeanCrossEntropy;
use stages::random::torch::Generator;

struct Case {
    network: Mlp,
    parameters: Vec<f32>,
    x: Vec<f32>,
    labels: Vec<u8>,
}

fn case(widths: (usize, &[usize], usize), batch: usize) -> Case {
    let network = Mlp::new(widths.0, widths.1, widths.2).unwrap();
    let mut generator = Generator::seeded(7);
    let parameters = network.initial(&mut generator);
    let mut x = vec![0.0; batch * widths.0];
    generator.fill_uniform_f32(&mut x, -2.0, 2.0);
    let labels = (0..batch).map(|_| (generator.word32() as usize % widths.2) as u8).collect();
    Case { network, parameters, x, labels }
}

impl Case {
    fn batch(&self) -> usize {
        self.labels.len()
    }

    fn value_and_gradient(&self) -> (f64, Vec<f32>) {
        // Room for more than the batch, as in training's last batch of an epoch.
        let mut pass = Pass::new(&self.network, self.batch() + 5);
        let mut loss = CrossEntropy::new(self.batch() + 5);
        let value = loss.value_and_gradient(pass.forward(&self.parameters, &self.x), &self.labels);
        let mut gradient = vec![f32::NAN; self.parameters.len()];
        pass.backward(&self.parameters, &self.x, &mut gradient);
        (value, gradient)
    }

    /// The same in double precision by candle, layer by layer.
    fn by_candle(&self) -> (f64, Vec<f64>) {
        let device = &Device::Cpu;
        let tensor = |values: &[f32], shape: &[usize]| {
            Tensor::from_slice(values, shape, device).unwrap().to_dtype(DType::F64).unwrap()
        };
        let mut activations = tensor(&self.x, &[self.batch(), self.network.inputs()]);
        let mut variables = Vec::new();
        let layers = self.network.layers().count();
        for (at, layer) in self.network.layers().enumerate() {
            let weight = tensor(&self.parameters[layer.weight.clone()], &[layer.outputs, layer.inputs]);
            let bias = tensor(&self.parameters[layer.bias.clone()], &[layer.outputs]);
            let (weight, bias) = (Var::from_tensor(&weight).unwrap(), Var::from_tensor(&bias).unwrap());
            activations = activations.matmul(&weight.t().unwrap()).unwrap().broadcast_add(&bias).unwrap();
            if at + 1 < layers {
                activations = activations.relu().unwrap();
            }
            variables.extend([weight, bias]);
        }
        let labels = Tensor::from_slice(&self.labels, self.batch(), device).unwrap().to_dtype(DType::U32).unwrap();
        let loss = candle_nn::loss::cross_entropy(&activations, &labels).unwrap();
        let gradients = loss.backward().unwrap();
        let flat = variables
            .iter()
            .flat_map(|variable| gradients.get(variable).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap());
        (loss.to_scalar().unwrap(), flat.collect())
    }
}

fn assert_close(ours: &[f32], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len());
    let scale = theirs.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for (at, (&ours, &theirs)) in ours.iter().zip(theirs).enumerate() {
        assert!((f64::from(ours) - theirs).abs() < 2e-6 * scale, "element {at}: {ours}, candle {theirs}");
    }
}

#[test]
fn loss_and_gradient_are_those_of_candle() {
    for (widths, batch) in [
        ((40, &[128, 128][..], 10), 128),
        ((40, &[128, 128][..], 10), 104),
        ((7, &[5][..], 3), 9),
        ((3, &[4, 6, 5][..], 2), 1),
        ((6, &[][..], 4), 33),
    ] {
        let case = case(widths, batch);
        let (value, gradient) = case.value_and_gradient();
        let (expected, expected_gradient) = case.by_candle();
        assert!((value - expected).abs() < 1e-6 * expected, "{widths:?}: {value}, candle {expected}");
        assert_close(&gradient, &expected_gradient);
    }
}

#[test]
fn the_operator_joins_a_candle_graph() {
    let case = case((40, &[32, 16], 10), 50);
    let (expected, expected_gradient) = case.by_candle();
    let parameters = Var::from_slice(&case.parameters, case.parameters.len(), &Device::Cpu).unwrap();
    let operator = MeanCrossEntropy::new(case.network.clone(), case.x.clone(), case.labels.clone()).unwrap();
    // 3 · loss + ½ Σ p², whose gradient is 3 · the loss's + p.
    let decay = (parameters.sqr().unwrap().sum_all().unwrap() * 0.5).unwrap();
    let loss = operator.at(&parameters).unwrap();
    assert!((f64::from(loss.to_scalar::<f32>().unwrap()) - expected).abs() < 1e-6 * expected);
    let gradients = ((loss * 3.0).unwrap() + decay).unwrap().backward().unwrap();
    let gradient: Vec<f32> = gradients.get(&parameters).unwrap().to_vec1().unwrap();
    let pairs = expected_gradient.iter().zip(&case.parameters);
    let expected: Vec<f64> = pairs.map(|(slope, &parameter)| 3.0 * slope + f64::from(parameter)).collect();
    assert_close(&gradient, &expected);

    assert!(MeanCrossEntropy::new(case.network.clone(), case.x.clone(), case.labels[1..].to_vec()).is_err());
    assert!(MeanCrossEntropy::new(case.network, case.x, vec![10; case.labels.len()]).is_err());
}

#[test]
fn large_logits_neither_overflow_nor_lose_the_loss() {
    // Classes × batch: rows are classes. One example is certain and wrong, one certain and right, one at a tie.
    let mut logits = vec![200.0, 200.0, 1e4, -200.0, -200.0, 1e4];
    let value = CrossEntropy::new(3).value_and_gradient(&mut logits, &[1, 0, 0]);
    assert!((value - (400.0 + 0.0 + 2.0_f64.ln()) / 3.0).abs() < 1e-5, "{value}");
    let third = 1.0 / 3.0;
    for (ours, expected) in logits.iter().zip([third, 0.0, -third / 2.0, -third, 0.0, third / 2.0]) {
        assert!((ours - expected).abs() < 1e-7, "{logits:?}");
    }
    let mut logits = vec![f32::NAN, 0.0, 0.0, 0.0];
    assert!(CrossEntropy::new(2).value_and_gradient(&mut logits, &[1, 0]).is_nan());
}

/// The formulas of both papers, in double precision.
#[test]
fn adam_takes_the_papers_steps() {
    for (rate, decay) in [(0.0042, 0.0), (0.005, 0.08712)] {
        let count = 37;
        let mut generator = Generator::seeded(3);
        let mut parameters = vec![0.0; count];
        generator.fill_uniform_f32(&mut parameters, -1.0, 1.0);
        let mut exact: Vec<f64> = parameters.iter().map(|&parameter| f64::from(parameter)).collect();
        let mut moments = vec![(0.0, 0.0); count];
        let mut adam = Adam::new(count, rate, decay);
        for step in 1..=50 {
            let mut gradient = vec![0.0; count];
            generator.fill_uniform_f32(&mut gradient, -0.1, 0.1);
            gradient[step % count] = 0.0;
            adam.step(&mut parameters, &gradient);
            for ((exact, (m, v)), &gradient) in exact.iter_mut().zip(&mut moments).zip(&gradient) {
                let gradient = f64::from(gradient);
                *m = 0.9 * *m + 0.1 * gradient;
                *v = 0.999 * *v + 0.001 * gradient * gradient;
                let unbiased = (*m / (1.0 - 0.9_f64.powi(step as i32)), *v / (1.0 - 0.999_f64.powi(step as i32)));
                *exact -= rate * (decay * *exact + unbiased.0 / (unbiased.1.sqrt() + 1e-8));
            }
        }
        for (at, (&ours, exact)) in parameters.iter().zip(&exact).enumerate() {
            assert!((f64::from(ours) - exact).abs() < 2e-6, "parameter {at}: {ours}, exactly {exact}");
            assert!((f64::from(adam.first_moments().unwrap()[at]) - moments[at].0).abs() < 1e-7);
        }
    }
}
