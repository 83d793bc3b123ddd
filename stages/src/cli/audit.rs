//! `retrial audit`: the verdicts on all claims, as a table for a person.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::artifact::{self, ArtifactError};
use crate::claims::numbers::{decimals_of, p_value, signed};
use crate::claims::verdict::{ClaimVerdicts, Evidence, ProtocolVerdict, Verdict, Verdicts};

/// Where the study keeps its verdicts, from the repository's root.
pub const VERDICTS: &str = "artifacts/verdicts.json";

/// Shows the verdict on every claim under every protocol.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the verdicts as JSON, for programs
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Error)]
pub enum AuditError {
    #[error("there are no verdicts yet ({} does not exist): run `retrial repro` first", .0.display())]
    None(PathBuf),
    #[error("{0}: run `retrial repro` to write it again")]
    Unreadable(#[from] ArtifactError),
}

/// What the command prints: a table fitted to `width` columns, in colour if asked, or JSON.
pub fn run(args: &Args, root: &Path, width: usize, colour: bool) -> Result<String, AuditError> {
    let path = root.join(VERDICTS);
    if !path.exists() {
        return Err(AuditError::None(path));
    }
    let verdicts: Verdicts = artifact::read_json(&path)?;
    if args.json {
        // As the stage wrote it, to the byte.
        return Ok(std::fs::read_to_string(&path).map_err(|source| ArtifactError::Read { path, source })?);
    }
    Ok(table(&verdicts, width, colour))
}

/// One line for each claim and protocol, then what there is to say about each claim, then the count.
///
/// Lines are at most `width` wide, as far as names allow: narrow tables show the interval as ±, then leave out seeds,
/// published numbers and p.
pub fn table(verdicts: &Verdicts, width: usize, colour: bool) -> String {
    let paint = Paint { colour };
    let mut text = lines(&verdicts.claims, width, paint);
    for claim in &verdicts.claims {
        text.push('\n');
        text.push_str(&remarks(claim, width, paint));
    }
    text.push('\n');
    text.push_str(&wrap(&count(verdicts), width, 0));
    text.push('\n');
    text
}

/// Terminal colours, or none.
#[derive(Clone, Copy)]
struct Paint {
    colour: bool,
}

const BOLD: &str = "1";
const NOTE: &str = "1;36";

impl Paint {
    fn paint(self, style: &str, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// The colours of cargo's words: green for what holds, red for what does not, yellow for what is open.
fn style(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Supported => "1;32",
        Verdict::Contradicted => "1;31",
        Verdict::NoDifference => "1;34",
        Verdict::Undecided => "1;33",
        Verdict::Untestable => "1;35",
    }
}

struct Column {
    title: &'static str,
    right: bool,
    cells: Vec<String>,
}

impl Column {
    fn width(&self) -> usize {
        self.cells.iter().map(String::as_str).chain([self.title]).map(|cell| cell.chars().count()).max().unwrap_or(0)
    }

