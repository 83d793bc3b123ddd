//! How figures look: one font, one palette, one set of sizes.
//!
//! Sizes are in units of the finished figure: one SVG unit, one pixel of the PNG. They are chosen for a figure that is
//! shown at half its width, where the smallest text is still 11 pixels high.

pub use plotters::style::RGBColor as Colour;

use super::marks::Mark;

/// Registered under its whole list of fallbacks, because plotters writes this name into the SVG's `font-family` as it is.
pub const FONT: &str = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif";

// What figures are made of, besides data.
pub const PAPER: Colour = Colour(255, 255, 255);
pub const INK: Colour = Colour(31, 35, 40);
pub const QUIET_INK: Colour = Colour(89, 99, 110);
pub const GRID: Colour = Colour(225, 229, 234);

// Okabe and Ito (2008), "Color Universal Design": told apart by people of any colour vision. Its yellow is left out,
// which can't be seen on white, and its black, which is the colour of axes.
pub const BLUE: Colour = Colour(0, 114, 178);
pub const VERMILION: Colour = Colour(213, 94, 0);
pub const GREEN: Colour = Colour(0, 158, 115);
pub const PURPLE: Colour = Colour(204, 121, 167);
pub const ORANGE: Colour = Colour(230, 159, 0);
pub const SKY: Colour = Colour(86, 180, 233);

// Heights of an em.
pub const TITLE_SIZE: f64 = 28.0;
pub const TEXT_SIZE: f64 = 25.0;
pub const SMALL_SIZE: f64 = 22.0;

// Widths of lines.
pub const DATA_WIDTH: f64 = 5.0;
pub const BEHIND_WIDTH: f64 = 3.0;
/// Of outlines, and of the bars of intervals.
pub const MARK_WIDTH: f64 = 4.0;
pub const AXIS_WIDTH: f64 = 2.0;
pub const GRID_WIDTH: f64 = 1.0;
/// Length of a dash and of the gap after it.
pub const DASH: (f64, f64) = (13.0, 9.0);
pub const BAND_OPACITY: f64 = 0.22;
pub const BEHIND_OPACITY: f64 = 0.75;

/// How far a mark reaches from its centre.
pub fn mark_radius(mark: Mark) -> f64 {
    match mark {
        Mark::Dot => 6.0,
        Mark::Ring | Mark::Square | Mark::Cross => 9.0,
        Mark::Diamond | Mark::OpenDiamond | Mark::Up | Mark::Down => 11.0,
    }
}

/// As SVG and CSS write it: `#0072B2`.
pub fn hex(Colour(red, green, blue): Colour) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}
