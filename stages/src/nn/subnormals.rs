//! Flushing subnormal numbers to zero, as PyTorch's `set_flush_denormal(True)` does.
//!
//! The first moments of units that have died decay into subnormal numbers, on which processors are many times slower;
//! no score changes when they are zero. x86-64 flushes after rounding and aarch64 before, so the two could differ in
//! the last bit of the smallest normal number.

use std::marker::PhantomData;

/// While it lives, this thread's arithmetic takes subnormals for zero and gives zero in their place; then the thread
/// is as before. It belongs to the thread that made it.
#[derive(Debug)]
#[must_use = "subnormals are flushed only while this lives"]
pub struct Flushed {
    before: control::Word,
    _this_thread: PhantomData<*const ()>,
}

impl Flushed {
    /// Begins flushing on this thread.
    pub fn new() -> Self {
        let before = control::read();
        control::write(before | control::FLUSH);
        Self { before, _this_thread: PhantomData }
    }
}

impl Default for Flushed {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Flushed {
    fn drop(&mut self) {
        control::write(self.before);
    }
}

/// The processor's floating-point control register.
///
/// Rust assumes the default settings when it folds constants and moves floating-point code. Rounding and exceptions stay
/// at their defaults here, and only subnormals are treated otherwise: at worst an operation on a subnormal is done on
/// the other side of the switch, with the exact result instead of zero, and nothing relies on either.
#[cfg(target_arch = "x86_64")]
mod control {
    use std::arch::asm;

    pub type Word = u32;
    /// MXCSR's FTZ (bit 15) and DAZ (bit 6).
    pub const FLUSH: Word = 1 << 15 | 1 << 6;

    pub fn read() -> Word {
        let mut word: Word = 0;
        // SAFETY: stores the four bytes of MXCSR, which every x86-64 processor has, into `word`.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut word, options(nostack, preserves_flags)) };
        word
    }

    pub fn write(word: Word) {
        // SAFETY: loads MXCSR from four readable bytes: a word that `read` gave, with no reserved bit added.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const word, options(nostack, preserves_flags, readonly)) };
    }
}

#[cfg(target_arch = "aarch64")]
mod control {
    use std::arch::asm;

    pub type Word = u64;
    /// FPCR's FZ.
    pub const FLUSH: Word = 1 << 24;

    pub fn read() -> Word {
        let word: Word;
        // SAFETY: reads FPCR, which every aarch64 processor has, into a register.
        unsafe { asm!("mrs {}, fpcr", out(reg) word, options(nomem, nostack, preserves_flags)) };
        word
    }

    pub fn write(word: Word) {
        // SAFETY: writes to FPCR a word that `read` gave, with no reserved bit added.
        unsafe { asm!("msr fpcr, {}", in(reg) word, options(nomem, nostack, preserves_flags)) };
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod control {
    pub type Word = u32;
    pub const FLUSH: Word = 0;

    pub fn read() -> Word {
        0
    }

    pub fn write(_: Word) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    fn flushes_while_it_lives() {
        let halved = || black_box(f32::MIN_POSITIVE) * black_box(0.5);
        assert_ne!(halved(), 0.0);
        let flushed = Flushed::new();
        assert_eq!(halved(), 0.0);
        drop(flushed);
        assert_ne!(halved(), 0.0);
    }
}
