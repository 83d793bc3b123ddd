//! `completions`: what a shell needs to complete commands and options.

use std::process::ExitCode;

use super::{command, print};
use crate::study::Study;

/// Print a script by which a shell completes commands and options
///
/// For bash: `NAME completions bash > ~/.local/share/bash-completion/completions/NAME`.
#[derive(Debug, clap::Args)]
pub(super) struct Completions {
    shell: clap_complete::Shell,
}

pub(super) fn run(study: &Study, arguments: &Completions) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command(study), study.name, &mut script);
    print(&String::from_utf8_lossy(&script));
    ExitCode::SUCCESS
}
