//! Events as lines of text, one each.

use std::io::Write;
use std::time::Instant;

use super::forecast::Forecast;
use super::{Colour, duration};
use crate::events::Event;

/// Plain lines with a right-aligned verb, as cargo writes them.
pub struct Lines<W> {
    out: W,
    colour: bool,
    started: Instant,
    forecast: Forecast,
}

impl<W: Write> Lines<W> {
    pub fn new(out: W, colour: bool) -> Self {
        Self { out, colour, started: Instant::now(), forecast: Forecast::default() }
    }

    pub fn show(&mut self, event: &Event) {
        self.forecast.hear(event, self.started.elapsed().as_secs_f64());
        self.tell(event);
    }

    /// Writes an event's line, if it has one.
    pub(super) fn tell(&mut self, event: &Event) {
        match event {
            Event::WaitingForLock { holders } => {
                let who = if holders.is_empty() { String::new() } else { format!(": {}", holders.join(", ")) };
                self.line("Waiting", Colour::Yellow, &format!("for another run in this work tree to end{who}"));
            }
            Event::Removed { paths } => {
                let what = match paths.as_slice() {
                    [path] => path.clone(),
                    _ => format!("{} outputs", paths.len()),
                };
                self.line("Removed", Colour::Green, &format!("{what} that no stage makes any more"));
            }
            // What is as it should be needs no line.
            Event::Fresh { .. } | Event::Expected { .. } | Event::Passed => {}
            Event::Adopted { stage } => self.line("Adopted", Colour::Green, &format!("{stage} from dvc.lock")),
            Event::Damaged { path } => {
                self.line("Damaged", Colour::Red, &format!("{path}: removed from DVC's cache, and not used"));
            }
            Event::Restored { stage } => self.line("Restored", Colour::Green, stage),
            Event::Started { stage, .. } => self.line("Running", Colour::Green, stage),
            Event::Output { stage, line } => self.output(stage, line),
            Event::Finished { stage, seconds, .. } => {
                let so_far = self.forecast.words(self.started.elapsed().as_secs_f64());
                let so_far = so_far.map(|words| format!(" ({words})")).unwrap_or_default();
                self.line("Finished", Colour::Green, &format!("{stage} in {}{so_far}", duration(*seconds)));
            }
            Event::Failed { stage, why } => self.line("Failed", Colour::Red, &format!("{stage}: {why}")),
            Event::LeftBehind { stage } => {
                self.line("Stopping", Colour::Yellow, &format!("what {stage} left running when its command ended"));
            }
            Event::Stopping { stages } => {
                let what = format!("{} (once more: at once)", stages.join(", "));
                self.line("Stopping", Colour::Yellow, &what);
            }
            Event::Unrecorded { stage, why } => {
                self.line("Unrecorded", Colour::Yellow, &format!("the failed run of {stage}: {why}"));
            }
            Event::Skipped { stage } => self.line("Not run", Colour::Yellow, stage),
        }
    }

    pub(super) fn out_mut(&mut self) -> &mut W {
        &mut self.out
    }

    pub fn line(&mut self, verb: &str, colour: Colour, text: &str) {
        let (start, end) = if self.colour { (colour.code(), "\x1b[0m") } else { ("", "") };
        // A reader that has gone away must not fail the run.
        let _ = writeln!(self.out, "{start}{verb:>12}{end} {text}");
    }

    fn output(&mut self, stage: &str, line: &str) {
        let (start, end) = if self.colour { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
        let _ = writeln!(self.out, "{:>12} {start}{stage} |{end} {line}", "");
    }
}
