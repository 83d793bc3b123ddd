//! Two methods compared in any table, without a claim file: the whole comparison, and a verdict on "a is better".
//!
//! A table is tidy (columns `metric` and `value`) or has a column of the metric's name; it has a column `method`, and one
//! that pairs the methods' rows, `seed` unless another is named. With a column `epoch` the value is that of the last
//! epoch, or of the first one with the least `val_loss`, as in claims.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use thiserror::Error;

use super::schema::Direction;
use super::verdict::Verdict;
use crate::statistics::bootstrap::Bootstrap;
use crate::statistics::paired::Paired;
use crate::statistics::t_test::Alternative;
use crate::statistics::wilcoxon::{self, Method, Zeros};
use crate::statistics::{describe, effect};
use crate::table::columns::{Cell, ColumnError, Columns};

const LEVEL: f64 = 0.95;
const RESAMPLES: usize = 10_000;
/// The bootstrap's random stream: the same table gives the same interval.
const BOOTSTRAP_SEED: u32 = 0;

/// Columns that split a table into studies of their own: rows from two of them are no one comparison.
const GROUPS: [&str; 2] = ["experiment", "protocol"];

/// What is asked of a table.
#[derive(Debug, Clone)]
pub struct Question {
    pub metric: String,
    pub a: String,
    pub b: String,
    /// The column whose values pair the two methods' rows.
    pub pair: String,
    pub at: When,
    /// Only rows in which these columns have these values.
    pub only: Vec<(String, String)>,
    /// Differences up to this size do not matter; none: no equivalence is looked for.
    pub margin: Option<f64>,
    pub alpha: f64,
    /// The claim is that the metric is so for `a`.
    pub direction: Direction,
}

/// The epoch that counts, where a table has epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Each run's last.
    Last,
    /// Each run's first with the least `val_loss`.
    Best,
}

/// The numbers of the two methods side by side; differences are a − b.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    pub a: String,
    pub b: String,
    pub metric: String,
    /// Pairs.
    pub n: usize,
    /// What pairs rows of which a value is missing or not finite: they are left out.
    pub failed: Vec<String>,
    /// What has rows of one method only: they are left out.
    pub unpaired: Vec<String>,
    pub mean_a: f64,
    pub mean_b: f64,
    pub difference: f64,
    /// Student's t interval of the mean paired difference.
    pub ci95: [f64; 2],
    pub p_t: f64,
    /// Exact, two-sided; none above 40 pairs.
    pub p_sign_flip: Option<f64>,
    pub p_wilcoxon: f64,
    pub dz: Option<f64>,
    /// P(a > b) over all pairs of one run of each, ties half.
    pub probability_of_improvement: f64,
    /// Bias-corrected and accelerated bootstrap of the mean paired difference, 10,000 resamples; none where they are all
    /// the same.
    pub bca95: Option<[f64; 2]>,
    /// Two one-sided t-tests; none without a margin.
    pub p_equivalence: Option<f64>,
    pub verdict: Verdict,
}

