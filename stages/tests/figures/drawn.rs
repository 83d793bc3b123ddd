//! An SVG that a figure drew, read back: where its texts and marks lie.

use std::collections::BTreeMap;

/// An element that draws, with its attributes; texts with what they say.
#[derive(Debug)]
pub struct Element {
    pub name: String,
    attributes: BTreeMap<String, String>,
    pub words: String,
}

impl Element {
    pub fn number(&self, key: &str) -> f64 {
        self.attributes[key].parse().unwrap()
    }

    /// The colour that fills the element, or that of its line.
    pub fn colour(&self) -> &str {
        let of = |key| self.attributes.get(key).map(String::as_str).filter(|colour| *colour != "none");
        of("fill").or(of("stroke")).unwrap_or_default()
    }

    /// Corners of a polygon, places of a line.
    pub fn points(&self) -> Vec<(f64, f64)> {
        let pair = |pair: &str| {
            let (x, y) = pair.split_once(',').unwrap();
            (x.parse().unwrap(), y.parse().unwrap())
        };
        self.attributes["points"].split_whitespace().map(pair).collect()
    }

    /// The middle of what the element covers.
    pub fn centre(&self) -> (f64, f64) {
        if self.name == "circle" {
            return (self.number("cx"), self.number("cy"));
        }
        let points = self.points();
        let middle = |of: fn(&(f64, f64)) -> f64| {
            let values = points.iter().map(of);
            (values.clone().fold(f64::INFINITY, f64::min) + values.fold(f64::NEG_INFINITY, f64::max)) / 2.0
        };
        (middle(|point| point.0), middle(|point| point.1))
    }
}

/// All elements, in the order in which they are drawn.
pub fn elements(svg: &str) -> Vec<Element> {
    let mut found = Vec::new();
    for (at, _) in svg.match_indices('<') {
        let (tag, after) = svg[at + 1..].split_once('>').unwrap();
        let tag = tag.trim_end_matches('/');
        let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
        if name.starts_with('/') || ["svg", "title"].contains(&name) {
            continue;
        }
        let mut attributes = BTreeMap::new();
        while let Some((key, value)) = rest.trim_start().split_once("=\"") {
            let (value, next) = value.split_once('"').unwrap();
            attributes.insert(key.to_owned(), value.to_owned());
            rest = next;
        }
        let words = after.split('<').next().unwrap().trim().to_owned();
        found.push(Element { name: name.to_owned(), attributes, words });
    }
    found
}

/// The first text with these words.
pub fn text<'a>(elements: &'a [Element], words: &str) -> &'a Element {
    elements.iter().find(|element| element.words == words).unwrap_or_else(|| panic!("there is no text “{words}”"))
}

/// From numbers to x on the figure, by the places of two ticks that stand on a line of their own at the height `y`.
pub fn across(elements: &[Element], ticks: [(&str, f64); 2]) -> impl Fn(f64) -> f64 {
    let [(x0, value0), (x1, value1)] = ticks.map(|(words, value)| (text(elements, words).number("x"), value));
    move |value| x0 + (value - value0) / (value1 - value0) * (x1 - x0)
}
