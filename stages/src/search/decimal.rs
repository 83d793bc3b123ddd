//! Exact arithmetic on floats as they are written: 0.1 + 0.2 is 0.3.

/// The last of `low`, `low + step`, … that is not above `high`, where the three mean the shortest decimal numbers that
/// denote them, as in Python's `Decimal(str(x))`. All are finite, `step` is above 0 and `high` not below `low`.
pub(super) fn last_step(low: f64, high: f64, step: f64) -> f64 {
    // Numbers so far apart in size that their digits have no place in 128 bits.
    exact(low, high, step).unwrap_or_else(|| low + ((high - low) / step).floor() * step)
}

fn exact(low: f64, high: f64, step: f64) -> Option<f64> {
    let parts = [digits(low)?, digits(high)?, digits(step)?];
    let exponent = parts.iter().map(|&(_, exponent)| exponent).min()?;
    let mut scaled = [0; 3];
    for (scaled, (digits, own)) in scaled.iter_mut().zip(parts) {
        *scaled = digits.checked_mul(10i128.checked_pow((own - exponent).try_into().ok()?)?)?;
    }
    let [low, high, step] = scaled;
    let last = high.checked_sub(low)?.checked_div(step)?.checked_mul(step)?.checked_add(low)?;
    format!("{last}e{exponent}").parse().ok()
}

/// d and e with x = d · 10ᵉ.
fn digits(x: f64) -> Option<(i128, i32)> {
    let text = format!("{x:e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let digits = mantissa.replace('.', "").parse().ok()?;
    Some((digits, exponent.parse::<i32>().ok()? - i32::try_from(decimals).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_is_pythons() {
        for (low, high, step, last) in [
            (0.0, 0.95, 0.05, 0.95),
            (0.0, 1.0, 0.3, 0.9),
            (0.1, 0.35, 0.1, 0.3),
            (-1.0, 1.0, 0.7, 0.4),
            (1e-5, 3.5e-5, 1e-5, 3e-5),
            (3.0, 3.0, 0.5, 3.0),
            (0.0, 1e300, 1e299, 1e300),
            (1e-300, 1.0, 0.25, 1.0),
        ] {
            assert_eq!(last_step(low, high, step), last, "{low}, {high}, {step}");
        }
    }
}
