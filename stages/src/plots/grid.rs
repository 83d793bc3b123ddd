//! Panels in rows and columns.

use super::panel::Frame;

/// Where panels of one size lie, and how large the figure around them is.
#[derive(Debug, Clone, Copy)]
pub struct Grid {
    pub columns: usize,
    pub rows: usize,
    /// Width and height of a panel.
    pub panel: (f64, f64),
    /// From one panel to the next: across and down.
    pub gap: (f64, f64),
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub below: f64,
}

impl Grid {
    /// The panel in a column and a row, both counted from 0.
    pub fn frame(&self, column: usize, row: usize) -> Frame {
        let left = self.left + column as f64 * (self.panel.0 + self.gap.0);
        let top = self.top + row as f64 * (self.panel.1 + self.gap.1);
        Frame { left, top, right: left + self.panel.0, bottom: top + self.panel.1 }
    }

    pub fn width(&self) -> f64 {
        let columns = self.columns.max(1) as f64;
        self.left + columns * self.panel.0 + (columns - 1.0) * self.gap.0 + self.right
    }

    /// Where the last row of panels ends.
    pub fn bottom(&self) -> f64 {
        let rows = self.rows.max(1) as f64;
        self.top + rows * self.panel.1 + (rows - 1.0) * self.gap.1
    }

    pub fn height(&self) -> f64 {
        self.bottom() + self.below
    }
}
