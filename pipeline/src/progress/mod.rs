//! Draws events for a person, on standard error: as lines, or on a terminal as a picture of what runs. Writes them down for
//! programs.

mod forecast;
mod lines;
mod live;
mod record;

pub use forecast::Forecast;
pub use lines::Lines;
pub use live::Live;
pub use record::Record;

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
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else {
        let seconds = seconds.round();
        format!("{} min {} s", (seconds / 60.0).floor(), seconds % 60.0)
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
