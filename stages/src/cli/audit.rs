//! `retrial audit`: the verdicts on all claims, as a table for a person.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::PARAMETERS;
use crate::artifact::{self, ArtifactError};
use crate::checks::finding::Checks;
use crate::claims::amended::{Amendment, Earlier, amended};
use crate::claims::numbers::{decimals_of, list, p_value, signed};
use crate::claims::schema::OwnedAmendment;
pub use crate::claims::verdict::VERDICTS;
use crate::claims::verdict::{ClaimVerdicts, Evidence, NoiseFloor, ProtocolVerdict, Verdict, Verdicts};
use crate::lowrank;
use crate::lowrank::configuration::LowrankError;
use crate::parameters::{ParameterError, Parameters};
use crate::protocols::EXPERIMENTS;
use crate::protocols::differences::{of_lowrank, side_by_side};
use crate::protocols::sides::SideBySide;
use crate::report::{self, wrap::wrap};

/// Where the study keeps what was found without training.
pub const CHECKS: &str = "artifacts/checks.json";

/// Show the verdict on every claim under every protocol
///
/// A claim whose criterion was changed after it was first judged is marked as amended, where its file says so, or as far as
/// the run records reach back. Exits with 1 where a verdict is not the one that the claim file expects.
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
    /// Show what differs between the protocols of each experiment, and which difference changes a verdict
    #[arg(long, conflicts_with_all = ["checks", "junit", "markdown"])]
    pub protocols: bool,
}

/// What is known beside the verdicts.
pub struct Setting<'a> {
    pub root: &'a Path,
    /// Earlier contents of the file of verdicts and when they were reached, the oldest first.
    pub past: &'a [(String, Vec<u8>)],
    pub width: usize,
    pub colour: bool,
}

