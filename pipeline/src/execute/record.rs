//! What is written down of a run, besides its key and outputs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::local::Ended;
use super::runner::Running;
use crate::graph::Graph;
use crate::machine::Machine;
use crate::manifest::{Stage, schema::Threads};
use crate::plan::Workspace;
use crate::provenance;
use crate::store::{Artifact, Outcome, Run};

/// The most that a run record keeps of what a command printed: its end says why it failed.
const LONGEST_LOG: usize = 1 << 20;

/// The end of what a command printed.
#[derive(Debug, Default)]
pub struct Log(String);

impl Log {
    pub fn add(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
        if self.0.len() > LONGEST_LOG {
            let cut = self.0.ceil_char_boundary(self.0.len() - LONGEST_LOG / 2);
            self.0.drain(..cut);
        }
    }

    pub fn text(&self) -> &str {
        &self.0
    }
}

/// What all runs of one invocation share.
pub fn shared(workspace: &mut Workspace, graph: &Graph) -> Value {
    let revision = workspace.revision_beside(&graph.stages).ok();
    provenance::of_invocation(workspace.study, revision.as_ref())
}

/// Adds what is one run's own: when, with what, and how it ended.
pub fn add_own(
    provenance: &mut Value,
    stage: &Stage,
    running: &Running,
    ended: &Ended,
    why: &str,
    machine: &Machine,
    gpus: &[String],
) {
    let own = &stage.extension;
    let threads = (own.threads != Threads::Unsaid).then(|| own.threads.most(machine.threads));
    let (seconds, finished) = (running.started.elapsed(), SystemTime::now());
    let since_1970 = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    provenance["started"] = json!(since_1970(finished.checked_sub(seconds).unwrap_or(UNIX_EPOCH)));
    provenance["finished"] = json!(since_1970(finished));
    provenance["seconds"] = json!(rounded(seconds));
    provenance["exit"] = json!(ended.exit);
    provenance["usage"] = json!(ended.usage);
    provenance["resources"] = json!({ "threads": threads, "memory": own.memory, "gpus": gpus, "mutex": own.mutex });
    if !why.is_empty() {
        provenance["why"] = json!(why);
    }
}

/// To the microsecond.
fn rounded(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e6
}

pub fn run(stage: &Stage, running: &Running, outcome: Outcome, artifacts: &[Artifact], provenance: Value) -> Run {
    Run {
        stage: stage.name.clone(),
        outcome,
        recipe: running.assessment.recipe.clone(),
        outputs: artifacts.to_vec(),
        provenance,
        log: running.log.text().to_owned(),
    }
}
