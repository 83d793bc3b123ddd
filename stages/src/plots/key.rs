//! The key below a figure: what its marks are, in words, in as many lines as the width asks for.

use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, Place, PlotError, Type, text_width};
use super::theme;

/// From one baseline to the next.
pub const KEY_LINE: f64 = 32.0;

const KEY: Type = Type::new(theme::SMALL_SIZE, theme::QUIET_INK, HPos::Left);

/// The parts, separated by semicolons; lines break between parts, and between the words of one that is too long.
pub fn lines(parts: &[String], width: f64) -> Result<Vec<String>, PlotError> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        let longer = lines.last().map(|line| format!("{line}; {part}"));
        match (longer, lines.last_mut()) {
            (Some(longer), Some(last)) if text_width(&longer, KEY)? <= width => *last = longer,
            _ => lines.extend(broken(part, width)?),
        }
    }
    Ok(lines)
}

fn broken(part: &str, width: f64) -> Result<Vec<String>, PlotError> {
    let mut lines = vec![String::new()];
    for word in part.split(' ') {
        let last = lines.last_mut().map(std::mem::take).unwrap_or_default();
        let longer = if last.is_empty() { word.to_owned() } else { format!("{last} {word}") };
        lines.pop();
        if last.is_empty() || text_width(&longer, KEY)? <= width {
            lines.push(longer);
        } else {
            lines.extend([last, word.to_owned()]);
        }
    }
    Ok(lines)
}

/// Draws the lines, the first on the baseline at `place`.
pub fn draw<B: DrawingBackend>(canvas: &Canvas<B>, lines: &[String], place: Place) -> Result<(), PlotError> {
    for (i, line) in lines.iter().enumerate() {
        canvas.text(line, (place.0, place.1 + i as f64 * KEY_LINE), KEY)?;
    }
    Ok(())
}
