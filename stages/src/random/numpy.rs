//! NumPy's legacy `RandomState`, as `np.random.seed` and Optuna use it.
//!
//! The streams of `RandomState` are frozen since NumPy 1.16 (NEP 19), so these hold for every later version.

use super::mt19937::Mt19937;

#[derive(Debug, Clone)]
pub struct RandomState {
    words: Mt19937,
    /// The second normal of a pair, until the next call of [`RandomState::normal`] takes it.
    cached_normal: Option<f64>,
}

impl RandomState {
    /// `np.random.RandomState(seed)`.
    pub fn seeded(seed: u32) -> Self {
        Self { words: Mt19937::seeded(seed), cached_normal: None }
    }

    /// `np.random.RandomState([…])`. NumPy refuses an empty key; here it counts as `[0]`.
    pub fn seeded_by_array(key: &[u32]) -> Self {
        Self { words: Mt19937::seeded_by_array(key), cached_normal: None }
    }

    /// The next 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        self.words.next_u32()
    }

    /// `rand()`: uniform in [0, 1), from 53 random bits.
    pub fn double(&mut self) -> f64 {
        let high = f64::from(self.next_u32() >> 5);
        let low = f64::from(self.next_u32() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    /// `uniform(low, high)`: in [low, high).
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.double()
    }

    /// `randn()`: standard normal, by Marsaglia's polar method, which makes two and keeps one for the next call.
    pub fn normal(&mut self) -> f64 {
        if let Some(normal) = self.cached_normal.take() {
            return normal;
        }
        loop {
            let x1 = 2.0 * self.double() - 1.0;
            let x2 = 2.0 * self.double() - 1.0;
            let square = x1 * x1 + x2 * x2;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.cached_normal = Some(factor * x1);
                return factor * x2;
            }
        }
    }

    /// An integer in 0..=top, by rejection: `choice(n)` and `randint(n)` are `bounded(n - 1)`.
    pub fn bounded(&mut self, top: u32) -> u32 {
        if top == 0 {
            return 0;
        }
        let mask = u32::MAX >> top.leading_zeros();
        loop {
            let value = self.next_u32() & mask;
            if value <= top {
                return value;
            }
        }
    }

    /// `permutation(n)`, for n up to 2³²: Fisher and Yates' shuffle from the back.
    pub fn permutation(&mut self, n: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n).map(|i| i as u32).collect();
        for i in (1..n).rev() {
            let j = self.bounded(i as u32) as usize;
            order.swap(i, j);
        }
        order
    }

    /// `choice(len(p), p=p, size=size)`: indices drawn with the given probabilities, with replacement.
    ///
    /// As in NumPy the cumulative sums are divided by their last, so the probabilities need not add up to 1 exactly.
    /// None are drawn from an empty list.
    pub fn choice_weighted(&mut self, probabilities: &[f64], size: usize) -> Vec<usize> {
        let mut cumulative: Vec<f64> = probabilities
            .iter()
            .scan(0.0, |sum, p| {
                *sum += p;
                Some(*sum)
            })
            .collect();
        let Some(&total) = cumulative.last() else { return Vec::new() };
        for sum in &mut cumulative {
            *sum /= total;
        }
        (0..size)
            .map(|_| {
                let u = self.double();
                cumulative.partition_point(|&sum| sum <= u)
            })
            .collect()
    }
}
