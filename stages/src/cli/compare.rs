//! `retrial compare`: two methods in any table, from the command line.

use std::path::PathBuf;

use thiserror::Error;

use crate::claims::compare::{Answer, CompareError, Question, When, compare};
use crate::claims::numbers::{decimals_of, p_value, plain, signed};
use crate::claims::schema::Direction;
use crate::table::{self, TableError};

/// Compares two methods in a table of results, whoever wrote it: Parquet, CSV or JSON lines
///
/// The table has a column `method`, one that pairs rows (`seed`), and either a column of the metric's name or tidy columns
/// `metric` and `value`. The verdict is on the claim that the metric is higher (or lower) for A than for B.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table: *.parquet, *.csv, *.jsonl or *.ndjson, or a folder of them
    table: PathBuf,
    /// What is compared
    #[arg(long)]
    metric: String,
    /// The method that the claim is about
    #[arg(long)]
    a: String,
    /// The method that it is compared with
    #[arg(long)]
    b: String,
    /// The column whose values pair the rows of the two methods
    #[arg(long, default_value = "seed")]
    pair: String,
    /// The epoch that counts, where the table has epochs: the last, or the first with the least val_loss
    #[arg(long, value_enum, default_value = "last")]
    at: AtArg,
    /// Only rows with this value in this column. May be repeated
    #[arg(long = "where", value_name = "COLUMN=VALUE", value_parser = condition)]
    only: Vec<(String, String)>,
    /// Differences up to this size do not matter: look for equivalence too
    #[arg(long, value_parser = positive)]
    margin: Option<f64>,
    /// The claim: how the metric is for A
    #[arg(long, value_enum, default_value = "higher")]
    direction: DirectionArg,
    /// The chance of a wrong verdict that is put up with
    #[arg(long, default_value_t = 0.05, value_parser = level)]
    alpha: f64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum AtArg {
    Last,
    Best,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum DirectionArg {
    Higher,
    Lower,
    Different,
}

#[derive(Debug, Error)]
pub enum Failure {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Compare(#[from] CompareError),
    #[error("the answer cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// What the command prints.
pub fn run(args: &Args) -> Result<String, Failure> {
    let question = Question {
        metric: args.metric.clone(),
        a: args.a.clone(),
        b: args.b.clone(),
        pair: args.pair.clone(),
        at: match args.at {
            AtArg::Last => When::Last,
            AtArg::Best => When::Best,
        },
        only: args.only.clone(),
        margin: args.margin,
        alpha: args.alpha,
        direction: match args.direction {
            DirectionArg::Higher => Direction::Higher,
            DirectionArg::Lower => Direction::Lower,
            DirectionArg::Different => Direction::Different,
        },
    };
    let answer = compare(&table::read_columns(&args.table)?, &question)?;
    Ok(if args.json { serde_json::to_string_pretty(&answer)? + "\n" } else { text(&answer, &question) })
}

fn text(answer: &Answer, question: &Question) -> String {
    let decimals = decimals_of(answer.ci95);
    let interval = |[low, high]: [f64; 2]| format!("[{}, {}]", signed(low, decimals), signed(high, decimals));
    let Answer { a, b, metric, n, .. } = answer;
    let mut lines = vec![
        (format!("mean of {a}"), plain(answer.mean_a, decimals)),
        (format!("mean of {b}"), plain(answer.mean_b, decimals)),
        (
            "difference".to_owned(),
            format!("{} {} (95 %, paired t)", signed(answer.difference, decimals), interval(answer.ci95)),
        ),
    ];
    if let Some(bca) = answer.bca95 {
        lines.push((String::new(), format!("{} (95 %, BCa bootstrap)", interval(bca))));
    }
    lines.push(("p, paired t".to_owned(), p_value(answer.p_t)));
    if let Some(p) = answer.p_sign_flip {
        lines.push(("p, sign flip".to_owned(), p_value(p)));
    }
    lines.push(("p, Wilcoxon".to_owned(), p_value(answer.p_wilcoxon)));
    if let (Some(p), Some(margin)) = (answer.p_equivalence, question.margin) {
        lines.push((format!("p, within ±{margin}"), p_value(p)));
    }
    if let Some(dz) = answer.dz {
        lines.push(("effect size dz".to_owned(), signed(dz, 2)));
    }
    lines.push((format!("P({a} > {b})"), format!("{:.2}", answer.probability_of_improvement)));
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let (pair, direction) = (&question.pair, question.direction);
    let mut text = format!("{metric} of {a} against {b}, {n} pairs by {pair}\n");
    for (name, value) in lines {
        text.push_str(&format!("  {name:<width$}  {value}\n"));
    }
    let left_out =
        [("failed, a value is not finite or missing", &answer.failed), ("in one method only", &answer.unpaired)];
    for (why, names) in left_out.into_iter().filter(|(_, names)| !names.is_empty()) {
        text.push_str(&format!("  left out ({why}): {pair} {}\n", names.join(", ")));
    }
    text + &format!("{direction} {metric} of {a}: {}\n", answer.verdict.words())
}

fn condition(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').ok_or("write it as COLUMN=VALUE")?;
    Ok((parts.0.to_owned(), parts.1.to_owned()))
}

fn positive(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|value: &f64| *value > 0.0 && value.is_finite())
        .ok_or_else(|| "it needs a number above 0".to_owned())
}

fn level(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|value: &f64| *value > 0.0 && *value < 1.0)
        .ok_or_else(|| "it needs a number between 0 and 1".to_owned())
}
