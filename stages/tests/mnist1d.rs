//! MNIST-1D against data sets that the published package made, bit for bit, and the file that holds a data set.

use std::path::{Path, PathBuf};

use clap::Parser;
use proptest::prelude::*;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stages::data::dataset::{Dataset, Part};
use stages::data::mnist1d::{CLASSES, Mnist1d, Options, generate};
use stages::parameters::Parameters;
use stages::programs;

fn golden(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/mnist1d").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn golden_json(name: &str) -> Value {
    serde_json::from_slice(&golden(name)).unwrap()
}

fn bytes_f64(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn bytes_f32(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn bytes_i64(labels: &[u8]) -> Vec<u8> {
    labels.iter().flat_map(|&label| i64::from(label).to_le_bytes()).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Deserialize)]
struct Meta {
    num_samples: usize,
    seed: u32,
    shuffle_seq: bool,
    sha256_x_f64_le: String,
    sha256_x_test_f64_le: String,
    sha256_t_f64_le: String,
    sha256_y_i64_le: String,
    sha256_y_test_i64_le: String,
    first_row_x: Vec<f64>,
    first_10_y: Vec<u8>,
}

#[test]
fn equals_every_data_set_of_the_package() {
    let metas: serde_json::Map<String, Value> = serde_json::from_slice(&golden("golden_meta.json")).unwrap();
    let mut checked = 0;
    for (name, meta) in metas.iter().filter(|(name, _)| name.starts_with("golden_")) {
        let meta: Meta = Meta::deserialize(meta).unwrap();
        let Meta { num_samples: samples, seed, shuffle_seq, .. } = meta;
        let made = generate(&Options { samples, seed, shuffle_seq, ..Options::default() }).unwrap();

        assert_eq!(sha256(&bytes_f64(&made.x)), meta.sha256_x_f64_le, "{name}");
        assert_eq!(sha256(&bytes_f64(&made.x_test)), meta.sha256_x_test_f64_le, "{name}");
        assert_eq!(sha256(&bytes_f64(&made.t)), meta.sha256_t_f64_le, "{name}");
        assert_eq!(sha256(&bytes_i64(&made.y)), meta.sha256_y_i64_le, "{name}");
        assert_eq!(sha256(&bytes_i64(&made.y_test)), meta.sha256_y_test_i64_le, "{name}");
        assert_eq!(bytes_f64(&made.x[..40]), bytes_f64(&meta.first_row_x), "{name}");
        assert_eq!(made.y[..10], meta.first_10_y, "{name}");

        let dataset = Dataset::from(&made);
        let file = golden(&format!("{name}.safetensors"));
        let file = SafeTensors::deserialize(&file).unwrap();
        for (tensor, double, part) in [("x", &made.x, &dataset.train), ("x_test", &made.x_test, &dataset.test)] {
            let tensor = file.tensor(tensor).unwrap();
            assert_eq!(tensor.shape(), [part.len(), 40]);
            match tensor.dtype() {
                Dtype::F64 => assert_eq!(tensor.data(), bytes_f64(double), "{name}"),
                _ => assert_eq!(tensor.data(), bytes_f32(&part.x), "{name}"),
            }
        }
        assert_eq!(file.tensor("y").unwrap().data(), dataset.train.y, "{name}");
        assert_eq!(file.tensor("y_test").unwrap().data(), dataset.test.y, "{name}");
        assert_eq!(file.tensor("t").unwrap().data(), bytes_f64(&made.t), "{name}");
        checked += 1;
    }
    assert_eq!(checked, 6);
}

/// The file that the experiments download holds the default data set, made on another machine.
#[test]
fn the_default_is_the_published_file() {
    let published = &golden_json("golden_meta.json")["canonical"];
    let made = generate(&Options::default()).unwrap();
    for (labels, digest, counts) in [
        (&made.y, "sha256_y_i64_le", "class_counts_train"),
        (&made.y_test, "sha256_y_test_i64_le", "class_counts_test"),
    ] {
        assert_eq!(sha256(&bytes_i64(labels)), published[digest].as_str().unwrap());
        assert_eq!(json!(class_counts(labels)), published[counts]);
    }
    assert_eq!(sha256(&bytes_f64(&made.t)), published["sha256_t_f64_le"].as_str().unwrap());
}

/// The rows of a small data set before it is standardised, each minus its first element, found by class: the
/// positions `t` are only divided by the standard deviation and so give it away.
fn rows_before_standardising(made: &Mnist1d, class: u8) -> Vec<Vec<f64>> {
    let std = (-5.0 / 6.0) / made.t[0];
    let rows = made.x.chunks(made.t.len()).zip(&made.y).filter(|(_, y)| **y == class);
    rows.map(|(row, _)| row.iter().map(|value| (value - row[0]) * std).collect()).collect()
}

fn close(actual: &[f64], expected: &[f64]) {
    assert_eq!(actual.len(), expected.len());
    for (actual, expected) in actual.iter().zip(expected) {
        assert!((actual - expected).abs() < 1e-12, "{actual} for {expected}");
    }
}

#[test]
fn without_distortions_a_sample_is_its_template() {
    let options = Options {
        samples: 10,
        train_split: 1.0,
        padding: (0, 0),
        scale_coeff: 0.0,
        max_translation: 1,
        corr_noise_scale: 0.0,
        iid_noise_scale: 0.0,
        shear_scale: 0.0,
        final_seq_length: 12,
        ..Options::default()
    };
    let made = generate(&options).unwrap();
    let templates = golden_json("templates.json");
    let expected: Vec<Vec<f64>> = Vec::deserialize(&templates["final_x"]).unwrap();
    for (class, template) in (0..).zip(&expected) {
        close(&rows_before_standardising(&made, class)[0], template);
    }
    let positions: Vec<f64> = Vec::deserialize(&templates["final_t"]).unwrap();
    let std = positions[0] / made.t[0];
    close(&made.t.iter().map(|t| t * std).collect::<Vec<_>>(), &positions);
}

#[test]
fn the_first_sample_is_the_traced_one() {
    let made = generate(&Options { samples: 10, train_split: 1.0, ..Options::default() }).unwrap();
    let trace = &golden_json("intermediate.json")["trace_first_sample_seed42"];
    let row: Vec<f64> = Vec::deserialize(&trace["final_row_before_standardising"]).unwrap();
    let row: Vec<f64> = row.iter().map(|value| value - row[0]).collect();
    close(&rows_before_standardising(&made, 0)[0], &row);
}

fn class_counts(labels: &[u8]) -> [usize; CLASSES] {
    let mut counts = [0; CLASSES];
    labels.iter().for_each(|&label| counts[label as usize] += 1);
    counts
}

fn options() -> impl Strategy<Value = Options> {
    (10_usize..300, any::<u32>(), 0.0..=1.0, any::<bool>(), 1_usize..60, 0_u32..30, 0_u32..30).prop_map(
        |(samples, seed, train_split, shuffle_seq, final_seq_length, least, more)| Options {
            samples,
            seed,
            train_split,
            shuffle_seq,
            final_seq_length,
            padding: (least, least + more),
            max_translation: 12,
            ..Options::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn classes_are_balanced_the_split_is_exact_and_a_file_keeps_everything(options in options()) {
        let made = generate(&options).unwrap();
        let features = options.final_seq_length;
        let samples = options.samples / 10 * 10;
        let labels = [&made.y[..], &made.y_test[..]].concat();
        let numbers = [&made.x[..], &made.x_test[..]].concat();
        prop_assert_eq!(class_counts(&labels), [samples / 10; CLASSES]);
        prop_assert_eq!(made.y.len(), (samples as f64 * options.train_split) as usize);
        prop_assert_eq!((made.x.len(), numbers.len()), (made.y.len() * features, samples * features));
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let variance = numbers.iter().map(|x| x * x).sum::<f64>() / numbers.len() as f64;
        prop_assert!(mean.abs() < 1e-9 && (variance - 1.0).abs() < 1e-9, "mean {}, variance {}", mean, variance);

        let dataset = Dataset::from(&made);
        let folder = tempfile::tempdir().unwrap();
        let paths = ["once", "again"].map(|name| folder.path().join(name));
        dataset.write(&paths[0]).unwrap();
        let read = Dataset::read(&paths[0]).unwrap();
        prop_assert_eq!(bytes_f32(&read.train.x), bytes_f32(&dataset.train.x));
        prop_assert_eq!(&read, &dataset);
        Dataset::from(&generate(&options).unwrap()).write(&paths[1]).unwrap();
        prop_assert_eq!(std::fs::read(&paths[0]).unwrap(), std::fs::read(&paths[1]).unwrap());
    }
}

#[test]
fn options_that_make_no_data_set_are_refused() {
    let default = Options::default;
    for (options, sentence) in [
        (Options { samples: 9, ..default() }, "samples: 9 is too few, for each of the ten classes needs one"),
        (Options { train_split: f64::NAN, ..default() }, "train_split: NaN is not a share between 0 and 1"),
        (Options { padding: (5, 4), ..default() }, "padding: the least, 5, is more than the greatest, 4"),
        (
            Options { max_translation: 73, ..default() },
            "max_translation: 73 is not between 1 and the signal's 72 points",
        ),
        (Options { final_seq_length: 0, ..default() }, "final_seq_length: a sample needs at least one feature"),
    ] {
        assert_eq!(generate(&options).unwrap_err().to_string(), sentence);
    }
}

fn small() -> Dataset {
    let part = |x: &[f32], y: &[u8]| Part { x: x.to_vec(), y: y.to_vec() };
    Dataset { features: 2, classes: 3, train: part(&[0.5, -1.0, 2.0, 0.0], &[2, 0]), test: part(&[1.0, 1.5], &[1]) }
}

/// What is wrong with the file at `path`, without the path.
fn complaint(path: &Path) -> String {
    let sentence = Dataset::read(path).unwrap_err().to_string();
    let (at, complaint) = sentence.split_once(": is not a data set: ").unwrap();
    assert_eq!(at, path.display().to_string());
    complaint.to_owned()
}

#[test]
fn a_file_that_is_no_data_set_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let missing = Dataset::read(&path).unwrap_err().to_string();
    assert!(missing.contains("cannot be read"), "{missing}");

    std::fs::write(&path, b"no such format").unwrap();
    assert!(complaint(&path).starts_with("it is not in the safetensors format ("), "{}", complaint(&path));

    small().write(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    assert!(complaint(&path).starts_with("it is not in the safetensors format ("), "{}", complaint(&path));

    let f32s = |count: usize| vec![0_u8; 4 * count];
    type Tensor<'a> = (&'a str, Dtype, Vec<usize>, Vec<u8>);
    let good: [Tensor; 4] = [
        ("train.x", Dtype::F32, vec![2, 2], f32s(4)),
        ("train.y", Dtype::U8, vec![2], vec![0, 1]),
        ("test.x", Dtype::F32, vec![1, 2], f32s(2)),
        ("test.y", Dtype::U8, vec![1], vec![0]),
    ];
    let with = |replacement: Tensor<'static>, classes: Option<&str>| {
        let mut tensors = good.to_vec();
        tensors.retain(|(name, ..)| *name != replacement.0);
        tensors.push(replacement);
        let views = tensors
            .iter()
            .filter(|(_, _, _, bytes)| !bytes.is_empty())
            .map(|(name, dtype, shape, bytes)| (*name, TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
        let metadata = classes.map(|classes| [("classes".to_owned(), classes.to_owned())].into());
        std::fs::write(&path, safetensors::serialize(views, metadata).unwrap()).unwrap();
    };

    with(good[0].clone(), Some("2"));
    assert_eq!(Dataset::read(&path).unwrap().train.y, [0, 1]);

    for classes in [None, Some("ten"), Some("0"), Some("257")] {
        with(good[0].clone(), classes);
        assert_eq!(complaint(&path), "`classes`, in its metadata, must be a number from 1 to 256");
    }
    for (replacement, sentence) in [
        (("test.y", Dtype::U8, vec![0], vec![]), "it has no tensor `test.y`"),
        (
            ("train.x", Dtype::F64, vec![2, 2], f32s(8)),
            "tensor `train.x` is F64 [2, 2], but F32 (examples × features) is needed",
        ),
        (
            ("train.x", Dtype::F32, vec![4], f32s(4)),
            "tensor `train.x` is F32 [4], but F32 (examples × features) is needed",
        ),
        (("test.x", Dtype::F32, vec![1, 3], f32s(3)), "`train.x` has 2 features and `test.x` has 3"),
        (("test.x", Dtype::F32, vec![2, 2], f32s(4)), "`test.x` has 2 rows, but `test.y` has 1"),
        (
            ("train.y", Dtype::U8, vec![2], vec![1, 2]),
            "`train.y` has 2 in row 1, but there are 2 classes, counted from 0",
        ),
        (("test.x", Dtype::F32, vec![1, 2], bytes_f32(&[0.0, f32::NAN])), "`test.x` has NaN in row 0"),
    ] {
        with(replacement, Some("2"));
        assert_eq!(complaint(&path), sentence);
    }
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let good = small();
    for dataset in [
        Dataset { classes: 2, ..good.clone() },
        Dataset { classes: 257, ..good.clone() },
        Dataset { features: 3, ..good.clone() },
        Dataset { test: Part { x: vec![f32::INFINITY, 0.0], y: vec![0] }, ..good.clone() },
    ] {
        dataset.write(&path).unwrap_err();
        assert!(!path.exists());
    }
}

#[test]
fn the_stage_writes_what_its_parameter_describes_and_refuses_unknown_keys() {
    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: programs::mnist1d::Args,
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made/mnist1d.safetensors");
    let run = |parameter: Value| {
        let cli = Cli::parse_from(["mnist1d", "--out", path.to_str().unwrap()]);
        let declared = serde_json::Map::from_iter([("mnist1d".to_owned(), parameter)]);
        programs::mnist1d::run(cli.args, &Parameters::from_map(declared))
    };

    run(json!({"samples": 200, "seed": 7, "padding": [36, 60]})).unwrap();
    let expected = generate(&Options { samples: 200, seed: 7, ..Options::default() }).unwrap();
    assert_eq!(Dataset::read(&path).unwrap(), Dataset::from(&expected));

    let sentence = run(json!({"sample": 200})).unwrap_err().to_string();
    assert!(sentence.contains("`mnist1d`") && sentence.contains("unknown field `sample`"), "{sentence}");
}
