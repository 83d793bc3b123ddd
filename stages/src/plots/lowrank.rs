//! Where gradients point, by epoch: every configuration of the low-rank experiment under every protocol.
//!
//! Configurations are read off the methods' names and not from the code that trains them: figures rest on the tables alone.

use std::collections::BTreeMap;

use super::by_epoch::{ByEpoch, EpochPanel, LineStyle, PanelRow, ValueScale};
use super::learning_curves::{Curve, CurvePoint, curve};
use super::palette::{Palette, protocols};
use super::theme::{self, Colour};
use crate::claims::schema::Claim;
use crate::search::elementary::Elementary;
use crate::table::Observation;

/// What tables and claims call the experiment.
pub const EXPERIMENT: &str = "lowrank";

/// A network's part of its name, behind the configuration's: its words and its colour.
const ARMS: [(&str, &str, Colour); 4] = [
    ("relu", "ReLU", theme::BLUE),
    ("sigmoid", "sigmoid", theme::VERMILION),
    ("ntk", "neural tangent kernel scaling", theme::BLUE),
    ("mean-field", "mean-field scaling", theme::VERMILION),
];

/// What a method's name says of its network.
fn arm(method: &str) -> Option<&'static (&'static str, &'static str, Colour)> {
    let (_, arm) = method.split_once('-')?;
    ARMS.iter().find(|(name, ..)| *name == arm)
}

/// The colour of a network, which is that of the same arm in every configuration.
pub fn colour(method: &str) -> Option<Colour> {
    arm(method).map(|(_, _, colour)| *colour)
}

/// A configuration, and its networks in the order of the arms.
struct Configuration<'a> {
    id: &'a str,
    arms: Vec<&'a str>,
}

/// What is drawn of each network: a solid line, and perhaps a dashed one.
struct Quantity {
    file: &'static str,
    /// In the words of an axis.
    label: &'static str,
    solid: (&'static str, &'static str),
    dashed: Option<(&'static str, &'static str)>,
    scale: ValueScale,
    level: Option<f64>,
    /// What the figure is about, for readers who can't see it.
    about: &'static str,
}

const QUANTITIES: [Quantity; 6] = [
    Quantity {
        file: "alignment",
        label: "|cos| with v₁",
        solid: ("residue_alignment", "residue X_Bᵀr"),
        dashed: Some(("data_alignment", "planted direction q")),
        scale: ValueScale::Unit,
        level: None,
        about: "alignment of the gradient's leading direction with the residue and with the planted direction",
    },
    Quantity {
        file: "drift",
        label: "|v₁(0)·v₁(t)|",
        solid: ("drift", "leading direction against its first one"),
        dashed: None,
        scale: ValueScale::Unit,
        level: None,
        about: "drift of the gradient's leading direction from its first one",
    },
    Quantity {
        file: "energy",
        label: "‖W P‖ / ‖W‖",
        solid: ("energy", "weights within the span of X_Bᵀ y and q"),
        dashed: None,
        scale: ValueScale::Unit,
        level: None,
        about: "energy of the weights within the span of two directions",
    },
    Quantity {
        file: "share",
        label: "(σ₁² + σ₂²) / ‖G‖²",
        solid: ("top2_share", "share of two singular values"),
        dashed: None,
        scale: ValueScale::Unit,
        // What the claims about it are held against.
        level: Some(0.5),
        about: "share of the gradient's energy in its two leading singular values, with the level of one half",
    },
    Quantity {
        file: "spectrum",
        label: "singular values",
        solid: ("sigma_1", "σ₁"),
        dashed: Some(("sigma_2", "σ₂")),
        scale: ValueScale::Logarithmic,
        level: None,
        about: "the gradient's two leading singular values",
    },
    Quantity {
        file: "losses",
        label: "mean squared error",
        solid: ("train_loss", "training"),
        dashed: Some(("test_loss", "test")),
        scale: ValueScale::Logarithmic,
        level: None,
        about: "training and test loss",
    },
];

/// Panels of a row: configurations that stand side by side.
const COLUMNS: usize = 4;

/// The tables of the experiment, and the order of its protocols.
pub struct Lowrank<'a> {
    /// method, protocol, metric -> rows
    rows: BTreeMap<(&'a str, &'a str, &'a str), Vec<&'a Observation>>,
    protocols: Vec<String>,
    palette: &'a Palette,
}

