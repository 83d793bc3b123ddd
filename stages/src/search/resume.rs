//! Runs a search to its end, and goes on from the last finished trial of a run that was killed.
//!
//! Finished trials are kept in a journal outside of the artifacts. A sampler's state is in no file: it is asked for the
//! kept trials again, which costs next to nothing beside trying them, and must give them again. Where it does not, the
//! journal is of another search, and everything begins anew. So a search that was interrupted ends with the same bytes
//! as one that was not.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use thiserror::Error;

use super::journal::{self, Recorded};
use super::median_pruner::Pruner;
use super::sampler::{Sampler, Settings};
use super::space::Space;
use super::study::{Direction, Ending, State, Study};
use crate::artifact::{self, ArtifactError};

/// A whole search but for its objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    pub name: String,
    pub direction: Direction,
    pub space: Space,
    pub trials: u32,
    pub sampler: Settings,
    /// For the record: the objective decides on pruning.
    pub pruner: Option<Pruner>,
    pub seed: u32,
}

/// What happens while a search runs.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// So many trials of an earlier run are kept.
    TakenUp(usize),
    /// The study's last trial is finished.
    Finished(&'a Study),
}

#[derive(Debug, Error)]
pub enum SearchError<E> {
    #[error(transparent)]
    File(#[from] ArtifactError),
    #[error("{}: finished trials cannot be kept there: {source}", path.display())]
    Progress { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Objective(E),
}

impl Search {
    /// The study's attributes in its journal, from which a replay knows the sampler.
    fn attributes(&self) -> BTreeMap<String, Json> {
        let sampler = serde_json::to_value(self.sampler).unwrap_or_default();
        let times = Json::from("none: trial n begins n milliseconds into 2000");
        let mut attributes =
            BTreeMap::from([("sampler".into(), sampler), ("seed".into(), self.seed.into()), ("times".into(), times)]);
        if let Some(pruner) = self.pruner {
            attributes.insert("pruner".into(), serde_json::to_value(pruner).unwrap_or_default());
        }
        attributes
    }

    /// Tries trials one after another until there are enough. `progress` is the file that keeps finished ones.
    pub fn run<E>(
        &self,
        progress: Option<&Path>,
        mut objective: impl FnMut(&mut Study) -> Result<Ending, E>,
        report: &mut dyn FnMut(Event),
    ) -> Result<Recorded, SearchError<E>> {
        let (mut study, mut sampler) = self.taken_up(progress);
        let attributes = self.attributes();
        if let Some(path) = progress {
            let recorded = Recorded { name: self.name.clone(), attributes: attributes.clone(), study: study.clone() };
            artifact::write(path, journal::text(&recorded).as_bytes())?;
        }
        if !study.trials().is_empty() {
            report(Event::TakenUp(study.trials().len()));
        }
        while study.trials().len() < self.trials as usize {
            study.ask(sampler.as_mut(), &self.space);
            let ending = objective(&mut study).map_err(SearchError::Objective)?;
            study.tell(ending);
            if let Some((path, trial)) = progress.zip(study.trials().last()) {
                let error = |source| SearchError::Progress { path: path.to_owned(), source };
                let mut file = std::fs::OpenOptions::new().append(true).open(path).map_err(error)?;
                file.write_all(journal::trial(trial).as_bytes()).map_err(error)?;
            }
            report(Event::Finished(&study));
        }
        Ok(Recorded { name: self.name.clone(), attributes, study })
    }

    /// The finished trials of an earlier run of this very search, and the sampler that has suggested them.
    fn taken_up(&self, progress: Option<&Path>) -> (Study, Box<dyn Sampler>) {
        let afresh = || (Study::new(self.direction), self.sampler.sampler(self.seed));
        // What cannot be read has nothing to go on from.
        let Some(kept) = progress.and_then(|path| journal::read(path, None).ok()) else { return afresh() };
        if kept.name != self.name || kept.attributes != self.attributes() || kept.study.direction != self.direction {
            return afresh();
        }
        let (mut study, mut sampler) = afresh();
        let finished = kept.study.trials().iter().take_while(|trial| trial.state != State::Running);
        for trial in finished.take(self.trials as usize) {
            if study.ask(sampler.as_mut(), &self.space).parameters != trial.parameters {
                return afresh();
            }
            if let Some(asked) = study.trials_mut().last_mut() {
                asked.clone_from(trial);
            }
        }
        (study, sampler)
    }
}
