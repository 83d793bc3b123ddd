//! Eight numbers of double precision that are worked on side by side, and vectors made of them.
//!
//! Their number is fixed, so a sum that runs in lanes has the same order on every processor. A product is fused with
//! the addition that follows, which gives the same bits wherever it is done.

use pulp::{Arch, Simd, WithSimd};

/// How many there are.
pub const LANES: usize = 8;

/// As they lie in memory, aligned as the widest vectors are.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub struct Lanes(pub [f64; LANES]);

impl Lanes {
    pub const ZERO: Self = Self([0.0; LANES]);
}

/// How many of them hold `length` numbers.
pub fn lanes_for(length: usize) -> usize {
    length.div_ceil(LANES)
}

/// Runs `body` in the version for this processor.
#[inline(always)]
pub fn on_this_processor<K: WithSimd>(body: K) -> K::Output {
    #[cfg(test)]
    if let Some(arch) = tests::CHOSEN.get() {
        return arch.dispatch(body);
    }
    Arch::new().dispatch(body)
}

/// As they lie in registers: one of them, or as many as it takes.
#[derive(Clone, Copy)]
pub struct Eight<S: Simd>([S::f64s; LANES]);

impl<S: Simd> Eight<S> {
    /// Registers in use.
    const PARTS: usize = LANES / S::F64_LANES;

    #[inline(always)]
    pub fn load(simd: S, lanes: &Lanes) -> Self {
        let mut loaded = Self::splat(simd, 0.0);
        for at in 0..Self::PARTS {
            // SAFETY: a register's worth of f64, any bits of which are valid; PARTS of them are LANES, so they lie within
            // `lanes`, and 64 bytes are aligned enough for all. (As slices this would cost checks in debug builds.)
            loaded.0[at] = unsafe { lanes.0.as_ptr().cast::<S::f64s>().add(at).read() };
        }
        loaded
    }

    #[inline(always)]
    pub fn store(self, lanes: &mut Lanes) {
        for at in 0..Self::PARTS {
            // SAFETY: as in `load`; the borrow is exclusive.
            unsafe { lanes.0.as_mut_ptr().cast::<S::f64s>().add(at).write(self.0[at]) };
        }
    }

    /// The same number in every lane.
    #[inline(always)]
    pub fn splat(simd: S, value: f64) -> Self {
        Self([simd.splat_f64s(value); LANES])
    }

    /// `self + left · right`, rounded once.
    #[inline(always)]
    pub fn add_product(mut self, simd: S, left: Self, right: Self) -> Self {
        for at in 0..Self::PARTS {
            self.0[at] = simd.mul_add_f64s(left.0[at], right.0[at], self.0[at]);
        }
        self
    }

    /// `self · other`
    #[inline(always)]
    pub fn times(mut self, simd: S, other: Self) -> Self {
        for at in 0..Self::PARTS {
            self.0[at] = simd.mul_f64s(self.0[at], other.0[at]);
        }
        self
    }

    #[inline(always)]
    pub fn plus(mut self, simd: S, other: Self) -> Self {
        for at in 0..Self::PARTS {
            self.0[at] = simd.add_f64s(self.0[at], other.0[at]);
        }
        self
    }

    #[inline(always)]
    pub fn minus(mut self, simd: S, other: Self) -> Self {
        for at in 0..Self::PARTS {
            self.0[at] = simd.sub_f64s(self.0[at], other.0[at]);
        }
        self
    }

    /// `1 / self`
    #[inline(always)]
    pub fn inverse(mut self, simd: S) -> Self {
        let one = simd.splat_f64s(1.0);
        for at in 0..Self::PARTS {
            self.0[at] = simd.div_f64s(one, self.0[at]);
        }
        self
    }

    #[inline(always)]
    pub fn abs(mut self, simd: S) -> Self {
        for at in 0..Self::PARTS {
            self.0[at] = simd.abs_f64s(self.0[at]);
        }
        self
    }

    /// Lane by lane: `then` where `self < bound`, else `otherwise`.
    #[inline(always)]
    pub fn if_less(mut self, simd: S, bound: Self, then: Self, otherwise: Self) -> Self {
        for at in 0..Self::PARTS {
            let less = simd.less_than_f64s(self.0[at], bound.0[at]);
            self.0[at] = simd.select_f64s(less, then.0[at], otherwise.0[at]);
        }
        self
    }

    /// Of the lanes, by halves.
    #[inline(always)]
    pub fn sum(self) -> f64 {
        let mut lanes = Lanes::ZERO;
        self.store(&mut lanes);
        let [a, b, c, d, e, f, g, h] = lanes.0;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }
}