#[derive(Debug, Error)]
pub enum CompareError {
    #[error(transparent)]
    Column(#[from] ColumnError),
    #[error("--a and --b are both `{0}`: name two methods")]
    Same(String),
    #[error("{table}: no row is of {column} `{name}`{conditions}; there are {known}")]
    Unknown { table: String, column: String, name: String, conditions: &'static str, known: String },
    #[error("{table}: the rows are of several values of `{column}` ({values}): choose one with --where {column}=VALUE")]
    Mixed { table: String, column: &'static str, values: String },
    #[error(
        "{second}: {first} has said before what `{metric}` the method `{method}` has at {place}: choose with --where, or \
         name what pairs rows with --pair"
    )]
    Repeated { first: String, second: String, metric: String, method: String, place: String },
    #[error("{table}: {n} of the values of `{pair}` have {what}, and 2 are the least")]
    TooFew { table: String, n: usize, pair: String, what: String },
    #[error("{table}: the values of `{metric}` are too large to compute with")]
    TooLarge { table: String, metric: String },
}

/// Compares two methods in a table.
pub fn compare(table: &Columns, question: &Question) -> Result<Answer, CompareError> {
    if question.a == question.b {
        return Err(CompareError::Same(question.a.clone()));
    }
    let rows = chosen_rows(table, question)?;
    let a = runs(table, question, &question.a, &rows)?;
    let b = runs(table, question, &question.b, &rows)?;

    let names: BTreeSet<&Name> = a.keys().chain(b.keys()).collect();
    let (mut pairs, mut failed, mut unpaired) = (Vec::new(), Vec::new(), Vec::new());
    for name in names {
        match (a.get(name), b.get(name)) {
            (Some(Some(a)), Some(Some(b))) => pairs.push((*a, *b)),
            (Some(_), Some(_)) => failed.push(name.text.clone()),
            _ => unpaired.push(name.text.clone()),
        }
    }
    if pairs.len() < 2 {
        let left_out = [("not so for", &failed), ("of one method only", &unpaired)];
        let left_out = left_out.into_iter().filter(|(_, names)| !names.is_empty());
        let left_out: String = left_out.map(|(why, names)| format!(" ({why}: {})", names.join(", "))).collect();
        let Question { metric, a, b, pair, .. } = question;
        let what = format!("a finite `{metric}` of both `{a}` and `{b}`{left_out}");
        return Err(CompareError::TooFew { table: file(table), n: pairs.len(), pair: pair.clone(), what });
    }
    let answer = answer(question, &pairs, failed, unpaired);
    let numbers = [answer.mean_a, answer.mean_b, answer.ci95[0], answer.ci95[1]];
    if !numbers.iter().all(|number| number.is_finite()) {
        return Err(CompareError::TooLarge { table: file(table), metric: question.metric.clone() });
    }
    Ok(answer)
}

fn answer(question: &Question, pairs: &[(f64, f64)], failed: Vec<String>, unpaired: Vec<String>) -> Answer {
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let d = describe::differences(&a, &b);
    let paired = Paired::of(&d, question.margin, LEVEL);
    let bca = Bootstrap::of(&d, describe::mean, RESAMPLES, BOOTSTRAP_SEED).bca(LEVEL);
    Answer {
        a: question.a.clone(),
        b: question.b.clone(),
        metric: question.metric.clone(),
        n: d.len(),
        failed,
        unpaired,
        mean_a: describe::mean(&a),
        mean_b: describe::mean(&b),
        difference: paired.mean,
        ci95: paired.interval,
        p_t: paired.p_difference,
        p_sign_flip: paired.p_sign_flip,
        p_wilcoxon: wilcoxon::signed_rank(&d, Alternative::TwoSided, Method::Auto, Zeros::Drop).p,
        dz: paired.dz,
        probability_of_improvement: effect::probability_of_improvement(&a, &b),
        bca95: bca.iter().all(|end| end.is_finite()).then_some(bca),
        p_equivalence: paired.p_equivalence,
        verdict: Verdict::by(
            paired.p_difference,
            paired.p_equivalence,
            question.direction.agrees(paired.mean),
            question.alpha,
        ),
    }
}

/// What pairs rows: names in their order, then numbers in theirs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    number: Option<i128>,
    text: String,
}

impl Name {
    /// 3, 3.0 and 03 are one number.
    fn of(cell: &Cell) -> Option<Self> {
        let number = cell.whole();
        let text = number.map_or_else(|| cell.name(), |number| Some(number.to_string()))?;
        Some(Self { number, text })
    }
}

/// What was observed in the runs of a method: the metric at the epoch that counts, where it is there and finite.
fn runs(
    table: &Columns,
    question: &Question,
    method: &str,
    rows: &[usize],
) -> Result<BTreeMap<Name, Option<f64>>, CompareError> {
    let of_method = rows_with(table, rows, "method", method)?;
    let (pair, epoch) = (table.need(&question.pair)?, table.find("epoch"));
    let metric = Metric::find(table, rows, &question.metric)?;
    let judge = match question.at {
        When::Last => None,
        When::Best => Some(Metric::find(table, rows, "val_loss")?),
    };
    let mut runs: BTreeMap<Name, Run> = BTreeMap::new();
    for row in of_method {
        let cells = &table.rows[row];
        let name = Name::of(&cells[pair]).ok_or_else(|| table.wrong(row, pair, "a name to pair rows by"))?;
        let epoch = match epoch {
            None => 0,
            Some(epoch) => cells[epoch].whole().ok_or_else(|| table.wrong(row, epoch, "a whole number"))?,
        };
        let place = || format!("{} {}", question.pair, name.text);
        let value = metric.value(table, row)?;
        let loss = judge.as_ref().map(|judge| judge.value(table, row)).transpose()?.flatten();
        let run = runs.entry(name.clone()).or_default();
        run.last = run.last.max(Some(epoch));
        for (values, observed, metric) in
            [(&mut run.values, value, question.metric.as_str()), (&mut run.losses, loss, "val_loss")]
        {
            let Some(observed) = observed else { continue };
            if let Some((_, first)) = values.insert(epoch, (observed, row)) {
                let (first, second) = (table.place(first), table.place(row));
                let (metric, method) = (metric.to_owned(), method.to_owned());
                return Err(CompareError::Repeated { first, second, metric, method, place: place() });
            }
        }
    }
    Ok(runs.into_iter().map(|(name, run)| (name, run.value(question.at))).collect())
}

