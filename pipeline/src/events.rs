//! What happens while a study runs, as data: terminal, JSON and record agree because they read the same events.

use serde::Serialize;

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// Another run has the work tree, or a command that outlived one; this one waits.
    WaitingForLock {
        /// The processes, as far as the system tells.
        holders: Vec<String>,
    },
    /// Outputs of stages that dvc.yaml no longer has were taken out of the work tree (the store still has them).
    Removed {
        paths: Vec<String>,
    },
    /// The first stage is about to run: these are not done yet, and share so many threads.
    Expected {
        threads: usize,
        stages: Vec<Expectation>,
    },
    /// Time has passed, and nothing else.
    Passed,
    /// The work tree already held what the stage gives.
    Fresh {
        stage: String,
    },
    /// No run of the stage was on record, but dvc.lock and the work tree agree on what it gives: so it is now.
    Adopted {
        stage: String,
    },
    /// An object of DVC's cache does not hold what its name says; it was not used.
    Damaged {
        path: String,
    },
    /// The stage's outputs were put back from the store.
    Restored {
        stage: String,
    },
    Started {
        stage: String,
        command: Vec<String>,
    },
    Output {
        stage: String,
        line: String,
    },
    Finished {
        stage: String,
        seconds: f64,
        /// Seconds of CPU time.
        cpu: f64,
    },
    Failed {
        stage: String,
        why: String,
    },
    /// The stage's command has ended and left processes behind, which are stopped now.
    LeftBehind {
        stage: String,
    },
    /// The user wants to stop: the commands of these stages were asked to end.
    Stopping {
        stages: Vec<String>,
    },
    /// No record could be written of a run that failed.
    Unrecorded {
        stage: String,
        why: String,
    },
    /// The stage did not run because one that it rests on failed, or the run was stopped.
    Skipped {
        stage: String,
    },
}

/// How long a stage may take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Expectation {
    pub stage: String,
    /// Its last run's; or else what dvc.yaml says; null where nothing is known. On one thread, where `threads` is null.
    pub seconds: Option<f64>,
    /// That it keeps busy meanwhile; null: as many as are free.
    pub threads: Option<usize>,
}
