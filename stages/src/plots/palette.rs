//! Method -> its colour in every figure of its experiment, by the role that the claims give it.

use std::collections::{BTreeMap, BTreeSet};

use super::lowrank;
use super::theme::{self, Colour};
use crate::claims::schema::{Claim, Comparison, Side};
use crate::claims::verdict::ClaimVerdicts;

/// The methods of an experiment, in the order of legends: what claims compare, the reference first, then what their
/// controls add, then all others in order of name.
#[derive(Debug, Clone, PartialEq)]
pub struct Palette {
    methods: Vec<String>,
    colours: BTreeMap<String, Colour>,
}

/// What claims compare take these colours first to last, all other methods last to first. So the reference is always the
/// first, the method of the first claim the second, and the first control the last.
const COLOURS: [Colour; 6] = [theme::BLUE, theme::VERMILION, theme::GREEN, theme::PURPLE, theme::ORANGE, theme::SKY];

impl Palette {
    /// By the claims that are made of `experiment`, and the methods that its tables hold.
    pub fn of_claims<'a>(experiment: &str, claims: &[&'a Claim], present: impl Iterator<Item = &'a str>) -> Self {
        let claims = || claims.iter().filter(|claim| claim.experiment == experiment);
        let compared = claims().filter_map(|claim| claim.comparison()).flat_map(sides);
        let controls = claims().flat_map(|claim| &claim.controls);
        let controls = controls.flat_map(|control| [&control.b, &control.a]).flatten();
        Self::new(experiment, compared, controls, present)
    }

    /// The same from verdicts, which name what was compared.
    pub fn of_verdicts(experiment: &str, claims: &[ClaimVerdicts]) -> Self {
        let under = || claims.iter().filter(|claim| claim.experiment == experiment).flat_map(|claim| &claim.protocols);
        let compared = under().filter_map(|under| under.evidence.as_ref());
        let controls = under().flat_map(|under| &under.controls).filter_map(|control| control.evidence.as_ref());
        let [compared, controls] = [compared.collect::<Vec<_>>(), controls.collect()]
            .map(|all| all.into_iter().flat_map(|evidence| sides(&evidence.comparison)));
        Self::new(experiment, compared, controls, std::iter::empty())
    }

    fn new<'a>(
        experiment: &str,
        compared: impl Iterator<Item = &'a Side>,
        controls: impl Iterator<Item = &'a Side>,
        present: impl Iterator<Item = &'a str>,
    ) -> Self {
        let others: BTreeSet<&str> = present.collect();
        let mut methods: Vec<&str> = Vec::new();
        let mut add = |names: &mut dyn Iterator<Item = &'a str>| {
            for name in names {
                if !methods.contains(&name) {
                    methods.push(name);
                }
            }
            methods.len()
        };
        let compared = add(&mut compared.filter_map(Side::method_name));
        add(&mut controls.filter_map(Side::method_name));
        add(&mut others.into_iter());

        let (first, rest) = methods.split_at(compared);
        let forwards = first.iter().zip(COLOURS.into_iter().cycle());
        let backwards = rest.iter().zip(COLOURS.into_iter().rev().cycle());
        let colour = |(method, by_role): (&&str, Colour)| {
            let arm = (experiment == lowrank::EXPERIMENT).then(|| lowrank::colour(method)).flatten();
            ((*method).to_owned(), arm.unwrap_or(by_role))
        };
        let colours = forwards.chain(backwards).map(colour).collect();
        Self { methods: methods.into_iter().map(str::to_owned).collect(), colours }
    }

    /// All methods, in order.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        self.methods.iter().map(String::as_str)
    }

    /// Grey for a method that nobody has named.
    pub fn colour(&self, method: &str) -> Colour {
        self.colours.get(method).copied().unwrap_or(theme::QUIET_INK)
    }
}

/// The protocols of an experiment that are present, in the order of the claims: one that a claim adds comes before the next
/// that others have named. Those that no claim names come last.
pub fn protocols<'a>(experiment: &str, claims: &[&Claim], present: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut ordered: Vec<&str> = Vec::new();
    for claim in claims.iter().filter(|claim| claim.experiment == experiment) {
        let named: Vec<&str> = claim.protocols.iter().map(|named| named.protocol.as_str()).collect();
        for (i, name) in named.iter().enumerate() {
            if !ordered.contains(name) {
                let next = ordered.iter().position(|known| named[i..].contains(known));
                ordered.insert(next.unwrap_or(ordered.len()), name);
            }
        }
    }
    let mut rest: BTreeSet<&str> = present.collect();
    let mut found: Vec<String> = ordered.into_iter().filter_map(|name| rest.take(name)).map(str::to_owned).collect();
    found.extend(rest.into_iter().map(str::to_owned));
    found
}

fn sides(comparison: &Comparison) -> [&Side; 2] {
    [&comparison.b, &comparison.a]
}
