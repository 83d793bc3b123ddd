//! The verdicts in Markdown: for a pull request, a log, a terminal.

use super::interval::range;
use super::words::{fate, headline, inside, title};
use crate::claims::numbers::{decimals_of, signed};
use crate::claims::verdict::{ClaimVerdicts, ProtocolVerdict, Verdict, Verdicts};
use crate::plots::labels;

/// Headline, one table row a claim and protocol, then each claim with its key sentences.
pub fn summary(verdicts: &Verdicts) -> String {
    let mut text = format!("# {}\n\n{}\n", title(verdicts), headline(verdicts).join(" "));
    if verdicts.claims.iter().any(|claim| !claim.protocols.is_empty()) {
        text.push_str(
            "\n| claim | protocol | verdict | difference | interval | published verdict | published numbers |\n",
        );
        text.push_str("|---|---|---|---:|---|---|---|\n");
    }
    for claim in &verdicts.claims {
        for under in &claim.protocols {
            text.push_str(&row(claim, under));
        }
    }
    for claim in &verdicts.claims {
        text.push_str(&format!("\n## {}\n\n{}\n", name(&claim.id), prose(&claim.statement)));
        if !claim.disagreements.is_empty() {
            text.push('\n');
        }
        for sentence in &claim.disagreements {
            text.push_str(&format!("* {}\n", prose(sentence)));
        }
        for amendment in &claim.amendments {
            text.push_str(&format!("\n**Amended on {}:** {}\n", name(&amendment.date), prose(&amendment.why)));
        }
    }
    text
}

/// The summary with the verdicts that are not the expected ones at its head.
pub fn for_pull_request(verdicts: &Verdicts) -> String {
    let mut unexpected = String::new();
    for claim in &verdicts.claims {
        for under in claim.protocols.iter().filter(|under| under.is_unexpected()) {
            let expected = under.expected.map_or("", Verdict::words);
            let (id, protocol, found) = (name(&claim.id), name(&under.protocol), under.verdict.words());
            let reason = prose(&under.reason);
            unexpected
                .push_str(&format!("* {id} under {protocol}: expected {expected}, found **{found}**. {reason}\n"));
        }
    }
    if unexpected.is_empty() {
        return summary(verdicts);
    }
    format!("**Not as the claim files expect:**\n\n{unexpected}\n{}", summary(verdicts))
}

fn row(claim: &ClaimVerdicts, under: &ProtocolVerdict) -> String {
    let (difference, interval) = match &under.evidence {
        Some(evidence) => {
            let unit = labels::unit(&evidence.comparison.metric);
            let difference = signed(evidence.difference, decimals_of(evidence.interval));
            (format!("{difference} {unit}").trim_end().to_owned(), range(evidence))
        }
        None => ("–".to_owned(), "–".to_owned()),
    };
    if !under.inside.is_empty() {
        return format!(
            "| {} | {} | **{}** | – | – | – | {} |\n",
            name(&claim.id),
            name(&under.protocol),
            under.verdict.words(),
            inside(under)
        );
    }
    let published = claim.published_verdict(under).map_or("–", fate);
    let numbers = match &under.reproduced {
        Some(numbers) => match (numbers.a.inside, numbers.b.inside) {
            (true, true) => "both reproduced",
            (false, false) => "neither reproduced",
            _ => "one of two reproduced",
        },
        None => "–",
    };
    format!(
        "| {} | {} | **{}** | {difference} | {interval} | {published} | {numbers} |\n",
        name(&claim.id),
        name(&under.protocol),
        under.verdict.words(),
    )
}

/// Text from a file; what stands between backticks stays code.
fn prose(text: &str) -> String {
    let text = one_line(text);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped(&text);
    }
    let parts = parts.iter().enumerate().map(|(i, part)| {
        // Inside code only a table's bar needs care, and there are no tables here.
        if i % 2 == 1 { format!("`{part}`") } else { escaped(part) }
    });
    parts.collect()
}

/// A name from a file, as one line of plain text.
fn name(text: &str) -> String {
    escaped(&one_line(text))
}

/// With a backslash before every sign that Markdown or HTML could take for its own.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' | '!') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// Line ends and other control characters would end a row or start a block.
fn one_line(text: &str) -> String {
    text.split(|letter: char| letter.is_control() || letter.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
