//! `repro`: makes everything true.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::{Context, OverlayArgs, coloured, interruptions, print, print_json, terminal};
use crate::error::Error;
use crate::events::Event;
use crate::execute::{self, Failure, Interrupt, Options, Summary};
use crate::graph::Graph;
use crate::manifest::Parameters;
use crate::plan;
use crate::progress::{Colour, Lines, Live, Record, duration};
use crate::study::Round;

/// Make everything true: run or restore what is out of date, then print the conclusion
///
/// A stage runs when its command, its dependencies, its parameters or its code differ from every run on record. Outputs
/// that are on record are put back instead. Exit code 0: all is as it should be; 1: a stage failed; 2: bad input, and
/// nothing was changed; 130: interrupted.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Repro {
    /// Stages, their outputs, or whole dvc.yaml files to bring up to date with all that they rest on; default: the dvc.yaml of
    /// this folder, or else of the root
    targets: Vec<String>,
    /// The stages of every dvc.yaml of the repository
    #[arg(short = 'P', long, conflicts_with_all = ["targets", "single_item", "downstream"])]
    all_pipelines: bool,
    /// The targets and what rests on them, not what they rest on
    #[arg(long, requires = "targets", conflicts_with = "single_item")]
    downstream: bool,
    #[command(flatten)]
    overlay: OverlayArgs,
    /// Only the targets themselves, not what they rest on
    #[arg(short, long, requires = "targets")]
    single_item: bool,
    /// Run the selected stages even where nothing changed
    #[arg(short, long)]
    force: bool,
    /// After a failure, go on with the stages that do not rest on it
    #[arg(short, long)]
    keep_going: bool,
    /// Show what would run, and change nothing
    #[arg(short = 'n', long)]
    dry: bool,
    /// How many threads stages may keep busy together; default: the machine's cores
    #[arg(short, long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
    /// Print {executed, cached, skipped, failed} instead of the conclusion
    #[arg(long)]
    json: bool,
    /// Add what happens to this file, an object of JSON a line
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Then add seeds where the study's conclusion is still open, a block at a time, until it is not; parameters are changed
    /// as by --set
    #[arg(long, conflicts_with_all = ["targets", "all_pipelines", "dry", "force"])]
    until_decided: bool,
    /// The most seeds that --until-decided runs an experiment with
    #[arg(long, value_name = "N", default_value_t = 100, requires = "until_decided")]
    max_seeds: usize,
    /// Then wait until dependencies, parameters or dvc.yaml change, and do it again; Ctrl-C ends that, with exit code 0 between
    /// two runs
    #[arg(long, conflicts_with_all = ["dry", "force", "until_decided"])]
    watch: bool,
}

pub(super) fn run(context: &Context, arguments: Repro) -> Result<ExitCode, Error> {
    if arguments.watch { super::watch::run(context, &arguments) } else { once(context, arguments, &mut None) }
}

/// Makes everything true, in as many rounds as that takes.
pub(super) fn once(
    context: &Context,
    mut arguments: Repro,
    signals: &mut Option<[Arc<AtomicBool>; 2]>,
) -> Result<ExitCode, Error> {
    let started = Instant::now();
    let mut lines = Lines::new(std::io::stderr(), coloured(&std::io::stderr()));
    let mut before = Summary::default();
    loop {
        let Some((mut summary, parameters)) = round(context, &arguments, signals, &mut lines)? else {
            return Ok(ExitCode::SUCCESS);
        };
        let fine = summary.failed.is_empty() && summary.not_run.is_empty() && !summary.interrupted;
        let more = if arguments.until_decided && fine { more(context, &arguments, &parameters)? } else { Vec::new() };
        if more.is_empty() {
            // What earlier rounds have made is up to date in the last one.
            for (all, earlier) in [(&mut summary.executed, before.executed), (&mut summary.cached, before.cached)] {
                summary.skipped.retain(|stage| !earlier.contains(stage));
                all.extend(earlier.into_iter().filter(|stage| !all.contains(stage)).collect::<Vec<_>>());
            }
            return conclude(context, &arguments, &summary, &mut lines, started);
        }
        before.executed.extend(summary.executed);
        before.cached.extend(summary.cached);
        for change in more {
            lines.line("Adding", Colour::Green, &format!("seeds, the conclusion is open: --set '{change}'"));
            let key = change.split_once('=').map_or(change.as_str(), |(key, _)| key).to_owned() + "=";
            arguments.overlay.set.retain(|earlier| !earlier.starts_with(&key));
            arguments.overlay.set.push(change);
        }
    }
}

