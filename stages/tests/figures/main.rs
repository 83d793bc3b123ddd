//! Figures tell the truth: marks lie where the numbers say, read back from the SVG.

mod drawn;

use std::collections::BTreeMap;
use std::path::Path;

use drawn::{Element, across, elements, text};
use stages::artifact;
use stages::checks::budget_curve::{Budget, Curve, Point, ProtocolBudget};
use stages::claims::read;
use stages::claims::schema::{At, BestBy, Claim};
use stages::claims::spread::{Repeats, Share, Spread};
use stages::claims::verdict::{Verdict, Verdicts};
use stages::plots::budget::BudgetCurves;
use stages::plots::by_epoch::ByEpoch;
use stages::plots::final_scores::final_scores;
use stages::plots::forest::{Forest, Row, Shown};
use stages::plots::lowrank::Lowrank;
use stages::plots::palette::Palette;
use stages::plots::repeats::repeats;
use stages::plots::tuning::Tuning;
use stages::plots::variance::Variance;
use stages::plots::{self, Figure, theme};
use stages::search::sampler::Sampler;
use stages::search::space::{Distribution, Space, Value};
use stages::search::study::{Direction, Ending, Study};
use stages::table::Observation;

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

const CLAIMS: &str = "
source: { title: A penalty }
claims:
  - id: C-1
    statement: The penalty helps.
    experiment: study
    comparison: { a: penalty, b: plain, metric: val_loss, at: last, direction: lower }
    margin: 0.02
    published: { a: 1.0, b: 1.5, verdict: it does }
    protocols: [{ protocol: as-run }, { protocol: controlled, metric: test_loss }]
    controls: [{ name: equal rate, b: plain-at-penalty }, { name: first epoch, at: {epoch: 1} }]
";

fn claims() -> Vec<Claim> {
    read::parse(Path::new("claims.yaml"), CLAIMS).unwrap().file.claims
}

fn row(protocol: &str, method: &str, seed: u64, epoch: u32, metric: &str, value: f64) -> Observation {
    let [experiment, protocol, method, metric] = ["study", protocol, method, metric].map(str::to_owned);
    Observation { experiment, protocol, method, seed, epoch, metric, value }
}

#[test]
fn every_seed_of_every_method_is_a_dot_where_its_score_is() {
    let mut rows = Vec::new();
    for (protocol, metric) in [("as-run", "val_loss"), ("controlled", "test_loss")] {
        for (method, offset) in [("plain", 0.0), ("penalty", 0.25), ("plain-at-penalty", 0.5)] {
            for seed in 0..4 {
                rows.push(row(protocol, method, seed, 1, metric, 9.0));
                rows.push(row(protocol, method, seed, 2, metric, 1.0 + offset + seed as f64 / 8.0));
            }
        }
    }
    rows.push(row("as-run", "penalty", 4, 2, "val_loss", f64::NAN));
    let claims = claims();
    let claims: Vec<&Claim> = claims.iter().collect();
    let palette = Palette::of_claims("study", &claims, std::iter::empty());
    let figures = final_scores(&rows, "study", &claims, &palette).unwrap();
    let [figure] = figures.as_slice() else { panic!("{}", figures.len()) };
    let names: Vec<&str> = figure.panels[0].rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["plain", "penalty", "plain-at-penalty"]);
    // Published is the validation loss, and not what the controlled protocol measures.
    let published = |panel: usize| figure.panels[panel].rows.iter().map(|row| row.published).collect::<Vec<_>>();
    assert_eq!((published(0), published(1)), (vec![Some(1.5), Some(1.0), None], vec![None; 3]));
    // Scores 1.25 to 1.625: mean 1.4375, sd 0.16137, t(0.975; 3) = 3.18245.
    let (mean, [low, high]) = figure.panels[0].rows[1].mean.unwrap();
    assert!(
        (mean - 1.4375).abs() < 1e-12 && (high - mean - 0.25678).abs() < 1e-4 && (mean - low - 0.25678).abs() < 1e-4
    );

    let elements = drawn(figure);
    text(&elements, "1.44 (1.18 to 1.69); 1 failed");
    text(&elements, "validation loss (nats), last epoch");
    let x = across(&elements, [("1.0", 1.0), ("1.8", 1.8)]);
    let dots = |colour| -> Vec<f64> {
        let colour = theme::hex(colour);
        let dots = elements.iter().filter(|element| element.name == "circle" && element.colour() == colour);
        dots.map(|dot| dot.centre().0).take(4).collect()
    };
    for (colour, least) in [(theme::BLUE, 1.0), (theme::VERMILION, 1.25), (theme::SKY, 1.5)] {
        let dots = dots(colour);
        for (seed, dot) in dots.iter().enumerate() {
            assert!(near(*dot, x(least + seed as f64 / 8.0)), "{seed}: {dots:?}");
        }
    }
}

