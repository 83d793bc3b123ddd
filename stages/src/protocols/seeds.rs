//! Which random streams a seed stands for.
//!
//! As-run and as-stated follow the published code: PyTorch's generator is seeded with the seed itself and gives the
//! initial weights, then each epoch's order. Under the controlled protocol a seed changes everything together, and its
//! streams must not be shared: the data generator and PyTorch's are the same Mersenne Twister underneath. So the 32-bit
//! seeds are cut into four blocks of 2³⁰:
//!
//! | block | stream of |
//! |---|---|
//! | 0 | final runs' data: seed i is mnist1d's seed i |
//! | 1 | final runs' split, then initial weights, then orders, from one generator |
//! | 2 | tunings' data |
//! | 3 | tunings' split, initial weights, orders |
//!
//! Where split, initial weights and orders are varied one at a time, each has a stream of its own: three to a seed, from the
//! end of block 1 down.
//!
//! All methods share a seed's streams, so they are compared in pairs; all trials of a tuning share theirs.

use thiserror::Error;

const BLOCK: u32 = 1 << 30;

/// The seeds of a run's random generators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    /// For the generator of the data.
    pub data: u32,
    /// For PyTorch's generator.
    pub training: u64,
    /// For a tuning's sampler, which draws nothing else: the seed itself.
    pub sampler: u32,
}

/// A seed lies beyond its block.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("seed {0} is too large: seeds are below 2^30, and a sixth of it where streams are separate")]
pub struct SeedTooLarge(u64);

impl Streams {
    /// Those of a final run under the controlled protocol.
    pub fn of_final_run(seed: u64) -> Result<Self, SeedTooLarge> {
        Self::in_blocks(seed, 0)
    }

    /// Those of a tuning.
    pub fn of_tuning(seed: u64) -> Result<Self, SeedTooLarge> {
        Self::in_blocks(seed, 2)
    }

    /// The seeds of separate streams for split, initial weights and orders.
    pub fn separate(seed: u64) -> Result<[u64; 3], SeedTooLarge> {
        let below = seed.checked_mul(3).filter(|&below| below < u64::from(BLOCK / 2)).ok_or(SeedTooLarge(seed))?;
        let end = u64::from(2 * BLOCK) - 1 - below;
        Ok([end, end - 1, end - 2])
    }

    fn in_blocks(seed: u64, first: u32) -> Result<Self, SeedTooLarge> {
        let small = u32::try_from(seed).ok().filter(|&small| small < BLOCK).ok_or(SeedTooLarge(seed))?;
        Ok(Self { data: first * BLOCK + small, training: u64::from((first + 1) * BLOCK + small), sampler: small })
    }
}
