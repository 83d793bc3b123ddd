//! What a result hangs on besides the method: the same run again and again with one source of chance changed.
//!
//! The *butterfly* control changes initial weights in their last bit only. What then differs is what a single run with a
//! fixed seed leaves open by itself, on another machine or with another version of a library (Summers and Dinneen 2021,
//! "Nondeterminism and Instability in Neural Network Optimization"). Varying data, split, weights and orders one at a time
//! says how much of the spread between seeds each contributes (Bouthillier et al. 2021, "Accounting for Variance in Machine
//! Learning Benchmarks").

use std::fmt;
use std::str::FromStr;

use super::protocol::{Arm, DataSource, Judge, ProtocolError};
use super::runs::{Finals, Labels, Observed};
use super::seeds::Streams;
use crate::random::torch::Generator;
use crate::train::Outcome;

/// What changes from one repetition to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Of each initial weight the last bit, or not, as a coin falls. Repetition 0 is the run itself.
    LastBit,
    /// Which data set is generated.
    Data,
    /// Which rows are held out.
    Split,
    /// The initial weights.
    Weights,
    /// The orders of the examples.
    Order,
    /// All four of these together.
    All,
}

impl Source {
    const ALL: [Self; 6] = [Self::LastBit, Self::Data, Self::Split, Self::Weights, Self::Order, Self::All];

    fn text(self) -> &'static str {
        match self {
            Self::LastBit => "last-bit",
            Self::Data => "data",
            Self::Split => "split",
            Self::Weights => "weights",
            Self::Order => "order",
            Self::All => "all",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::text).join(", ");
        let source = Self::ALL.into_iter().find(|source| source.text() == text);
        source.ok_or_else(|| format!("there is no source of chance `{text}`; there are {}", names()))
    }
}

impl Finals {
    /// The run of a seed once more, with `source` drawn for that repetition. Its rows stand under the protocol
    /// `PROTOCOL/SOURCE`, with the repetition in the place of the seed.
    pub fn observe_varied(
        &self,
        arm: &Arm,
        seed: u64,
        source: Source,
        repetition: u64,
    ) -> Result<Observed, ProtocolError> {
        let labels = Labels { protocol: format!("{}/{source}", self.protocol.name), arm, seed: repetition };
        if source == Source::LastBit {
            let setting = self.setting(seed)?;
            let (mut initial, stream) = self.start(arm, seed, &setting)?;
            if repetition > 0 {
                flip_last_bits(&mut initial, repetition);
            }
            let outcome = self.train_from(arm, seed, &setting, initial, stream)?;
            return Ok(self.observed(&setting, &outcome, labels));
        }
        let fixed = match (&self.protocol.data, self.protocol.judge) {
            (DataSource::Fixed, _) => matches!(source, Source::Data | Source::All),
            (DataSource::Generated(_), Judge::Validation { .. }) => false,
            (DataSource::Generated(_), _) => matches!(source, Source::Split | Source::All),
        };
        if fixed {
            return Err(ProtocolError::NotVaried { protocol: self.protocol.name, vary: source.text() });
        }
        let drawn = |one: Source| if [one, Source::All].contains(&source) { repetition } else { seed };
        let data = Streams::of_final_run(drawn(Source::Data))?.data;
        let [split, _, _] = Streams::separate(drawn(Source::Split))?;
        let [_, weights, _] = Streams::separate(drawn(Source::Weights))?;
        let [_, _, order] = Streams::separate(drawn(Source::Order))?;
        let setting = self.setting_of(data, Generator::seeded(split))?;
        let initial = setting.network.initial(&mut Generator::seeded(weights));
        let outcome: Outcome = self.train_from(arm, seed, &setting, initial, Generator::seeded(order))?;
        Ok(self.observed(&setting, &outcome, labels))
    }
}

/// Flips the last bit of about half of the weights, as a stream of that seed says.
fn flip_last_bits(weights: &mut [f32], seed: u64) {
    let mut coins = Generator::seeded(seed);
    for weight in weights {
        *weight = f32::from_bits(weight.to_bits() ^ (coins.word32() >> 31));
    }
}
