//! Every table of runs as CSV, and the verdicts as one more.

use serde::Serialize;

use super::{ExportError, Files, Table};
use crate::claims::verdict::{ClaimVerdicts, ProtocolVerdict, Verdicts};

/// The table of verdicts, beside the folder `runs`.
pub const VERDICTS: &str = "verdicts.csv";

/// The tables under their names in `runs/`, and the verdicts.
pub fn files(tables: &[Table], verdicts: &Verdicts) -> Result<Files, ExportError> {
    let mut files = Files::default();
    for table in tables {
        let path = format!("runs/{}.csv", table.name);
        if files.files.contains_key(&path) {
            return Err(ExportError::SameName(path));
        }
        files.add(path, written(&table.rows)?);
    }
    let claims = verdicts.claims.iter();
    let rows: Vec<Row> =
        claims.flat_map(|claim| claim.protocols.iter().map(move |under| Row::new(claim, under))).collect();
    files.add(VERDICTS.to_owned(), written(&rows)?);
    Ok(files)
}

/// With a header line; floats in the fewest digits that give the same float again.
fn written(rows: &[impl Serialize]) -> Result<Vec<u8>, ExportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row)?;
    }
    writer.into_inner().map_err(|error| ExportError::Csv(error.into_error().into()))
}

/// A claim under a protocol. Where nothing is compared, the cells of the comparison are empty.
#[derive(Debug, Serialize)]
struct Row {
    claim: String,
    experiment: String,
    protocol: String,
    verdict: String,
    expected: Option<String>,
    metric: Option<String>,
    at: Option<String>,
    a: Option<String>,
    b: Option<String>,
    direction: Option<String>,
    seeds: Option<usize>,
    mean_a: Option<f64>,
    sd_a: Option<f64>,
    mean_b: Option<f64>,
    sd_b: Option<f64>,
    difference: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    p: Option<f64>,
    p_holm: Option<f64>,
    p_equivalence: Option<f64>,
    alpha: f64,
    margin: Option<f64>,
    published_a: Option<f64>,
    published_b: Option<f64>,
    a_reproduced: Option<bool>,
    b_reproduced: Option<bool>,
    reason: String,
}

impl Row {
    fn new(claim: &ClaimVerdicts, under: &ProtocolVerdict) -> Self {
        let evidence = under.evidence.as_ref();
        let comparison = evidence.map(|evidence| &evidence.comparison);
        let (published, reproduced) = (claim.published.as_ref(), under.reproduced.as_ref());
        Self {
            claim: claim.id.clone(),
            experiment: claim.experiment.clone(),
            protocol: under.protocol.clone(),
            verdict: under.verdict.words().to_owned(),
            expected: under.expected.map(|verdict| verdict.words().to_owned()),
            metric: comparison.map(|comparison| comparison.metric.clone()),
            at: comparison.map(|comparison| comparison.when()),
            a: comparison.map(|comparison| comparison.a.to_string()),
            b: comparison.map(|comparison| comparison.b.to_string()),
            direction: comparison.map(|comparison| comparison.direction.to_string()),
            seeds: evidence.map(|evidence| evidence.seeds),
            mean_a: evidence.map(|evidence| evidence.mean_a),
            sd_a: evidence.map(|evidence| evidence.sd_a),
            mean_b: evidence.map(|evidence| evidence.mean_b),
            sd_b: evidence.map(|evidence| evidence.sd_b),
            difference: evidence.map(|evidence| evidence.difference),
            low: evidence.map(|evidence| evidence.interval[0]),
            high: evidence.map(|evidence| evidence.interval[1]),
            p: evidence.map(|evidence| evidence.p_t),
            p_holm: evidence.and_then(|evidence| evidence.p_holm),
            p_equivalence: evidence.map(|evidence| evidence.p_equivalence),
            alpha: claim.alpha,
            margin: claim.margin,
            published_a: published.map(|published| published.a),
            published_b: published.map(|published| published.b),
            a_reproduced: reproduced.map(|reproduced| reproduced.a.inside),
            b_reproduced: reproduced.map(|reproduced| reproduced.b.inside),
            reason: under.reason.clone(),
        }
    }
}
