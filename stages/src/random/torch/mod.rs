//! PyTorch's CPU generator: `torch.manual_seed`, and what is drawn after it.
//!
//! The streams are those of PyTorch 2.15 on a processor with AVX2 or better; without, PyTorch itself differs in last
//! bits. `normal` draws normals, `layers` initialises layers.

mod layers;
mod normal;

use std::num::NonZeroU32;

use super::mt19937::Mt19937;

/// A `torch.Generator` on the CPU.
#[derive(Debug, Clone)]
pub struct Generator {
    words: Mt19937,
    /// The second normal of a pair drawn in double precision; see [`Generator::fill_normal_f32`].
    cached_normal: Option<f64>,
}

impl Generator {
    /// `manual_seed(seed)`. As in PyTorch only the low 32 bits count; a negative seed is its two's complement
    /// (`-3_i64 as u64`).
    pub fn seeded(seed: u64) -> Self {
        Self { words: Mt19937::seeded(seed as u32), cached_normal: None }
    }

    /// The next 32 random bits.
    #[inline]
    pub fn word32(&mut self) -> u32 {
        self.words.next_u32()
    }

    /// The next 64 random bits: two words, the first on top.
    #[inline]
    pub fn word64(&mut self) -> u64 {
        let high = u64::from(self.word32());
        high << 32 | u64::from(self.word32())
    }

    /// One element of `uniform_(low, high)`: 24 random bits, scaled.
    ///
    /// PyTorch's vector code multiplies and adds with one rounding, and so must this. `mul_add` does on every processor;
    /// where the build may not assume the instruction it is a call, of 5 ns, which initialising a layer can afford.
    #[inline]
    pub fn uniform_f32(&mut self, low: f32, high: f32) -> f32 {
        self.unit_f32().mul_add(high - low, low)
    }

    /// `uniform_(low, high)` on a tensor.
    pub fn fill_uniform_f32(&mut self, out: &mut [f32], low: f32, high: f32) {
        for value in out {
            *value = self.uniform_f32(low, high);
        }
    }

    /// One element of `torch.rand` in double precision: uniform in [0, 1), from 53 random bits.
    pub fn uniform_f64(&mut self) -> f64 {
        const BITS: u64 = (1 << 53) - 1;
        (self.word64() & BITS) as f64 / (BITS + 1) as f64
    }

    /// One element of `randint(0, bound)`. PyTorch takes the remainder and so is not quite uniform.
    pub fn below(&mut self, bound: NonZeroU32) -> u32 {
        self.word32() % bound
    }

    /// One element of `random_()` on a tensor of 64-bit integers: in 0..2⁶³.
    pub fn random_i64(&mut self) -> i64 {
        (self.word64() & i64::MAX as u64) as i64
    }

    /// One element of `bernoulli_(p)`: true with probability `p`. `dropout(q)` keeps an element where `bernoulli(1 - q)`.
    pub fn bernoulli(&mut self, p: f64) -> bool {
        self.uniform_f64() < p
    }

    /// `randperm(n)`, for n below 2³²/20 (beyond, PyTorch draws otherwise): Fisher and Yates' shuffle from the front.
    pub fn permutation(&mut self, n: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n).map(|i| i as u32).collect();
        for i in 0..n.saturating_sub(1) {
            let ahead = self.word32() % (n - i) as u32;
            order.swap(i, i + ahead as usize);
        }
        order
    }

    /// The order in which `DataLoader(shuffle=True)` visits `n` examples in its next epoch, when this is the global
    /// generator.
    pub fn data_loader_order(&mut self, n: usize) -> Vec<u32> {
        self.word64(); // the workers' base seed, drawn even where there are none
        Generator::seeded(self.random_i64() as u64).permutation(n)
    }

    /// Uniform in [0, 1), a multiple of 2⁻²⁴.
    #[inline]
    fn unit_f32(&mut self) -> f32 {
        const BITS: u32 = (1 << 24) - 1;
        (self.word32() & BITS) as f32 / (BITS + 1) as f32
    }
}
