//! How far a run is, and how long it may still take.

use std::collections::BTreeMap;

use crate::events::{Event, Expectation};

/// The share of all stages' time that counts as having taken what was expected, before any of them ran.
const DOUBT: f64 = 0.2;

/// Learns from events; times are seconds since the run began.
///
/// What is left is the thread-seconds of the stages that are not done, over the threads there are. A stage is expected to take as
/// long as its last run did, or as dvc.yaml says, or as long as its like (other instances of it) take on average; all that is
/// multiplied by how much longer this run's finished stages took than was expected of them, as if a fifth of all had taken what
/// was expected: the first to end are seldom like the rest. Stages that take the threads that are
/// free are known by their thread-seconds, and those that run are taken to share evenly what the others leave.
#[derive(Debug, Default)]
pub struct Forecast {
    /// What stages share.
    threads: usize,
    /// Those that are not done.
    open: BTreeMap<String, Open>,
    done: usize,
    /// Thread-seconds of finished stages: what they took, and what was expected. At the start a share of all.
    took: f64,
    expected: f64,
    /// Finished stages by group: how many, and the seconds they took (on one thread, where they take what is free).
    groups: BTreeMap<String, (f64, f64)>,
}

#[derive(Debug)]
struct Open {
    /// None: as many as are free. Its seconds are those that it would take on one.
    threads: Option<usize>,
    seconds: Option<f64>,
    started: Option<f64>,
}

impl Forecast {
    pub fn hear(&mut self, event: &Event, now: f64) {
        match event {
            Event::Expected { threads, stages } => {
                self.threads = *threads;
                for Expectation { stage, seconds, threads } in stages {
                    let open = Open { threads: *threads, seconds: *seconds, started: None };
                    self.open.insert(stage.clone(), open);
                    let doubt = DOUBT * seconds.unwrap_or(0.0) * threads.unwrap_or(1) as f64;
                    self.took += doubt;
                    self.expected += doubt;
                }
            }
            Event::Started { stage, .. } => {
                if let Some(open) = self.open.get_mut(stage) {
                    open.started = Some(now);
                }
            }
            Event::Finished { stage, seconds, cpu } => {
                if let Some(open) = self.close(stage) {
                    let (seconds, threads) = match open.threads {
                        Some(threads) => (seconds, threads as f64),
                        None => (cpu, 1.0),
                    };
                    let group = self.groups.entry(group(stage).to_owned()).or_default();
                    *group = (group.0 + 1.0, group.1 + seconds);
                    if let Some(expected) = open.seconds {
                        self.took += seconds * threads;
                        self.expected += expected * threads;
                    }
                }
            }
            Event::Fresh { stage }
            | Event::Adopted { stage }
            | Event::Restored { stage }
            | Event::Failed { stage, .. }
            | Event::Skipped { stage } => {
                self.close(stage);
            }
            _ => {}
        }
    }

    fn close(&mut self, stage: &str) -> Option<Open> {
        self.done += 1;
        self.open.remove(stage)
    }

    /// Stages that are done, and all.
    pub fn counts(&self) -> (usize, usize) {
        (self.done, self.done + self.open.len())
    }

    /// When the running stages started, by name.
    pub fn running(&self) -> impl Iterator<Item = (&str, f64)> {
        self.open.iter().filter_map(|(stage, open)| Some((stage.as_str(), open.started?)))
    }

    /// Seconds that the rest may take; none while nothing is known of any stage that is left.
    pub fn left(&self, now: f64) -> Option<f64> {
        let slower = if self.expected > 0.0 { self.took / self.expected } else { 1.0 };
        // Of stages that say nothing, and whose like have said nothing either, the mean of the others is the best guess.
        let known: Vec<f64> = self.open.iter().filter_map(|(stage, open)| self.seconds(stage, open, slower)).collect();
        let typical = (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)?;
        let share = self.share();
        let work = self.open.iter().map(|(stage, open)| {
            let seconds = self.seconds(stage, open, slower).unwrap_or(typical);
            let gone = open.started.map_or(0.0, |started| now - started);
            match open.threads {
                Some(threads) => (seconds - gone).max(0.0) * threads as f64,
                None => (seconds - gone * share).max(0.0),
            }
        });
        Some(work.sum::<f64>() / self.threads.max(1) as f64)
    }

    /// How many threads a running stage has that takes those that are free, if they all have the same.
    fn share(&self) -> f64 {
        let running = || self.open.values().filter(|open| open.started.is_some());
        let fixed: usize = running().filter_map(|open| open.threads).sum();
        let sharing = running().filter(|open| open.threads.is_none()).count();
        self.threads.saturating_sub(fixed).max(sharing) as f64 / sharing.max(1) as f64
    }

    fn seconds(&self, stage: &str, open: &Open, slower: f64) -> Option<f64> {
        let like = || self.groups.get(group(stage)).map(|(count, seconds)| seconds / count);
        open.seconds.map(|seconds| seconds * slower).or_else(like)
    }

    /// "12 of 34 stages, about 5 min left"; nothing before anything ran.
    pub fn words(&self, now: f64) -> Option<String> {
        let (done, all) = self.counts();
        if self.threads == 0 {
            return None;
        }
        let left = self.left(now).map(|left| format!(", {}", about(left))).unwrap_or_default();
        Some(format!("{done} of {all} stages{left}"))
    }
}

/// The stages that were made from one by `foreach` or `matrix`.
fn group(stage: &str) -> &str {
    stage.split('@').next().unwrap_or(stage)
}

/// As exact as such a guess can be.
fn about(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 5.0 => "a few seconds left".to_owned(),
        seconds if seconds < 55.0 => format!("about {:.0} s left", (seconds / 5.0).ceil() * 5.0),
        seconds if seconds < 5400.0 => format!("about {:.0} min left", (seconds / 60.0).ceil()),
        seconds => format!("about {:.1} h left", seconds / 3600.0),
    }
}
