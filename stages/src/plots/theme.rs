//! How figures look: one font, one palette, one set of sizes.
//!
//! Sizes are in units of the finished figure: one SVG unit, one pixel of the PNG. They are chosen for a figure that is
//! shown at half its width, where the smallest text is still 11 pixels high.

pub use plotters::style::RGBColor as Colour;

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

/// The colours of data, in the order in which methods without a colour of their own take them.
pub const PALETTE: [Colour; 6] = [BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY];

// Heights of an em.
pub const TITLE_SIZE: f64 = 28.0;
pub const TEXT_SIZE: f64 = 25.0;
pub const SMALL_SIZE: f64 = 22.0;

// Widths of lines.
pub const DATA_WIDTH: f64 = 5.0;
pub const BEHIND_WIDTH: f64 = 3.0;
pub const AXIS_WIDTH: f64 = 2.0;
pub const GRID_WIDTH: f64 = 1.0;
/// Length of a dash and of the gap after it.
pub const DASH: (f64, f64) = (13.0, 9.0);
pub const BAND_OPACITY: f64 = 0.22;
pub const BEHIND_OPACITY: f64 = 0.75;

/// Method -> its colour in every figure. The plain optimiser is blue wherever it is the reference, and sky blue where it
/// is a control that takes over the hyper-parameters of another method (`baseline-at-svvar`).
fn own_colour(method: &str) -> Option<Colour> {
    Some(match method {
        "baseline" | "adam" => BLUE,
        "svvar" => VERMILION,
        "iwsva" => GREEN,
        "gwd" => PURPLE,
        "decorr" | "svd" => ORANGE,
        _ if method.contains("-at-") => SKY,
        _ => return None,
    })
}

/// One colour a method, in the order given: its own, or else the first that is still free. Colours repeat only where
/// there are more methods than colours.
pub fn colours(methods: &[&str]) -> Vec<Colour> {
    let mut taken: Vec<Colour> = Vec::new();
    let own: Vec<Option<Colour>> = methods
        .iter()
        .map(|method| {
            let own = own_colour(method).filter(|colour| !taken.contains(colour));
            taken.extend(own);
            own
        })
        .collect();
    let free: Vec<Colour> = PALETTE.into_iter().filter(|colour| !taken.contains(colour)).collect();
    let mut next = free.into_iter().chain(PALETTE.into_iter().cycle());
    own.into_iter().map(|own| own.or_else(|| next.next()).unwrap_or(INK)).collect()
}

/// As SVG and CSS write it: `#0072B2`.
pub fn hex(Colour(red, green, blue): Colour) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}
