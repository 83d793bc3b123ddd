//! Protocols side by side, for a terminal, and which of their differences changes a verdict.

use super::wrap::wrap;
use crate::claims::numbers::list;
use crate::claims::verdict::{ClaimVerdicts, ProtocolVerdict, Verdict, Verdicts};
use crate::protocols::sides::{Field, SideBySide};

/// A table for each experiment, what all protocols share in one line below it, and a sentence for each change of a verdict.
pub fn table(experiments: &[SideBySide], verdicts: Option<&Verdicts>, width: usize) -> String {
    experiments.iter().map(|sides| of_experiment(sides, verdicts, width)).collect::<Vec<_>>().join("\n")
}

fn of_experiment(sides: &SideBySide, verdicts: Option<&Verdicts>, width: usize) -> String {
    let differing: Vec<&Field> = sides.fields.iter().filter(|field| field.differs()).collect();
    let names = differing.iter().map(|field| field.name.chars().count()).chain([sides.experiment.chars().count()]);
    let first = names.max().unwrap_or(0);
    let count = sides.protocols.len().max(1);
    let rest = (width.saturating_sub(first + 2 * count) / count).clamp(20, 44);
    let row = |name: &str, cells: &[String]| {
        let cells: Vec<Vec<String>> =
            cells.iter().map(|cell| wrap(cell, rest, 0).lines().map(str::to_owned).collect()).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(1);
        let line = |line: usize| {
            let name = if line == 0 { name } else { "" };
            let mut text = format!("{name:first$}");
            for cell in &cells {
                let part = cell.get(line).map_or("", String::as_str);
                text.push_str(&format!("  {part:rest$}"));
            }
            text.trim_end().to_owned() + "\n"
        };
        (0..height).map(line).collect::<String>()
    };
    let mut text = row(&sides.experiment, &sides.protocols);
    for field in &differing {
        text.push_str(&row(&field.name, &field.values));
    }
    let same = sides.fields.iter().filter(|field| !field.differs());
    let same: Vec<String> = same.map(|field| format!("{}: {}", field.name, field.values[0])).collect();
    if !same.is_empty() {
        text.push_str(&wrap(&format!("the same under all: {}", same.join("; ")), width, 2));
        text.push('\n');
    }
    let claims = verdicts.into_iter().flat_map(|verdicts| &verdicts.claims);
    for claim in claims.filter(|claim| claim.experiment == sides.experiment) {
        for sentence in changes(claim, sides) {
            text.push_str(&format!("  {}\n", wrap(&sentence, width, 4)));
        }
    }
    text
}

/// [`turns`], with the claim that each is about.
pub fn changes(claim: &ClaimVerdicts, sides: &SideBySide) -> Vec<String> {
    turns(claim, sides).into_iter().map(|sentence| format!("{}: {sentence}", claim.id)).collect()
}

/// What lies between each two protocols with different verdicts. A difference that stands alone between them has been switched
/// by itself, so it is what changes the verdict; of several, none has.
pub fn turns(claim: &ClaimVerdicts, sides: &SideBySide) -> Vec<String> {
    let decided = |under: &&ProtocolVerdict| !matches!(under.verdict, Verdict::Undecided | Verdict::Untestable);
    let decided: Vec<&ProtocolVerdict> = claim.protocols.iter().filter(decided).collect();
    let mut sentences = Vec::new();
    for (index, first) in decided.iter().enumerate() {
        for second in decided[index + 1..].iter().filter(|second| second.verdict != first.verdict) {
            let Some(mut fields) = sides.between(&first.protocol, &second.protocol) else { continue };
            let metrics = [first, second].map(|under| under.evidence.as_ref().map(|e| &e.comparison.metric));
            if metrics[0] != metrics[1] {
                fields.push("the metric");
            }
            let why = match fields.as_slice() {
                [] => "they differ in nothing that is listed".to_owned(),
                [only] => format!("they differ in {only} alone, so that changes the verdict"),
                fields => {
                    format!("they differ in {}, none of which is switched by itself between these two", list(fields))
                }
            };
            sentences.push(format!(
                "{} under {}, {} under {}: {why}.",
                first.verdict.words(),
                first.protocol,
                second.verdict.words(),
                second.protocol
            ));
        }
    }
    sentences
}
