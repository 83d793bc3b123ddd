//! An accuracy is a count over a number of samples: a reported one that no count gives is misreported.
//!
//! Source: Brown and Heathers 2017, "The GRIM test: a simple technique detects numerous anomalies in the reporting of
//! results in psychology".

use super::{Design, Observation};
use crate::claims::schema::Side;

/// More digits than that are the rounding of a binary number.
const MOST_DECIMALS: usize = 12;

pub(super) fn check(design: &Design) -> Vec<Observation> {
    let mut observations = Vec::new();
    for claim in &design.claims {
        let (Some(comparison), Some(published)) = (claim.comparison(), &claim.published) else { continue };
        let Some(of) = comparison.of else { continue };
        for (side, value) in [(&comparison.a, published.a), (&comparison.b, published.b)] {
            let Side::Of { method, .. } = side else { continue };
            let (concern, sentence) = match nearest(value, of) {
                Nearest::Count(count) => (false, format!("is {count} of {of} samples")),
                Nearest::Neither(below, above) => (
                    true,
                    format!(
                        "is none of {of} samples: {below} of them are {}, {above} are {}",
                        share(below, of),
                        share(above, of)
                    ),
                ),
                Nearest::NoShare => (true, "is no share of samples: it lies outside 0 to 1".to_owned()),
            };
            let sentence = format!(
                "{}: the published {} of {method}, {}, {sentence}",
                claim.id,
                comparison.metric,
                rounded(value)
            );
            observations.push(Observation::new(concern, sentence));
        }
    }
    observations
}

/// Where a reported share lies among the counts of `of` samples.
#[derive(Debug, PartialEq, Eq)]
enum Nearest {
    /// This count rounds to it.
    Count(u64),
    /// It lies between two counts that do not.
    Neither(u64, u64),
    NoShare,
}

/// A value is taken to be rounded to the digits that it has. Zeros at its end are not seen, so that a wrong number may
/// pass, but no right one fails.
fn nearest(value: f64, of: u64) -> Nearest {
    if !(0.0..=1.0).contains(&value) {
        return Nearest::NoShare;
    }
    let digits = rounded(value);
    let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let half_unit = 0.5 * 10_f64.powi(-(decimals as i32)) + 1e-12;
    let below = (value * of as f64).floor() as u64;
    let fits = |count: &u64| (*count as f64 / of as f64 - value).abs() <= half_unit;
    let nearest = [below, below + 1].into_iter().filter(|count| *count <= of);
    let distance = |count: &u64| (*count as f64 / of as f64 - value).abs();
    match nearest.filter(fits).min_by(|x, y| distance(x).total_cmp(&distance(y))) {
        Some(count) => Nearest::Count(count),
        None => Nearest::Neither(below, below + 1),
    }
}

/// The shortest decimals that are the value but for the rounding of binary numbers.
fn rounded(value: f64) -> String {
    let text = (0..=MOST_DECIMALS).map(|decimals| format!("{value:.decimals$}"));
    let close = |text: &String| text.parse::<f64>().is_ok_and(|short| (short - value).abs() <= 1e-12);
    text.into_iter().find(close).unwrap_or_else(|| format!("{value:.MOST_DECIMALS$}"))
}

fn share(count: u64, of: u64) -> String {
    let text = format!("{:.6}", count as f64 / of as f64);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
