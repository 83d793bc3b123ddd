//! A run on a terminal: a line for each running stage with the last that it said, and one for the whole.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use super::forecast::Forecast;
use super::lines::Lines;
use crate::events::Event;

/// How often the picture is drawn at most.
const PAUSE: Duration = Duration::from_millis(100);

/// Columns of the times on the left, and the blank after them.
const MARGIN: usize = 13;

/// Draws at the bottom of the terminal and draws over it again. What matters afterwards too (a failure, a wait) goes above it, as
/// a line that stays.
pub struct Live<W: Write> {
    lines: Lines<Vec<u8>>,
    out: W,
    colour: bool,
    /// Columns of the terminal, asked each time.
    width: fn() -> usize,
    started: Instant,
    forecast: Forecast,
    /// What running stages said last.
    said: BTreeMap<String, String>,
    /// Lines of the picture that is on the terminal.
    drawn: usize,
    last: Option<Instant>,
}

impl<W: Write> Live<W> {
    pub fn new(out: W, colour: bool, width: fn() -> usize) -> Self {
        Self {
            lines: Lines::new(Vec::new(), colour),
            out,
            colour,
            width,
            started: Instant::now(),
            forecast: Forecast::default(),
            said: BTreeMap::new(),
            drawn: 0,
            last: None,
        }
    }

    pub fn show(&mut self, event: &Event) {
        self.forecast.hear(event, self.started.elapsed().as_secs_f64());
        match event {
            Event::Started { stage, .. } => {
                self.said.insert(stage.clone(), String::new());
            }
            Event::Output { stage, line } => {
                self.said.insert(stage.clone(), printable(line));
            }
            Event::Finished { stage, .. } => {
                self.said.remove(stage);
            }
            // They are counted, and the end says how many there were.
            Event::Restored { .. } | Event::Skipped { .. } => {}
            Event::Failed { stage, .. } => {
                self.said.remove(stage);
                self.lines.tell(event);
            }
            other => self.lines.tell(other),
        }
        let above = std::mem::take(self.lines.out_mut());
        if !above.is_empty() || self.last.is_none_or(|last| last.elapsed() > PAUSE) {
            self.draw(&above);
        }
    }

    /// Takes the picture away, for what comes after the run.
    pub fn end(&mut self) {
        let mut text = self.back();
        text.push_str("\x1b[J");
        self.put(text.as_bytes());
        self.drawn = 0;
    }

    fn draw(&mut self, above: &[u8]) {
        let picture = self.picture();
        let mut bytes = self.back().into_bytes();
        bytes.extend_from_slice(b"\x1b[J");
        bytes.extend_from_slice(above);
        for line in &picture {
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
        }
        self.put(&bytes);
        self.drawn = picture.len();
        self.last = Some(Instant::now());
    }

    /// To the first line of the picture.
    fn back(&self) -> String {
        if self.drawn == 0 { String::new() } else { format!("\x1b[{}A\r", self.drawn) }
    }

    fn picture(&self) -> Vec<String> {
        let now = self.started.elapsed().as_secs_f64();
        let width = (self.width)().max(20);
        let (bold, dim, end) = if self.colour { ("\x1b[1;36m", "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
        let mut picture = Vec::new();
        for (stage, started) in self.forecast.running() {
            let name = cut(stage, width / 2);
            let said = self.said.get(stage).map(String::as_str).unwrap_or_default();
            let said = cut(said, width.saturating_sub(MARGIN + name.chars().count() + 3));
            picture.push(format!("{dim}{:>12}{end} {name}  {dim}{said}{end}", clock(now - started)));
        }
        if let Some(words) = self.forecast.words(now) {
            let (done, all) = self.forecast.counts();
            // The bar has what the words leave.
            let cells = width.saturating_sub(MARGIN + words.chars().count() + 4).min(20);
            let full = done * cells / all.max(1);
            let bar =
                if cells < 4 { String::new() } else { format!("[{}{}] ", "=".repeat(full), " ".repeat(cells - full)) };
            picture.push(format!("{bold}{:>12}{end} {bar}{}", clock(now), cut(&words, width.saturating_sub(MARGIN))));
        }
        picture
    }

    fn put(&mut self, bytes: &[u8]) {
        // A reader that has gone away must not fail the run.
        let _ = self.out.write_all(bytes);
        let _ = self.out.flush();
    }
}

/// `0:07`, `12:34`, `1:02:03`.
fn clock(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// The first characters of a text, of which the last is an ellipsis if there were more.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Without what would move the cursor or change colours.
fn printable(line: &str) -> String {
    line.trim().chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
