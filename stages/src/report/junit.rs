//! The verdicts as a JUnit report, which continuous integration reads: one case for each claim and protocol.

use std::fmt::Write as _;

use crate::claims::verdict::{ProtocolVerdict, Verdicts};

/// One suite a claim. A case fails where the verdict is not the one that the claim file expects; where it expects none, the
/// case passes, whatever the verdict.
pub fn report(verdicts: &Verdicts) -> String {
    let failures = |protocols: &[ProtocolVerdict]| protocols.iter().filter(|under| under.is_unexpected()).count();
    let tests: usize = verdicts.claims.iter().map(|claim| claim.protocols.len()).sum();
    let failed: usize = verdicts.claims.iter().map(|claim| failures(&claim.protocols)).sum();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(text, "<testsuites name=\"retrial\" tests=\"{tests}\" failures=\"{failed}\">");
    for claim in &verdicts.claims {
        let id = escaped(&claim.id);
        let (tests, failed) = (claim.protocols.len(), failures(&claim.protocols));
        let _ = writeln!(text, "  <testsuite name=\"{id}\" tests=\"{tests}\" failures=\"{failed}\">");
        for under in &claim.protocols {
            let (name, found) = (escaped(&under.protocol), under.verdict.words());
            let reason = escaped(&under.reason);
            match under.expected.filter(|_| under.is_unexpected()) {
                Some(expected) => {
                    let message = format!("expected {}, found {found}", expected.words());
                    let _ = writeln!(
                        text,
                        "    <testcase classname=\"{id}\" name=\"{name}\">\n      <failure message=\"{message}\">{reason}\
                         </failure>\n    </testcase>"
                    );
                }
                None => {
                    let _ = writeln!(
                        text,
                        "    <testcase classname=\"{id}\" name=\"{name}\">\n      <system-out>{found}: {reason}\
                         </system-out>\n    </testcase>"
                    );
                }
            }
        }
        text.push_str("  </testsuite>\n");
    }
    text + "</testsuites>\n"
}

/// Text that can stand in an attribute or an element. XML has no place for most control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}