#[test]
fn repetitions_and_sources_of_chance_lie_where_their_numbers_say() {
    let claims = claims();
    let claims: Vec<&Claim> = claims.iter().collect();
    let palette = Palette::of_claims("study", &claims, std::iter::empty());
    let share = |source: &str, share: f64, interval| {
        let [protocol, method, metric, source] = ["controlled", "plain", "val_loss", source].map(str::to_owned);
        let (at, best_by) = (At::Last, BestBy::default());
        Share { protocol, method, metric, at, best_by, source, n: 5, sd: 0.02, share, interval }
    };
    let spread = Spread {
        experiment: "study".to_owned(),
        repeats: vec![Repeats {
            claim: "C-1".to_owned(),
            protocol: "as-run".to_owned(),
            a: "penalty".to_owned(),
            b: "plain".to_owned(),
            metric: "val_loss".to_owned(),
            at: At::Last,
            best_by: BestBy::default(),
            published: Some((1.0, 1.5)),
            own: (1.1, 1.3),
            values: vec![(1.2, 1.4), (1.15, 1.35)],
            agreeing: 2,
        }],
        shares: vec![share("all", 1.0, [0.1, 9.6]), share("weights", 2.0, [0.2, 10.0]), share("data", 0.5, [0.1, 5.0])],
    };
    let repeated = repeats(&spread, &palette).unwrap();
    let elements = drawn(&repeated);
    text(&elements, "2 of 2 repetitions on the claimed side");
    let x = across(&elements, [("1.0", 1.0), ("1.4", 1.4)]);
    let dots: Vec<f64> = elements.iter().filter(|element| element.name == "circle").map(|dot| dot.centre().0).collect();
    let expected = [1.4, 1.35, 1.2, 1.15].map(&x);
    assert!(dots.iter().zip(expected).all(|(dot, x)| near(*dot, x)) && dots.len() == 4, "{dots:?} {expected:?}");

    let variance = Variance::new(&spread, &palette).unwrap();
    let elements = drawn(&variance);
    let names = ["data", "weights", "all together"].map(|words| text(&elements, words).number("y"));
    assert!(names.is_sorted(), "{names:?}");
    // On a logarithmic axis.
    let evenly = across(&elements, [("0.1", 0.1f64.ln()), ("10", 10f64.ln())]);
    let marks: Vec<f64> =
        elements.iter().filter(|element| element.name == "polygon").map(|mark| mark.centre().0).collect();
    let expected = [0.5f64, 2.0, 1.0].map(|share| evenly(share.ln()));
    assert!(marks.iter().zip(expected).all(|(mark, x)| near(*mark, x)) && marks.len() == 3, "{marks:?} {expected:?}");
    assert_eq!(Variance::new(&Spread { shares: Vec::new(), ..spread.clone() }, &palette), None);
}

