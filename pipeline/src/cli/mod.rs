//! The command line: one file a command. Arguments are parsed and results printed here; nothing is computed.

mod checkout;
mod completions;
mod dag;
mod diff;
mod digest;
mod fsck;
mod gc;
mod log;
mod man;
mod repro;
mod stages;
mod status;
mod table;
mod trace;
mod verify;
mod watch;
mod why;

use std::io::{IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{ArgMatches, Args, FromArgMatches};

use crate::code::Edit;
use crate::digest::Memo;
use crate::error::Error;
use crate::events::Event;
use crate::graph::Graph;
use crate::machine::{self, Machine};
use crate::manifest::{self, ManifestError, Overlay, Parameters, Stage};
use crate::path::RepoPath;
use crate::plan::Workspace;
use crate::progress::Lines;
use crate::store::{Store, WorkTreeLock};
use crate::study::{CommandError, Study, Terminal};

/// What every command gets.
pub(crate) struct Context {
    pub study: &'static Study,
    pub root: PathBuf,
    /// The folder where the user stands, below the root.
    pub here: RepoPath,
}

/// Parameters that are changed for one invocation.
#[derive(Debug, Clone, Args)]
pub(crate) struct OverlayArgs {
    /// Change the parameters listed under this name in `presets:` of params.yaml.
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Change one parameter; the value is YAML. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Run everything with so many seeds; lists of seeds that are --set keep their own.
    #[arg(long, value_name = "N")]
    seeds: Option<NonZeroUsize>,
}

impl OverlayArgs {
    /// For commands that take the study as its files have it.
    fn none() -> Self {
        Self { preset: None, set: Vec::new(), seeds: None }
    }
}

impl Context {
    /// What an invocation changes in params.yaml.
    fn overlay(&self, arguments: &OverlayArgs) -> Result<Overlay, Error> {
        let mut overlay = Overlay { preset: arguments.preset.clone(), set: Vec::new() };
        if let Some(count) = arguments.seeds {
            let seeds = self.study.seeds;
            let seeds = seeds.ok_or_else(|| Error::Input("--seeds: this study has no seeds to count".to_owned()))?;
            let parameters = Parameters::load(&self.root, &overlay)?;
            overlay.set = seeds(count.get(), &parameters.whole());
        }
        overlay.set.extend_from_slice(&arguments.set);
        Ok(overlay)
    }

    /// The study's parameters, stages and edges, checked.
    pub fn load(&self, overlay: &OverlayArgs) -> Result<(Parameters, Graph), Error> {
        let parameters = Parameters::load(&self.root, &self.overlay(overlay)?)?;
        let mut graph = Graph::new(manifest::load(&self.root, &parameters)?)?;
        graph.here = self.here.clone();
        Ok((parameters, graph))
    }

    pub fn workspace(&self, parameters: Parameters, overlay: &OverlayArgs) -> Result<Workspace<'static>, Error> {
        let mut workspace = Workspace::open(&self.root, self.study, parameters, self.overlay(overlay)?)?;
        self.warn_if_stale(&mut workspace.memo);
        Ok(workspace)
    }

    /// Says so where the program's own source lies about and is not what it was built from: its stages would run old code.
    fn warn_if_stale(&self, memo: &mut Memo) {
        let edits = self.study.code.built_from.edits(&self.root, memo);
        let Some((path, edit)) = edits.first() else { return };
        let what = match edit {
            Edit::Changed => "has changed",
            Edit::New => "is new",
            Edit::Gone => "is gone",
        };
        let more = match edits.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let (start, end) = if coloured(&std::io::stderr()) { ("\x1b[1;33m", "\x1b[0m") } else { ("", "") };
        let name = self.study.name;
        eprintln!(
            "{start}warning{end}: this {name} was built from other source than lies here ({path} {what}{more}): build it \
             again, for example with `cargo build`"
        );
    }

    /// What a path on the command line, from the current folder, is from the study's root.
    pub fn path(&self, written: &str) -> Result<RepoPath, Error> {
        let here = std::env::current_dir().unwrap_or_else(|_| self.root.clone());
        let full = here.join(written);
        // Lexically: what is traced may be gone, and a link is followed when it is read.
        let inside = full.strip_prefix(&self.root).ok().and_then(Path::to_str);
        let path = match inside {
            Some("") => Ok(RepoPath::root()),
            Some(inside) => RepoPath::root().join(inside),
            None => RepoPath::root().join(written),
        };
        path.map_err(|error| Error::Input(error.to_string()))
    }

    /// The lock on the work tree, once no other process has it.
    pub fn lock(&self, store: &Store) -> Result<WorkTreeLock, Error> {
        let mut lines = Lines::new(std::io::stderr(), coloured(&std::io::stderr()));
        let interrupt = interruption()?;
        let waiting = || lines.show(&Event::WaitingForLock { holders: WorkTreeLock::holders(&store.folder) });
        let lock = WorkTreeLock::take(&store.folder, &interrupt, waiting)?;
        lock.ok_or(Error::Interrupted)
    }
}

