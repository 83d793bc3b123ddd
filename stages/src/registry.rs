//! What this study gives to the engine: stage name -> program, command name -> command.

use std::path::Path;

use clap::{Args, FromArgMatches};
use pipeline::history::Repository;
use pipeline::study::{
    Answer, Artifacts, CommandError, Difference, Finding, Findings, Program, ProgramError, Study, StudyCommand,
    Terminal,
};
use stages::cli::{self, audit, compare, diff, doctor, export, search};
use stages::device::place::Place;
use stages::parameters::Parameters;
use stages::programs::{
    budget, checks, curves, lowrank, mnist1d, plots, report, sensitivity, spread, statistics, train, tune, tuned,
    verdicts,
};
use stages::protocols::EXPERIMENTS;

include!(concat!(env!("OUT_DIR"), "/code.rs"));

/// A row of the table: `retrial stage NAME` is `programs/NAME.rs`, whose code starts there and at the given modules.
macro_rules! program {
    ($name:ident, $more_code:expr) => {
        Program {
            name: stringify!($name),
            arguments: || $name::Args::augment_args(clap::Command::new(stringify!($name))),
            code: |arguments| {
                let mut modules: Vec<String> =
                    $more_code(&$name::Args::augment_args(clap::Command::new("")), arguments);
                modules.push(format!("programs::{}", stringify!($name)));
                modules
            },
            run: |matches, parameters| {
                let parameters = parameters.map_or_else(|| Ok(Parameters::none()), Parameters::read)?;
                $name::run($name::Args::from_arg_matches(matches)?, &parameters)
            },
        }
    };
}

fn nothing_more(_: &clap::Command, _: &[String]) -> Vec<String> {
    Vec::new()
}

/// A run is made of its experiment's protocols, its arm's method, and the baseline, from whose weights some runs start; on a GPU
/// of the code for devices too.
fn experiment_and_method(program: &clap::Command, arguments: &[String]) -> Vec<String> {
    let arguments = std::iter::once("").chain(arguments.iter().map(String::as_str));
    // Arguments that don't parse fail when the stage runs, with the parser's own message.
    let Ok(matches) = program.clone().try_get_matches_from(arguments) else { return Vec::new() };
    let text = |name: &str| matches.get_one::<String>(name).map(String::as_str).unwrap_or_default();
    let experiment = EXPERIMENTS.iter().find(|experiment| experiment.name == text("experiment"));
    let arm = experiment.and_then(|experiment| experiment.arms.iter().find(|arm| arm.name == text("method")));
    let mut modules = vec![format!("protocols::{}", text("experiment")), "methods::baseline".to_owned()];
    modules.extend(arm.filter(|arm| arm.method != "baseline").map(|arm| format!("methods::{}", arm.method)));
    let place = matches.try_get_one::<Place>("device").ok().flatten().copied().unwrap_or_default();
    if place != Place::Cpu {
        modules.push("protocols::on_device".to_owned());
    }
    modules
}

/// The designs of all named experiments, and the methods of their arms.
fn experiments(_: &clap::Command, arguments: &[String]) -> Vec<String> {
    let named = EXPERIMENTS.iter().filter(|experiment| arguments.iter().any(|argument| argument == experiment.name));
    let modules = named.flat_map(|experiment| {
        let methods = experiment.arms.iter().map(|arm| format!("methods::{}", arm.method));
        methods.chain([format!("protocols::{}", experiment.name)])
    });
    modules.collect()
}

fn verdicts_that_differ(old: &Artifacts, new: &Artifacts) -> Result<Vec<Difference>, ProgramError> {
    let (old, new) = ((old.read)(audit::VERDICTS)?, (new.read)(audit::VERDICTS)?);
    let finding = |judged: diff::Judged| -> Result<Finding, serde_json::Error> {
        Ok(Finding { words: judged.words(), data: serde_json::to_value(&judged)? })
    };
    let difference = |change: diff::Change| {
        Ok(Difference {
            subject: format!("{} {}", change.claim, change.protocol),
            old: change.old.map(finding).transpose()?,
            new: change.new.map(finding).transpose()?,
        })
    };
    diff::differences(old.as_deref(), new.as_deref())?.into_iter().map(difference).collect()
}

fn audit_of(arguments: &audit::Args, root: &Path, terminal: Terminal) -> Result<audit::Audit, ProgramError> {
    let past = pipeline::history::past(root, audit::VERDICTS)?;
    let past: Vec<_> = past.into_iter().map(|past| (past.finished, past.bytes)).collect();
    let Terminal { width, colour } = terminal;
    Ok(audit::run(arguments, &audit::Setting { root, past: &past, width, colour })?)
}