/// Two searches of one parameter, from 0.001 to 1 by its logarithm; one trial was given up and one failed.
fn studies() -> [Study; 2] {
    let space: Space =
        serde_json::from_str(r#"{"rate": {"type": "float", "low": 0.001, "high": 1.0, "log": true}}"#).unwrap();
    struct Given(Vec<f64>);
    impl Sampler for Given {
        fn sample(&mut self, _: &Study, _: &str, _: &Distribution) -> Value {
            Value::Float(self.0.remove(0))
        }
    }
    let mut first = Study::new(Direction::Minimize);
    let mut given = Given(vec![0.01, 0.1, 0.5, 0.9]);
    for ending in [Ending::Value(2.0), Ending::Value(1.0), Ending::Pruned, Ending::Failed] {
        first.ask(&mut given, &space);
        first.report(1, 1.5);
        first.tell(ending);
    }
    let mut second = Study::new(Direction::Minimize);
    let mut given = Given(vec![0.02, 0.002]);
    for value in [1.8, 1.2] {
        second.ask(&mut given, &space);
        second.tell(Ending::Value(value));
    }
    [first, second]
}

#[test]
fn trials_lie_at_their_values_between_the_edges_of_the_search() {
    let [first, second] = studies();
    let tunings = BTreeMap::from([("plain", vec![&first, &second])]);
    let palette = Palette::of_claims("study", &[], ["plain"].into_iter());
    let figure = Tuning::new("controlled", &tunings, &palette).unwrap();
    let elements = drawn(&figure);
    for words in
        ["rate", "best score so far", "score (low is good)", "given up early", "no score", "edge of the search"]
    {
        text(&elements, words);
    }
    let ln = across(&elements, [("0.01", 0.01f64.ln()), ("0.1", 0.1f64.ln())]);
    let x = |rate: f64| ln(rate.ln());
    let right_of_legend = |element: &&Element| element.centre().1 > 150.0;
    let dots = elements.iter().filter(|element| element.name == "circle").filter(right_of_legend);
    let dots: Vec<f64> = dots.map(|dot| dot.centre().0).collect();
    let expected = [0.01, 0.1, 0.5, 0.02, 0.002].map(x);
    assert!(dots.iter().zip(expected).all(|(dot, x)| near(*dot, x)) && dots.len() == 5, "{dots:?} {expected:?}");
    let ink = theme::hex(theme::INK);
    let best = elements.iter().filter(|element| element.name == "polygon" && element.colour() == ink);
    let best: Vec<f64> = best.filter(right_of_legend).map(|mark| mark.centre().0).collect();
    assert!(best.len() == 2 && near(best[0], x(0.1)) && near(best[1], x(0.002)), "{best:?}");
    // Both edges are dashed from top to bottom.
    for end in [0.001, 1.0] {
        let dashes = elements.iter().filter(|element| element.name == "polyline");
        assert!(dashes.filter(|line| line.points().iter().all(|(at, _)| near(*at, x(end)))).count() > 5, "{end}");
    }
}

#[test]
fn budget_curves_have_the_spread_between_tunings() {
    let point = |trials, expected: f64| Point {
        trials,
        expected: Some(expected),
        expected_sd: Some(0.1),
        in_order: Some(expected),
        in_order_sd: None,
    };
    let points = vec![point(1, 2.0), point(2, 1.5), point(3, 1.4)];
    let curve = Curve { method: "plain".to_owned(), tunings: vec![0, 1], points };
    let protocol = ProtocolBudget {
        protocol: "controlled".to_owned(),
        direction: Direction::Minimize,
        methods: vec![curve],
        crossings: Vec::new(),
    };
    let budget = Budget { experiment: "study".to_owned(), protocols: vec![protocol] };
    let palette = Palette::of_claims("study", &[], ["plain"].into_iter());
    let elements = drawn(&BudgetCurves::new(&budget, &palette).unwrap());
    text(&elements, "2 tunings of each method");
    let [(y0, v0), (y1, v1)] =
        [("1.4", 1.4), ("2.0", 2.0)].map(|(words, value)| (text(&elements, words).number("y"), value));
    // A tick's words stand as far below their line as the baseline lies below the middle of digits.
    let height = |value: f64| (value - v0) / (v1 - v0) * (y1 - y0);
    let colour = theme::hex(palette.colour("plain"));
    let band = elements.iter().find(|element| element.name == "polygon" && element.colour() == colour).unwrap();
    let ys: Vec<f64> = band.points().iter().map(|(_, y)| *y).collect();
    let lowest = ys.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let highest = ys.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(near(highest - lowest, height(2.1) - height(1.3)), "{highest} {lowest}");
}

#[test]
fn gradients_are_drawn_by_configuration_and_no_peak_is_lost() {
    let mut rows = Vec::new();
    for protocol in ["controlled", "as-run"] {
        for method in ["A-relu", "A-sigmoid", "B-relu", "I-ntk", "I-mean-field"] {
            for epoch in 0..1000 {
                // One epoch of a thousand stands out.
                let value = if epoch == 700 { 0.9 } else { 0.1 };
                rows.push(row(protocol, method, 0, epoch, "drift", value));
            }
        }
        for epoch in 0..3 {
            rows.push(row(protocol, "I", 0, epoch, "angle_mean", 5.0));
            rows.push(row(protocol, "I", 0, epoch, "angle_mean_complement", 20.0));
        }
    }
    rows.iter_mut().for_each(|row| row.experiment = "lowrank".to_owned());
    let palette = Palette::of_claims("lowrank", &[], ["A-relu", "B-relu"].into_iter());
    let lowrank = Lowrank::new(&rows, &[], &palette);
    let figures = lowrank.figures();
    let files: Vec<&str> = figures.iter().map(|(file, _)| *file).collect();
    assert_eq!(files, ["drift", "scalings", "angles"]);

    let titles = |figure: &ByEpoch| -> Vec<String> {
        figure.rows.iter().flat_map(|row| &row.panels).map(|panel| panel.title.clone()).collect()
    };
    assert_eq!(titles(&figures[0].1), ["A, as-run", "B, as-run", "A, controlled", "B, controlled"]);
    let elements = drawn(&figures[0].1);
    let blue = theme::hex(theme::BLUE);
    let line = elements.iter().filter(|element| element.name == "polyline" && element.colour() == blue);
    let lines: Vec<Vec<(f64, f64)>> = line.map(Element::points).filter(|points| points.len() > 2).collect();
    assert_eq!(lines.len(), 4);
    for points in lines {
        let highest = points.iter().map(|(_, y)| *y).fold(f64::INFINITY, f64::min);
        // A panel is 220 high, from 0 to 1.
        assert!(near(points[0].1 - highest, 0.8 * 220.0) && points.len() < 20, "{points:?}");
    }
    // A quarter of the angles need not be 0.
    let key = drawn(&figures[2].1).into_iter().map(|element| element.words).collect::<Vec<_>>().join(" ");
    assert!(
        key.contains("75 % of the angles are 0 whatever the networks do, so that the mean of all cannot exceed 22.5°")
    );
}
