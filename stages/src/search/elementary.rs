//! Whose `exp`, `ln` and `erf` a sampler computes with: they differ in last bits from one C library to the next.

use serde::{Deserialize, Serialize};

/// A choice between the same bytes as Optuna here and the same bytes everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Elementary {
    /// The C library's, which Python and NumPy use too: suggestions are Optuna's on the same machine, bit for bit.
    System,
    /// Rust's own: suggestions are the same on every machine, and Optuna's up to a few last bits.
    #[default]
    Portable,
}

// SAFETY: both are C99's functions of <math.h>, in the C library that std links already: they take a double by value,
// return one, and touch no memory but errno. So any call is safe.
unsafe extern "C" {
    safe fn erf(x: f64) -> f64;
    safe fn erfc(x: f64) -> f64;
}

impl Elementary {
    pub fn exp(self, x: f64) -> f64 {
        match self {
            Self::System => x.exp(),
            Self::Portable => libm::exp(x),
        }
    }

    /// eˣ − 1.
    pub fn exp_m1(self, x: f64) -> f64 {
        match self {
            Self::System => x.exp_m1(),
            Self::Portable => libm::expm1(x),
        }
    }

    pub fn ln(self, x: f64) -> f64 {
        match self {
            Self::System => x.ln(),
            Self::Portable => libm::log(x),
        }
    }

    /// ln(1 + x).
    pub fn ln_1p(self, x: f64) -> f64 {
        match self {
            Self::System => x.ln_1p(),
            Self::Portable => libm::log1p(x),
        }
    }

    /// xʸ.
    pub fn pow(self, x: f64, y: f64) -> f64 {
        match self {
            Self::System => x.powf(y),
            Self::Portable => libm::pow(x, y),
        }
    }

    pub fn erf(self, x: f64) -> f64 {
        match self {
            Self::System => erf(x),
            Self::Portable => libm::erf(x),
        }
    }

    /// 1 − erf x, precise in the tail.
    pub fn erfc(self, x: f64) -> f64 {
        match self {
            Self::System => erfc(x),
            Self::Portable => libm::erfc(x),
        }
    }
}
