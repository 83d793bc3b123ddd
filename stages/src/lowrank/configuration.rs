//! The published configurations, A to I, and their two networks each.

use thiserror::Error;

use super::activation::Activation;
use super::protocol::Name;
use crate::parameters::{ParameterError, Parameters};
use crate::protocols::seeds::SeedTooLarge;

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Configuration {
    pub id: &'static str,
    pub part: Part,
    /// What the step lr/γ is made of.
    pub rate: Power,
    pub arms: [Arm; 2],
}

/// A network, trained from the same weights and on the same data as the configuration's other one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arm {
    pub name: &'static str,
    pub activation: Activation,
    pub gamma: Power,
}

/// The source's code draws anew where the next part begins: A to D share all draws; E to H keep W, a and q, with a new β
/// and fresh data; I draws everything anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    First,
    Second,
    Third,
}

/// `factor · k^(halves/2)`, for k hidden units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Power {
    factor: f64,
    halves: i32,
}

const ONE: Power = Power::new(1.0, 0);
const TWO: Power = Power::new(2.0, 0);
const TWO_ROOTS: Power = Power::new(2.0, 1);
const INVERSE_ROOT: Power = Power::new(1.0, -1);
const INVERSE: Power = Power::new(1.0, -2);

const fn both(relu: &'static str, sigmoid: &'static str, gamma: Power) -> [Arm; 2] {
    [
        Arm { name: relu, activation: Activation::Relu, gamma },
        Arm { name: sigmoid, activation: Activation::Sigmoid, gamma },
    ]
}

const fn row(id: &'static str, part: Part, rate: Power, arms: [Arm; 2]) -> Configuration {
    Configuration { id, part, rate, arms }
}

pub const CONFIGURATIONS: &[Configuration] = &[
    row("A", Part::First, TWO_ROOTS, both("A-relu", "A-sigmoid", INVERSE_ROOT)),
    row("B", Part::First, TWO_ROOTS, both("B-relu", "B-sigmoid", ONE)),
    row("C", Part::First, TWO, both("C-relu", "C-sigmoid", INVERSE_ROOT)),
    row("D", Part::First, TWO_ROOTS, both("D-relu", "D-sigmoid", INVERSE)),
    row("E", Part::Second, TWO, both("E-relu", "E-sigmoid", INVERSE_ROOT)),
    row("F", Part::Second, TWO, both("F-relu", "F-sigmoid", ONE)),
    row("G", Part::Second, TWO_ROOTS, both("G-relu", "G-sigmoid", INVERSE_ROOT)),
    row("H", Part::Second, TWO_ROOTS, both("H-relu", "H-sigmoid", ONE)),
    Configuration {
        id: "I",
        part: Part::Third,
        rate: Power::new(0.5, 1),
        arms: [
            Arm { name: "I-ntk", activation: Activation::Sigmoid, gamma: ONE },
            Arm { name: "I-mean-field", activation: Activation::Sigmoid, gamma: INVERSE_ROOT },
        ],
    },
];

impl Configuration {
    /// The row of that name.
    pub fn find(id: &str) -> Result<&'static Self, LowrankError> {
        let found = CONFIGURATIONS.iter().find(|configuration| configuration.id == id);
        found.ok_or_else(|| LowrankError::UnknownConfiguration(id.to_owned()))
    }

    /// The network of that name, and its configuration.
    pub fn find_arm(name: &str) -> Result<(&'static Self, &'static Arm), LowrankError> {
        let arms = CONFIGURATIONS.iter().flat_map(|row| row.arms.iter().map(move |arm| (row, arm)));
        let found = arms.clone().find(|(_, arm)| arm.name == name);
        found.ok_or_else(|| LowrankError::UnknownArm {
            name: name.to_owned(),
            known: arms.map(|(_, arm)| arm.name).collect(),
        })
    }

    /// For how many epochs its networks are trained.
    pub fn epochs(&self, parameters: &Parameters) -> Result<u32, LowrankError> {
        Ok(parameters.get(&format!("lowrank.epochs.{}", self.id))?)
    }

    /// Whether the column spaces of its two weights are compared.
    pub fn has_angles(&self) -> bool {
        self.part == Part::Third
    }
}

impl Power {
    const fn new(factor: f64, halves: i32) -> Self {
        Self { factor, halves }
    }

    pub fn of(self, units: usize) -> f64 {
        let root = (units as f64).sqrt();
        // By hand: `powi` may round differently from one machine to the next.
        (0..self.halves.abs()).fold(self.factor, |power, _| if self.halves > 0 { power * root } else { power / root })
    }
}

impl Part {
    /// What the targets follow.
    pub fn link(self) -> Activation {
        match self {
            Self::First | Self::Third => Activation::Sigmoid,
            Self::Second => Activation::Relu,
        }
    }

    /// ν
    pub fn spike(self) -> f64 {
        match self {
            Self::First | Self::Second => 0.125,
            Self::Third => 0.0,
        }
    }
}

/// What can be turned in params.yaml.
#[derive(Debug, Clone, PartialEq)]
pub struct Sizes {
    /// N
    pub rows: usize,
    /// d
    pub features: usize,
    /// k
    pub units: usize,
    /// τ
    pub noise: f64,
    /// α
    pub decay: f64,
}

impl Sizes {
    pub fn read(parameters: &Parameters) -> Result<Self, LowrankError> {
        let sizes = Self {
            rows: parameters.get("lowrank.rows")?,
            features: parameters.get("lowrank.features")?,
            units: parameters.get("lowrank.units")?,
            noise: parameters.get("lowrank.noise")?,
            decay: parameters.get("lowrank.decay")?,
        };
        if sizes.rows == 0 || sizes.units == 0 || sizes.rows > sizes.features {
            return Err(LowrankError::Sizes { rows: sizes.rows, features: sizes.features, units: sizes.units });
        }
        Ok(sizes)
    }
}

/// Why runs cannot be made as asked.
#[derive(Debug, Error)]
pub enum LowrankError {
    #[error("there is no configuration `{0}`; there are A to I")]
    UnknownConfiguration(String),
    #[error("lowrank has no network `{name}`; it has {}", known.join(", "))]
    UnknownArm { name: String, known: Vec<&'static str> },
    #[error("lowrank has no protocol `{0}`; it has as-run, as-published (of configuration I only) and controlled")]
    UnknownProtocol(String),
    #[error("only the published output of configuration I disagrees with its code, so {0} has no protocol {1}")]
    NotUnderProtocol(&'static str, Name),
    #[error("lowrank has no hyper-parameter `{0}`; it has lr, gamma, nu")]
    UnknownHyperparameter(String),
    #[error(
        "the parameters lowrank.rows {rows}, lowrank.features {features} and lowrank.units {units} don't suit: there must be \
         rows and units, and no more rows than features"
    )]
    Sizes { rows: usize, features: usize, units: usize },
    #[error(transparent)]
    Seed(#[from] SeedTooLarge),
    #[error(transparent)]
    Parameter(#[from] ParameterError),
}
