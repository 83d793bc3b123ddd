//! `retrial stage curves`: a metric's mean over seeds, epoch by epoch, for other programs to draw.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use thiserror::Error;

use crate::names::part;
use crate::parameters::Parameters;
use crate::statistics::describe;
use crate::table::Observation;
use crate::{artifact, table};

/// Writes a metric's mean over seeds, epoch by epoch: a CSV file for each protocol, a column for each method
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The experiment whose curves are written
    experiment: String,
    /// A table of results, or a folder of tables; may be given several times
    #[arg(long, required = true)]
    runs: Vec<PathBuf>,
    /// Whose mean
    #[arg(long, default_value = "val_loss")]
    metric: String,
    /// The folder to write into
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Error)]
#[error("the tables hold no `{metric}` of experiment `{experiment}`")]
pub struct NoCurves {
    experiment: String,
    metric: String,
}

/// Runs the program.
pub fn run(args: Args, _: &Parameters) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let Args { experiment, metric, .. } = args;
    let mut rows = table::read_all(&args.runs)?;
    rows.retain(|row| row.experiment == experiment && row.metric == metric);
    if rows.is_empty() {
        return Err(NoCurves { experiment, metric }.into());
    }
    // Seeds in order, whatever the order of the tables: sums depend on it.
    rows.sort_by_key(|row| row.seed);
    let protocols: BTreeSet<&str> = rows.iter().map(|row| row.protocol.as_str()).collect();
    for protocol in protocols {
        let text = curves(rows.iter().filter(|row| row.protocol == protocol))?;
        artifact::write(&args.out.join(part(protocol)).with_added_extension("csv"), &text)?;
    }
    Ok(())
}

/// A line an epoch. Seeds whose value is not finite are left out; a cell without any is empty.
fn curves<'a>(
    rows: impl Iterator<Item = &'a Observation>,
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut methods: BTreeMap<&str, BTreeMap<u32, Vec<f64>>> = BTreeMap::new();
    for row in rows {
        let values = methods.entry(&row.method).or_default().entry(row.epoch).or_default();
        values.extend(Some(row.value).filter(|value| value.is_finite()));
    }
    let epochs: BTreeSet<u32> = methods.values().flat_map(BTreeMap::keys).copied().collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(std::iter::once("epoch").chain(methods.keys().copied()))?;
    for epoch in epochs {
        let mean = |values: &BTreeMap<u32, Vec<f64>>| match values.get(&epoch) {
            Some(values) if !values.is_empty() => format!("{:?}", describe::mean(values)),
            _ => String::new(),
        };
        writer.write_record(std::iter::once(epoch.to_string()).chain(methods.values().map(mean)))?;
    }
    Ok(writer.into_inner()?)
}
