//! Numbers as people read them: no more digits than the interval supports, and a real minus sign.

/// Decimals that show two digits of a spread; none for a spread of 10 or more, fifteen at the most, and six where there is none.
pub fn decimals_for(spread: f64) -> usize {
    if !(spread.is_finite() && spread > 0.0) {
        return 6;
    }
    // The exponent of the spread once it is rounded to two digits, so that 0.0996 counts as 0.10.
    let rounded = format!("{spread:.1e}");
    let exponent: i32 = rounded.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    (1 - exponent).clamp(0, 15) as usize
}

/// Decimals for a difference: two digits of its interval's half-width.
pub fn decimals_of(interval: [f64; 2]) -> usize {
    decimals_for(0.5 * (interval[1] - interval[0]))
}

/// A number with a minus sign where it is negative, and no sign where it rounds to zero.
pub fn plain(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    if value < 0.0 && !zero { format!("−{text}") } else { text }
}

/// [`plain`], with a plus sign where the number is positive.
pub fn signed(value: f64, decimals: usize) -> String {
    let text = plain(value, decimals);
    let zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    if value > 0.0 && !zero { format!("+{text}") } else { text }
}

/// A p-value with two digits: "0.032", "2.1e-14".
pub fn p_value(p: f64) -> String {
    if p >= 1.0 {
        return "1".to_owned();
    }
    if p == 0.0 {
        return "0".to_owned();
    }
    if p < 0.000_95 {
        return format!("{p:.1e}");
    }
    // Never rounded up to 1, which says something else.
    plain(p.min(0.99), decimals_for(p).max(2))
}

/// A level or share in percent: "95 %", "99.5 %".
pub fn percent(share: f64) -> String {
    let text = format!("{:.2}", 100.0 * share);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} %")
}

/// "a", "a and b", "a, b and c".
pub fn list<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
