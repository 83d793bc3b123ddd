//! `retrial search replay`: would that sampler, seeded so, have suggested these trials?

use std::num::NonZeroUsize;

use serde_json::{Value as Json, json};

use super::{JournalArgs, SearchError};
use crate::search::elementary::Elementary;
use crate::search::journal::{self, Recorded};
use crate::search::replay::{Comparison, replay};
use crate::search::sampler::{Name, Settings, Version};

/// Says whether a sampler and seed suggest exactly a study's trials, or where they first part
///
/// Each suggestion is asked for again after the trials as they were recorded. What is not said on the command line is
/// taken from the journal, if retrial wrote it, and else is Optuna 5.0's default. Exits with 1 if they part.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    journal: JournalArgs,
    /// The sampler's seed
    #[arg(long)]
    seed: Option<u32>,
    /// Compare with the random sampler instead of TPE
    #[arg(long, conflicts_with_all = ["rules", "univariate", "multivariate"])]
    random: bool,
    /// The version of Optuna whose rules TPE follows
    #[arg(long, value_parser = version)]
    rules: Option<Version>,
    /// Parameters were sampled one by one: the default of 4.5
    #[arg(long, conflicts_with = "multivariate")]
    univariate: bool,
    /// Parameters were sampled together: the default of 5.0
    #[arg(long)]
    multivariate: bool,
    /// Trials at random before TPE begins [default: 10]
    #[arg(long, value_name = "N")]
    n_startup_trials: Option<usize>,
    /// Candidates for each suggestion of TPE [default: 24]
    #[arg(long, value_name = "N")]
    n_ei_candidates: Option<NonZeroUsize>,
    /// Whose exp and ln to compute with: `system` for the C library's, as Optuna, `portable` for Rust's own
    #[arg(long, value_parser = functions)]
    functions: Option<Elementary>,
}

fn version(text: &str) -> Result<Version, String> {
    match text {
        "4.5" => Ok(Version::V4_5),
        "5.0" => Ok(Version::V5_0),
        _ => Err("there are the rules of 4.5 and of 5.0".to_owned()),
    }
}

fn functions(text: &str) -> Result<Elementary, String> {
    match text {
        "system" => Ok(Elementary::System),
        "portable" => Ok(Elementary::Portable),
        _ => Err("there are `system` and `portable`".to_owned()),
    }
}

pub(super) fn run(args: &Args) -> Result<(String, bool), SearchError> {
    let path = &args.journal.journal;
    let recorded = journal::read(path, args.journal.study.as_deref())?;
    let settings = settings(args, &recorded);
    let seed = args.seed.or_else(|| recorded.attributes.get("seed")?.as_u64()?.try_into().ok());
    let seed = seed.ok_or_else(|| SearchError::NoSeed(path.clone()))?;
    let comparison = replay(&recorded.study, settings.sampler(seed).as_mut());
    let text = if args.journal.json {
        serde_json::to_string_pretty(&as_json(&recorded, &settings, seed, &comparison))?
    } else {
        sentence(&recorded, &settings, seed, &comparison)
    };
    Ok((text, comparison.same()))
}

/// The command line's, then the journal's, then Optuna's default.
fn settings(args: &Args, recorded: &Recorded) -> Settings {
    let from_journal = recorded.attributes.get("sampler").and_then(Settings::from_json);
    let default = Settings { functions: Elementary::System, ..Settings::tpe(Version::default()) };
    let mut settings = from_journal.unwrap_or(default);
    if args.random {
        settings.name = Name::Random;
    }
    if let Some(rules) = args.rules {
        // Another version's default is meant, unless it is said which.
        settings = Settings { name: Name::Tpe, rules, multivariate: None, ..settings };
    }
    if args.univariate || args.multivariate {
        settings = Settings { name: Name::Tpe, multivariate: Some(args.multivariate), ..settings };
    }
    settings.n_startup_trials = args.n_startup_trials.unwrap_or(settings.n_startup_trials);
    settings.n_ei_candidates = args.n_ei_candidates.unwrap_or(settings.n_ei_candidates);
    settings.functions = args.functions.unwrap_or(settings.functions);
    settings
}

fn as_json(recorded: &Recorded, settings: &Settings, seed: u32, comparison: &Comparison) -> Json {
    let Comparison { suggestions, exact, rounding, different, first_different } = comparison;
    let first = first_different.as_ref().map(|first| {
        json!({
            "trial": first.trial,
            "parameter": first.parameter,
            "recorded": first.recorded,
            "suggested": first.suggested,
        })
    });
    json!({
        "study": recorded.name,
        "sampler": settings,
        "seed": seed,
        "trials": recorded.study.trials().len(),
        "suggestions": suggestions,
        "exact": exact,
        "rounding": rounding,
        "different": different,
        "first_different": first,
        "same": comparison.same(),
    })
}

fn sentence(recorded: &Recorded, settings: &Settings, seed: u32, comparison: &Comparison) -> String {
    let sampler = format!("{settings} with seed {seed}");
    let Comparison { suggestions, exact, rounding, different, first_different } = comparison;
    let trials = recorded.study.trials().len();
    let name = &recorded.name;
    match first_different {
        None if *suggestions == 0 => format!("{name}: no sampler was asked for anything in its {trials} trials"),
        None if exact == suggestions => {
            format!("{name}: {sampler} suggests exactly these {trials} trials: {suggestions} suggestions, bit for bit")
        }
        None => format!(
            "{name}: {sampler} suggests these {trials} trials up to rounding: of {suggestions} suggestions {exact} bit for bit, \
             the others to {rounding:.0e} of their value"
        ),
        Some(first) => format!(
            "{name}: {sampler} first parts from the journal at trial {}: `{}` is {} there, and would be {}\n\
             {different} of {suggestions} suggestions in {trials} trials are different",
            first.trial, first.parameter, first.recorded, first.suggested
        ),
    }
}
