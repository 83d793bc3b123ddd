//! MD5, as DVC's locks and caches hold it.
//!
//! Each of a block's 64 steps needs the result of the one before, so what counts is how many instructions of a step wait
//! for it: the digest of a large file takes as long as that chain, whatever else the machine can do meanwhile. Two ways to
//! write a step make the chain shorter than compilers find it: 5, 4, 4 and 5 cycles in the four rounds anywhere, and 4 in
//! all of them with AVX-512. docs/benchmarks.md has the measurements.

/// A digest in the making.
#[derive(Debug, Clone)]
pub struct Md5 {
    state: [u32; 4],
    length: u64,
    /// The begun block: its first `length % 64` bytes count.
    begun: [u8; BLOCK],
}

const BLOCK: usize = 64;

impl Md5 {
    pub fn new() -> Self {
        let state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
        Self { state, length: 0, begun: [0; BLOCK] }
    }

    /// The digest of `bytes`.
    pub fn digest(bytes: impl AsRef<[u8]>) -> [u8; 16] {
        let mut md5 = Self::new();
        md5.update(bytes.as_ref());
        md5.finish()
    }

    pub fn update(&mut self, mut bytes: &[u8]) {
        let begun = (self.length % BLOCK as u64) as usize;
        self.length = self.length.wrapping_add(bytes.len() as u64);
        if begun > 0 {
            let (first, rest) = bytes.split_at(bytes.len().min(BLOCK - begun));
            self.begun[begun..begun + first.len()].copy_from_slice(first);
            if begun + first.len() < BLOCK {
                return;
            }
            compress(&mut self.state, &[self.begun]);
            bytes = rest;
        }
        let (blocks, rest) = bytes.as_chunks();
        compress(&mut self.state, blocks);
        self.begun[..rest.len()].copy_from_slice(rest);
    }

    pub fn finish(mut self) -> [u8; 16] {
        let bits = self.length.wrapping_mul(8).to_le_bytes();
        let begun = (self.length % BLOCK as u64) as usize;
        let padding = if begun < BLOCK - 8 { BLOCK - 8 - begun } else { 2 * BLOCK - 8 - begun };
        self.update(&[&[0x80], &[0; BLOCK][..padding - 1], &bits].concat());
        let mut digest = [0; 16];
        for (bytes, word) in digest.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        digest
    }
}

impl Default for Md5 {
    fn default() -> Self {
        Self::new()
    }
}

fn compress(state: &mut [u32; 4], blocks: &[[u8; BLOCK]]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("avx512vl") {
        // SAFETY: the machine has what the function is compiled for.
        return unsafe { avx512::compress(state, blocks) };
    }
    scalar(state, blocks);
}

/// What the step adds: the integer part of 2³² |sin(step + 1)|.
#[rustfmt::skip]
const SINES: [u32; 64] = [
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
];

/// By how much a step rotates to the left.
const fn rotation(step: usize) -> u32 {
    [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]][step / 16][step % 4]
}

