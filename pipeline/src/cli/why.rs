//! `why`: what a stage's key is made of, and what changed since its last run.

use std::process::ExitCode;

use serde_json::json;

use super::{Context, OverlayArgs, print, print_json};
use crate::error::Error;
use crate::fingerprint::Ingredient;
use crate::plan::{self, Standing};
use crate::reason;

/// Explain a stage: how it stands, what changed since its last run, and everything that its key is made of
///
/// What is hashed into the key is exactly what is listed here.
#[derive(Debug, clap::Args)]
pub(super) struct Why {
    /// The stage, or one of its outputs
    stage: String,
    #[command(flatten)]
    overlay: OverlayArgs,
    /// [{stage, standing, key, recipe: [[kind, name, value]], changes: [{kind, name, was, is}]}]
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &Context, arguments: &Why) -> Result<ExitCode, Error> {
    let (parameters, graph) = context.load(&arguments.overlay)?;
    let wanted = graph.select(std::slice::from_ref(&arguments.stage), true)?;
    let mut workspace = context.workspace(parameters, &arguments.overlay)?;
    let mut all = Vec::new();
    let mut text = String::new();
    for index in wanted {
        let stage = &graph.stages[index];
        let assessment = plan::assess(&mut workspace, stage)?;
        let standing = match assessment.standing {
            Standing::Fresh(_) => "fresh",
            Standing::Stored(_) => "stored",
            Standing::Vouched(_) => "vouched",
            Standing::Stale => "stale",
            Standing::Gone => "gone",
        };
        let sentence = match &assessment.standing {
            Standing::Fresh(_) => format!("{}: up to date\n", stage.name),
            standing if standing.is_fresh() => format!("{}: up to date, as dvc.lock says\n", stage.name),
            _ => super::status::explain(&mut workspace, stage, &assessment)?,
        };
        let changes =
            reason::changes(&workspace, stage, &assessment.recipe)?.map(|(changes, _)| changes).unwrap_or_default();
        text.push_str(&sentence);
        text.push_str(&format!("key {} is made of\n", assessment.key.as_str()));
        for Ingredient(kind, name, value) in assessment.recipe.ingredients() {
            text.push_str(&format!("    {:<12}{name}  {}\n", kind.word(), value.replace('\n', "\\n")));
        }
        all.push(json!({
            "stage": stage.name,
            "standing": standing,
            "key": assessment.key,
            "recipe": assessment.recipe,
            "changes": changes,
        }));
    }
    if arguments.json {
        print_json(&all)?;
    } else {
        print(&text);
    }
    workspace.store.records.remember(&mut workspace.memo)?;
    Ok(ExitCode::SUCCESS)
}
