//! Marks: a shape for each thing that figures show at one place, the same in all of them.

use plotters::prelude::DrawingBackend;

use super::canvas::{Canvas, Place, PlotError, Stroke};
use super::theme::{self, Colour};

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A run, a trial.
    Dot,
    Ring,
    /// A mean of ours.
    Diamond,
    /// A published number.
    OpenDiamond,
    Up,
    Down,
    Square,
    Cross,
}

impl Mark {
    /// Draws the mark; it reaches `radius` from its centre.
    pub fn draw<B: DrawingBackend>(
        self,
        canvas: &Canvas<B>,
        centre: Place,
        radius: f64,
        colour: Colour,
    ) -> Result<(), PlotError> {
        let (x, y) = centre;
        let around = |corners: &[(f64, f64)]| -> Vec<Place> {
            corners.iter().map(|(right, down)| (x + right * radius, y + down * radius)).collect()
        };
        let outline = Stroke::solid(colour, theme::MARK_WIDTH);
        let diamond = [(-1.0, 0.0), (0.0, -1.0), (1.0, 0.0), (0.0, 1.0)];
        match self {
            Self::Dot => canvas.dot(centre, radius, colour),
            Self::Ring => canvas.ring(centre, radius, outline),
            Self::Diamond => canvas.area(&around(&diamond), colour, 1.0),
            Self::OpenDiamond => {
                // Once round outside and back round inside: the hole is none of the area.
                let inner = diamond.map(|(right, down)| (0.55 * right, 0.55 * down));
                let outside = diamond.into_iter().chain([diamond[0]]);
                let inside = inner.into_iter().rev().chain([inner[3]]);
                canvas.area(&around(&outside.chain(inside).collect::<Vec<_>>()), colour, 1.0)
            }
            Self::Up => canvas.area(&around(&[(-0.95, 0.8), (0.0, -1.0), (0.95, 0.8)]), colour, 1.0),
            Self::Down => canvas.area(&around(&[(-0.95, -0.8), (0.0, 1.0), (0.95, -0.8)]), colour, 1.0),
            Self::Square => canvas.area(&around(&[(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)]), colour, 1.0),
            Self::Cross => {
                canvas.line(&around(&[(-0.8, -0.8), (0.8, 0.8)]), outline)?;
                canvas.line(&around(&[(-0.8, 0.8), (0.8, -0.8)]), outline)
            }
        }
    }
}

/// A level bar from `low` to `high` with upright ends, as intervals are drawn across a row.
pub fn level_bar<B: DrawingBackend>(
    canvas: &Canvas<B>,
    [low, high]: [f64; 2],
    y: f64,
    stroke: Stroke,
) -> Result<(), PlotError> {
    canvas.line(&[(low, y), (high, y)], stroke)?;
    for x in [low, high] {
        canvas.line(&[(x, y - 8.0), (x, y + 8.0)], stroke)?;
    }
    Ok(())
}
