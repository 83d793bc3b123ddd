//! `verify`: runs stages again and compares bytes.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;

use serde_json::json;

use super::{Context, OverlayArgs, coloured, interruption, print_json};
use crate::error::Error;
use crate::execute::verify::{Outcome, verify};
use crate::progress::{Colour, Lines};

/// Run stages again in a scratch folder and compare every byte with their outputs
///
/// The scratch folder has a stage's declared inputs and nothing else, so a stage that reads more fails. The work tree and the
/// records stay as they are. Exit code 1: a stage differs, fails or is not up to date.
#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    /// Stages, or their outputs; default: all
    targets: Vec<String>,
    #[command(flatten)]
    overlay: OverlayArgs,
    /// Only so many of them, drawn at random
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// {same: [stage], different: [{stage, path, byte}], failed: [{stage, why}], not_fresh: [stage]}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &Context, arguments: &Verify) -> Result<ExitCode, Error> {
    let (parameters, graph) = context.load(&arguments.overlay)?;
    let wanted = sampled(graph.select(&arguments.targets, true)?, arguments.sample);
    let mut workspace = context.workspace(parameters, &arguments.overlay)?;
    let interrupt = interruption()?;
    let machine = super::machine(None);
    let mut lines = Lines::new(std::io::stderr(), coloured(&std::io::stderr()));
    let (mut same, mut different, mut failed, mut not_fresh) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for &index in graph.order.iter().filter(|index| wanted.contains(index)) {
        let stage = &graph.stages[index];
        let name = &stage.name;
        match verify(&mut workspace, stage, &machine, &interrupt)? {
            Outcome::Same => {
                lines.line("Same", Colour::Green, name);
                same.push(name);
            }
            Outcome::Different { path, byte } => {
                let place = byte.map_or_else(|| "is missing".to_owned(), |byte| format!("differs from byte {byte} on"));
                lines.line("Different", Colour::Red, &format!("{name}: {path} {place}"));
                different.push(json!({ "stage": name, "path": path, "byte": byte }));
            }
            Outcome::Failed { why, log } => {
                lines.line("Failed", Colour::Red, &format!("{name}: {why}\n{log}"));
                failed.push(json!({ "stage": name, "why": why }));
            }
            Outcome::NotFresh => {
                lines.line("Not fresh", Colour::Yellow, &format!("{name}: run `{} repro` first", context.study.name));
                not_fresh.push(name);
            }
        }
    }
    let fine = different.is_empty() && failed.is_empty() && not_fresh.is_empty();
    if arguments.json {
        print_json(&json!({ "same": same, "different": different, "failed": failed, "not_fresh": not_fresh }))?;
    }
    Ok(ExitCode::from(u8::from(!fine)))
}

/// `number` of the stages, every choice equally likely.
fn sampled(stages: BTreeSet<usize>, number: Option<usize>) -> BTreeSet<usize> {
    let Some(number) = number else { return stages };
    let random = RandomState::new();
    let mut shuffled: Vec<usize> = stages.into_iter().collect();
    shuffled.sort_by_cached_key(|stage| random.hash_one(stage));
    shuffled.into_iter().take(number).collect()
}