/// When the commit that is checked out was made, in seconds since 1970; 0 where there is none.
fn committed(root: &Path) -> i64 {
    let time = || {
        let repository = Repository::open(root).ok()?;
        Some(repository.describe(repository.head()?).ok()?.time)
    };
    time().unwrap_or(0)
}

fn input(error: impl std::error::Error + Send + Sync + 'static) -> CommandError {
    CommandError::Input(Box::new(error))
}

pub static STUDY: Study = Study {
    name: "retrial",
    about: "Puts machine-learning claims on trial: rebuilds every number of a study, to the bit, and judges each claim",
    version: env!("CARGO_PKG_VERSION"),
    programs: &[
        program!(mnist1d, nothing_more),
        program!(tune, experiment_and_method),
        program!(train, experiment_and_method),
        program!(sensitivity, experiment_and_method),
        program!(tuned, nothing_more),
        program!(lowrank, nothing_more),
        program!(statistics, nothing_more),
        program!(budget, nothing_more),
        program!(checks, experiments),
        program!(spread, nothing_more),
        program!(curves, nothing_more),
        program!(plots, nothing_more),
        program!(verdicts, nothing_more),
        program!(report, nothing_more),
    ],
    commands: &[
        StudyCommand {
            name: "audit",
            anywhere: false,
            arguments: || audit::Args::augment_args(clap::Command::new("audit")),
            run: |matches, root, terminal| {
                let arguments = audit::Args::from_arg_matches(matches).map_err(input)?;
                let audit = audit_of(&arguments, root, terminal).map_err(CommandError::State)?;
                Ok(Answer { text: audit.text, good: audit.good })
            },
        },
        StudyCommand {
            name: "compare",
            anywhere: true,
            arguments: || compare::Args::augment_args(clap::Command::new("compare")),
            run: |matches, _, _| {
                let arguments = compare::Args::from_arg_matches(matches).map_err(input)?;
                Ok(Answer { text: compare::run(&arguments).map_err(input)?, good: true })
            },
        },
        StudyCommand {
            name: "doctor",
            anywhere: true,
            arguments: || doctor::Args::augment_args(clap::Command::new("doctor")),
            run: |matches, root, _| {
                let arguments = doctor::Args::from_arg_matches(matches).map_err(input)?;
                let (text, good) = doctor::run(&arguments, root).map_err(input)?;
                Ok(Answer { text, good })
            },
        },
        StudyCommand {
            name: "export",
            anywhere: false,
            arguments: || export::Args::augment_args(clap::Command::new("export")),
            run: |matches, root, _| {
                let arguments = export::Args::from_arg_matches(matches).map_err(input)?;
                let text = export::run(&arguments, root, committed(root)).map_err(|error| match error.is_input() {
                    true => input(error),
                    false => CommandError::State(error.into()),
                })?;
                Ok(Answer { text, good: true })
            },
        },
        StudyCommand {
            name: "search",
            anywhere: true,
            arguments: || search::Args::augment_args(clap::Command::new("search")),
            run: |matches, _, terminal| {
                let arguments = search::Args::from_arg_matches(matches).map_err(input)?;
                let (text, good) = search::run(&arguments, terminal.width).map_err(input)?;
                Ok(Answer { text, good })
            },
        },
        StudyCommand {
            name: "train",
            anywhere: false,
            arguments: || cli::train::Args::augment_args(clap::Command::new("train")),
            run: |matches, root, _| {
                let arguments = cli::train::Args::from_arg_matches(matches).map_err(input)?;
                let text = cli::train::run(&arguments, root).map_err(|error| match error.is_failure() {
                    true => CommandError::State(error.into()),
                    // All else that can go wrong is in the arguments and in params.yaml.
                    false => input(error),
                })?;
                Ok(Answer { text, good: true })
            },
        },
    ],
    code: &CODE,
    conclusion: |root, terminal| audit_of(&audit::Args::default(), root, terminal).ok().map(|audit| audit.text),
    findings: Findings { name: "verdicts", differences: verdicts_that_differ },
    seeds: Some(stages::blocks::with_seeds),
    more: Some(|round| {
        let verdicts = stages::artifact::read_json(&round.root.join(audit::VERDICTS))?;
        Ok(stages::claims::further::further(&verdicts, round.most_seeds, round.parameter))
    }),
};
