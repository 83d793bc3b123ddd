//! `retrial audit`: the verdicts on all claims, as a table for a person.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::artifact::{self, ArtifactError};
use crate::checks::Checks;
use crate::claims::numbers::{decimals_of, list, p_value, signed};
use crate::claims::verdict::{ClaimVerdicts, Evidence, ProtocolVerdict, Verdict, Verdicts};
use crate::report;

/// Where the study keeps its verdicts, from the repository's root.
pub const VERDICTS: &str = "artifacts/verdicts.json";

/// Where the study keeps what was found without training.
pub const CHECKS: &str = "artifacts/checks.json";

/// Shows the verdict on every claim under every protocol
///
/// Exits with 1 where a verdict is not the one that the claim file expects.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Print the verdicts, or the checks, as JSON, for programs
    #[arg(long)]
    pub json: bool,
    /// Show what can be said without training: search spaces, budgets, what chooses, and reported numbers that cannot be
    #[arg(long, conflicts_with_all = ["junit", "markdown"])]
    pub checks: bool,
    /// Write a JUnit file too: a test case for each claim and protocol, failing where another verdict is expected
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write a summary in Markdown too, for a pull request
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
}

#[derive(Debug, Error)]
pub enum AuditError {
    #[error("there are no verdicts yet ({} does not exist): run `retrial repro` first", .0.display())]
    None(PathBuf),
    #[error(
        "there are no checks yet ({} does not exist): let a stage run `retrial stage checks`, then `retrial repro`",
        .0.display()
    )]
    NoChecks(PathBuf),
    #[error(transparent)]
    Unwritable(ArtifactError),
    #[error("{0}: run `retrial repro` to write it again")]
    Unreadable(#[from] ArtifactError),
}

/// What the command prints (a table fitted to `width` columns, in colour if asked, or JSON), and whether every verdict is
/// the expected one.
pub fn run(args: &Args, root: &Path, width: usize, colour: bool) -> Result<(String, bool), AuditError> {
    if args.checks {
        return Ok((checks(args, root, width, colour)?, true));
    }
    let path = root.join(VERDICTS);
    if !path.exists() {
        return Err(AuditError::None(path));
    }
    let verdicts: Verdicts = artifact::read_json(&path)?;
    let files = [(&args.junit, report::junit as fn(&Verdicts) -> String), (&args.markdown, report::for_pull_request)];
    for (file, content) in files {
        if let Some(file) = file {
            artifact::write(file, content(&verdicts).as_bytes()).map_err(AuditError::Unwritable)?;
        }
    }
    let good = !verdicts.claims.iter().flat_map(|claim| &claim.protocols).any(ProtocolVerdict::is_unexpected);
    // JSON as the stage wrote it, to the byte.
    let text = if args.json { written(path)? } else { table(&verdicts, width, colour) };
    Ok((text, good))
}

fn written(path: PathBuf) -> Result<String, ArtifactError> {
    std::fs::read_to_string(&path).map_err(|source| ArtifactError::Read { path, source })
}

/// What was found without training: concerns in full, then the count of all that was looked at.
fn checks(args: &Args, root: &Path, width: usize, colour: bool) -> Result<String, AuditError> {
    let path = root.join(CHECKS);
    if !path.exists() {
        return Err(AuditError::NoChecks(path));
    }
    let checks: Checks = artifact::read_json(&path)?;
    if args.json {
        return Ok(written(path)?);
    }
    let paint = Paint { colour };
    let mut text = String::new();
    let mut experiment = "";
    for finding in checks.findings.iter().filter(|finding| finding.concern) {
        if finding.experiment != experiment {
            experiment = &finding.experiment;
            let _ = writeln!(text, "{}", paint.paint(BOLD, experiment));
        }
        let check = finding.check.words();
        let protocols =
            if finding.protocols.is_empty() { String::new() } else { format!(" ({})", list(&finding.protocols)) };
        let sentence = wrap(&format!("{}{protocols}", finding.sentence), width, 4);
        let _ = writeln!(text, "  {}\n    {sentence}", paint.paint(style(Verdict::Undecided), check));
    }
    let (all, concerns) = (checks.findings.len(), checks.findings.iter().filter(|finding| finding.concern).count());
    let _ = writeln!(text, "\n{all} checks, {concerns} of concern");
    Ok(text)
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
        if let Some(expected) = protocol.expected.filter(|_| protocol.is_unexpected()) {
            let found = protocol.verdict.words();
            note(&format!("{}: expected {}, found {found}", protocol.protocol, expected.words()));
        }
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
