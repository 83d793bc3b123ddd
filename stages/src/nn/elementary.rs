//! exp and ln in single precision, as loops over slices that the compiler turns into vector code.
//!
//! Cephes' polynomials (Moshier, `expf` and `logf`), in plain multiplications and additions: no fused ones, which not
//! every processor has, so that a result does not depend on the processor.

/// ln 2 in two parts, the first with few enough bits to make its product with an exponent exact.
const LN_2_HIGH: f32 = 355.0 / 512.0;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// Below this, e^x is subnormal, and taken as 0.
const LEAST_EXPONENT: f32 = -87.336_54;

/// e^x for x ≤ 0 (to 1e-7, relative), and 0 where that would be subnormal. NaN stays NaN; above 0 only up to 88.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Adding and taking away 1.5·2²³ rounds to an integer and leaves that integer in the sum's low bits.
    const ROUND: f32 = 12_582_912.0;
    let bounded = if x < LEAST_EXPONENT { LEAST_EXPONENT } else { x };
    let rounded = bounded * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = bounded - n * LN_2_HIGH - n * LN_2_LOW;
    let mut sum = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        sum = sum * r + coefficient;
    }
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    let result = (sum * (r * r) + r + 1.0) * power;
    if x < LEAST_EXPONENT { 0.0 } else { result }
}

/// ln x for normal x > 0 (to 1e-7). NaN stays NaN.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    const SQRT_HALF_BITS: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();
    const MANTISSA: u32 = 0x007f_ffff;
    // x = m · 2^e with m in [√½, √2): counting bits from those of √½ makes the carry into the exponent do the choosing.
    let shifted = x.to_bits().wrapping_sub(SQRT_HALF_BITS);
    let e = (shifted as i32 >> 23) as f32;
    let m = f32::from_bits((shifted & MANTISSA).wrapping_add(SQRT_HALF_BITS)) - 1.0;
    let mut sum = 7.037_683_6e-2;
    for coefficient in [
        -1.151_461e-1,
        1.167_699_9e-1,
        -1.242_014_1e-1,
        1.424_932_3e-1,
        -1.666_805_8e-1,
        2.000_071_5e-1,
        -2.499_999_4e-1,
        3.333_333e-1,
    ] {
        sum = sum * m + coefficient;
    }
    let square = m * m;
    let result = m + (sum * m * square + LN_2_LOW * e - 0.5 * square) + LN_2_HIGH * e;
    if x.is_nan() { x } else { result }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::simd::vectorised;

    #[test]
    fn agrees_with_double_precision() {
        for i in 0..200_000 {
            let x = -90.0 * i as f32 / 200_000.0;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) - exact).abs() / exact;
            assert!(error < 1.2e-7 || x < LEAST_EXPONENT && exp(x) == 0.0, "exp({x}) is off by {error}");
            let y = 1.0 + i as f32 / 400.0;
            let error = (f64::from(ln(y)) - f64::from(y).ln()).abs();
            assert!(error <= 1.2e-7 * f64::from(y).ln().max(0.5), "ln({y}) is off by {error}");
        }
        assert_eq!((exp(0.0), exp(f32::NEG_INFINITY), ln(1.0)), (1.0, 0.0, 0.0));
        assert!(exp(f32::NAN).is_nan() && ln(f32::NAN).is_nan());
    }

    /// This function is compiled for the oldest processor, what it passes to `vectorised` for the one at hand.
    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let inputs: Vec<f32> = (0..200_000).map(|i| -90.0 * i as f32 / 200_000.0).collect();
        let plain: Vec<[u32; 2]> = inputs.iter().map(|&x| [exp(x).to_bits(), ln(1.0 - x).to_bits()]).collect();
        let mut vectors = vec![[0, 0]; inputs.len()];
        vectorised(
            #[inline(always)]
            || {
                for (vector, &x) in vectors.iter_mut().zip(&inputs) {
                    *vector = [exp(x).to_bits(), ln(1.0 - x).to_bits()];
                }
            },
        );
        assert!(plain == vectors);
    }
}
