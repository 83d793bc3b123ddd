//! Events for programs: a line of JSON each, at the end of a file.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::events::Event;

/// The file that takes them; it may be a pipe.
pub struct Record(File);

impl Record {
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(OpenOptions::new().create(true).append(true).open(path)?))
    }

    pub fn note(&mut self, event: &Event) {
        // That time has passed is for pictures only.
        if *event == Event::Passed {
            return;
        }
        if let Ok(line) = serde_json::to_string(event) {
            // A reader that has gone away must not fail the run.
            let _ = self.0.write_all((line + "\n").as_bytes());
        }
    }
}
