//! Hands the stage programs to the engine, which brings the commands: `squares repro`, `squares status`, `squares why total`.

use clap::{Args, Command, FromArgMatches};
use pipeline::study::{Findings, Program, Study};
use squares::{squares as make_squares, total};

// CODE: the modules of the library, their digests, and who refers to whom.
include!(concat!(env!("OUT_DIR"), "/code.rs"));

static STUDY: Study = Study {
    name: "squares",
    about: "Adds up square numbers",
    version: env!("CARGO_PKG_VERSION"),
    programs: &[
        Program {
            name: "squares",
            arguments: || make_squares::Args::augment_args(Command::new("squares")),
            // A stage's code is all that can be reached from these modules.
            code: |_| vec!["squares".to_owned()],
            run: |matches, parameters| make_squares::run(&make_squares::Args::from_arg_matches(matches)?, parameters),
        },
        Program {
            name: "total",
            arguments: || total::Args::augment_args(Command::new("total")),
            code: |_| vec!["total".to_owned()],
            run: |matches, _| total::run(&total::Args::from_arg_matches(matches)?),
        },
    ],
    commands: &[],
    code: &CODE,
    findings: Findings::NONE,
    seeds: None,
    more: None,
    conclusion: |root, _| std::fs::read_to_string(root.join("artifacts/total.txt")).ok(),
};

fn main() -> std::process::ExitCode {
    pipeline::cli::run(&STUDY)
}
