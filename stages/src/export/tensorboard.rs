//! TensorBoard: a folder for each run, with one event file of scalars.

use super::runs::{Curves, Run};
use super::{Files, record};
use crate::names::part;

/// Without a time and a host, which TensorBoard does not need.
const FILE: &str = "events.out.tfevents.0.retrial";

/// `EXPERIMENT/PROTOCOL/METHOD/SEED/`, where epochs are steps. Values lose what 32 bits can't hold, as TensorBoard's own do.
pub fn files(runs: &[Run]) -> Files {
    let mut files = Files::default();
    for run in runs {
        let Run { experiment, protocol, method, seed, curves, .. } = run;
        let folder = [experiment, protocol, method].map(|name| part(name)).join("/");
        files.add(format!("{folder}/{seed}/{FILE}"), events(curves));
    }
    files
}

/// In order of epoch, as if they had been written while it trained.
fn events(curves: &Curves) -> Vec<u8> {
    let points =
        curves.iter().flat_map(|(metric, curve)| curve.iter().map(move |(epoch, value)| (*epoch, metric, *value)));
    let mut points: Vec<(u32, &String, f64)> = points.collect();
    points.sort_by_key(|(epoch, metric, _)| (*epoch, *metric));
    let mut file = Vec::new();
    record::push(&mut file, &record::version());
    for (epoch, metric, value) in points {
        record::push(&mut file, &record::scalar(metric, epoch.into(), value as f32));
    }
    file
}
