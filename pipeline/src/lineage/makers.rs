//! Which run made which bytes: the run records, looked up by path and digest.

use std::collections::{BTreeMap, HashMap};

use crate::digest::Content;
use crate::path::RepoPath;
use crate::store::{Entry, Outcome};

pub struct Makers<'a> {
    /// The oldest first.
    runs: Vec<&'a Entry>,
    /// Output path -> the runs that made it and what they gave, the oldest first.
    outputs: BTreeMap<RepoPath, Vec<(usize, &'a Content)>>,
    /// SHA-256 of an output, or of a file in one -> the newest path that had it.
    anywhere: HashMap<&'a str, RepoPath>,
}

impl<'a> Makers<'a> {
    pub fn new(runs: &'a [Entry]) -> Self {
        let made = |run: &&Entry| run.is_readable() && run.outcome == Outcome::Success;
        let runs: Vec<&Entry> = runs.iter().filter(made).collect();
        let mut outputs: BTreeMap<RepoPath, Vec<(usize, &Content)>> = BTreeMap::new();
        let mut anywhere = HashMap::new();
        for (index, run) in runs.iter().enumerate() {
            for artifact in run.outputs.iter().flatten() {
                let Ok(path) = RepoPath::root().join(&artifact.path) else { continue };
                for member in artifact.content.members.iter().flatten() {
                    anywhere.extend(path.join(&member.path).map(|path| (member.sha256.as_str(), path)));
                }
                anywhere.insert(artifact.content.sha256.as_str(), path.clone());
                outputs.entry(path).or_default().push((index, &artifact.content));
            }
        }
        Self { runs, outputs, anywhere }
    }

    pub fn run(&self, index: usize) -> &'a Entry {
        self.runs[index]
    }

    /// The newest run that made these bytes at this path (before `reader`, which has read them, if any such did), and the
    /// output that they are or lie in.
    pub fn find(&self, path: &RepoPath, sha256: &str, reader: Option<usize>) -> Option<(usize, &'a str)> {
        let mut later = None;
        for (output, runs) in self.around(path) {
            for &(index, content) in runs.iter().rev() {
                if digest_inside(content, output, path).as_deref() != Some(sha256) {
                    continue;
                }
                let name = self.name(index, output);
                if reader.is_none_or(|reader| index < reader) {
                    return Some((index, name));
                }
                later = later.or(Some((index, name)));
            }
        }
        // A record may have been written again after its reader's: made again, byte for byte.
        later.filter(|(index, _)| reader != Some(*index))
    }

    /// The SHA-256 of what the newest run made at `path`.
    pub fn newest(&self, path: &RepoPath) -> Option<String> {
        let made = self.around(path).flat_map(|(output, runs)| runs.iter().map(move |run| (output, run)));
        let digests =
            made.filter_map(|(output, (index, content))| Some((*index, digest_inside(content, output, path)?)));
        digests.max_by_key(|(index, _)| *index).map(|(_, sha256)| sha256)
    }

    /// Where else these bytes were made.
    pub fn elsewhere(&self, sha256: &str) -> Option<RepoPath> {
        self.anywhere.get(sha256).cloned()
    }

    /// The paths of outputs inside `folder`, in order.
    pub fn outputs_in(&self, folder: &RepoPath) -> impl Iterator<Item = RepoPath> {
        let from_here = self.outputs.range(folder.clone()..).map(|(path, _)| path);
        let near = from_here.take_while(|path| path.as_str().starts_with(folder.as_str()));
        near.filter(|path| *path != folder && path.is_in(folder)).cloned().collect::<Vec<_>>().into_iter()
    }

    /// The outputs that are `path` or folders around it.
    fn around(&self, path: &RepoPath) -> impl Iterator<Item = (&RepoPath, &Vec<(usize, &'a Content)>)> {
        let candidates = std::iter::once(path.clone()).chain(path.ancestors().collect::<Vec<_>>());
        candidates.filter_map(|candidate| self.outputs.get_key_value(&candidate))
    }

    fn name(&self, run: usize, output: &RepoPath) -> &'a str {
        let artifacts = self.runs[run].outputs.iter().flatten();
        artifacts.map(|artifact| artifact.path.as_str()).find(|path| *path == output.as_str()).unwrap_or_default()
    }
}

/// The SHA-256 of what an output has at `path`, which is the output itself, a file in it, or a folder in it.
fn digest_inside(content: &Content, output: &RepoPath, path: &RepoPath) -> Option<String> {
    if output == path { Some(content.sha256.clone()) } else { content.digest_at(path.below(output)?) }
}