/// The sum of the products of elements.
#[inline(always)]
pub fn dot<S: Simd>(simd: S, left: &[Lanes], right: &[Lanes]) -> f64 {
    let mut sum = Eight::splat(simd, 0.0);
    for (left, right) in left.iter().zip(right) {
        sum = sum.add_product(simd, Eight::load(simd, left), Eight::load(simd, right));
    }
    sum.sum()
}

/// `out += factor · x`
#[inline(always)]
pub fn add_multiple<S: Simd>(simd: S, out: &mut [Lanes], factor: f64, x: &[Lanes]) {
    let factor = Eight::splat(simd, factor);
    for (out, x) in out.iter_mut().zip(x) {
        Eight::load(simd, out).add_product(simd, factor, Eight::load(simd, x)).store(out);
    }
}

/// The numbers as one slice.
#[inline(always)]
pub fn flat(lanes: &[Lanes]) -> &[f64] {
    // SAFETY: `Lanes` is `repr(C)` around [f64; LANES], whose size of 64 bytes is a multiple of its alignment of 64, so
    // there is no padding and a slice of them is one of LANES times as many f64, borrowed for as long.
    unsafe { std::slice::from_raw_parts(lanes.as_ptr().cast(), lanes.len() * LANES) }
}

/// The numbers as one slice, to be changed.
#[inline(always)]
pub fn flat_mut(lanes: &mut [Lanes]) -> &mut [f64] {
    // SAFETY: as in `flat`; any bits are a valid f64, and the borrow is as exclusive as the one given.
    unsafe { std::slice::from_raw_parts_mut(lanes.as_mut_ptr().cast(), lanes.len() * LANES) }
}

/// Row-major `x` in double precision, each row in as many lanes as hold it, the rest of them 0.
pub fn widen(out: &mut [Lanes], x: &[f32], columns: usize) {
    for (lanes, row) in out.chunks_exact_mut(lanes_for(columns)).zip(x.chunks_exact(columns)) {
        let (out, rest) = flat_mut(lanes).split_at_mut(columns);
        out.iter_mut().zip(row).for_each(|(out, &element)| *out = f64::from(element));
        rest.fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::linalg::alignment::Alignment;
    use crate::linalg::leading::Leading;
    use crate::linalg::panel::{Panel, Right};
    use crate::linalg::sparse::{self, Pattern};
    use crate::linalg::truncation::Truncation;
    use crate::random::torch::Generator;

    thread_local! {
        pub(super) static CHOSEN: Cell<Option<Arch>> = const { Cell::new(None) };
    }

    /// All that is made of these kernels, in bits.
    fn everything() -> Vec<u64> {
        let mut generator = Generator::seeded(0);
        let mut uniform = |length| {
            let mut values = vec![0.0; length];
            generator.fill_uniform_f32(&mut values, -1.0, 1.0);
            values
        };
        let mut bits = Vec::new();
        for (rows, columns) in [(33, 19), (10, 37)] {
            let (x, mut w) = (uniform(21 * columns), uniform(rows * columns));
            let mut alignment = Alignment::new(rows, columns, 5);
            bits.push(alignment.align(&x, &w).to_bits());
            let mut gradient = vec![0.0; w.len()];
            alignment.add_gradient(&mut gradient, 1.0);
            let mut leading = Leading::new(columns, 2);
            leading.decompose(&w);
            bits.extend(leading.values().iter().chain(leading.vector(0)).map(|value| value.to_bits()));
            Truncation::new(rows, columns, 3).truncate(&mut w);
            bits.extend(gradient.iter().chain(&w).map(|element| u64::from(element.to_bits())));
            let (mut pattern, mut product) = (Pattern::default(), vec![0.0; w.len()]);
            let thinned: Vec<f32> = uniform(rows * 70).into_iter().map(|element| element.max(0.0)).collect();
            pattern.find(&thinned, 70);
            let right = uniform(70 * columns);
            sparse::multiply(&mut product, &thinned, &pattern, Right::new(&right, columns), &mut Panel::default());
            bits.extend(product.iter().map(|element| u64::from(element.to_bits())));
        }
        bits
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let best = everything();
        let mut others = vec![Arch::Scalar];
        #[cfg(target_arch = "x86_64")]
        others.extend(pulp::x86::V3::try_new().map(Arch::V3));
        for arch in others {
            CHOSEN.set(Some(arch));
            assert!(everything() == best, "{arch:?}");
        }
        CHOSEN.set(None);
    }
}
