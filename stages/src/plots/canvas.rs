//! One drawing, two files: lines, areas, dots and text at exact places of an SVG or a PNG.
//!
//! plotters' two backends place text differently and the bitmap one has hard edges. Here text stands on its baseline in
//! both, and the PNG is drawn at several times its size and averaged down.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, FontTransform, register_font};
use thiserror::Error;

use super::theme;
use super::thin::{dashes, thin};
use crate::artifact::{self, ArtifactError};

/// Why a figure did not come out.
#[derive(Debug, Error)]
pub enum PlotError {
    #[error("the embedded font cannot be used")]
    Font,
    #[error("the figure cannot be drawn: {0}")]
    Draw(String),
    #[error("the figure cannot be encoded as PNG: {0}")]
    Encode(#[from] png::EncodingError),
}

/// Why a figure is not where it should be.
#[derive(Debug, Error)]
pub enum FileError {
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error(transparent)]
    File(#[from] ArtifactError),
}

/// What can be drawn on a canvas of either kind.
pub trait Figure {
    /// Width and height, in SVG units and pixels of the PNG.
    fn size(&self) -> Result<(u32, u32), PlotError>;
    /// What a reader who can't see the figure is told.
    fn description(&self) -> String;
    /// Draws all of it, on white paper.
    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Result<(), PlotError>;
}

/// The figure as the text of an SVG file.
pub fn svg(figure: &impl Figure) -> Result<String, PlotError> {
    register_fonts()?;
    let mut text = String::new();
    let size = figure.size()?;
    {
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        let canvas = Canvas { area, scale: 1.0, type_metrics: SVG_TYPE, piecewise: false };
        canvas.complete(figure)?;
    }
    // plotters opens the file with the one tag `<svg …>`; readers of the screen find the description right behind it.
    let described = format!(" role=\"img\">\n<title>{}</title>\n", escape(&figure.description()));
    let text = text.replacen(">\n", &described, 1);
    // What every element says and a reader takes for granted. Texts can't hold these words: their quotes are escaped.
    Ok([" opacity=\"1\"", " stroke=\"none\" stroke-width=\"1\""]
        .iter()
        .fold(text, |text, usual| text.replace(usual, "")))
}

/// The figure as the bytes of a PNG file.
pub fn png(figure: &impl Figure) -> Result<Vec<u8>, PlotError> {
    register_fonts()?;
    let (width, height) = figure.size()?;
    let (fine_width, fine_height) = (width * SUPERSAMPLING, height * SUPERSAMPLING);
    let mut fine = vec![0; fine_width as usize * fine_height as usize * 3];
    {
        let area = BitMapBackend::with_buffer(&mut fine, (fine_width, fine_height)).into_drawing_area();
        let canvas = Canvas { area, scale: f64::from(SUPERSAMPLING), type_metrics: BITMAP_TYPE, piecewise: true };
        canvas.complete(figure)?;
    }
    encode(&average_down(&fine, width as usize, height as usize), width, height)
}

/// Writes the figure as `FILE.svg` and `FILE.png`.
pub fn write(figure: &impl Figure, file: &Path) -> Result<(), FileError> {
    artifact::write(&file.with_added_extension("svg"), svg(figure)?.as_bytes())?;
    artifact::write(&file.with_added_extension("png"), &png(figure)?)?;
    Ok(())
}

/// Sides of the square of drawn pixels that becomes one pixel of the PNG.
const SUPERSAMPLING: u32 = 3;

fn average_down(fine: &[u8], width: usize, height: usize) -> Vec<u8> {
    let n = SUPERSAMPLING as usize;
    let mut pixels = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let rows = (y * n..(y + 1) * n).map(|row| (row * width * n + x * n) * 3 + channel);
                let sum: usize = rows.flat_map(|start| (0..n).map(move |i| usize::from(fine[start + 3 * i]))).sum();
                pixels.push(((sum + n * n / 2) / (n * n)) as u8);
            }
        }
    }
    pixels
}

