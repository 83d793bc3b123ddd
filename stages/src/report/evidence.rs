//! All evidence: experiment by experiment, its claims and then what they share.

use maud::{Markup, html};

use super::{Material, ReportError, claim, experiment};
use crate::claims::verdict::ClaimVerdicts;

pub fn evidence(material: &Material) -> Result<Markup, ReportError> {
    let all = &material.verdicts.claims;
    let mut experiments: Vec<&str> = Vec::new();
    for claim in all {
        if !experiments.contains(&claim.experiment.as_str()) {
            experiments.push(&claim.experiment);
        }
    }
    let mut parts = Vec::new();
    for name in experiments {
        let claims: Vec<&ClaimVerdicts> = all.iter().filter(|claim| claim.experiment == name).collect();
        let shared = experiment::Shared::new(material, name);
        for claim in claims {
            // A page with one claim opens with it unfolded.
            parts.push(claim::evidence(claim, material, &shared, all.len() == 1)?);
        }
        parts.push(experiment::evidence(&shared));
    }
    Ok(html! { @for part in &parts { (part) } })
}
