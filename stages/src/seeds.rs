//! Lists of seeds in the spelling that stage programs and params.yaml share: `0-9`, or `0,3,5-7`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// In order, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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

impl FromIterator<u64> for Seeds {
    fn from_iter<T: IntoIterator<Item = u64>>(seeds: T) -> Self {
        Self(seeds.into_iter().collect())
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.iter().copied().peekable();
        while let Some(first) = rest.next() {
            let mut last = first;
            while let Some(next) = rest.next_if(|&next| next - last == 1) {
                last = next;
            }
            let comma = if rest.peek().is_some() { "," } else { "" };
            match first == last {
                true => write!(formatter, "{first}{comma}")?,
                false => write!(formatter, "{first}-{last}{comma}")?,
            }
        }
        Ok(())
    }
}

impl Seeds {
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        self.0.iter().copied()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn into_vec(self) -> Vec<u64> {
        self.0.into_iter().collect()
    }
}