/// The word of the block that a step reads.
fn word(block: &[u8; BLOCK], step: usize) -> u32 {
    let at = [step, 5 * step + 1, 3 * step + 5, 7 * step][step / 16] % 16;
    block.as_chunks().0.get(at).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// Calls a macro for each step, so that each is compiled with its own constants.
macro_rules! each_step {
    ($call:ident) => {
        each_step!($call: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        each_step!($call: 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
        each_step!($call: 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47);
        each_step!($call: 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63);
    };
    ($call:ident: $($step:literal)*) => { $($call!($step);)* };
}

fn scalar(state: &mut [u32; 4], blocks: &[[u8; BLOCK]]) {
    // Hidden from the compiler, which would make each of them the third part of an address computation, two cycles long
    // and in the chain; from memory, it is added outside.
    let sines: &[u32; 64] = std::hint::black_box(&SINES);
    let [mut a, mut b, mut c, mut d] = *state;
    for block in blocks {
        let before = [a, b, c, d];
        macro_rules! step {
            ($step:literal) => {
                // `b` is what the step before gave; everything that does not need it is added first. The halves of the
                // second round's function share no bit, so they can be added one by one.
                let sum = word(block, $step).wrapping_add(sines[$step]).wrapping_add(a);
                let sum = match $step / 16 {
                    0 => sum.wrapping_add(((c ^ d) & b) ^ d),
                    1 => sum.wrapping_add(c & !d).wrapping_add(b & d),
                    2 => sum.wrapping_add((c ^ d) ^ b),
                    _ => sum.wrapping_add((b | !d) ^ c),
                };
                (a, b, c, d) = (d, sum.rotate_left(rotation($step)).wrapping_add(b), b, c);
            };
        }
        each_step!(step);
        let [e, f, g, h] = before;
        (a, b, c, d) = (a.wrapping_add(e), b.wrapping_add(f), c.wrapping_add(g), d.wrapping_add(h));
    }
    *state = [a, b, c, d];
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    //! One number in each vector register: not for the width, but for an instruction that computes any function of three
    //! values at once.

    use std::arch::asm;
    use std::arch::x86_64::{__m128i, _mm_add_epi32, _mm_cvtsi32_si128, _mm_cvtsi128_si32};

    use super::{BLOCK, SINES, rotation, word};

    /// The rounds' functions: bit `4b + 2c + d` of a number is their value for bits `b`, `c` and `d`.
    const FUNCTIONS: [u8; 4] = [0b1100_1010, 0b1110_0100, 0b1001_0110, 0b0011_1001];

    #[target_feature(enable = "avx512f,avx512vl")]
    pub(super) fn compress(state: &mut [u32; 4], blocks: &[[u8; BLOCK]]) {
        let vector = |number: u32| _mm_cvtsi32_si128(number.cast_signed());
        let number = |vector: __m128i| _mm_cvtsi128_si32(vector).cast_unsigned();
        let [mut a, mut b, mut c, mut d] = state.map(vector);
        for block in blocks {
            let before = [a, b, c, d];
            macro_rules! step {
                ($step:literal) => {
                    let sum = _mm_add_epi32(_mm_add_epi32(vector(word(block, $step)), vector(SINES[$step])), a);
                    let result;
                    // With `f` the round's function, `b + ((sum + f) <<< r)` is computed as
                    // `(b + (sum << r) + (f << r)) + ((sum + f) >> (32 - r))`: four instructions in a row after `b`, where a
                    // rotation, which takes two cycles on some machines, would make it five. The order is the fastest of those tried:
                    // another costs up to a tenth.
                    //
                    // SAFETY: the instructions read and write the registers that are named here and no memory, and belong to
                    // the features that this function is compiled for.
                    unsafe {
                        asm!(
                            "vpslld {result}, {sum}, {r}",
                            "vpaddd {result}, {result}, {b}",
                            "vmovdqa {f}, {b}",
                            "vpternlogd {f}, {c}, {d}, {function}",
                            "vpaddd {sum}, {sum}, {f}",
                            "vpslld {f}, {f}, {r}",
                            "vpsrld {sum}, {sum}, {rest}",
                            "vpaddd {result}, {result}, {f}",
                            "vpaddd {result}, {result}, {sum}",
                            f = out(xmm_reg) _,
                            result = out(xmm_reg) result,
                            sum = inout(xmm_reg) sum => _,
                            b = in(xmm_reg) b,
                            c = in(xmm_reg) c,
                            d = in(xmm_reg) d,
                            function = const FUNCTIONS[$step / 16],
                            r = const rotation($step),
                            rest = const 32 - rotation($step),
                            options(pure, nomem, nostack, preserves_flags),
                        );
                    }
                    (a, b, c, d) = (d, result, b, c);
                };
            }
            each_step!(step);
            let [e, f, g, h] = before;
            (a, b) = (_mm_add_epi32(a, e), _mm_add_epi32(b, f));
            (c, d) = (_mm_add_epi32(c, g), _mm_add_epi32(d, h));
        }
        *state = [a, b, c, d].map(number);
    }
}

#[cfg(test)]
mod tests {
    use md5::Digest;
    use proptest::prelude::*;

    use super::{BLOCK, Md5, compress, scalar};
    use crate::digest::hex;

    /// RFC 1321, appendix A.5.
    #[test]
    fn the_standards_examples() {
        let digits = "12345678901234567890123456789012345678901234567890123456789012345678901234567890";
        for (text, digest) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"),
            (digits, "57edf4a22be3c955ac49da2e2107b67a"),
        ] {
            assert_eq!(hex(&Md5::digest(text)), digest, "{text}");
        }
    }

    #[test]
    fn every_length_around_the_first_blocks() {
        let bytes: Vec<u8> = (0..5 * BLOCK).map(|at| (at * 151 + at / 64) as u8).collect();
        for length in 0..=bytes.len() {
            assert_eq!(Md5::digest(&bytes[..length])[..], md5::Md5::digest(&bytes[..length])[..], "{length}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8)) {
            let mut ours = Md5::new();
            pieces.iter().for_each(|piece| ours.update(piece));
            prop_assert_eq!(&ours.finish()[..], &md5::Md5::digest(pieces.concat())[..]);
        }

        /// Where the machine has only one way, this compares that way with itself; the tests above say that it is right.
        #[test]
        fn all_ways_to_compress_agree(
            state: [u32; 4],
            blocks in prop::collection::vec(prop::array::uniform2(any::<[u8; BLOCK / 2]>()), 1..4),
        ) {
            let blocks: Vec<[u8; BLOCK]> =
                blocks.iter().map(|halves| std::array::from_fn(|at| halves.as_flattened()[at])).collect();
            let (mut one, mut other) = (state, state);
            compress(&mut one, &blocks);
            scalar(&mut other, &blocks);
            prop_assert_eq!(one, other);
        }
    }
}