/// Makes everything true once. `None`: it was only to be shown.
fn round(
    context: &Context,
    arguments: &Repro,
    signals: &mut Option<[Arc<AtomicBool>; 2]>,
    lines: &mut Lines<std::io::Stderr>,
) -> Result<Option<(Summary, Parameters)>, Error> {
    let (parameters, graph) = context.load(&arguments.overlay)?;
    let wanted = select(&graph, arguments)?;
    graph.check_dependencies(&context.root)?;
    let mut workspace = context.workspace(parameters.clone(), &arguments.overlay)?;
    for &stage in &wanted {
        plan::check(&mut workspace, &graph.stages[stage])?;
    }
    if arguments.dry {
        super::status::show(&mut workspace, &graph, &wanted, arguments.force, arguments.json)?;
        return Ok(None);
    }
    let options = Options {
        tidy: wanted.len() == graph.stages.len(),
        wanted,
        force: arguments.force,
        keep_going: arguments.keep_going,
        machine: super::machine(arguments.jobs.map(usize::from)),
        write_lock: workspace.overlay.is_empty(),
    };
    let [asked, urgent] = match signals {
        Some(signals) => signals,
        None => signals.insert(interruptions()?),
    };
    let interrupt = Interrupt { asked, urgent };
    let mut record = arguments.events.as_deref().map(open).transpose()?;
    let mut run = |show: &mut dyn FnMut(&Event)| {
        execute::run(&mut workspace, &graph, &options, interrupt, &mut |event| {
            if let Some(record) = &mut record {
                record.note(&event);
            }
            show(&event);
        })
    };
    let summary = if is_drawn_on() {
        let mut live = Live::new(std::io::stderr(), coloured(&std::io::stderr()), columns);
        let summary = run(&mut |event| live.show(event));
        live.end();
        summary?
    } else {
        run(&mut |event| lines.show(event))?
    };
    Ok(Some((summary, parameters)))
}

/// The file that takes the events.
fn open(path: &Path) -> Result<Record, Error> {
    Record::open(path).map_err(|error| Error::Input(format!("--events {}: {error}", path.display())))
}

/// The graph as it is now, and the stages that are asked for.
pub(super) fn wanted(context: &Context, arguments: &Repro) -> Result<(Graph, BTreeSet<usize>), Error> {
    let (_, graph) = context.load(&arguments.overlay)?;
    let wanted = select(&graph, arguments)?;
    Ok((graph, wanted))
}

fn select(graph: &Graph, arguments: &Repro) -> Result<BTreeSet<usize>, Error> {
    Ok(match (arguments.targets.is_empty(), arguments.all_pipelines) {
        (true, false) => graph.select_here(),
        (true, true) => graph.select(&[], false)?,
        (false, _) if arguments.downstream => graph.with_downstream(graph.select(&arguments.targets, true)?),
        (false, _) => graph.select(&arguments.targets, arguments.single_item)?,
    })
}

/// What the study wants to be changed for another round.
fn more(context: &Context, arguments: &Repro, parameters: &Parameters) -> Result<Vec<String>, Error> {
    let Some(more) = context.study.more else {
        return Err(Error::Input("--until-decided: this study does not say what would decide it".to_owned()));
    };
    let parameter = |key: &str| parameters.value(key);
    let round = Round { root: &context.root, most_seeds: arguments.max_seeds, parameter: &parameter };
    more(&round).map_err(Error::Program)
}

/// Whether standard error is a terminal that can be drawn on.
fn is_drawn_on() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("TERM").is_some_and(|term| term != "dumb")
}

fn columns() -> usize {
    terminal_size::terminal_size_of(std::io::stderr()).map_or(100, |(width, _)| usize::from(width.0))
}

fn conclude(
    context: &Context,
    arguments: &Repro,
    summary: &Summary,
    lines: &mut Lines<std::io::Stderr>,
    started: Instant,
) -> Result<ExitCode, Error> {
    let whole = arguments.targets.is_empty();
    let fine = summary.failed.is_empty() && summary.not_run.is_empty() && !summary.interrupted;
    let (verb, colour) = match (fine, summary.interrupted) {
        (true, _) => ("Done", Colour::Green),
        (false, true) => ("Interrupted", Colour::Yellow),
        (false, false) => ("Failed", Colour::Red),
    };
    for failure in &summary.failures {
        failed(context, failure, lines);
    }
    let mut counts = vec![
        format!("{} run", summary.executed.len()),
        format!("{} restored", summary.cached.len()),
        format!("{} up to date", summary.skipped.len()),
    ];
    if !summary.failed.is_empty() {
        counts.push(format!("{} failed", summary.failed.len()));
    }
    if !summary.not_run.is_empty() {
        counts.push(format!("{} not run", summary.not_run.len()));
    }
    lines.line(verb, colour, &format!("{} in {}", counts.join(", "), duration(started.elapsed().as_secs_f64())));
    if arguments.json {
        print_json(summary)?;
    } else if fine
        && whole
        && let Some(conclusion) = (context.study.conclusion)(&context.root, terminal())
    {
        print(&conclusion);
    }
    Ok(ExitCode::from(match (fine, summary.interrupted) {
        (true, _) => 0,
        (false, true) => 130,
        (false, false) => 1,
    }))
}

/// Shows a failure again: what the stage printed may have scrolled away.
fn failed(context: &Context, failure: &Failure, lines: &mut Lines<std::io::Stderr>) {
    const MOST: usize = 10;
    let Failure { stage, why, log } = failure;
    lines.line("Failed", Colour::Red, &format!("{stage}: {why}"));
    let printed: Vec<&str> = log.lines().collect();
    let last = &printed[printed.len().saturating_sub(MOST)..];
    for line in last {
        lines.line("", Colour::Red, &format!("| {line}"));
    }
    if last.len() < printed.len() {
        let (all, program) = (printed.len(), context.study.name);
        lines.line("", Colour::Red, &format!("(the last {MOST} of {all} lines: `{program} log {stage}` shows all)"));
    }
}
