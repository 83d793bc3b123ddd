//! Figures tell the truth: marks lie where the numbers say, read back from the SVG.

mod drawn;

use std::path::Path;

use drawn::{Element, across, elements, text};
use stages::artifact;
use stages::claims::verdict::{Verdict, Verdicts};
use stages::plots::forest::{Forest, Row, Shown};
use stages::plots::{self, Figure, theme};

fn verdicts() -> Verdicts {
    artifact::read_json(Path::new("tests/golden/report/verdicts.json")).unwrap()
}

fn drawn(figure: &impl Figure) -> Vec<Element> {
    let svg = plots::svg(figure).unwrap();
    assert_eq!(svg, plots::svg(figure).unwrap());
    assert_eq!(plots::png(figure).unwrap(), plots::png(figure).unwrap());
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    let (width, height) = figure.size().unwrap();
    let elements = elements(&svg);
    for element in elements.iter().filter(|element| !element.words.is_empty()) {
        let (x, y) = (element.number("x"), element.number("y"));
        assert!(0.0 <= x && x <= f64::from(width) && 0.0 <= y && y <= f64::from(height), "{}", element.words);
    }
    elements
}

fn near(value: f64, other: f64) -> bool {
    (value - other).abs() <= 1.0
}

#[test]
fn a_forest_puts_differences_in_margins_on_one_axis() {
    let forest = Forest::new(&verdicts()).unwrap();
    let shown: Vec<(Verdict, &Shown)> = forest
        .compared
        .iter()
        .filter_map(|row| match row {
            Row::Protocol { verdict, shown, .. } => Some((*verdict, shown)),
            Row::Claim { .. } => None,
        })
        .collect();
    assert_eq!(shown.len(), 5);
    // 0.241 and 1.396 − 1.198 over a margin of 0.02, claimed to be higher.
    let Shown::Difference { estimate, published: Some(published), .. } = shown[0].1 else { panic!("{:?}", shown[0]) };
    assert!((estimate - 12.05).abs() < 1e-9 && (published - 9.9).abs() < 1e-9);
    // Another metric than the published one; then 0.003 over 0.005, claimed to be lower.
    assert!(matches!(shown[2].1, Shown::Difference { published: None, .. }));
    let Shown::Difference { estimate, interval: [low, high], .. } = shown[3].1 else { panic!("{:?}", shown[3]) };
    assert!((estimate + 0.6).abs() < 1e-9 && (low + 3.0).abs() < 1e-9 && (high - 1.8).abs() < 1e-9);
    assert_eq!(shown[4], (Verdict::Untestable, &Shown::Nothing));

    let elements = drawn(&forest);
    let evenly = across(&elements, [("0", 0.0), ("1", 1f64.asinh())]);
    let x = |margins: f64| evenly(margins.asinh());
    for (words, value) in [("−2", -2.0), ("10", 10.0)] {
        assert!(near(text(&elements, words).number("x"), x(value)), "{words}");
    }
    let marks = |colour: theme::Colour| -> Vec<f64> {
        let colour = theme::hex(colour);
        let of_colour =
            |element: &&Element| element.colour() == colour && ["polygon", "circle"].contains(&&*element.name);
        elements.iter().filter(of_colour).map(|element| element.centre().0).collect()
    };
    // Each verdict's mark stands at the estimate and again beside the verdict's word.
    for (colour, margins) in
        [(theme::GREEN, 12.05), (theme::VERMILION, -7.8), (theme::BLUE, -0.1), (theme::ORANGE, -0.6)]
    {
        let marks = marks(colour);
        assert!(marks.len() == 2 && near(marks[0], x(margins)), "{margins}: {marks:?}");
    }
    let published: Vec<f64> = marks(theme::INK);
    assert!(published.len() == 2 && published.iter().all(|at| near(*at, x(9.9))), "{published:?}");
    for words in ["supported", "contradicted", "no difference", "undecided", "untestable", "no evidence"] {
        text(&elements, words);
    }
    text(&elements, "controlled (test loss)");
}

#[test]
fn names_in_a_forest_are_escaped() {
    let mut verdicts = verdicts();
    verdicts.claims[0].id = "<b>\"&'".to_owned();
    let svg = plots::svg(&Forest::new(&verdicts).unwrap()).unwrap();
    assert!(svg.contains("&lt;b&gt;&quot;&amp;&apos;") && !svg.contains("<b>"));
    assert_eq!(Forest::new(&Verdicts { claims: Vec::new() }), None);
}
