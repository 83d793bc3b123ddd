//! Lines with fewer places that look the same, since a curve of a thousand epochs has more of them than a figure has pixels; and
//! lines cut into dashes.

use super::canvas::Place;

/// How far, in units of the figure, a line may pass by a place that it leaves out.
const TOLERANCE: f64 = 0.5;

/// The places that a line needs: peaks stay, what lies between neighbours goes.
pub fn thin(places: &[Place]) -> Vec<Place> {
    straightened(&by_column(places))
}

/// Of neighbours in one column of pixels the first, the last, and the two that reach furthest, in their order.
fn by_column(places: &[Place]) -> Vec<Place> {
    let mut kept = Vec::new();
    for column in places.chunk_by(|one, other| one.0.round() == other.0.round()) {
        let height = |i: &usize, j: &usize| column[*i].1.total_cmp(&column[*j].1);
        let furthest = [(0..column.len()).min_by(height), (0..column.len()).max_by(height)];
        let mut chosen: Vec<usize> = furthest.into_iter().flatten().chain([0, column.len() - 1]).collect();
        chosen.sort_unstable();
        chosen.dedup();
        kept.extend(chosen.into_iter().map(|i| column[i]));
    }
    kept
}

/// Douglas and Peucker's rule (1973): a stretch becomes one straight piece if none of its places lies further off.
fn straightened(places: &[Place]) -> Vec<Place> {
    let Some(end) = places.len().checked_sub(1) else { return Vec::new() };
    let mut needed = vec![false; places.len()];
    (needed[0], needed[end]) = (true, true);
    let mut stretches = vec![(0, end)];
    while let Some((first, last)) = stretches.pop() {
        let offset = |i: usize| (distance(places[i], places[first], places[last]), i);
        let furthest = (first + 1..last).map(offset).max_by(|x, y| x.0.total_cmp(&y.0));
        if let Some((_, at)) = furthest.filter(|(distance, _)| *distance > TOLERANCE) {
            needed[at] = true;
            stretches.extend([(first, at), (at, last)]);
        }
    }
    places.iter().zip(needed).filter(|(_, needed)| *needed).map(|(place, _)| *place).collect()
}

/// From a place to the straight piece between two others.
fn distance((x, y): Place, from: Place, to: Place) -> f64 {
    let along = (to.0 - from.0, to.1 - from.1);
    let squared = along.0 * along.0 + along.1 * along.1;
    let share = ((x - from.0) * along.0 + (y - from.1) * along.1) / squared;
    let share = if squared > 0.0 { share.clamp(0.0, 1.0) } else { 0.0 };
    let (dx, dy) = (x - from.0 - share * along.0, y - from.1 - share * along.1);
    (dx * dx + dy * dy).sqrt()
}

/// A curve so many times as long as it is wide goes up and down a lot: along it, dashes would be dust.
const RESTLESS: f64 = 4.0;

/// The dashes of a line, the first where it begins; those of a restless curve are measured across.
pub fn dashes(places: &[Place], dash: f64, gap: f64) -> Vec<Vec<Place>> {
    let along = |from: Place, to: Place| {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        (dx * dx + dy * dy).sqrt()
    };
    let across = |from: Place, to: Place| (to.0 - from.0).abs();
    let whole =
        |length: &dyn Fn(Place, Place) -> f64| places.windows(2).map(|ends| length(ends[0], ends[1])).sum::<f64>();
    let restless = places.len() > 2 && whole(&along) > RESTLESS * whole(&across);
    let length = |from: Place, to: Place| if restless { across(from, to) } else { along(from, to) };
    let mut pieces: Vec<Vec<Place>> = places.first().map(|first| vec![*first]).into_iter().collect();
    // What is left of the dash, or of the gap.
    let (mut drawing, mut left) = (true, dash);
    for ends in places.windows(2) {
        let (mut from, to) = (ends[0], ends[1]);
        loop {
            let rest = length(from, to);
            if rest < left {
                left -= rest;
                break;
            }
            let share = if rest > 0.0 { left / rest } else { 1.0 };
            from = (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
            match pieces.last_mut().filter(|_| drawing) {
                Some(piece) => piece.push(from),
                None => pieces.push(vec![from]),
            }
            drawing = !drawing;
            left = if drawing { dash } else { gap };
        }
        if let Some(piece) = pieces.last_mut().filter(|_| drawing) {
            piece.push(to);
        }
    }
    pieces
}
