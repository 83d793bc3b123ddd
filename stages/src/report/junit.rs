//! The verdicts as a JUnit file: what continuous integration shows of a study.
//!
//! One test case for each claim under each protocol. It fails where the claim file expects another verdict (`expect:`), and
//! nowhere else: no verdict is bad by itself. A claim that is untestable, and not expected to be, is skipped.

use std::fmt::Write as _;

use crate::claims::verdict::{ClaimVerdicts, ProtocolVerdict, Verdict, Verdicts};

/// The file's content.
pub fn junit(verdicts: &Verdicts) -> String {
    let cases = || verdicts.claims.iter().flat_map(|claim| claim.protocols.iter().map(move |under| (claim, under)));
    let failures = cases().filter(|(_, under)| under.is_unexpected()).count();
    let skipped = cases().filter(|(_, under)| is_skipped(under)).count();
    let tests = cases().count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"retrial\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n\
         <testsuite name=\"claims\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">\n"
    );
    for (claim, under) in cases() {
        text.push_str(&case(claim, under));
    }
    text + "</testsuite>\n</testsuites>\n"
}

fn is_skipped(under: &ProtocolVerdict) -> bool {
    under.verdict == Verdict::Untestable && under.expected.is_none()
}

fn case(claim: &ClaimVerdicts, under: &ProtocolVerdict) -> String {
    let mut text = format!("<testcase classname=\"{}\" name=\"{}\">\n", escaped(&claim.id), escaped(&under.protocol));
    let (reason, found) = (escaped(&under.reason), under.verdict.words());
    let _ = match under.expected {
        Some(expected) if under.is_unexpected() => writeln!(
            text,
            "<failure type=\"verdict\" message=\"expected {}, found {found}\">{}: {reason}</failure>",
            expected.words(),
            escaped(&claim.statement),
        ),
        _ if is_skipped(under) => writeln!(text, "<skipped message=\"{reason}\"/>"),
        _ => writeln!(text, "<system-out>{found}: {reason}</system-out>"),
    };
    text + "</testcase>\n"
}

/// Text inside XML, also between quotes. Signs that XML 1.0 cannot hold are replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(' '),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}
