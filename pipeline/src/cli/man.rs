//! `man`: manual pages, made of the same texts as `--help`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap_mangen::Man;

use super::{command, print};
use crate::error::Error;
use crate::study::Study;

/// Write a manual page for every command into a folder, or print the first
///
/// `NAME man ~/.local/share/man/man1` lets `man NAME-repro` find them; `NAME man | man -l -` shows the one that lists all commands.
#[derive(Debug, clap::Args)]
pub(super) struct Pages {
    /// The folder to write into; it is made if need be
    folder: Option<PathBuf>,
}

pub(super) fn run(study: &Study, arguments: &Pages) -> Result<ExitCode, Error> {
    // Every page names its own `--help`.
    let command = command(study).disable_help_subcommand(true);
    match &arguments.folder {
        Some(folder) => write(command, folder)
            .map_err(|error| Error::Input(format!("{}: manual pages cannot be written: {error}", folder.display())))?,
        None => {
            let mut page = Vec::new();
            let rendered = Man::new(command).render(&mut page);
            rendered.map_err(|error| Error::State(format!("the manual page cannot be made: {error}")))?;
            print(&String::from_utf8_lossy(&page));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write(command: clap::Command, folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command, folder)
}
