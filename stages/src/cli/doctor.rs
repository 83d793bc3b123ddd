//! `retrial doctor`: can this machine, or a device of it, be trusted with a study?

use std::fmt::Write as _;
use std::path::Path;

use crate::device::place::Place;
use crate::doctor::device::{self, ExamineError, PUBLISHED, Size};
use crate::doctor::{Finding, State, machine};

/// The folder of the store, from the study's root.
const STORE: &str = ".retrial";

/// Checks this machine: what it has, and that it computes as results rest on.
///
/// With --device, trains blocks of seeds with every method on that device and holds them against the CPU's seed-by-seed runs. One
/// line for each check; exit code 1 if one fails.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Check a device in place of the machine: cpu (the same computation, on the CPU), cuda:N or metal
    #[arg(long)]
    pub device: Option<Place>,
    /// Seeds in the block whose speed is measured
    #[arg(long, requires = "device", default_value_t = PUBLISHED.block)]
    pub block: usize,
    /// Print the findings as JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// What is to be printed, and whether all is well.
pub fn run(args: &Args, root: &Path) -> Result<(String, bool), ExamineError> {
    let findings = match args.device {
        None => machine::examine(root, &root.join(STORE)),
        Some(place) => device::examine(place, &Size { block: args.block, ..PUBLISHED })?,
    };
    let good = findings.iter().all(|finding| finding.state != State::Fail);
    Ok((if args.json { json(&findings) } else { lines(&findings) }, good))
}

fn json(findings: &[Finding]) -> String {
    // Findings are texts, which can always be written.
    serde_json::to_string_pretty(findings).map_or_else(|error| error.to_string(), |text| text + "\n")
}

fn lines(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.subject.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for Finding { subject, state, words } in findings {
        let _ = writeln!(text, "{state}  {subject:width$}  {words}");
    }
    text
}
