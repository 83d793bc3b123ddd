//! `retrial search show`: what a study came to.

use std::fmt::Write;

use serde_json::{Map, Value as Json, json};

use super::plot::{Plot, short};
use super::{JournalArgs, SearchError};
use crate::search::importance::{self, Importance, importance};
use crate::search::journal::{self, Recorded};
use crate::search::number::Written;
use crate::search::sampler::Settings;
use crate::search::space::Value;
use crate::search::study::{Direction, State, Study, Trial};
use crate::search::summary::{AtEnd, End, MARGIN, at_ends, best_so_far};

/// Shows how a search went: the best so far by trial, which parameters mattered, and where its range was too narrow
///
/// The table has the trials that were better than all before them (--all: every trial). The importance of parameters is
/// PED-ANOVA (Watanabe, Bansal and Hutter 2023) with Optuna 5.0's settings: how much the values of the best tenth of
/// the trials differ from those of all. A best value within 5 % of an end of its range is warned about.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    journal: JournalArgs,
    /// List every trial
    #[arg(long)]
    all: bool,
}

/// With fewer good trials than that, importances are rough.
const FEW: usize = 5;

pub(super) fn run(args: &Args, width: usize) -> Result<String, SearchError> {
    let recorded = journal::read(&args.journal.journal, args.journal.study.as_deref())?;
    if args.journal.json {
        return Ok(serde_json::to_string_pretty(&as_json(&recorded))?);
    }
    let study = &recorded.study;
    let mut text = title(&recorded);
    text.push_str(&table(study, args.all));
    text.push_str(&plot(study, width));
    if let Some(importance) = importance(study) {
        text.push_str(&bars(&importance));
    }
    for at_end in at_ends(study) {
        text.push_str(&warning(&at_end));
    }
    Ok(text)
}

fn as_json(recorded: &Recorded) -> Json {
    let study = &recorded.study;
    let number = |value: Option<f64>| value.map(Written::from);
    let trial = |(trial, best): (&Trial, Option<f64>)| {
        let values: Map<String, Json> =
            trial.parameters.iter().map(|(name, chosen)| (name.clone(), json!(chosen.value))).collect();
        json!({
            "number": trial.number,
            "state": trial.state,
            "value": number(trial.value),
            "best": number(best),
            "parameters": values,
        })
    };
    let trials: Vec<Json> = study.trials().iter().zip(best_so_far(study)).map(trial).collect();
    let shares = |importance: Importance| {
        let shares: Map<String, Json> =
            importance.shares.into_iter().map(|(name, share)| (name, json!(share))).collect();
        json!({"method": importance::METHOD, "trials": importance.trials, "good": importance.good, "shares": shares})
    };
    let ends = |at_end: AtEnd| {
        json!({
            "parameter": at_end.parameter,
            "value": at_end.value,
            "end": match at_end.end { End::Low => "low", End::High => "high" },
            "limit": at_end.limit,
            "distance": at_end.distance,
        })
    };
    json!({
        "study": recorded.name,
        "direction": study.direction,
        "attributes": recorded.attributes,
        "trials": trials,
        "best": study.best().map(|trial| trial.number),
        "importance": importance(study).map(shares),
        "at_ends": at_ends(study).into_iter().map(ends).collect::<Vec<_>>(),
    })
}

fn title(recorded: &Recorded) -> String {
    let study = &recorded.study;
    let direction = match study.direction {
        Direction::Minimize => "less is better",
        Direction::Maximize => "more is better",
    };
    let counts: Vec<String> = [State::Complete, State::Pruned, State::Failed, State::Running]
        .into_iter()
        .map(|state| (study.trials().iter().filter(|trial| trial.state == state).count(), state))
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| format!("{count} {}", word(state)))
        .collect();
    let counts = if counts.is_empty() { "no trials".to_owned() } else { counts.join(", ") };
    let mut title = format!("{}: {counts}; {direction}\n", recorded.name);
    if let Some(settings) = recorded.attributes.get("sampler").and_then(Settings::from_json) {
        let seed = recorded.attributes.get("seed").map_or(String::new(), |seed| format!(" with seed {seed}"));
        let _ = writeln!(title, "{settings}{seed}");
    }
    title
}

fn word(state: State) -> &'static str {
    match state {
        State::Running => "running",
        State::Complete => "complete",
        State::Pruned => "pruned",
        State::Failed => "failed",
    }
}

/// Trials, or those that were better than all before; a column for each parameter.
fn table(study: &Study, all: bool) -> String {
    let mut best = None;
    let mut listed: Vec<&Trial> = Vec::new();
    for (trial, now) in study.trials().iter().zip(best_so_far(study)) {
        if all || now != best {
            listed.push(trial);
        }
        best = now;
    }
    let mut names: Vec<&str> = Vec::new();
    for name in listed.iter().flat_map(|trial| trial.parameters.keys()) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let heads = ["trial", if all { "state" } else { "" }, "value"].into_iter().chain(names.iter().copied());
    let mut rows: Vec<Vec<String>> = vec![heads.map(str::to_owned).collect()];
    for trial in listed {
        let state = if all { word(trial.state) } else { "" };
        let value = trial.value.map_or_else(|| "–".to_owned(), short);
        let values = names.iter().map(|&name| match trial.parameters.get(name).map(|chosen| &chosen.value) {
            None => "–".to_owned(),
            Some(Value::Float(value)) => short(*value),
            Some(value) => value.to_string(),
        });
        rows.push([trial.number.to_string(), state.to_owned(), value].into_iter().chain(values).collect());
    }
    let mut text = String::from("\n");
    for row in &rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
            if width == 0 { String::new() } else { format!("{cell:>width$}  ") }
        });
        let line: String = cells.collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Values of trials as points, the best so far as a line.
fn plot(study: &Study, width: usize) -> String {
    let points: Vec<Option<f64>> = study
        .trials()
        .iter()
        .map(|trial| trial.value.filter(|value| trial.state == State::Complete && value.is_finite()))
        .collect();
    let line: Vec<Option<f64>> =
        best_so_far(study).into_iter().map(|best| best.filter(|value| value.is_finite())).collect();
    let less_is_better = study.direction == Direction::Minimize;
    Plot { points: &points, line: &line, less_is_better }.draw(width).map_or(String::new(), |plot| format!("\n{plot}"))
}

fn bars(importance: &Importance) -> String {
    const LONGEST: f64 = 30.0;
    let Importance { shares, trials, good } = importance;
    let mut text = format!(
        "\nImportance of parameters ({}: the best {good} of {trials} trials against all)\n",
        importance::METHOD
    );
    let width = shares.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, share) in shares {
        let bar = "█".repeat((share * LONGEST).round() as usize);
        let line = format!("  {name:<width$}  {:>3.0} %  {bar}", 100.0 * share);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if *good < FEW {
        let _ = writeln!(text, "  rough, since so few trials are good");
    }
    text
}

fn warning(at_end: &AtEnd) -> String {
    let AtEnd { parameter, value, limit, end, .. } = at_end;
    let value = value.number().map_or_else(|| value.to_string(), short);
    let (limit, word) = (
        limit.number().map_or_else(|| limit.to_string(), short),
        match end {
            End::Low => "lower",
            End::High => "upper",
        },
    );
    format!(
        "\nwarning: the best `{parameter}`, {value}, is within {:.0} % of the {word} end of its range, {limit}: a wider range may hold better ones\n",
        100.0 * MARGIN
    )
}