fn encode(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, PlotError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

fn register_fonts() -> Result<(), PlotError> {
    register_font(theme::FONT, FontStyle::Normal, dejavu::sans::regular()).map_err(|_| PlotError::Font)?;
    register_font(theme::FONT, FontStyle::Bold, dejavu::sans::bold()).map_err(|_| PlotError::Font)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// How a backend turns plotters' font size into type, per em of type.
#[derive(Clone, Copy)]
struct TypeMetrics {
    /// Font size to ask for.
    size: f64,
    /// From the place that is given (anchored at the top) down to the baseline.
    baseline: f64,
}

/// The SVG backend divides sizes by 1.24 and moves text anchored at the top down by 0.76 em.
const SVG_TYPE: TypeMetrics = TypeMetrics { size: 1.24, baseline: 0.76 };
/// The bitmap backend takes the size as the font's height, 1.164 em in DejaVu Sans, and puts the baseline at half of it.
const BITMAP_TYPE: TypeMetrics = TypeMetrics { size: 1.164, baseline: 0.582 };

/// A place on the canvas: right and down from the top left corner, in units of the finished figure.
pub type Place = (f64, f64);

/// How a line is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Stroke {
    pub colour: RGBColor,
    pub width: f64,
    pub opacity: f64,
    /// Length of a dash and of a gap.
    pub dash: Option<(f64, f64)>,
}

impl Stroke {
    /// Neither dashed nor see-through.
    pub fn solid(colour: RGBColor, width: f64) -> Self {
        Self { colour, width, opacity: 1.0, dash: None }
    }

    /// As a published curve is drawn behind ours: thinner and dashed, but in its method's colour.
    pub fn behind(colour: RGBColor) -> Self {
        Self { colour, width: theme::BEHIND_WIDTH, opacity: theme::BEHIND_OPACITY, dash: Some(theme::DASH) }
    }
}

/// How text is set.
#[derive(Clone, Copy)]
pub struct Type {
    /// Height of an em.
    pub size: f64,
    pub bold: bool,
    pub colour: RGBColor,
    pub align: HPos,
    /// Turned by a quarter to the left, so that it reads upwards.
    pub upwards: bool,
}

impl Type {
    /// Upright and of regular weight.
    pub const fn new(size: f64, colour: RGBColor, align: HPos) -> Self {
        Self { size, bold: false, colour, align, upwards: false }
    }
}

/// A drawing area of either backend, in units of the finished figure.
pub struct Canvas<B: DrawingBackend> {
    area: DrawingArea<B, Shift>,
    scale: f64,
    type_metrics: TypeMetrics,
    /// Whether lines are drawn piece by piece: where one turns sharply, the bitmap backend draws a spike that is no data.
    piecewise: bool,
}

impl<B: DrawingBackend> Canvas<B> {
    fn complete(&self, figure: &impl Figure) -> Result<(), PlotError> {
        self.area.fill(&theme::PAPER).map_err(draw_error)?;
        figure.draw(self)?;
        self.area.present().map_err(draw_error)
    }

    /// A line through `places`; with fewer than two there is none.
    pub fn line(&self, places: &[Place], stroke: Stroke) -> Result<(), PlotError> {
        let places = thin(places);
        let pieces = match stroke.dash {
            None => vec![places],
            Some((dash, gap)) => dashes(&places, dash, gap),
        };
        let style = ShapeStyle {
            color: stroke.colour.mix(stroke.opacity),
            filled: false,
            stroke_width: self.length(stroke.width).max(1) as u32,
        };
        for piece in pieces.iter().filter(|piece| piece.len() > 1) {
            let pixels: Vec<(i32, i32)> = piece.iter().map(|place| self.pixel(*place)).collect();
            if !self.piecewise {
                self.area.draw(&PathElement::new(pixels, style)).map_err(draw_error)?;
                continue;
            }
            for ends in pixels.windows(2) {
                self.area.draw(&PathElement::new(ends.to_vec(), style)).map_err(draw_error)?;
            }
            // See-through lines would be darker where pieces meet.
            if stroke.opacity == 1.0 && style.stroke_width > 4 {
                for joint in &pixels[1..pixels.len() - 1] {
                    let radius = style.stroke_width / 2;
                    self.area.draw(&Circle::new(*joint, radius, stroke.colour.filled())).map_err(draw_error)?;
                }
            }
        }
        Ok(())
    }

    /// The area inside the closed line through `places`.
    pub fn area(&self, places: &[Place], colour: RGBColor, opacity: f64) -> Result<(), PlotError> {
        if places.len() < 3 {
            return Ok(());
        }
        let pixels: Vec<(i32, i32)> = places.iter().map(|place| self.pixel(*place)).collect();
        self.area.draw(&Polygon::new(pixels, colour.mix(opacity))).map_err(draw_error)
    }

    /// A filled circle.
    pub fn dot(&self, centre: Place, radius: f64, colour: RGBColor) -> Result<(), PlotError> {
        self.area.draw(&Circle::new(self.pixel(centre), self.length(radius), colour.filled())).map_err(draw_error)
    }

    /// A circle's outline.
    pub fn ring(&self, centre: Place, radius: f64, stroke: Stroke) -> Result<(), PlotError> {
        let style = stroke.colour.stroke_width(self.length(stroke.width).max(1) as u32);
        self.area.draw(&Circle::new(self.pixel(centre), self.length(radius), style)).map_err(draw_error)
    }

    /// Text whose baseline starts, ends or is centred at `place`, as its `align` says.
    pub fn text(&self, text: &str, place: Place, kind: Type) -> Result<(), PlotError> {
        if text.is_empty() {
            return Ok(());
        }
        let rise = self.type_metrics.baseline * kind.size;
        let (transform, corner) = if kind.upwards {
            (FontTransform::Rotate270, (place.0 - rise, place.1))
        } else {
            (FontTransform::None, (place.0, place.1 - rise))
        };
        let font = font(kind, self.type_metrics.size * self.scale).transform(transform);
        let style = TextStyle::from(font).color(&kind.colour).pos(Pos::new(kind.align, VPos::Top));
        // Control characters have no glyph and are not allowed in XML.
        let text = text.replace(char::is_control, " ");
        self.area.draw_text(&text, &style, self.pixel(corner)).map_err(draw_error)
    }

    fn length(&self, length: f64) -> i32 {
        (length * self.scale).round() as i32
    }

    fn pixel(&self, (x, y): Place) -> (i32, i32) {
        (self.length(x), self.length(y))
    }
}

fn font(kind: Type, size_per_em: f64) -> FontDesc<'static> {
    let style = if kind.bold { FontStyle::Bold } else { FontStyle::Normal };
    FontDesc::new(FontFamily::Name(theme::FONT), kind.size * size_per_em, style)
}

/// How wide `text` comes out.
pub fn text_width(text: &str, kind: Type) -> Result<f64, PlotError> {
    register_fonts()?;
    // Measured large, since the font answers in whole pixels.
    let (width, _) = font(kind, 16.0 * BITMAP_TYPE.size).box_size(text).map_err(draw_error)?;
    Ok(f64::from(width) / 16.0)
}

fn draw_error(error: impl std::fmt::Display) -> PlotError {
    PlotError::Draw(error.to_string())
}
