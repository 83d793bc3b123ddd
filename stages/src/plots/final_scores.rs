//! What the claims of an experiment measure, run by run: every method under every protocol, and the published number.

use super::dots::{DotPanel, DotRow, Dots};
use super::labels;
use super::palette::Palette;
use crate::claims::numbers::{decimals_of, plain};
use crate::claims::runs::{Repeated, Runs};
use crate::claims::schema::{At, BestBy, Claim, Comparison, Side};
use crate::statistics::{describe, interval};
use crate::table::Observation;

/// The level of the intervals.
const LEVEL: f64 = 0.95;

/// A figure for each score that claims of the experiment compare, in the order of the claims.
pub fn final_scores(
    observations: &[Observation],
    experiment: &str,
    claims: &[&Claim],
    palette: &Palette,
) -> Result<Vec<Dots>, Repeated> {
    let experiments = Runs::by_experiment(observations)?;
    let Some(runs) = experiments.get(experiment) else { return Ok(Vec::new()) };
    let mut scores: Vec<(Score, Vec<&Claim>)> = Vec::new();
    for claim in claims.iter().copied().filter(|claim| claim.experiment == experiment) {
        let Some(comparison) = claim.comparison() else { continue };
        let score = Score { metric: &comparison.metric, at: comparison.at, best_by: comparison.best_by };
        match scores.iter_mut().find(|(known, _)| *known == score) {
            Some((_, claims)) => claims.push(claim),
            None => scores.push((score, vec![claim])),
        }
    }
    Ok(scores.into_iter().filter_map(|(score, claims)| figure(runs, score, &claims, palette)).collect())
}

/// What is compared, before a protocol changes the metric.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Score<'a> {
    metric: &'a str,
    at: At,
    best_by: BestBy,
}

fn figure(runs: &Runs, score: Score, claims: &[&Claim], palette: &Palette) -> Option<Dots> {
    let mut protocols: Vec<&str> = Vec::new();
    for named in claims.iter().flat_map(|claim| &claim.protocols) {
        if !protocols.contains(&named.protocol.as_str()) {
            protocols.push(&named.protocol);
        }
    }
    let panels = protocols.into_iter().map(|protocol| panel(runs, protocol, claims, palette));
    let panels: Vec<DotPanel> = panels.filter(|panel| panel.rows.iter().any(|row| !row.values.is_empty())).collect();
    let mut key =
        vec!["dots: seeds".to_owned(), "diamond: mean with its 95 % interval, in numbers on the right".to_owned()];
    if panels.iter().flat_map(|panel| &panel.rows).any(|row| row.published.is_some()) {
        key.push("open diamond: published".to_owned());
    }
    let of = panels.iter().map(|panel| panel.title.as_str()).collect::<Vec<_>>().join(", ");
    let description = format!(
        "{}, {}: every seed of every method, means with 95 % intervals, published numbers; one panel a protocol ({of})",
        labels::metric(score.metric),
        score.at.words(score.best_by)
    );
    (!panels.is_empty()).then_some(Dots { description, panels, key })
}

fn panel(runs: &Runs, protocol: &str, claims: &[&Claim], palette: &Palette) -> DotPanel {
    let mut rows: Vec<(Side, DotRow)> = Vec::new();
    let mut threshold = None;
    let mut label = String::new();
    for claim in claims {
        let Some(own) = claim.comparison() else { continue };
        let Some(under) = claim.protocols.iter().find(|named| named.protocol == protocol) else { continue };
        let comparison = own.under(Some(under), None);
        let several =
            [&comparison.a, &comparison.b].iter().any(|side| matches!(side, Side::Of { metric: Some(_), .. }));
        let metric = if several { "each row's own metric".to_owned() } else { labels::metric(&comparison.metric) };
        label = format!("{metric}, {}", comparison.when());
        // Where the protocol measures something else, what was published is no number of its.
        let published = claim.published.as_ref().filter(|_| comparison.metric == own.metric);
        let published = [published.map(|published| published.b), published.map(|published| published.a)];
        for (side, published) in [&comparison.b, &comparison.a].into_iter().zip(published) {
            match (side, rows.iter_mut().find(|(known, _)| known == side)) {
                (Side::Value(value), _) => threshold = Some(*value),
                (_, Some((_, row))) => row.published = row.published.or(published),
                (_, None) => {
                    rows.push((side.clone(), DotRow { published, ..row(runs, protocol, &comparison, side, palette) }))
                }
            }
        }
        // Controls that compare other methods in the same score.
        for control in claim.controls.iter().filter(|control| control.metric.is_none() && control.at.is_none()) {
            for side in [&control.b, &control.a].into_iter().flatten() {
                if side.method_name().is_some() && !rows.iter().any(|(known, _)| known == side) {
                    rows.push((side.clone(), row(runs, protocol, &comparison, side, palette)));
                }
            }
        }
    }
    let place = |side: &Side| palette.methods().position(|method| Some(method) == side.method_name());
    rows.sort_by_key(|(side, _)| place(side));
    let rows = rows.into_iter().map(|(_, row)| row).collect();
    DotPanel { title: protocol.to_owned(), remark: String::new(), label, rows, threshold }
}

fn row(runs: &Runs, protocol: &str, comparison: &Comparison, side: &Side, palette: &Palette) -> DotRow {
    let (method, metric) = comparison.measured(side).unwrap_or_default();
    let all = runs.of(protocol, method);
    let score = |run: &crate::claims::runs::Run| run.value(metric, comparison.at, comparison.best_by);
    let values: Vec<f64> = all.into_iter().flat_map(|runs| runs.values()).filter_map(score).collect();
    let failed = all.map_or(0, |runs| runs.values().filter(|run| run.has(metric)).count()).saturating_sub(values.len());
    let mean = describe::mean(&values);
    let interval = interval::t_interval(&values, LEVEL);
    let has_interval = interval.iter().all(|end| end.is_finite());
    let numbers = match values.len() {
        0 => "no run".to_owned(),
        _ if !has_interval => format!("{mean}"),
        _ => {
            let decimals = decimals_of(interval);
            let [low, high] = interval.map(|end| plain(end, decimals));
            format!("{} ({low} to {high})", plain(mean, decimals))
        }
    };
    let note = if failed > 0 { format!("{numbers}; {failed} failed") } else { numbers };
    DotRow {
        name: match side {
            Side::Of { metric: Some(metric), .. } => format!("{method}, {}", labels::short(metric)),
            _ => method.to_owned(),
        },
        colour: palette.colour(method),
        mean: has_interval.then_some((mean, interval)),
        values,
        published: None,
        own: None,
        note,
    }
}
