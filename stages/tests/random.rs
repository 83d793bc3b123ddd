//! The random streams against words and numbers that PyTorch and NumPy drew themselves, bit for bit.

use std::num::NonZeroU32;
use std::path::PathBuf;

use safetensors::SafeTensors;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use stages::random::numpy::RandomState;
use stages::random::torch::Generator;

fn golden(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn numbers<T: for<'de> Deserialize<'de>>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).unwrap()
}

fn drawn<T>(count: usize, draw: impl FnMut() -> T) -> Vec<T> {
    std::iter::repeat_with(draw).take(count).collect()
}

fn bits_f64(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn bits_f32(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

mod torch {
    use super::*;

    fn normals(generator: &mut Generator, count: usize) -> Vec<f32> {
        let mut out = vec![0.0; count];
        generator.fill_normal_f32(&mut out, 0.0, 1.0);
        out
    }

    #[test]
    fn short_draws_at_every_kind_of_seed() {
        let draws: serde_json::Map<String, Value> = serde_json::from_slice(&golden("torch_rng/draws.json")).unwrap();
        assert_eq!(draws.len(), 7);
        for (seed, draws) in &draws {
            let generator = || Generator::seeded(seed.parse::<i64>().unwrap() as u64);
            let f32s = |key: &str| bits_f32(&numbers::<f32>(&draws[key]));

            let mut g = generator();
            assert_eq!(bits_f32(&drawn(5, || g.uniform_f32(0.0, 1.0))), f32s("rand_5"), "seed {seed}");

            let mut g = generator();
            let expected: Vec<f64> = numbers(&draws["rand_f64_5"]);
            assert_eq!(bits_f64(&drawn(5, || g.uniform_f64())), bits_f64(&expected), "seed {seed}");

            assert_eq!(bits_f32(&normals(&mut generator(), 15)), f32s("randn_15"), "seed {seed}");
            assert_eq!(bits_f32(&normals(&mut generator(), 17)), f32s("randn_17"), "seed {seed}");

            let mut g = generator();
            for expected in numbers::<Vec<f32>>(&draws["randn_3_then_4_then_20_then_2"]) {
                let actual = normals(&mut g, expected.len());
                assert_eq!(bits_f32(&actual), bits_f32(&expected), "seed {seed}, {} normals", expected.len());
            }

            let expected: Vec<u32> = numbers(&draws["randperm_10"]);
            assert_eq!(generator().permutation(10), expected, "seed {seed}");

            let mut g = generator();
            let ten = NonZeroU32::new(10).unwrap();
            assert_eq!(drawn(20, || g.below(ten)), numbers::<u32>(&draws["randint_0_10_20"]), "seed {seed}");

            let mut g = generator();
            assert_eq!(drawn(3, || g.random_i64()), numbers::<i64>(&draws["random_i64_3"]), "seed {seed}");

            let mut g = generator();
            let kept = drawn(20, || f64::from(g.bernoulli(0.7)));
            assert_eq!(kept, numbers::<f64>(&draws["bernoulli_0.7_20"]), "seed {seed}");
        }
    }

    #[test]
    fn tensors() {
        let bytes = golden("torch_rng/torch_cpu.safetensors");
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let words = |name: String| -> Vec<u32> {
            let (words, rest) = file.tensor(&name).unwrap().data().as_chunks();
            assert!(rest.is_empty());
            words.iter().map(|word| u32::from_le_bytes(*word)).collect()
        };
        for seed in [0, 42] {
            let of = |name: &str| words(format!("s{seed}.{name}"));
            let generator = || Generator::seeded(seed);

            let mut g = generator();
            for (layer, inputs, outputs) in [("linear1", 40, 128), ("linear2", 128, 10)] {
                let (mut weight, mut bias) = (vec![0.0; inputs * outputs], vec![0.0; outputs]);
                g.linear(inputs, outputs, &mut weight, &mut bias);
                assert_eq!(bits_f32(&weight), of(&format!("{layer}.weight")), "seed {seed}");
                assert_eq!(bits_f32(&bias), of(&format!("{layer}.bias")), "seed {seed}");
            }
            let (mut weight, mut bias) = (vec![0.0; 25 * 15], vec![0.0; 25]);
            generator().linear(3 * 5, 25, &mut weight, &mut bias);
            assert_eq!(bits_f32(&weight), of("conv1d_3_25_5.weight"), "seed {seed}");

            let mut uniforms = vec![0.0; 1000];
            generator().fill_uniform_f32(&mut uniforms, 0.0, 1.0);
            assert_eq!(bits_f32(&uniforms), of("rand1000"), "seed {seed}");
            assert_eq!(bits_f32(&normals(&mut generator(), 1000)), of("randn1000"), "seed {seed}");
            assert_eq!(bits_f32(&normals(&mut generator(), 1007)), of("randn1007"), "seed {seed}");

            assert_eq!(generator().permutation(4000), of("randperm4000"), "seed {seed}");
            let mut g = generator();
            assert_eq!(g.data_loader_order(4000), of("dataloader4000_epoch1"), "seed {seed}");
            assert_eq!(g.data_loader_order(4000), of("dataloader4000_epoch2"), "seed {seed}");

            let mut g = generator();
            let mask = drawn(300, || u8::from(g.bernoulli(1.0 - 0.3)));
            assert_eq!(mask, file.tensor(&format!("s{seed}.dropout0.3_mask300")).unwrap().data(), "seed {seed}");
        }
    }
}

mod numpy {
    use super::*;

    fn intermediate() -> Value {
        serde_json::from_slice(&golden("mnist1d/intermediate.json")).unwrap()
    }

    fn same(actual: &[f64], expected: &Value) {
        assert_eq!(bits_f64(actual), bits_f64(&numbers::<f64>(expected)));
    }

    #[test]
    fn draws() {
        let streams = &intermediate()["rng"];
        for seed in [0, 42, 123] {
            let expected = &streams[seed.to_string()];
            let state = || RandomState::seeded(seed);

            let mut s = state();
            assert_eq!(drawn(10, || s.next_u32()), numbers::<u32>(&expected["u32"]));
            let mut s = state();
            same(&drawn(10, || s.double()), &expected["rand"]);
            let mut s = state();
            same(&drawn(10, || s.uniform(-3.0, 5.0)), &expected["uniform_-3_5"]);
            let mut s = state();
            same(&drawn(11, || s.normal()), &expected["randn_scalar_calls"]);

            // The normal kept after an odd number of them survives other draws.
            let mut s = state();
            let around = &expected["randn_11_then_rand_then_randn_2"];
            same(&drawn(11, || s.normal()), &around["randn"]);
            same(&[s.double()], &Value::from(vec![around["rand"].clone()]));
            same(&drawn(2, || s.normal()), &around["randn2"]);

            for (key, top) in [("choice_48", 47), ("choice_3", 2), ("choice_64", 63)] {
                let mut s = state();
                assert_eq!(drawn(10, || s.bounded(top)), numbers::<u32>(&expected[key]), "seed {seed}, {key}");
            }

            let mut s = state();
            assert_eq!(s.permutation(10), numbers::<u32>(&expected["permutation_10"]));
            assert_eq!(s.permutation(10), numbers::<u32>(&expected["permutation_10_second"]));
            same(&[s.double()], &Value::from(vec![expected["rand_after"].clone()]));

            let order = state().permutation(5000);
            assert_eq!(order[..10], numbers::<u32>(&expected["permutation_5000_first10"]));
            let bytes: Vec<u8> = order.iter().flat_map(|&i| i64::from(i).to_le_bytes()).collect();
            let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(digest, expected["permutation_5000_sha256_i64_le"].as_str().unwrap());

            let mut s = state();
            let weighted = &expected["choice_p"];
            let p: Vec<f64> = numbers(&weighted["p"]);
            assert_eq!(s.choice_weighted(&p, 24), numbers::<usize>(&weighted["size_24"]));
            same(&[s.double()], &Value::from(vec![weighted["rand_after"].clone()]));

            let mut s = state();
            for row in numbers::<(f64, u32, f64)>(&expected["mixed_rand_choice_randn"]) {
                let actual = (s.double().to_bits(), s.bounded(47), s.normal().to_bits());
                assert_eq!(actual, (row.0.to_bits(), row.1, row.2.to_bits()), "seed {seed}");
            }
        }
    }

    #[test]
    fn seeds_at_the_edges_and_seeding_by_array() {
        let streams = &intermediate()["rng"];
        for seed in [1, 2_147_483_648, 4_294_967_295] {
            let mut s = RandomState::seeded(seed);
            assert_eq!(drawn(5, || s.next_u32()), numbers::<u32>(&streams[format!("u32_seed_{seed}")]));
        }
        let mut s = RandomState::seeded_by_array(&[1, 2, 3]);
        assert_eq!(drawn(5, || s.next_u32()), numbers::<u32>(&streams["init_by_array_seed_[1,2,3]_u32"]));
    }
}
