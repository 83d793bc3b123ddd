//! Where to compute, as a user names it: the CPU, or a device. `open` finds out whether it is there.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The CPU is what everything is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Place {
    #[default]
    Cpu,
    /// One of NVIDIA's GPUs, by its number.
    Cuda(usize),
    /// Apple's GPU.
    Metal,
}

/// Why it cannot be computed there. Nothing falls back to the CPU.
#[derive(Debug, Error)]
pub enum PlaceError {
    #[error("there is no device `{0}`; there are cpu, cuda:N (N from 0) and metal")]
    Unknown(String),
    #[error(
        "this build of retrial does not know {place}: say `cargo run --features {feature} -- …` on a machine that has it, \
         or --device cpu"
    )]
    NotInThisBuild { place: Place, feature: &'static str },
    #[error("{place} cannot be used on this machine ({problem}): name one that is there, or say --device cpu")]
    NotThere { place: Place, problem: String },
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let number = text.strip_prefix("cuda:").filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        match (text, number.and_then(|number| number.parse().ok())) {
            ("cpu", _) => Ok(Self::Cpu),
            ("metal", _) => Ok(Self::Metal),
            (_, Some(number)) => Ok(Self::Cuda(number)),
            _ => Err(PlaceError::Unknown(text.to_owned())),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => formatter.write_str("cpu"),
            Self::Cuda(number) => write!(formatter, "cuda:{number}"),
            Self::Metal => formatter.write_str("metal"),
        }
    }
}