    fn pad(&self, cell: &str) -> String {
        let width = self.width();
        if self.right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
    }
}

const VERDICT_COLUMN: &str = "verdict";

fn lines(claims: &[ClaimVerdicts], width: usize, paint: Paint) -> String {
    let rows: Vec<(&ClaimVerdicts, &ProtocolVerdict)> =
        claims.iter().flat_map(|claim| claim.protocols.iter().map(move |protocol| (claim, protocol))).collect();
    let columns = fit(&rows, width);
    let line = |cell: &dyn Fn(&Column) -> String| {
        let cells: Vec<String> = columns.iter().map(cell).collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    let mut text = line(&|column| paint.paint(BOLD, &column.pad(column.title)));
    for (index, (_, protocol)) in rows.iter().enumerate() {
        text.push_str(&line(&|column| {
            let cell = column.pad(&column.cells[index]);
            if column.title == VERDICT_COLUMN { paint.paint(style(protocol.verdict), &cell) } else { cell }
        }));
    }
    text
}

/// The columns that fit into `width`, the most important first to stay.
fn fit(rows: &[(&ClaimVerdicts, &ProtocolVerdict)], width: usize) -> Vec<Column> {
    let column = |title, right, cell: &dyn Fn(usize) -> String| Column {
        title,
        right,
        cells: (0..rows.len()).map(cell).collect(),
    };
    let with_evidence = |cell: fn(&Evidence) -> String| {
        move |row: usize| rows[row].1.evidence.as_ref().map_or_else(|| "–".to_owned(), cell)
    };
    // A claim's id stands on its first line only.
    let id = |row: usize| {
        let repeated = row > 0 && rows[row - 1].0.id == rows[row].0.id;
        if repeated { String::new() } else { rows[row].0.id.clone() }
    };
    let mut columns = vec![
        column("claim", false, &id),
        column("protocol", false, &|row| rows[row].1.protocol.clone()),
        column(VERDICT_COLUMN, false, &|row| rows[row].1.verdict.words().to_owned()),
        column("difference", false, &with_evidence(difference_with_ends)),
        column("p (Holm)", true, &with_evidence(|evidence| p_value(evidence.p_holm.unwrap_or(evidence.p_t)))),
        column("published", false, &|row| published(rows[row].1)),
        column("seeds", true, &with_evidence(|evidence| evidence.seeds.to_string())),
    ];
    let total = |columns: &[Column]| columns.iter().map(|column| column.width() + 2).sum::<usize>() - 2;
    if total(&columns) > width {
        columns[3] = column("difference", false, &with_evidence(difference_with_half_width));
    }
    while total(&columns) > width && columns.len() > 4 {
        columns.pop();
    }
    columns
}

fn difference_with_ends(evidence: &Evidence) -> String {
    let decimals = decimals_of(evidence.interval);
    let [low, high] = evidence.interval.map(|end| signed(end, decimals));
    format!("{} [{low}, {high}]", signed(evidence.difference, decimals))
}

/// Student's interval is symmetric, so one number says it all.
fn difference_with_half_width(evidence: &Evidence) -> String {
    let decimals = decimals_of(evidence.interval);
    let half = 0.5 * (evidence.interval[1] - evidence.interval[0]);
    format!("{} ± {half:.decimals$}", signed(evidence.difference, decimals))
}

/// Whether the published numbers lie where one more run of ours would.
fn published(protocol: &ProtocolVerdict) -> String {
    if !protocol.inside.is_empty() {
        let inside = protocol.inside.iter().filter(|number| number.number.inside).count();
        return format!("{inside} of {}", protocol.inside.len());
    }
    let words = match protocol.reproduced.as_ref().map(|numbers| (numbers.a.inside, numbers.b.inside)) {
        None => "–",
        Some((true, true)) => "yes",
        Some((false, false)) => "no",
        Some(_) => "partly",
    };
    words.to_owned()
}

/// The statement, where protocols and controls disagree, and why a claim is open.
fn remarks(claim: &ClaimVerdicts, width: usize, paint: Paint) -> String {
    let indent = claim.id.chars().count() + 2;
    let statement = wrap(&claim.statement, width, indent);
    let mut text = format!("{}  {statement}\n", paint.paint(BOLD, &claim.id));
    let mut note = |remark: &str| {
        let _ = writeln!(text, "  {} {}", paint.paint(NOTE, "note:"), wrap(remark, width, 8));
    };
    for sentence in &claim.disagreements {
        note(sentence);
    }
    for protocol in &claim.protocols {
        let misses = protocol.inside.iter().any(|number| !number.number.inside);
        if misses || matches!(protocol.verdict, Verdict::Undecided | Verdict::Untestable) {
            note(&format!("{}: {}", protocol.protocol, protocol.reason));
        }
    }
    text
}

/// "3 verdicts on 1 claim: 1 supported, 2 contradicted".
fn count(verdicts: &Verdicts) -> String {
    let all: Vec<Verdict> = verdicts.claims.iter().flat_map(|claim| &claim.protocols).map(|p| p.verdict).collect();
    let kinds =
        [Verdict::Supported, Verdict::Contradicted, Verdict::NoDifference, Verdict::Undecided, Verdict::Untestable];
    let counts: Vec<String> = kinds
        .iter()
        .map(|kind| (all.iter().filter(|verdict| *verdict == kind).count(), kind))
        .filter(|(count, _)| *count > 0)
        .map(|(count, kind)| format!("{count} {}", kind.words()))
        .collect();
    let number = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let of = format!("{} on {}", number(all.len(), "verdict"), number(verdicts.claims.len(), "claim"));
    if counts.is_empty() { of } else { format!("{of}: {}", counts.join(", ")) }
}

/// Breaks text at spaces into lines that end before column `width`, all but the first with `indent` spaces before.
fn wrap(text: &str, width: usize, indent: usize) -> String {
    let room = width.saturating_sub(indent).max(20);
    // A number stays with its unit, and with what it is the value of.
    let text = text.replace(" %", "\u{a0}%").replace(" = ", "\u{a0}=\u{a0}");
    let mut wrapped = String::new();
    let mut column = 0;
    for word in text.split_ascii_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > room {
            let _ = write!(wrapped, "\n{:indent$}", "");
            column = 0;
        } else if column > 0 {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(word);
        column += length;
    }
    wrapped.replace('\u{a0}', " ")
}
