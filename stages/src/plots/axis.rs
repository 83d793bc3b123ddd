//! Axes: from numbers to shares of a length, with ticks at round numbers.
//!
//! Logarithms are Rust's own and not the C library's, so that a mark lies on the same pixel on every machine.

use crate::search::elementary::Elementary;

/// The stretch of numbers that an axis shows, with its ticks.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    pub low: f64,
    pub high: f64,
    /// Where the ticks are and what is written at them.
    pub ticks: Vec<(f64, String)>,
    scale: Scale,
}

/// How numbers are laid out along the axis.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    Linear,
    Logarithmic,
    /// By the inverse hyperbolic sine: evenly around 0, closer and closer beyond ±1.
    Squeezed,
}

impl Axis {
    /// From `low` to `high`, with up to `most` ticks at multiples of 1, 2 or 5 times a power of ten.
    /// A stretch without length is widened by one half to either side; ends that are not finite count as 0.
    pub fn new(low: f64, high: f64, most: usize) -> Self {
        let (low, high) = if low.is_finite() && high.is_finite() { (low, high) } else { (0.0, 0.0) };
        let (low, high) = if high > low { (low, high) } else { (low - 0.5, low + 0.5) };
        let ticks = round_numbers(low, high, most);
        Self { low, high, ticks, scale: Scale::Linear }
    }

    /// Whole numbers from `first` to `last`, ticks among them, with a little room beyond the ends.
    pub fn whole(first: u32, last: u32, most: usize) -> Self {
        let room = (f64::from(last) - f64::from(first)).max(1.0) * 0.02;
        let (low, high) = (f64::from(first), f64::from(last));
        let mut ticks = round_numbers(low, high.max(low + 1.0), most);
        ticks.retain(|(value, _)| value.fract() == 0.0 && *value <= high);
        Self { low: low - room, high: high + room, ticks, scale: Scale::Linear }
    }

    /// From `low` to `high` by their logarithms, with up to `most` ticks at powers of ten, or between them where there
    /// are few. Ends between which there is no such axis become 0.1 and 10, a stretch without length is widened.
    pub fn log(low: f64, high: f64, most: usize) -> Self {
        let (low, high) = if low > 0.0 && high.is_finite() && high >= low { (low, high) } else { (0.1, 10.0) };
        let (low, high) = if high > low { (low, high) } else { (low / 2.0, high * 2.0) };
        Self { low, high, ticks: powers(low, high, most), scale: Scale::Logarithmic }
    }

    /// Around 0 and as far as `reach` to either side, closer and closer beyond ±1.
    pub fn squeezed(reach: f64) -> Self {
        let reach = if reach.is_finite() { reach.max(2.0) } else { 2.0 };
        let steps = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1_000.0, 10_000.0, 100_000.0];
        let up = steps.into_iter().filter(|step| *step <= reach);
        let all = up.clone().rev().map(|step| -step).chain([0.0]).chain(up);
        let ticks = all.map(|value| (value, format!("{value}").replace('-', "−"))).collect();
        Self { low: -reach, high: reach, ticks, scale: Scale::Squeezed }
    }

    /// From `low` to `high`, with these ticks.
    pub fn with_ticks(low: f64, high: f64, ticks: Vec<(f64, String)>) -> Self {
        Self { low, high, ticks, scale: Scale::Linear }
    }

    /// Where a number lies: 0 at the low end, 1 at the high end; what is beyond them lies at them.
    pub fn share(&self, value: f64) -> f64 {
        let low = self.position(self.low);
        (self.position(value.clamp(self.low, self.high)) - low) / (self.position(self.high) - low)
    }

    fn position(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => value,
            Scale::Logarithmic => Elementary::Portable.ln(value),
            Scale::Squeezed => {
                let size = value.abs();
                Elementary::Portable.ln(size + (size * size + 1.0).sqrt()).copysign(value)
            }
        }
    }
}

/// The finest grid of 1, 2 or 5 times a power of ten with at most `most` members between `low` and `high`.
fn round_numbers(low: f64, high: f64, most: usize) -> Vec<(f64, String)> {
    let steps = (-12..=12).flat_map(|exponent| [1.0, 2.0, 5.0].map(|digit| (digit, exponent)));
    for (digit, exponent) in steps {
        let tick = |index: f64| scaled(index * digit, exponent);
        // A hair of tolerance, so that ends which are themselves round keep their tick.
        let first = (low / tick(1.0) - 1e-9).ceil();
        let last = (high / tick(1.0) + 1e-9).floor();
        let count = last - first + 1.0;
        if count <= most as f64 {
            let decimals = usize::try_from(-exponent).unwrap_or(0);
            let label = |value: f64| format!("{value:.decimals$}").replace('-', "−");
            // Adding 0 turns −0 into 0.
            return (0..count.max(0.0) as usize)
                .map(|i| tick(first + i as f64) + 0.0)
                .map(|value| (value, label(value)))
                .collect();
        }
    }
    Vec::new()
}

/// `number · 10^exponent`. A negative power of ten is divided by, not multiplied with: 3 / 10 is the double nearest to 0.3.
fn scaled(number: f64, exponent: i32) -> f64 {
    let power = (0..exponent.abs()).fold(1.0, |power, _| power * 10.0);
    if exponent < 0 { number / power } else { number * power }
}

/// Powers of ten from `low` to `high`, every n-th of them where there are more than `most`; with 2 and 5 times each where
/// there is room for all.
fn powers(low: f64, high: f64, most: usize) -> Vec<(f64, String)> {
    let within = |(digit, exponent): &(u32, i32)| {
        let value = scaled(f64::from(*digit), *exponent);
        low * (1.0 - 1e-9) <= value && value <= high * (1.0 + 1e-9)
    };
    let fine: Vec<(u32, i32)> =
        (-300..300).flat_map(|exponent| [1, 2, 5].map(|digit| (digit, exponent))).filter(within).collect();
    let tens: Vec<(u32, i32)> = fine.iter().copied().filter(|(digit, _)| *digit == 1).collect();
    let chosen = if fine.len() <= most || tens.len() < 2 {
        fine
    } else {
        // The last one stays, the others at equal distances from it.
        let every = tens.len().div_ceil(most.max(1));
        let mut chosen: Vec<(u32, i32)> = tens.into_iter().rev().step_by(every).collect();
        chosen.reverse();
        chosen
    };
    // One way of writing for the whole axis.
    let short = chosen.iter().all(|(_, exponent)| (-3..4).contains(exponent));
    let label = |(digit, exponent): (u32, i32)| {
        let value = scaled(f64::from(digit), exponent);
        let words = match (short, digit) {
            (true, _) => format!("{value:.decimals$}", decimals = usize::try_from(-exponent).unwrap_or(0)),
            (false, 1) => format!("10{}", superscript(exponent)),
            (false, _) => format!("{digit}·10{}", superscript(exponent)),
        };
        (value, words)
    };
    chosen.into_iter().map(label).collect()
}

fn superscript(number: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raised = |letter: char| letter.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]);
    number.to_string().chars().map(raised).collect()
}
