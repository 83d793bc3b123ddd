//! How to run a claim's evidence again, and where it came from.
//!
//! Commit, keys and times are in the run records. A page that held them would differ wherever it is made, so it says how to
//! ask for them.

use maud::{Markup, html};

use crate::claims::verdict::VERDICTS;

/// Commands for a clone of the study; `stages` are those whose runs the claim rests on, none if they are not known.
pub fn again(stages: &[String]) -> Markup {
    let stages = stages.join(" ");
    html! {
        h4 { "Where it came from, and how to run it again" }
        p {
            "Which commit, which keys and which raw data a verdict comes from stands in the study's run records. It is not on "
            "this page, which comes out the same wherever it is made. In a clone of the study:"
        }
        dl.commands {
            (command(&format!("retrial trace {VERDICTS}"), "the runs behind the verdicts, back to raw data, with commit and key of each"))
            @if !stages.is_empty() {
                (command(&format!("retrial verify {stages}"), "runs this experiment again in a scratch folder and compares every byte"))
                (command(&format!("retrial repro --force --downstream {stages}"), "runs it again in place, with all that rests on it"))
                (command(&format!("retrial why {}", stages.split(' ').next().unwrap_or_default()), "what a key is made of, and what changed"))
            }
            (command("retrial repro", "brings all up to date: what has not changed is not run again"))
        }
    }
}

fn command(line: &str, does: &str) -> Markup {
    html! { dt { code { (line) } } dd { (does) } }
}
