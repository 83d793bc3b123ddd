//! Lists of seeds, as stage programs take them on the command line.

use std::collections::BTreeSet;
use std::str::FromStr;

use thiserror::Error;

/// In order, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeds(BTreeSet<u64>);

/// A text is no list of seeds.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a seed or a range of at most a million seeds such as 0-9")]
pub struct SeedsError(String);

impl FromStr for Seeds {
    type Err = SeedsError;

    fn from_str(text: &str) -> Result<Self, SeedsError> {
        const MOST: u64 = 1_000_000;
        let mut seeds = BTreeSet::new();
        for item in text.split(',') {
            let error = || SeedsError(item.to_owned());
            let seed = |text: &str| text.trim().parse::<u64>().map_err(|_| error());
            let (first, last) = item.split_once('-').unwrap_or((item, item));
            let (first, last) = (seed(first)?, seed(last)?);
            if first > last || last - first >= MOST {
                return Err(error());
            }
            seeds.extend(first..=last);
        }
        Ok(Self(seeds))
    }
}

impl Seeds {
    pub fn into_vec(self) -> Vec<u64> {
        self.0.into_iter().collect()
    }
}
