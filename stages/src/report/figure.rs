//! Figures inside the page: the SVG that plots write, checked tag by tag, in the page's own colours.

use maud::{Markup, PreEscaped, html};
use thiserror::Error;

/// Why an SVG may not stand in the page.
#[derive(Debug, Error, PartialEq)]
pub enum FigureError {
    #[error("`{0}` is not part of a figure that may stand in the page")]
    Foreign(String),
    #[error("the SVG is cut off or badly nested near `{0}`")]
    Broken(String),
}

/// An SVG that draws and does nothing else: no scripts, no styles, no links, nothing from elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What it is called among an experiment's figures: the name of its file, if it has one.
    pub name: String,
    /// What the figure shows, in words: the SVG's title.
    pub title: String,
    view_box: String,
    width: f64,
    /// Everything between `<svg>` and `</svg>`, built anew from the parts that were checked.
    content: String,
}

const ELEMENTS: [&str; 10] = ["svg", "title", "g", "rect", "line", "polyline", "polygon", "circle", "path", "text"];

const ATTRIBUTES: [&str; 28] = [
    "width",
    "height",
    "viewBox",
    "xmlns",
    "role",
    "x",
    "y",
    "dx",
    "dy",
    "x1",
    "y1",
    "x2",
    "y2",
    "cx",
    "cy",
    "r",
    "d",
    "points",
    "transform",
    "fill",
    "stroke",
    "stroke-width",
    "opacity",
    "text-anchor",
    "font-family",
    "font-size",
    "font-weight",
    "font-style",
];

impl Figure {
    /// Takes an SVG file apart. Anything but plain drawing is an error, since figures are the one thing in the page that
    /// is not escaped.
    pub fn parse(svg: &str) -> Result<Self, FigureError> {
        let mut figure = Self {
            name: String::new(),
            title: String::new(),
            view_box: String::new(),
            width: 0.0,
            content: String::new(),
        };
        let mut open: Vec<&str> = Vec::new();
        let mut rest = svg.trim();
        let mut root_seen = false;
        while !rest.is_empty() {
            let (text, from_tag) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
            match open.last() {
                Some(&"title") => figure.title.push_str(text.trim()),
                Some(_) => figure.content.push_str(text),
                None if text.trim().is_empty() => {}
                None => return Err(FigureError::Broken(excerpt(text))),
            }
            if from_tag.is_empty() {
                break;
            }
            let end = from_tag.find('>').ok_or_else(|| FigureError::Broken(excerpt(from_tag)))?;
            let tag = &from_tag[1..end];
            rest = &from_tag[end + 1..];

            if let Some(name) = tag.strip_prefix('/') {
                if open.pop() != Some(name) {
                    return Err(FigureError::Broken(excerpt(from_tag)));
                }
                if !matches!(name, "svg" | "title") {
                    figure.content.push_str(&format!("</{name}>"));
                }
                continue;
            }
            let (tag, alone) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let (name, attributes) = parse_tag(tag)?;
            match name {
                // One root; what it says of itself becomes the page's own root.
                "svg" if open.is_empty() && !root_seen && !alone => {
                    root_seen = true;
                    let value = |key| attributes.iter().find(|(name, _)| *name == key).map_or("", |(_, value)| *value);
                    figure.view_box = value("viewBox").to_owned();
                    figure.width = value("width").parse().unwrap_or(0.0);
                }
                "title" if open.len() == 1 && !alone => {}
                "svg" | "title" => return Err(FigureError::Foreign(excerpt(from_tag))),
                _ if open.is_empty() => return Err(FigureError::Broken(excerpt(from_tag))),
                _ => {
                    figure.content.push_str(&format!("<{name}"));
                    for (key, value) in &attributes {
                        figure.content.push_str(&format!(" {key}=\"{value}\""));
                    }
                    figure.content.push_str(if alone { "/>" } else { ">" });
                }
            }
            if !alone {
                open.push(name);
            }
        }
        if !open.is_empty() || !root_seen {
            return Err(FigureError::Broken(excerpt(svg)));
        }
        // As text, so that it can be escaped again wherever it is put.
        figure.title = unescape(&figure.title);
        Ok(figure)
    }

    /// The figure under a name.
    pub fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// The figure with its caption, in a box of its own that scrolls where the page is narrow.
    pub fn markup(&self, caption: &str) -> Markup {
        // Figures are drawn for about twice the size at which they are shown.
        let width = format!("{:.0}", self.width * 0.6);
        html! {
            figure {
                div.scroll tabindex="0" role="region" aria-label=(caption) {
                    svg.plot viewBox=(self.view_box) width=(width) role="img" aria-label=(self.title) {
                        (PreEscaped(&self.content))
                    }
                }
                figcaption { (caption) }
            }
        }
    }
}

type Attributes<'a> = Vec<(&'a str, &'a str)>;

/// `name key="value" …` with nothing in it but what a drawing needs.
fn parse_tag(tag: &str) -> Result<(&str, Attributes<'_>), FigureError> {
    let tag = tag.trim();
    let (name, mut rest) = tag.split_at(tag.find(char::is_whitespace).unwrap_or(tag.len()));
    if !ELEMENTS.contains(&name) {
        return Err(FigureError::Foreign(excerpt(tag)));
    }
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok((name, attributes));
        }
        let foreign = || FigureError::Foreign(excerpt(rest));
        let (key, after_key) = rest.split_once("=\"").ok_or_else(foreign)?;
        let (value, after_value) = after_key.split_once('"').ok_or_else(foreign)?;
        let elsewhere = key != "xmlns" && ["url(", "//", "javascript:"].iter().any(|part| value.contains(part));
        if !ATTRIBUTES.contains(&key) || elsewhere {
            return Err(foreign());
        }
        attributes.push((key, value));
        rest = after_value;
    }
}

fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    text.replace("&amp;", "&")
}

fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}
