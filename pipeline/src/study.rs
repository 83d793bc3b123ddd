//! What a study brings to the engine: native stage programs, commands of its own, and how it ends.

use std::path::Path;

use clap::ArgMatches;

use crate::code::CodeMap;
use crate::shell;

/// The failure of a study's code: the engine only prints it.
pub type ProgramError = Box<dyn std::error::Error + Send + Sync>;

/// Handed to [`crate::cli::run`] by the binary of a study.
pub struct Study {
    /// The binary's name, as commands in dvc.yaml call it.
    pub name: &'static str,
    pub about: &'static str,
    pub version: &'static str,
    pub programs: &'static [Program],
    pub commands: &'static [StudyCommand],
    pub code: &'static CodeMap,
    /// What `repro` prints after the last stage, for a terminal of this width; `None`: nothing to say.
    pub conclusion: fn(root: &Path, terminal: Terminal) -> Option<String>,
    pub findings: Findings,
    /// Which parameters `--seeds N` changes, as `key=value`, given params.yaml whole. `None`: the study has no seeds.
    pub seeds: Option<fn(count: usize, parameters: &serde_json::Value) -> Vec<String>>,
    /// Which parameters `repro --until-decided` changes for its next round, as `key=value`; none: there is nothing more to
    /// do. `None` in place of a function: the study has no way to tell.
    pub more: Option<More>,
}

/// What an open conclusion asks for, after a round.
pub type More = fn(&Round) -> Result<Vec<String>, ProgramError>;

/// A round of `repro --until-decided` that has ended well.
pub struct Round<'a> {
    pub root: &'a Path,
    /// The most seeds that anything is to be run with.
    pub most_seeds: usize,
    /// The value of a key of params.yaml in this round.
    pub parameter: &'a dyn Fn(&str) -> Option<serde_json::Value>,
}

/// What a study concludes from its artifacts, where that differs between two states of them.
pub struct Findings {
    /// What they are called, in the plural: the name in `diff --json`, and the title of its table.
    pub name: &'static str,
    pub differences: fn(old: &Artifacts, new: &Artifacts) -> Result<Vec<Difference>, ProgramError>,
}

impl Findings {
    /// For a study that concludes nothing.
    pub const NONE: Findings = Findings { name: "findings", differences: |_, _| Ok(Vec::new()) };
}

/// Reads the artifacts of one state, by path from the study's root; `None` where that state has none.
pub struct Artifacts<'a> {
    pub read: &'a ReadArtifact<'a>,
}

pub type ReadArtifact<'a> = dyn Fn(&str) -> Result<Option<Vec<u8>>, ProgramError> + 'a;

/// A finding that is not the same before and after; `None` on the side that lacks it.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub subject: String,
    pub old: Option<Finding>,
    pub new: Option<Finding>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// For a table.
    pub words: String,
    /// For programs.
    pub data: serde_json::Value,
}

/// A stage program: `NAME stage PROGRAM …` in a command of dvc.yaml.
pub struct Program {
    pub name: &'static str,
    pub arguments: fn() -> clap::Command,
    /// The modules that a call with these arguments starts from: its code is all that they can reach.
    pub code: fn(arguments: &[String]) -> Vec<String>,
    /// Runs it; the path is of the file with the declared parameters.
    pub run: fn(&ArgMatches, parameters: Option<&Path>) -> Result<(), ProgramError>,
}

/// A command of the study's own.
pub struct StudyCommand {
    pub name: &'static str,
    /// It needs no study: where there is none it is given the current folder.
    pub anywhere: bool,
    pub arguments: fn() -> clap::Command,
    pub run: fn(&ArgMatches, root: &Path, terminal: Terminal) -> Result<Answer, CommandError>,
}

/// What a study's own command found out.
#[derive(Debug)]
pub struct Answer {
    /// For standard output.
    pub text: String,
    /// Whether it is as one wishes; if not, the program exits with 1.
    pub good: bool,
}

/// How a study's own command fails.
#[derive(Debug)]
pub enum CommandError {
    /// What it was given cannot be used: exit code 2.
    Input(ProgramError),
    /// Something it needs is not there: exit code 1.
    State(ProgramError),
}

/// What output is drawn for.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    pub width: usize,
    pub colour: bool,
}

/// A call of a native stage program inside a command.
#[derive(Debug, PartialEq, Eq)]
pub struct NativeCall {
    pub program: String,
    pub arguments: Vec<String>,
}

impl Study {
    /// The native calls in a command: each `NAME stage PROGRAM …` up to the shell's next operator.
    pub fn native_calls(&self, command: &str) -> Vec<NativeCall> {
        let call = |words: Vec<String>| {
            let start = words.windows(2).position(|pair| pair[0] == self.name && pair[1] == "stage")?;
            let (program, arguments) = words[start + 2..].split_first()?;
            Some(NativeCall { program: program.clone(), arguments: arguments.to_vec() })
        };
        shell::commands(command).into_iter().filter_map(call).collect()
    }

    pub fn program(&self, name: &str) -> Option<&'static Program> {
        self.programs.iter().find(|program| program.name == name)
    }
}
