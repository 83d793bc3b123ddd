//! `normal_` and `randn` in single precision: one method for tensors of 16 elements or more, another below.

use std::f32::consts::FRAC_1_SQRT_2;
use std::f64::consts::TAU;

use super::Generator;

/// PyTorch's vector width: normals are made from this many uniforms at a time.
const BLOCK: usize = 16;

#[expect(clippy::excessive_precision, reason = "Cephes' digits")]
const FRAC_4_PI: f32 = 1.27323954473516;

impl Generator {
    /// `normal_(mean, std)` on a contiguous tensor.
    ///
    /// Under 16 elements, Box and Muller's method in double precision, which makes normals in pairs: an odd one out is
    /// kept for the next such call. From 16 on, the same method in single precision, in blocks.
    pub fn fill_normal_f32(&mut self, out: &mut [f32], mean: f32, std: f32) {
        if out.len() < BLOCK {
            for value in out {
                *value = (self.normal_f64() * f64::from(std) + f64::from(mean)) as f32;
            }
            return;
        }
        for value in &mut *out {
            *value = self.unit_f32();
        }
        let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
        for block in blocks {
            box_muller(block, mean, std);
        }
        if !rest.is_empty() {
            // An incomplete last block is drawn anew as the last 16 elements, over finished ones.
            if let Some(last) = out.last_chunk_mut::<BLOCK>() {
                for value in &mut *last {
                    *value = self.unit_f32();
                }
                box_muller(last, mean, std);
            }
        }
    }

    fn normal_f64(&mut self) -> f64 {
        if let Some(normal) = self.cached_normal.take() {
            return normal;
        }
        let angle = TAU * self.uniform_f64();
        let radius = (-2.0 * (-self.uniform_f64()).ln_1p()).sqrt();
        self.cached_normal = Some(radius * angle.sin());
        radius * angle.cos()
    }
}

/// Turns 16 uniforms into normals: the first eight give radii, the others angles.
fn box_muller(block: &mut [f32; BLOCK], mean: f32, std: f32) {
    let (radii, angles) = block.split_at_mut(BLOCK / 2);
    for (first, second) in radii.iter_mut().zip(angles) {
        let radius = (-2.0 * ln(1.0 - *first)).sqrt();
        let (sin, cos) = sin_cos(std::f32::consts::TAU * *second);
        *first = (radius * cos).mul_add(std, mean);
        *second = (radius * sin).mul_add(std, mean);
    }
}

/// ln(x) for normal x > 0, to a unit in the last place: Cephes' `logf` with fused multiply-adds.
///
/// x = m·2ᵉ with m near 1; a polynomial gives ln(m), and e·ln(2) comes in two parts, the large one exact.
#[expect(clippy::excessive_precision, reason = "Cephes' digits")]
fn ln(x: f32) -> f32 {
    const POLYNOMIAL: [f32; 9] = [
        7.0376836292e-2,
        -1.1514610310e-1,
        1.1676998740e-1,
        -1.2420140846e-1,
        1.4249322787e-1,
        -1.6668057665e-1,
        2.0000714765e-1,
        -2.4999993993e-1,
        3.3333331174e-1,
    ];
    let bits = x.to_bits();
    let mut exponent = (bits >> 23) as f32 - 126.0;
    let half_to_one = f32::from_bits(bits & 0x007f_ffff | 0x3f00_0000);
    let mut m = half_to_one - 1.0;
    if half_to_one < FRAC_1_SQRT_2 {
        exponent -= 1.0;
        m += half_to_one;
    }
    let square = m * m;
    let mut tail = horner(m, &POLYNOMIAL) * m;
    tail = tail.mul_add(square, exponent * -2.12194440e-4);
    tail = (-square).mul_add(0.5, tail);
    exponent.mul_add(0.693359375, m + tail)
}

/// (sin(x), cos(x)) for x in [0, 8192): Cephes' `sinf` and `cosf` with fused multiply-adds.
///
/// x is brought to ±π/4 by subtracting j·π/4, in three parts, for the nearest even j.
#[expect(clippy::excessive_precision, reason = "Cephes' digits")]
fn sin_cos(x: f32) -> (f32, f32) {
    const QUARTER_PI: [f32; 3] = [-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8];
    let j = ((x * FRAC_4_PI) as u32 + 1) & !1;
    let reduced = QUARTER_PI.into_iter().fold(x, |x, part| (j as f32).mul_add(part, x));
    let square = reduced * reduced;

    let cos = horner(square, &[2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2]) * square;
    let cos = cos.mul_add(square, -(square * 0.5)) + 1.0;
    let sin = horner(square, &[-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1]) * square;
    let sin = sin.mul_add(reduced, reduced);

    match (j / 2) % 4 {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

/// The polynomial at x, its coefficients from the highest power down.
fn horner(x: f32, coefficients: &[f32]) -> f32 {
    coefficients.iter().copied().reduce(|sum, coefficient| sum.mul_add(x, coefficient)).unwrap_or(0.0)
}
