//! Draws events for a person, one line each, on standard error.

use std::io::Write;

use crate::events::Event;

/// Plain lines with a right-aligned verb, as cargo writes them.
pub struct Lines<W> {
    out: W,
    colour: bool,
}

impl<W: Write> Lines<W> {
    pub fn new(out: W, colour: bool) -> Self {
        Self { out, colour }
    }

    pub fn show(&mut self, event: &Event) {
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
            Event::Fresh { .. } => {}
            Event::Adopted { stage } => self.line("Adopted", Colour::Green, &format!("{stage} from dvc.lock")),
            Event::Damaged { path } => {
                self.line("Damaged", Colour::Red, &format!("{path}: removed from DVC's cache, and not used"));
            }
            Event::Restored { stage } => self.line("Restored", Colour::Green, stage),
            Event::Started { stage, .. } => self.line("Running", Colour::Green, stage),
            Event::Output { stage, line } => self.output(stage, line),
            Event::Finished { stage, seconds } => {
                self.line("Finished", Colour::Green, &format!("{stage} in {}", duration(*seconds)));
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

#[derive(Debug, Clone, Copy)]
pub enum Colour {
    Green,
    Yellow,
    Red,
}

impl Colour {
    fn code(self) -> &'static str {
        match self {
            Colour::Green => "\x1b[1;32m",
            Colour::Yellow => "\x1b[1;33m",
            Colour::Red => "\x1b[1;31m",
        }
    }
}

/// `0.43 s`, `12.0 s`, `3 min 20 s`.
pub fn duration(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{seconds:.2} s")
    } else if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{} min {:.0} s", (seconds / 60.0).floor(), seconds % 60.0)
    }
}

/// `512 B`, `1.5 KiB`, `4.0 GiB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut unit = 0;
    // What would be printed as 1024.0 is 1.0 of the next unit.
    while size >= 1023.95 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}