/// Runs the program: parses the arguments of this process, does what they say, and returns its exit code.
pub fn run(study: &'static Study) -> ExitCode {
    // Git refuses a repository that belongs to somebody else, as is usual in containers, since it might run what its configuration
    // names. SAFETY: no other thread runs yet; and libgit2 only reads here: it runs no hooks, filters or monitors.
    if let Err(error) = unsafe { git2::opts::set_verify_owner_validation(false) } {
        let _ = writeln!(std::io::stderr(), "warning: git: {}", error.message());
    }
    let matches = command(study).get_matches();
    match dispatch(study, &matches) {
        Ok(code) => code,
        Err(error) => {
            let (start, end) = if coloured(&std::io::stderr()) { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
            // Where nobody reads it any more, the exit code still tells.
            let _ = writeln!(std::io::stderr(), "{start}error{end}: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn command(study: &Study) -> clap::Command {
    let mut stage = clap::Command::new("stage")
        .about("Run one native stage program, as dvc.yaml calls it")
        .subcommand_required(true)
        .arg_required_else_help(true);
    for program in study.programs {
        stage = stage.subcommand((program.arguments)());
    }
    let mut command = clap::Command::new(study.name)
        .about(study.about)
        .version(study.version)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(repro::Repro::augment_args(clap::Command::new("repro")))
        .subcommand(status::Status::augment_args(clap::Command::new("status")))
        .subcommand(why::Why::augment_args(clap::Command::new("why")))
        .subcommand(log::Log::augment_args(clap::Command::new("log")))
        .subcommand(dag::Dag::augment_args(clap::Command::new("dag")))
        .subcommand(stages::Stages::augment_args(clap::Command::new("stages")))
        .subcommand(trace::Trace::augment_args(clap::Command::new("trace")))
        .subcommand(diff::Diff::augment_args(clap::Command::new("diff")))
        .subcommand(checkout::Checkout::augment_args(clap::Command::new("checkout")))
        .subcommand(fsck::Fsck::augment_args(clap::Command::new("fsck")))
        .subcommand(gc::Gc::augment_args(clap::Command::new("gc")))
        .subcommand(verify::Verify::augment_args(clap::Command::new("verify")))
        .subcommand(digest::Digest::augment_args(clap::Command::new("digest")));
    for own in study.commands {
        command = command.subcommand((own.arguments)());
    }
    command
        .subcommand(stage)
        .subcommand(completions::Completions::augment_args(clap::Command::new("completions")))
        .subcommand(man::Pages::augment_args(clap::Command::new("man")))
}

fn dispatch(study: &'static Study, matches: &ArgMatches) -> Result<ExitCode, Error> {
    let Some((name, matches)) = matches.subcommand() else { return Ok(ExitCode::from(2)) };
    match name {
        "stage" => return stage(study, matches),
        "completions" => return Ok(completions::run(study, &parsed(matches)?)),
        "man" => return man::run(study, &parsed(matches)?),
        _ => (),
    }
    let own = study.commands.iter().find(|own| own.name == name);
    let (root, here) = match find_root() {
        Err(_) if own.is_some_and(|own| own.anywhere) => (PathBuf::from("."), RepoPath::root()),
        found => found?,
    };
    let context = Context { study, root, here };
    match name {
        "repro" => repro::run(&context, parsed(matches)?),
        "status" => status::run(&context, &parsed(matches)?),
        "why" => why::run(&context, &parsed(matches)?),
        "log" => log::run(&context, &parsed(matches)?),
        "dag" => dag::run(&context, &parsed(matches)?),
        "stages" => stages::run(&context, &parsed(matches)?),
        "trace" => trace::run(&context, &parsed(matches)?),
        "diff" => diff::run(&context, &parsed(matches)?),
        "checkout" => checkout::run(&context, &parsed(matches)?),
        "fsck" => fsck::run(&context, &parsed(matches)?),
        "gc" => gc::run(&context, &parsed(matches)?),
        "verify" => verify::run(&context, &parsed(matches)?),
        "digest" => digest::run(&context, &parsed(matches)?),
        _ => {
            let Some(own) = own else { return Ok(ExitCode::from(2)) };
            let answer = (own.run)(matches, &context.root, terminal()).map_err(|error| match error {
                CommandError::Input(error) => Error::Input(error.to_string()),
                CommandError::State(error) => Error::Program(error),
            })?;
            print(&answer.text);
            Ok(if answer.good { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
    }
}

fn parsed<T: FromArgMatches>(matches: &ArgMatches) -> Result<T, Error> {
    T::from_arg_matches(matches).map_err(|error| Error::Input(error.to_string()))
}

fn stage(study: &Study, matches: &ArgMatches) -> Result<ExitCode, Error> {
    let Some((name, matches)) = matches.subcommand() else { return Ok(ExitCode::from(2)) };
    let Some(program) = study.program(name) else { return Ok(ExitCode::from(2)) };
    let own = match std::env::var_os("RETRIAL_PARAMS") {
        Some(path) => Some(ParameterFile::Given(path.into())),
        None => declared_parameters()?.map(ParameterFile::Made),
    };
    let path = own.as_ref().map(|file| match file {
        ParameterFile::Given(path) => path.as_path(),
        ParameterFile::Made(file) => file.path(),
    });
    (program.run)(matches, path).map_err(Error::Program)?;
    Ok(ExitCode::SUCCESS)
}

/// Where a native stage finds its declared parameters.
enum ParameterFile {
    Given(PathBuf),
    Made(tempfile::NamedTempFile),
}

/// The parameters of a stage that DVC started: it names the stage and the study, and leaves the looking up to the command.
fn declared_parameters() -> Result<Option<tempfile::NamedTempFile>, Error> {
    let (Some(root), Ok(name)) = (std::env::var_os("DVC_ROOT"), std::env::var("DVC_STAGE")) else { return Ok(None) };
    let root = PathBuf::from(root);
    let parameters = Parameters::load(&root, &Overlay::default())?;
    let stages = manifest::load(&root, &parameters)?;
    // DVC names a stage as seen from where the user stood; the command runs in the stage's own folder.
    let folder = std::env::current_dir().unwrap_or_default();
    let own = name.rsplit_once("dvc.yaml:").map_or(name.as_str(), |(_, own)| own);
    let here = |stage: &&Stage| stage.name_in_file() == own && stage.folder.within(&root) == folder;
    let named = stages.iter().find(|stage| stage.name == name).or_else(|| stages.iter().find(here));
    let Some(stage) = named else {
        return Err(Error::Input(format!("DVC_STAGE is `{name}`, which is no stage below {}", root.display())));
    };
    let values = parameters.values(&stage.parameters, Path::new(stage.file.as_str()))?;
    let file = tempfile::NamedTempFile::new().and_then(|file| {
        std::fs::write(file.path(), manifest::params::to_json(&values))?;
        Ok(file)
    });
    Ok(Some(file.map_err(|error| Error::State(format!("the parameters can't be written to a file: {error}")))?))
}

/// The root of the repository, and where the user stands below it.
///
/// The root is the nearest folder upwards with `.dvc` or `.retrial`; where there is neither yet, the outermost one with a
/// dvc.yaml up to the top of git's work tree, if there is one.
fn find_root() -> Result<(PathBuf, RepoPath), Error> {
    let here = std::env::current_dir().map_err(|error| Error::State(format!("there is no current folder: {error}")))?;
    let engine = |folder: &&Path| folder.join(".dvc").is_dir() || folder.join(".retrial").is_dir();
    let root = here.ancestors().find(engine).or_else(|| {
        let top = here.ancestors().find(|folder| folder.join(".git").exists());
        let inside = here.ancestors().filter(|folder| top.is_none_or(|top| folder.starts_with(top)));
        inside.filter(|folder| folder.join(manifest::FILE).is_file()).last()
    });
    let Some(root) = root else { return Err(ManifestError::NoManifest { start: here }.into()) };
    let below = here.strip_prefix(root).ok().and_then(Path::to_str);
    let below = below.map_or_else(RepoPath::root, |below| RepoPath::root().join(below).unwrap_or_default());
    Ok((root.to_owned(), below))
}

/// What standard output is drawn on.
pub(crate) fn terminal() -> Terminal {
    let size = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let width = size.unwrap_or(100).clamp(40, 200);
    Terminal { width, colour: coloured(&std::io::stdout()) }
}

pub(crate) fn coloured(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// What stages may share here: by default all cores, and the GPUs that the user lets be seen.
pub(crate) fn machine(threads: Option<usize>) -> Machine {
    let visible = std::env::var("CUDA_VISIBLE_DEVICES").ok();
    Machine::here(threads.unwrap_or_else(machine::cores), visible.as_deref())
}

/// Turns true when the user wants to stop.
pub(crate) fn interruption() -> Result<Arc<AtomicBool>, Error> {
    let [asked, _] = interruptions()?;
    Ok(asked)
}

/// Turn true with the first and the second interruption (Ctrl-C, a request to end, the terminal gone); the third ends the
/// process on the spot. A signal that the process was told to ignore (`nohup`, a shell's background job) stays ignored.
pub(crate) fn interruptions() -> Result<[Arc<AtomicBool>; 2], Error> {
    let [asked, urgent] = [Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false))];
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        if is_ignored(signal) {
            continue;
        }
        let (asked, urgent) = (Arc::clone(&asked), Arc::clone(&urgent));
        let note = move || {
            if asked.swap(true, Ordering::Relaxed) && urgent.swap(true, Ordering::Relaxed) {
                signal_hook::low_level::exit(130);
            }
        };
        // SAFETY: a signal handler may use atomics and end the process; `note` does nothing else.
        let registered = unsafe { signal_hook::low_level::register(signal, note) };
        registered.map_err(|error| Error::State(format!("signals cannot be caught: {error}")))?;
    }
    Ok([asked, urgent])
}

fn is_ignored(signal: libc::c_int) -> bool {
    // SAFETY: with no new action, sigaction only writes the present one, for which zero is valid.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}

/// An answer on standard output. A reader that has seen enough (`| head`) is no error; half an answer on a full disk is.
pub(crate) fn print(text: &str) {
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    let mut out = std::io::stdout().lock();
    let written =
        out.write_all(text.as_bytes()).and_then(|()| out.write_all(end.as_bytes())).and_then(|()| out.flush());
    if let Err(error) = written
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        let _ = writeln!(std::io::stderr(), "error: standard output cannot be written: {error}");
        // It is the last that a command does.
        std::process::exit(1);
    }
}

pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::State(error.to_string()))?;
    print(&text);
    Ok(())
}