impl<'a> Lowrank<'a> {
    pub fn new(observations: &'a [Observation], claims: &[&Claim], palette: &'a Palette) -> Self {
        let mut rows: BTreeMap<_, Vec<&Observation>> = BTreeMap::new();
        for row in observations.iter().filter(|row| row.experiment == EXPERIMENT) {
            rows.entry((row.method.as_str(), row.protocol.as_str(), row.metric.as_str())).or_default().push(row);
        }
        let protocols = protocols(EXPERIMENT, claims, rows.keys().map(|(_, protocol, _)| *protocol));
        Self { rows, protocols, palette }
    }

    /// File -> figure, for all that the tables hold.
    pub fn figures(&self) -> Vec<(&'static str, ByEpoch)> {
        // A configuration whose networks are compared with each other has rows of its own.
        let compared = |configuration: &Configuration| self.rows.keys().any(|(method, ..)| *method == configuration.id);
        let (pairs, others): (Vec<_>, Vec<_>) = self.configurations().into_iter().partition(compared);
        let mut figures: Vec<(&str, ByEpoch)> =
            QUANTITIES.iter().map(|quantity| (quantity.file, self.of_quantity(quantity, &others))).collect();
        figures
            .extend(pairs.iter().flat_map(|pair| [("scalings", self.scalings(pair)), ("angles", self.angles(pair))]));
        figures.retain(|(_, figure)| !figure.rows.is_empty());
        figures
    }

    fn configurations(&self) -> Vec<Configuration<'a>> {
        let mut configurations: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (method, ..) in self.rows.keys().filter(|(method, ..)| arm(method).is_some()) {
            let id = method.split('-').next().unwrap_or_default();
            let arms = configurations.entry(id).or_default();
            if !arms.contains(method) {
                arms.push(method);
            }
        }
        let place = |method: &str| ARMS.iter().position(|known| arm(method).is_some_and(|arm| arm.0 == known.0));
        for arms in configurations.values_mut() {
            arms.sort_by_key(|method| place(method));
        }
        configurations.into_iter().map(|(id, arms)| Configuration { id, arms }).collect()
    }

    /// A quantity of every configuration, a few in a row, their protocols below one another.
    fn of_quantity(&self, quantity: &Quantity, configurations: &[Configuration]) -> ByEpoch {
        let mut rows = Vec::new();
        for some in configurations.chunks(COLUMNS) {
            for protocol in &self.protocols {
                let panels =
                    some.iter().map(|row| self.panel(row, protocol, quantity, format!("{}, {protocol}", row.id)));
                rows.extend(quantity.row(panels.flatten().collect()));
            }
        }
        ByEpoch {
            description: format!("{}, by epoch, for {} configurations", quantity.about, configurations.len()),
            rows,
            colours: configurations.first().map(|some| self.colours(some)).unwrap_or_default(),
            lines: quantity.lines(),
            key: key(quantity.level),
        }
    }

    /// All quantities of a configuration whose two networks are scaled differently, a column a protocol.
    fn scalings(&self, pair: &Configuration) -> ByEpoch {
        let rows = QUANTITIES.iter().filter_map(|quantity| {
            let panels = self.protocols.iter().map(|protocol| self.panel(pair, protocol, quantity, protocol.clone()));
            quantity.row(panels.flatten().collect())
        });
        ByEpoch {
            description: format!("configuration {} by epoch: all that is measured of its two scalings", pair.id),
            rows: rows.collect(),
            colours: self.colours(pair),
            lines: vec![
                (LineStyle::Solid, "residue; σ₁; training".to_owned()),
                (LineStyle::Dashed, "planted direction; σ₂; test".to_owned()),
            ],
            key: key(None),
        }
    }

    /// The principal angles between the column spaces of a configuration's two weights.
    fn angles(&self, pair: &Configuration) -> ByEpoch {
        let mut zero = None;
        let panels = self.protocols.iter().filter_map(|protocol| {
            let [mean, complement] =
                ["angle_mean", "angle_mean_complement"].map(|metric| self.curve(pair.id, protocol, metric));
            let (mean, complement) = mean.zip(complement)?;
            zero = zero.or_else(|| share_of_zeros(&mean, &complement));
            let remark = seeds(&mean);
            let curves = vec![(theme::GREEN, LineStyle::Solid, complement), (theme::GREEN, LineStyle::Dashed, mean)];
            Some(EpochPanel { title: protocol.clone(), remark, curves })
        });
        let panels: Vec<EpochPanel> = panels.collect();
        let row =
            PanelRow { label: "mean angle (degrees)".to_owned(), scale: ValueScale::FromZero, panels, level: None };
        let mut key = key(None);
        key.extend(zero.map(|zero| {
            let (percent, most) = (100.0 * zero, 90.0 * (1.0 - zero));
            format!("{percent:.0} % of the angles are 0 whatever the networks do, so that the mean of all cannot exceed {most:.1}°")
        }));
        ByEpoch {
            description: format!(
                "principal angles between the weights of configuration {}'s two networks, by epoch",
                pair.id
            ),
            rows: if row.panels.is_empty() { Vec::new() } else { vec![row] },
            colours: Vec::new(),
            lines: vec![
                (LineStyle::Solid, "of those that need not be 0".to_owned()),
                (LineStyle::Dashed, "of all angles, as published".to_owned()),
            ],
            key,
        }
    }

    fn panel(
        &self,
        configuration: &Configuration,
        protocol: &str,
        quantity: &Quantity,
        title: String,
    ) -> Option<EpochPanel> {
        let mut curves = Vec::new();
        for arm in &configuration.arms {
            let colour = self.palette.colour(arm);
            for (line, metric) in quantity.metrics() {
                let curve = match quantity.scale {
                    ValueScale::Logarithmic => self.curve_of_logarithms(arm, protocol, metric),
                    ValueScale::Unit | ValueScale::FromZero => self.curve(arm, protocol, metric),
                };
                curves.extend(curve.map(|curve| (colour, line, curve)));
            }
        }
        let remark = seeds(&curves.first()?.2);
        Some(EpochPanel { title, remark, curves })
    }

    fn curve(&self, method: &str, protocol: &str, metric: &str) -> Option<Curve> {
        let rows = self.rows.get(&(method, protocol, metric))?;
        curve(method, rows.iter().map(|row| (row.seed, row.epoch, row.value)))
    }

    /// On a logarithmic axis mean and interval are those of the logarithms.
    fn curve_of_logarithms(&self, method: &str, protocol: &str, metric: &str) -> Option<Curve> {
        let (ln, exp) = (|x| Elementary::Portable.ln(x), |x| Elementary::Portable.exp(x));
        let rows = self.rows.get(&(method, protocol, metric))?;
        let mut curve = curve(method, rows.iter().map(|row| (row.seed, row.epoch, ln(row.value))))?;
        for point in &mut curve.points {
            let CurvePoint { epoch, mean, low, high } = *point;
            *point = CurvePoint { epoch, mean: exp(mean), low: exp(low), high: exp(high) };
        }
        Some(curve)
    }

    fn colours(&self, configuration: &Configuration) -> Vec<(Colour, String)> {
        let words = |method: &&str| Some((self.palette.colour(method), arm(method)?.1.to_owned()));
        configuration.arms.iter().filter_map(words).collect()
    }
}

