//! What a single run leaves open: one run of both methods of a claim, and the same with the last bit of its weights changed.

use super::dots::{DotPanel, DotRow, Dots};
use super::labels;
use super::palette::Palette;
use crate::claims::numbers::{decimals_for, plain};
use crate::claims::spread::{Repeats, Spread};
use crate::statistics::describe;

/// None where nothing was repeated.
pub fn repeats(spread: &Spread, palette: &Palette) -> Option<Dots> {
    let panels: Vec<DotPanel> = spread.repeats.iter().map(|repeats| panel(repeats, palette)).collect();
    let mut key = vec![
        "dots: the same run with the last bit of its initial weights changed".to_owned(),
        "upright line: the run itself".to_owned(),
    ];
    if spread.repeats.iter().any(|repeats| repeats.published.is_some()) {
        key.push("open diamond: published".to_owned());
    }
    let claims: Vec<&str> = panels.iter().map(|panel| panel.title.as_str()).collect();
    let description =
        format!("scores of one run, repeated with the last bit of its initial weights changed: {}", claims.join("; "));
    (!panels.is_empty()).then_some(Dots { description, panels, key })
}

fn panel(repeats: &Repeats, palette: &Palette) -> DotPanel {
    let published = [repeats.published.map(|(_, b)| b), repeats.published.map(|(a, _)| a)];
    let own = [repeats.own.1, repeats.own.0];
    let values: [Vec<f64>; 2] =
        [repeats.values.iter().map(|(_, b)| *b).collect(), repeats.values.iter().map(|(a, _)| *a).collect()];
    let rows = [&repeats.b, &repeats.a].into_iter().zip(values).zip(own).zip(published);
    let rows = rows.map(|(((method, values), own), published)| {
        let sd = describe::sd(&values);
        let note = if sd.is_finite() { format!("sd {}", plain(sd, decimals_for(sd))) } else { String::new() };
        let (name, colour) = (method.clone(), palette.colour(method));
        DotRow { name, colour, values, mean: None, published, own: Some(own), note }
    });
    DotPanel {
        title: format!("{}, {}", repeats.claim, repeats.protocol),
        remark: format!("{} of {} repetitions on the claimed side", repeats.agreeing, repeats.values.len()),
        label: format!("{}, {}", labels::metric(&repeats.metric), repeats.at.words(repeats.best_by)),
        rows: rows.collect(),
        threshold: None,
    }
}