/// What the command prints, and whether all is as expected.
#[derive(Debug)]
pub struct Audit {
    pub text: String,
    pub good: bool,
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
    #[error(
        "{PARAMETERS} speaks of none of the experiments whose protocols this program knows: what a study of your own does \
         stands in its dvc.yaml"
    )]
    NoProtocols,
    #[error(transparent)]
    Unwritable(ArtifactError),
    #[error("{0}: run `retrial repro` to write it again")]
    Unreadable(#[from] ArtifactError),
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    #[error(transparent)]
    Lowrank(#[from] LowrankError),
}

/// The verdicts as a table fitted to a width, in colour if asked, or as JSON.
pub fn run(args: &Args, setting: &Setting) -> Result<Audit, AuditError> {
    let path = setting.root.join(VERDICTS);
    if args.protocols {
        return protocols(args.json, setting, &path);
    }
    if args.checks {
        return Ok(Audit { text: checks(args, setting)?, good: true });
    }
    if !path.exists() {
        return Err(AuditError::None(path));
    }
    let verdicts: Verdicts = artifact::read_json(&path)?;
    let earlier = setting.past.iter().filter_map(|(when, bytes)| Earlier::read(when, bytes));
    let amended = amended(&verdicts, &earlier.collect::<Vec<_>>());
    let content = [
        (&args.junit, report::junit(&verdicts)),
        (&args.markdown, report::for_pull_request(&verdicts) + &markdown_notes(&verdicts, &amended)),
    ];
    for (file, content) in content {
        if let Some(file) = file {
            artifact::write(file, content.as_bytes()).map_err(AuditError::Unwritable)?;
        }
    }
    let text = if args.json {
        let text = written(path.clone())?;
        // As the stage wrote it, to the byte, unless there is something to add.
        if amended.is_empty() { text } else { with_amendments(&text, &amended, &path)? }
    } else {
        table(&verdicts, &amended, setting.width, setting.colour)
    };
    let surprises = verdicts.claims.iter().flat_map(|claim| &claim.protocols).any(ProtocolVerdict::is_unexpected);
    Ok(Audit { text, good: !surprises })
}

/// The protocols side by side, with the verdicts if there are any yet.
fn protocols(json: bool, setting: &Setting, path: &Path) -> Result<Audit, AuditError> {
    let parameters = Parameters::of_study(&setting.root.join(PARAMETERS))?;
    let in_study = |name: &str| parameters.get::<serde_json::Value>(name).is_ok();
    let experiments = EXPERIMENTS.iter().filter(|experiment| in_study(experiment.name));
    let experiments = experiments.map(|experiment| side_by_side(experiment, &parameters));
    let mut experiments: Vec<SideBySide> = experiments.collect::<Result<_, _>>()?;
    if in_study(lowrank::NAME) {
        experiments.push(of_lowrank()?);
    }
    if experiments.is_empty() {
        return Err(AuditError::NoProtocols);
    }
    let verdicts: Option<Verdicts> = if path.exists() { Some(artifact::read_json(path)?) } else { None };
    let text = if json {
        let changes = |claim: &ClaimVerdicts| {
            let of = experiments.iter().filter(|sides| sides.experiment == claim.experiment);
            of.flat_map(|sides| report::protocols::changes(claim, sides)).collect::<Vec<String>>()
        };
        let changes: Vec<String> = verdicts.iter().flat_map(|verdicts| &verdicts.claims).flat_map(changes).collect();
        format!("{:#}\n", serde_json::json!({ "experiments": experiments, "changes": changes }))
    } else {
        report::protocols::table(&experiments, verdicts.as_ref(), setting.width)
    };
    Ok(Audit { text, good: true })
}

/// Claim -> how its criterion was changed.
pub type Amendments = BTreeMap<String, Amendment>;

fn with_amendments(text: &str, amended: &Amendments, path: &Path) -> Result<String, ArtifactError> {
    let json = |source| ArtifactError::Json { path: path.to_owned(), source };
    let mut value: serde_json::Value = serde_json::from_str(text).map_err(json)?;
    for claim in value["claims"].as_array_mut().into_iter().flatten() {
        if let Some(amendment) = claim["id"].as_str().and_then(|id| amended.get(id)) {
            claim["amended"] = serde_json::to_value(amendment).map_err(json)?;
        }
    }
    Ok(serde_json::to_string_pretty(&value).map_err(json)? + "\n")
}

/// What the summary, which the report has too, can't know: it has only what the claim files say.
fn markdown_notes(verdicts: &Verdicts, amended: &Amendments) -> String {
    let note = |claim: &ClaimVerdicts| {
        let amendment = amended.get(&claim.id)?;
        Some(format!("\n**{}** {}\n", claim.id, in_words(amendment)))
    };
    verdicts.claims.iter().filter_map(note).collect()
}

fn in_words(amendment: &Amendment) -> String {
    let Amendment { first_judged, first, owned, .. } = amendment;
    let mut words = format!(
        "is judged by an amended criterion: it was changed after the claim was first judged, on {first_judged} (universal time)."
    );
    if !owned {
        words.push_str(&format!(
            " The claim file does not say so: list the change under `amendments`, with `date`, `was: {first}` and `why`."
        ));
    }
    words
}

/// An amendment that the claim file owns up to.
fn owned_in_words(amendment: &OwnedAmendment) -> String {
    format!("was amended on {}, its file says: {}", amendment.date, amendment.why.trim())
}

fn written(path: PathBuf) -> Result<String, ArtifactError> {
    std::fs::read_to_string(&path).map_err(|source| ArtifactError::Read { path, source })
}

/// What was found without training: concerns in full, then the count of all that was looked at.
fn checks(args: &Args, setting: &Setting) -> Result<String, AuditError> {
    let Setting { root, width, colour, .. } = *setting;
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
/// Lines are at most `width` wide, as far as names allow: narrow tables show the interval as ±, then leave out what it rests on,
/// published numbers and p.
pub fn table(verdicts: &Verdicts, amended: &Amendments, width: usize, colour: bool) -> String {
    let paint = Paint { colour };
    let mut text = lines(&verdicts.claims, amended, width, paint);
    for claim in &verdicts.claims {
        text.push('\n');
        text.push_str(&remarks(claim, amended.get(&claim.id), width, paint));
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

fn lines(claims: &[ClaimVerdicts], amended: &Amendments, width: usize, paint: Paint) -> String {
    let rows: Vec<(&ClaimVerdicts, &ProtocolVerdict)> =
        claims.iter().flat_map(|claim| claim.protocols.iter().map(move |protocol| (claim, protocol))).collect();
    let columns = fit(&rows, amended, width);
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
fn fit(rows: &[(&ClaimVerdicts, &ProtocolVerdict)], amended: &Amendments, width: usize) -> Vec<Column> {
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
        column("protocol", false, &|row| rows[row].1.protocols()),
        column(VERDICT_COLUMN, false, &|row| {
            let claim = rows[row].0;
            let mark = if amended.contains_key(&claim.id) || !claim.amendments.is_empty() { ", amended" } else { "" };
            format!("{}{mark}", rows[row].1.verdict.words())
        }),
        column("difference", false, &with_evidence(difference_with_ends)),
        column("p (Holm)", true, &with_evidence(|evidence| p_value(evidence.p_holm.unwrap_or(evidence.p_t)))),
        column("published", false, &|row| published(rows[row].1)),
        column("rests on", true, &with_evidence(rests_on)),
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

/// "20 seeds", "5 tunings".
fn rests_on(evidence: &Evidence) -> String {
    let (count, unit) = evidence.units();
    format!("{count} {unit}s")
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
fn remarks(claim: &ClaimVerdicts, amended: Option<&Amendment>, width: usize, paint: Paint) -> String {
    let indent = claim.id.chars().count() + 2;
    let statement = wrap(&claim.statement, width, indent);
    let mut text = format!("{}  {statement}\n", paint.paint(BOLD, &claim.id));
    let mut note = |remark: &str| {
        let _ = writeln!(text, "  {} {}", paint.paint(NOTE, "note:"), wrap(remark, width, 8));
    };
    if let Some(amendment) = amended {
        note(&format!("{} {}", claim.id, in_words(amendment)));
    }
    for amendment in &claim.amendments {
        note(&format!("{} {}", claim.id, owned_in_words(amendment)));
    }
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
        // A difference that the test part could not show by itself.
        let small = |noise: &&NoiseFloor| {
            protocol.evidence.as_ref().is_some_and(|evidence| evidence.difference.abs() < noise.least_unpaired)
        };
        if let Some(noise) = protocol.noise.as_ref().filter(small) {
            note(&format!("{}: {}", protocol.protocol, noise.words));
        }
        for control in &protocol.court {
            note(&format!("{}: {} control: {}", protocol.protocol, control.control, control.reason));
        }
    }
    text
}

/// "3 verdicts on 1 claim: 1 supported, 2 contradicted".
pub(super) fn count(verdicts: &Verdicts) -> String {
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