impl Quantity {
    fn metrics(&self) -> impl Iterator<Item = (LineStyle, &'static str)> {
        let solid = (LineStyle::Solid, self.solid.0);
        std::iter::once(solid).chain(self.dashed.map(|(metric, _)| (LineStyle::Dashed, metric)))
    }

    fn lines(&self) -> Vec<(LineStyle, String)> {
        let solid = (LineStyle::Solid, self.solid.1.to_owned());
        std::iter::once(solid).chain(self.dashed.map(|(_, words)| (LineStyle::Dashed, words.to_owned()))).collect()
    }

    fn row(&self, panels: Vec<EpochPanel>) -> Option<PanelRow> {
        let Self { label, scale, level, .. } = *self;
        (!panels.is_empty()).then(|| PanelRow { label: label.to_owned(), scale, panels, level })
    }
}

fn key(level: Option<f64>) -> Vec<String> {
    let mut key = vec![
        "lines: means over seeds, of logarithms where the axis is logarithmic".to_owned(),
        "bands: their 95 % intervals, where there are several seeds".to_owned(),
    ];
    key.extend(level.map(|level| format!("level line: {level}, which the claims are about")));
    key
}

fn seeds(curve: &Curve) -> String {
    if curve.seeds == 1 { "1 seed".to_owned() } else { format!("{} seeds", curve.seeds) }
}

/// The share of principal angles that are always 0: what makes the mean of all smaller than that of the others.
fn share_of_zeros(mean: &Curve, complement: &Curve) -> Option<f64> {
    let (all, others) = mean.points.iter().zip(&complement.points).map(|(x, y)| (x.mean, y.mean)).next_back()?;
    Some(1.0 - all / others).filter(|share| share.is_finite() && (0.0..=1.0).contains(share))
}