#[derive(Debug, Default)]
struct Run {
    last: Option<i128>,
    /// Epoch (0 where the table has none) -> value and row.
    values: BTreeMap<i128, (f64, usize)>,
    losses: BTreeMap<i128, (f64, usize)>,
}

impl Run {
    fn value(&self, at: When) -> Option<f64> {
        let epoch = match at {
            When::Last => self.last,
            When::Best => {
                let finite = self.losses.iter().filter(|(_, (loss, _))| loss.is_finite());
                finite.min_by(|(_, (x, _)), (_, (y, _))| x.total_cmp(y)).map(|(epoch, _)| *epoch)
            }
        }?;
        self.values.get(&epoch).map(|(value, _)| *value).filter(|value| value.is_finite())
    }
}

/// Where a table has a metric.
enum Metric<'a> {
    /// In a column of its own.
    Wide(usize),
    /// In the column of values, where the column of metrics has its name.
    Tidy { metrics: usize, values: usize, name: &'a str },
}

impl<'a> Metric<'a> {
    fn find(table: &Columns, rows: &[usize], name: &'a str) -> Result<Self, CompareError> {
        match (table.find(name), table.find("metric"), table.find("value")) {
            (Some(column), _, _) => Ok(Self::Wide(column)),
            (None, Some(metrics), Some(values)) => {
                rows_with(table, rows, "metric", name)?;
                Ok(Self::Tidy { metrics, values, name })
            }
            _ => Ok(Self::Wide(table.need(name)?)),
        }
    }

    /// None where the row is about something else, or its cell is empty.
    fn value(&self, table: &Columns, row: usize) -> Result<Option<f64>, ColumnError> {
        let cells = &table.rows[row];
        let column = match *self {
            Self::Tidy { metrics, name, .. } if cells[metrics].name().as_deref() != Some(name) => return Ok(None),
            Self::Tidy { values, .. } => values,
            Self::Wide(column) => column,
        };
        match &cells[column] {
            Cell::Empty => Ok(None),
            cell => cell.number().map(Some).ok_or_else(|| table.wrong(row, column, "a number")),
        }
    }
}

/// The rows that the question is about: of the two methods, under the conditions.
fn chosen_rows(table: &Columns, question: &Question) -> Result<Vec<usize>, CompareError> {
    let mut rows: Vec<usize> = (0..table.rows.len()).collect();
    for (column, value) in &question.only {
        rows = rows_with(table, &rows, column, value)?;
    }
    let mut chosen = rows_with(table, &rows, "method", &question.a)?;
    chosen.extend(rows_with(table, &rows, "method", &question.b)?);
    for group in GROUPS {
        let Some(column) = table.find(group) else { continue };
        let found = names(table, &chosen, column);
        if found.len() > 1 {
            let values = found.into_iter().collect::<Vec<_>>().join(", ");
            return Err(CompareError::Mixed { table: file(table), column: group, values });
        }
    }
    Ok(chosen)
}

/// Those of the rows that have a name in a column; it is an error if none has.
fn rows_with(table: &Columns, rows: &[usize], column: &str, name: &str) -> Result<Vec<usize>, CompareError> {
    let at = table.need(column)?;
    let has = |row: &&usize| table.rows[**row][at].name().as_deref() == Some(name);
    let found: Vec<usize> = rows.iter().filter(has).copied().collect();
    if found.is_empty() {
        let (column, name) = (column.to_owned(), name.to_owned());
        let conditions = if rows.len() < table.rows.len() { " among the rows that are asked for" } else { "" };
        let known = match names(table, rows, at) {
            known if known.is_empty() => "none".to_owned(),
            known => known.into_iter().collect::<Vec<_>>().join(", "),
        };
        return Err(CompareError::Unknown { table: file(table), column, name, conditions, known });
    }
    Ok(found)
}

fn names(table: &Columns, rows: &[usize], column: usize) -> BTreeSet<String> {
    rows.iter().filter_map(|&row| table.rows[row][column].name()).collect()
}

fn file(table: &Columns) -> String {
    table.path.display().to_string()
}
