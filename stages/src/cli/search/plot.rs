//! A plot for a terminal: points, and a line of what was best so far.

use std::fmt::Write;

/// By trial; what is missing is not drawn. All numbers are finite.
pub(super) struct Plot<'a> {
    pub points: &'a [Option<f64>],
    pub line: &'a [Option<f64>],
    pub less_is_better: bool,
}

const ROWS: usize = 12;
const MOST_COLUMNS: usize = 100;
const POINT: char = '·';
const LINE: char = '━';
/// A trial that was better than all before.
const BETTER: char = '●';
/// A point beyond the edge on the bad side.
const BEYOND: [char; 2] = ['▴', '▾'];

impl Plot<'_> {
    /// None where there is nothing to draw.
    pub fn draw(&self, width: usize) -> Option<String> {
        let [low, high] = self.range()?;
        let labels = [short(high), short(low)];
        let margin = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        let trials = self.points.len();
        let columns = width.saturating_sub(margin + 3).clamp(20, MOST_COLUMNS);
        // Few trials are drawn wide, many share columns.
        let step = (columns / trials).clamp(1, 4);
        let columns = columns.min(trials * step);
        let column = |trial: usize| if trials > columns { trial * columns / trials } else { trial * step };
        let row = |value: f64| -> usize {
            let part = if high > low { (high - value) / (high - low) } else { 0.5 };
            (part.clamp(0.0, 1.0) * (ROWS - 1) as f64).round() as usize
        };
        let mut canvas = vec![vec![' '; columns]; ROWS];
        for (trial, value) in self.line.iter().enumerate() {
            let end = if trial + 1 == trials { columns } else { column(trial + 1) };
            if let Some(value) = value {
                canvas[row(*value)][column(trial)..end.max(column(trial) + 1)].fill(LINE);
            }
        }
        for (trial, value) in self.points.iter().enumerate() {
            if let Some(value) = value {
                let cell = &mut canvas[row(*value)][column(trial)];
                let better = trial == 0 || self.line[trial] != self.line[trial - 1];
                match *cell {
                    _ if better => *cell = BETTER,
                    ' ' if *value > high => *cell = BEYOND[0],
                    ' ' if *value < low => *cell = BEYOND[1],
                    ' ' => *cell = POINT,
                    _ => {}
                }
            }
        }
        let mut text = String::new();
        for (at, line) in canvas.iter().enumerate() {
            let label = match at {
                0 => labels[0].as_str(),
                at if at == ROWS - 1 => labels[1].as_str(),
                _ => "",
            };
            let line: String = line.iter().collect();
            let _ = writeln!(text, "{label:>margin$} │{}", line.trim_end());
        }
        let _ = writeln!(text, "{:margin$} └{}", "", "─".repeat(columns));
        let last = (trials - 1).to_string();
        let _ = writeln!(text, "{:margin$}  0{last:>rest$}", "", rest = columns.max(last.len() + 2) - 1);
        let _ = writeln!(text, "{:margin$}  {BETTER}{LINE} best so far   {POINT} other trials", "");
        Some(text)
    }

    /// All that is good, and nine tenths of what is bad: a few wild values would flatten the rest.
    fn range(&self) -> Option<[f64; 2]> {
        let mut values: Vec<f64> = self.points.iter().flatten().copied().collect();
        values.sort_by(f64::total_cmp);
        let (&first, &last) = (values.first()?, values.last()?);
        let tenth = values.len() / 10;
        Some(if self.less_is_better { [first, values[values.len() - 1 - tenth]] } else { [values[tenth], last] })
    }
}

/// Five significant digits, with an exponent where the number is very small or large.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || !size.is_finite() {
        return value.to_string();
    }
    if !(1e-3..1e6).contains(&size) {
        return format!("{value:.3e}");
    }
    let decimals = 4 - size.log10().floor() as i32;
    format!("{value:.*}", usize::try_from(decimals).unwrap_or(0))
}
