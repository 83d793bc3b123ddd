//! The largest eigenvalues of a symmetric tridiagonal matrix, by counting.
//!
//! For a shift x the polynomials p₀ = 1, p₁ = a₁ − x, pᵢ = (aᵢ − x) pᵢ₋₁ − bᵢ₋₁² pᵢ₋₂ change sign as often as there are
//! eigenvalues below x (Givens 1954; Wilkinson, "The algebraic eigenvalue problem", § 5.37). Counts at many shifts side by
//! side narrow an interval around each eigenvalue down to rounding: nothing has to converge, and the count is the proof.

use pulp::{Simd, WithSimd};

use super::lanes::{Eight, LANES, Lanes, on_this_processor};

/// Shifts that are counted at together: 4 · LANES.
const SHIFTS: usize = 4 * LANES;

/// Intervals are narrowed to this.
const NARROW: f64 = f64::EPSILON;

/// Widths are divided by two at least in each round, and start at 2.
const MOST_ROUNDS: usize = 60;

/// The largest eigenvalues, in descending order, into `values`: each to 2⁻⁵². `beside` are the elements beside the
/// diagonal. No row may have an absolute sum above 1, and no more values are asked for than there are.
pub fn largest(diagonal: &[f64], beside: &[f64], values: &mut [f64]) {
    let mut found = 0;
    for group in values.chunks_mut(SHIFTS) {
        largest_after(diagonal, beside, found, group);
        found += group.len();
    }
}

/// Those that come after the first `before`.
fn largest_after(diagonal: &[f64], beside: &[f64], before: usize, values: &mut [f64]) {
    let each = SHIFTS / values.len();
    // Number `before + i` is in intervals[i]: more eigenvalues than that lie above its lower end, no more above its upper.
    let mut intervals = [[-1.0 - 1e-12, 1.0 + 1e-12]; SHIFTS];
    for _ in 0..MOST_ROUNDS {
        let mut shifts = [0.0; SHIFTS];
        for (shifts, [low, high]) in shifts.chunks_exact_mut(each).zip(intervals) {
            for (part, shift) in (1..).zip(shifts) {
                *shift = low + (high - low) * (f64::from(part) / (each + 1) as f64);
            }
        }
        let below = on_this_processor(CountBelow { diagonal, beside, shifts: &shifts });
        let mut widest = 0.0;
        for (i, [low, high]) in intervals[..values.len()].iter_mut().enumerate() {
            for at in i * each..(i + 1) * each {
                let above = diagonal.len() as f64 - below[at];
                if above > (before + i) as f64 {
                    *low = low.max(shifts[at]);
                } else {
                    *high = high.min(shifts[at]);
                }
            }
            widest = f64::max(widest, *high - *low);
        }
        if widest <= NARROW {
            break;
        }
    }
    for (value, [low, high]) in values.iter_mut().zip(intervals) {
        *value = 0.5 * (low + high);
    }
}

struct CountBelow<'a> {
    diagonal: &'a [f64],
    beside: &'a [f64],
    shifts: &'a [f64; SHIFTS],
}

impl WithSimd for CountBelow<'_> {
    type Output = [f64; SHIFTS];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f64; SHIFTS] {
        /// In place of a smaller square: two polynomials in a row are then never both 0.
        const LEAST_SQUARE: f64 = 1e-40;
        const ROWS_BETWEEN_SCALINGS: usize = 4;
        let Self { diagonal, beside, shifts } = self;
        let (zero, one) = (Eight::splat(simd, 0.0), Eight::splat(simd, 1.0));
        let (mut x, mut counts) = ([zero; 4], [zero; 4]);
        let (mut before, mut now, mut was_below) = ([zero; 4], [one; 4], [zero; 4]);
        for i in 0..4 {
            let mut lanes = Lanes::ZERO;
            lanes.0.copy_from_slice(&shifts[i * LANES..][..LANES]);
            x[i] = Eight::load(simd, &lanes);
        }
        for row in 0..diagonal.len() {
            let square = if row == 0 { 0.0 } else { f64::max(beside[row - 1] * beside[row - 1], LEAST_SQUARE) };
            let (element, square) = (Eight::splat(simd, diagonal[row]), Eight::splat(simd, -square));
            for i in 0..4 {
                let next = before[i].times(simd, square).add_product(simd, element.minus(simd, x[i]), now[i]);
                let is_below = next.if_less(simd, zero, one, zero);
                let change = is_below.minus(simd, was_below[i]);
                counts[i] = counts[i].add_product(simd, change, change);
                (before[i], now[i], was_below[i]) = (now[i], next, is_below);
            }
            if row % ROWS_BETWEEN_SCALINGS == 0 {
                for i in 0..4 {
                    scale(simd, &mut before[i], &mut now[i]);
                }
            }
        }
        let mut result = [0.0; SHIFTS];
        for i in 0..4 {
            let mut lanes = Lanes::ZERO;
            counts[i].store(&mut lanes);
            result[i * LANES..][..LANES].copy_from_slice(&lanes.0);
        }
        result
    }
}

/// Keeps both from overflow and from underflow.
#[inline(always)]
fn scale<S: Simd>(simd: S, before: &mut Eight<S>, now: &mut Eight<S>) {
    const LARGE: f64 = 1e100;
    let (large, small, one) = (Eight::splat(simd, LARGE), Eight::splat(simd, 1.0 / LARGE), Eight::splat(simd, 1.0));
    let size = before.abs(simd).plus(simd, now.abs(simd));
    let factor = size.if_less(simd, small, large, size.if_less(simd, large, one, small));
    *before = before.times(simd, factor);
    *now = now.times(simd, factor);
}
