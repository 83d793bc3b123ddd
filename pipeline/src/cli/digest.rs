//! `digest`: one SHA-256 over all outputs of the study.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Context, OverlayArgs, print, print_json};
use crate::digest::hex;
use crate::error::Error;
use crate::plan;

/// Print one SHA-256 over all outputs in the work tree: equal digests mean equal studies, to the bit
///
/// The digest is of the lines `SHA-256, two spaces, path, newline`, sorted by path, which `--list` prints.
#[derive(Debug, clap::Args)]
pub(super) struct Digest {
    #[command(flatten)]
    overlay: OverlayArgs,
    /// One line an output instead of the digest of them all
    #[arg(long, conflicts_with = "json")]
    list: bool,
    /// {digest, outputs: {path: sha256}}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &Context, arguments: &Digest) -> Result<ExitCode, Error> {
    let (parameters, graph) = context.load(&arguments.overlay)?;
    let mut workspace = context.workspace(parameters, &arguments.overlay)?;
    let mut outputs: BTreeMap<String, String> = BTreeMap::new();
    for stage in &graph.stages {
        let Some(artifacts) = plan::present(&mut workspace, &stage.outputs)? else {
            let (name, program) = (&stage.name, context.study.name);
            return Err(Error::State(format!("an output of stage `{name}` is missing: run `{program} repro` first")));
        };
        outputs.extend(artifacts.into_iter().map(|artifact| (artifact.path, artifact.content.sha256)));
    }
    let lines: String = outputs.iter().map(|(path, sha256)| format!("{sha256}  {path}\n")).collect();
    let digest = hex(&Sha256::digest(lines.as_bytes()));
    if arguments.json {
        print_json(&json!({ "digest": digest, "outputs": outputs }))?;
    } else {
        print(if arguments.list { &lines } else { &digest });
    }
    Ok(ExitCode::SUCCESS)
}
