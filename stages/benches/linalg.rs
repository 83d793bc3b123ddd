//! The least processor time of each singular value piece, one a line, on one thread: `NAME MILLISECONDS`.
//!
//! `benches/peer/linalg.py` runs this by turns with PyTorch. By itself: `cargo bench -p stages --profile dev`.

use std::time::{Duration, Instant};

use faer::Mat;
use stages::linalg::alignment::Alignment;
use stages::linalg::angles::principal_angles;
use stages::linalg::leading::Leading;
use stages::linalg::polar::Polar;
use stages::linalg::truncation::Truncation;
use stages::nn::subnormals::Flushed;
use stages::random::torch::Generator;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LAYERS: [(usize, usize); 3] = [(128, 40), (128, 128), (10, 128)];
const BATCH: usize = 128;

fn main() {
    let _flushed = Flushed::new();
    let mut generator = Generator::seeded(0);
    let mut uniform = |length: usize| {
        let mut values = vec![0.0; length];
        generator.fill_uniform_f32(&mut values, -1.0, 1.0);
        values
    };
    for (rows, columns) in LAYERS {
        let (x, w) = (uniform(BATCH * columns), uniform(rows * columns));
        let mut out = vec![0.0; w.len()];
        let mut alignment = Alignment::new(rows, columns, 5);
        report("alignment", rows, columns, || {
            alignment.align(&x, &w);
            alignment.add_gradient(&mut out, 1.0);
        });
        let mut truncation = Truncation::new(rows, columns, 9);
        report("truncation", rows, columns, || {
            out.copy_from_slice(&w);
            truncation.truncate(&mut out);
        });
        let mut polar = Polar::new(rows, columns);
        report("nuclear", rows, columns, || {
            polar.decompose(&w);
        });
    }

    // A gradient with two directions, that changes by a hundredth.
    let (rows, columns) = (1250, 1000);
    let noise = [uniform(rows * columns), uniform(rows * columns)];
    let directions = [uniform(rows), uniform(columns), uniform(rows), uniform(columns)];
    let [u1, v1, u2, v2] = &directions;
    let gradients = [0.0, 0.01].map(|change| {
        let element = |at: usize| {
            let (i, j) = (at / columns, at % columns);
            u1[i] * v1[j] + 0.6 * u2[i] * v2[j] + 0.1 * noise[0][at] + change * noise[1][at]
        };
        (0..rows * columns).map(element).collect::<Vec<f32>>()
    });
    let mut leading = Leading::new(columns, 2);
    let mut turn = 0;
    report("leading", rows, columns, || {
        leading.decompose(&gradients[turn % 2]);
        turn += 1;
    });
    let [a, b] = [0.0, 0.3].map(|change| {
        Mat::from_fn(rows, columns, |i, j| {
            f64::from(noise[0][i * columns + j]) + change * f64::from(noise[1][i * columns + j])
        })
    });
    report("angles", rows, columns, || {
        principal_angles(a.as_ref(), b.as_ref());
    });
}

/// Times `body` for some tenths of a second, at least twice.
fn report(name: &str, rows: usize, columns: usize, mut body: impl FnMut()) {
    const LONG_ENOUGH: Duration = Duration::from_millis(300);
    let mut least = f64::INFINITY;
    let (begin, mut runs) = (Instant::now(), 0);
    while runs < 2 || begin.elapsed() < LONG_ENOUGH {
        let begin = processor_seconds();
        body();
        least = least.min(processor_seconds() - begin);
        runs += 1;
    }
    println!("{name}-{rows}x{columns} {:.4}", 1e3 * least);
}

/// Of this thread, so that others on the machine count for less.
fn processor_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes to a timespec that lives here.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}
