//! An experiment's seeds in params.yaml: a list of blocks such as `["0-9", "10-19"]`. A block is a stage, so what is
//! changed here keeps as many blocks as it can, and with them their results.

use serde_json::Value;

use crate::seeds::Seeds;

/// Blocks of seeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocks(Vec<Seeds>);

impl Blocks {
    /// What a parameter holds; none if that is no list of blocks.
    pub fn read(value: &Value) -> Option<Self> {
        let blocks: Option<Vec<Seeds>> = value.as_array()?.iter().map(|block| block.as_str()?.parse().ok()).collect();
        blocks.filter(|blocks| !blocks.is_empty()).map(Self)
    }

    /// The number of seeds, a seed in two blocks counted twice.
    pub fn seeds(&self) -> usize {
        self.0.iter().map(Seeds::len).sum()
    }

    /// With one more block, as long as the last one, or as `most` seeds in all leave room for; none where they leave none.
    pub fn one_more(mut self, most: usize) -> Option<Self> {
        let length = self.0.last()?.len().min(most.saturating_sub(self.seeds()));
        let first = self.0.iter().flat_map(Seeds::iter).max()?.checked_add(1)?;
        let last = first.checked_add(length.checked_sub(1)? as u64)?;
        self.0.push((first..=last).collect());
        Some(self)
    }

    /// The first so many seeds, or with further blocks so many.
    pub fn resized(self, count: usize) -> Self {
        let mut room = count;
        let kept = self.0.iter().map_while(|block| {
            let kept: Seeds = block.iter().take(room).collect();
            room -= kept.len();
            (!kept.is_empty()).then_some(kept)
        });
        let kept = Self(kept.collect());
        let mut resized = if room > 0 { self } else { kept };
        while let Some(longer) = resized.clone().one_more(count) {
            resized = longer;
        }
        resized
    }

    /// In YAML.
    pub fn text(&self) -> String {
        let blocks: Vec<String> = self.0.iter().map(|block| format!("\"{block}\"")).collect();
        format!("[{}]", blocks.join(", "))
    }
}

/// What gives every experiment so many seeds, as `key=value`: each list of blocks that is called `seeds`, or something that
/// ends in `_seeds`. Seeds of tunings are no blocks.
pub fn with_seeds(count: usize, parameters: &Value) -> Vec<String> {
    let mut changes = Vec::new();
    for (experiment, settings) in parameters.as_object().into_iter().flatten() {
        for (name, value) in settings.as_object().into_iter().flatten() {
            let named = name == "seeds" || name.ends_with("_seeds");
            if let Some(blocks) = Blocks::read(value).filter(|_| named) {
                changes.push(format!("{experiment}.{name}={}", blocks.resized(count).text()));
            }
        }
    }
    changes
}
