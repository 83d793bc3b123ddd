//! One-way analysis of variance: whether groups have different means.
//!
//! Source: Fisher 1925, "Statistical Methods for Research Workers", ch. VII.

use super::describe;
use super::special::incomplete_beta;

/// The F-test that all groups have one mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneWay {
    /// The variance between groups over that within them; infinite where there is none within.
    pub f: f64,
    pub p: f64,
}

/// Of two groups or more, and more values than groups; else not a number, as where all values are the same.
pub fn one_way(groups: &[Vec<f64>]) -> OneWay {
    let all: Vec<f64> = groups.concat();
    let mean = describe::mean(&all);
    let squares =
        |group: &Vec<f64>, centre: f64| describe::sum(&group.iter().map(|x| (x - centre).powi(2)).collect::<Vec<_>>());
    let within: f64 = groups.iter().map(|group| squares(group, describe::mean(group))).sum();
    let between: f64 = groups.iter().map(|group| group.len() as f64 * (describe::mean(group) - mean).powi(2)).sum();
    let above = groups.len() as f64 - 1.0;
    let below = (all.len() - groups.len().min(all.len())) as f64;
    if above < 1.0 || below < 1.0 || groups.iter().any(Vec::is_empty) {
        return OneWay { f: f64::NAN, p: f64::NAN };
    }
    let f = (between / above) / (within / below);
    // The upper tail of F(above, below): I_x(below/2, above/2) at x = below / (below + above · F).
    let share = between / (between + within);
    let p = if f.is_nan() { f64::NAN } else { incomplete_beta(0.5 * below, 0.5 * above, 1.0 - share, share) };
    OneWay { f, p }
}
