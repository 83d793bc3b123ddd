//! Which of a study's trials are good, for the Tree-structured Parzen Estimator.

use std::cmp::Ordering;

use crate::search::study::{Direction, State, Study, Trial};

/// At most so many trials are good.
const MOST_BELOW: usize = 25;

/// The good tenth of the trials, and the others; both in order of number.
pub(super) struct Split<'a> {
    pub below: Vec<&'a Trial>,
    pub above: Vec<&'a Trial>,
}

/// How many of that many trials are good.
pub(super) fn count_below(trials: usize) -> usize {
    ((0.1 * trials as f64).ceil() as usize).min(MOST_BELOW)
}

/// Splits the usable trials. With `running`, trials whose outcome is not known yet count as bad ones, so that workers
/// keep out of each other's way; the study's last trial, for which this is done, never counts.
pub(super) fn split(study: &Study, running: bool) -> Split<'_> {
    let earlier = study.trials().split_last().map_or(&[][..], |(_, earlier)| earlier);
    let in_state = |state: State| earlier.iter().filter(move |trial| trial.state == state);
    let mut complete: Vec<&Trial> = in_state(State::Complete).collect();
    let mut pruned: Vec<&Trial> = in_state(State::Pruned).collect();
    let wanted = count_below(complete.len() + pruned.len());

    // Both sorts are stable: of equals the earlier trial is the better.
    let value = |trial: &Trial| trial.value.map_or(f64::INFINITY, |value| ascending(value, study.direction));
    complete.sort_by(|a, b| compare(value(a), value(b)));
    pruned.sort_by(|a, b| compare_pruned(a, b, study.direction));

    let bad_complete = complete.split_off(wanted.min(complete.len()));
    let bad_pruned = pruned.split_off((wanted - complete.len()).min(pruned.len()));
    let mut below = [complete, pruned].concat();
    let mut above = [bad_complete, bad_pruned].concat();
    if running {
        above.extend(in_state(State::Running));
    }
    below.sort_by_key(|trial| trial.number);
    above.sort_by_key(|trial| trial.number);
    Split { below, above }
}

/// The value or its negative, so that less is better.
fn ascending(value: f64, direction: Direction) -> f64 {
    match direction {
        Direction::Minimize => value,
        Direction::Maximize => -value,
    }
}

/// What got further is better, then what was better there; what never reported is worst.
fn compare_pruned(a: &Trial, b: &Trial, direction: Direction) -> Ordering {
    let key = |trial: &Trial| trial.intermediate.last_key_value().map(|(&step, &value)| (step, value));
    match (key(a), key(b)) {
        (Some((step_a, a)), Some((step_b, b))) => {
            let value = |value: f64| if value.is_nan() { f64::INFINITY } else { ascending(value, direction) };
            step_b.cmp(&step_a).then(compare(value(a), value(b)))
        }
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

/// Neither is NaN.
fn compare(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or(Ordering::Equal)
}
