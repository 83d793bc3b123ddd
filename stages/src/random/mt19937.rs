//! The Mersenne Twister MT19937: the 32-bit words under both NumPy's and PyTorch's streams.
//!
//! Matsumoto and Nishimura (1998), "Mersenne Twister: a 623-dimensionally equidistributed uniform pseudo-random number
//! generator", with the seedings of their 2002 revision (`init_genrand`, `init_by_array`).

const LENGTH: usize = 624;
const OFFSET: usize = 397;

#[derive(Debug, Clone)]
pub(super) struct Mt19937 {
    state: [u32; LENGTH],
    /// `state`, tempered, and the next of its words to hand out: `LENGTH` when all are used. Tempering them together
    /// vectorises, which makes a word twice as fast as tempering each when asked for.
    words: [u32; LENGTH],
    next: usize,
}

impl Mt19937 {
    /// `init_genrand`.
    pub(super) fn seeded(seed: u32) -> Self {
        let mut state = [seed; LENGTH];
        for i in 1..LENGTH {
            state[i] = folded(state[i - 1]).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        Self { state, words: [0; LENGTH], next: LENGTH }
    }

    /// `init_by_array`; an empty key counts as `[0]`.
    pub(super) fn seeded_by_array(key: &[u32]) -> Self {
        let key = if key.is_empty() { &[0] } else { key };
        let mut generator = Self::seeded(19_650_218);
        let state = &mut generator.state;
        let mut i = 1;
        for (j, word) in key.iter().enumerate().cycle().take(key.len().max(LENGTH)) {
            let mixed = state[i] ^ folded(state[i - 1]).wrapping_mul(1_664_525);
            state[i] = mixed.wrapping_add(*word).wrapping_add(j as u32);
            i = following(state, i);
        }
        for _ in 1..LENGTH {
            let mixed = state[i] ^ folded(state[i - 1]).wrapping_mul(1_566_083_941);
            state[i] = mixed.wrapping_sub(i as u32);
            i = following(state, i);
        }
        state[0] = 0x8000_0000;
        generator
    }

    #[inline]
    pub(super) fn next_u32(&mut self) -> u32 {
        if self.next == LENGTH {
            self.twist();
        }
        let word = self.words[self.next];
        self.next += 1;
        word
    }

    /// Makes the next `LENGTH` words, in three ranges rather than one loop full of remainders.
    fn twist(&mut self) {
        let state = &mut self.state;
        for i in 0..LENGTH - OFFSET {
            state[i] = state[i + OFFSET] ^ twisted(state[i], state[i + 1]);
        }
        for i in LENGTH - OFFSET..LENGTH - 1 {
            state[i] = state[i + OFFSET - LENGTH] ^ twisted(state[i], state[i + 1]);
        }
        state[LENGTH - 1] = state[OFFSET - 1] ^ twisted(state[LENGTH - 1], state[0]);
        self.words = state.map(tempered);
        self.next = 0;
    }
}

fn folded(word: u32) -> u32 {
    word ^ (word >> 30)
}

/// The index after `i` while seeding by array: index 0 only carries the last word round.
fn following(state: &mut [u32; LENGTH], i: usize) -> usize {
    if i + 1 < LENGTH {
        return i + 1;
    }
    state[0] = state[LENGTH - 1];
    1
}

/// The top bit of `upper` and the rest of `lower`, times the generator's matrix.
fn twisted(upper: u32, lower: u32) -> u32 {
    let joined = (upper & 0x8000_0000) | (lower & 0x7fff_ffff);
    (joined >> 1) ^ ((lower & 1) * 0x9908_b0df)
}

fn tempered(mut word: u32) -> u32 {
    word ^= word >> 11;
    word ^= (word << 7) & 0x9d2c_5680;
    word ^= (word << 15) & 0xefc6_0000;
    word ^ (word >> 18)
}
