//! Figures: the same bytes whatever the order of the rows, right numbers, and nothing that a failed run can break.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Parser;
use stages::claims::read;
use stages::claims::schema::Claim;
use stages::claims::verdict::Verdicts;
use stages::parameters::Parameters;
use stages::plots::learning_curves::LearningCurves;
use stages::plots::paired_differences::PairedDifferences;
use stages::plots::palette::Palette;
use stages::plots::{self, theme};
use stages::table::{self, Observation};
use stages::{artifact, programs};

const CLAIMS: &str = "
source: { title: A penalty }
claims:
  - id: C-1
    statement: The penalty helps.
    experiment: svvar
    comparison: { a: svvar, b: baseline, metric: val_loss, at: last, direction: lower }
    margin: 0.02
    published:
      { a: 1.4, b: 1.2, verdict: it does not, curves: { svvar: [1.1, 1.2, 1.4], baseline: [1.7, 1.3, 1.2] } }
    protocols: [{ protocol: as-run }, { protocol: controlled }]
    controls: [{ name: equal learning rate, b: baseline-at-svvar }]
";

fn claims() -> Vec<Claim> {
    read::parse(Path::new("claims.yaml"), CLAIMS).unwrap().file.claims
}

/// Three seeds of three methods under three protocols, one of which no claim names.
fn rows() -> Vec<Observation> {
    let mut rows = Vec::new();
    for (p, protocol) in ["controlled", "as-run", "another"].into_iter().enumerate() {
        for (m, method) in ["svvar", "baseline", "baseline-at-svvar"].into_iter().enumerate() {
            for seed in 0..3 {
                for epoch in 1..=3 {
                    let spread = [1.0, 2.0, 4.0][seed as usize] * 0.01;
                    let value = 1.0 + 0.1 * m as f64 + 0.02 * p as f64 + spread / f64::from(epoch);
                    rows.push(row(protocol, method, seed, epoch, value));
                }
            }
        }
    }
    rows
}

fn row(protocol: &str, method: &str, seed: u64, epoch: u32, value: f64) -> Observation {
    Observation {
        experiment: "svvar".to_owned(),
        protocol: protocol.to_owned(),
        method: method.to_owned(),
        seed,
        epoch,
        metric: "val_loss".to_owned(),
        value,
    }
}

fn curves(rows: &[Observation]) -> LearningCurves {
    let claims = claims();
    LearningCurves::new(rows, "svvar", "val_loss", &claims.iter().collect::<Vec<_>>()).unwrap()
}

#[test]
fn bytes_do_not_depend_on_the_order_of_rows() {
    let mut rows = rows();
    // A repeated row with another value is a mistake, but not one that may make the picture a matter of chance.
    rows.push(row("as-run", "svvar", 0, 1, 1.5));
    let mut reversed = rows.clone();
    reversed.reverse();
    let (first, second) = (curves(&rows), curves(&reversed));
    assert_eq!(plots::svg(&first).unwrap(), plots::svg(&second).unwrap());
    assert_eq!(plots::png(&first).unwrap(), plots::png(&second).unwrap());
    assert_eq!(plots::svg(&first).unwrap(), plots::svg(&first).unwrap());
}

#[test]
fn panels_and_methods_follow_the_claims() {
    let figure = curves(&rows());
    let protocols: Vec<&str> = figure.panels.iter().map(|panel| panel.protocol.as_str()).collect();
    assert_eq!(protocols, ["as-run", "controlled", "another"]);
    assert_eq!(figure.methods, ["baseline", "svvar", "baseline-at-svvar"]);
    assert_eq!(figure.published["svvar"], [1.1, 1.2, 1.4]);
}

#[test]
fn bands_are_t_intervals_of_the_mean() {
    let figure = curves(&rows());
    let curve = &figure.panels[0].curves[1];
    assert_eq!((curve.method.as_str(), curve.seeds, curve.failed), ("svvar", 3, 0));
    let point = curve.points[0];
    assert_eq!(point.epoch, 1);
    // Spreads 0.01, 0.02 and 0.04: mean 0.07/3, sd 0.0152752523, t(0.975; 2) = 4.3026527299.
    assert!((point.mean - (1.02 + 0.07 / 3.0)).abs() < 1e-12);
    let half_width = 4.302_652_729_9 * 0.015_275_252_317 / 3f64.sqrt();
    assert!((point.high - point.mean - half_width).abs() < 1e-10);
    assert!((point.mean - point.low - half_width).abs() < 1e-10);
}

#[test]
fn names_labels_and_fallback_fonts_are_in_the_svg() {
    let svg = plots::svg(&curves(&rows())).unwrap();
    let texts = ["baseline", "svvar", "baseline-at-svvar", "as-run", "controlled", "another", "epoch", "3 seeds"];
    for text in texts.into_iter().chain(["validation loss (nats)", "published figure", "95 % interval of the mean"]) {
        assert!(svg.contains(&format!(">\n{text}\n</text>")), "{text} is missing");
    }
    for colour in [theme::BLUE, theme::VERMILION, theme::SKY] {
        assert!(svg.contains(&format!("stroke=\"{}\"", theme::hex(colour))));
    }
    assert!(svg.contains("font-family=\"DejaVu Sans, Verdana, Helvetica, Arial, sans-serif\""));
    assert!(svg.contains("<title>validation loss (nats) by epoch for baseline, svvar"));
}

#[test]
fn a_failed_run_is_left_out_whole_and_named() {
    let mut rows = rows();
    let mut broken = |seed, value| {
        let of_run = |row: &&mut Observation| row.protocol == "as-run" && row.method == "svvar" && row.seed == seed;
        rows.iter_mut().rfind(of_run).unwrap().value = value;
    };
    broken(0, f64::NAN);
    broken(1, f64::INFINITY);
    let figure = curves(&rows);
    let curve = &figure.panels[0].curves[1];
    assert_eq!((curve.seeds, curve.failed), (3, 2));
    // The one run that is left has a mean, at every epoch, and an interval without width.
    let means: Vec<f64> = curve.points.iter().map(|point| point.mean).collect();
    let left = [1.0 + 0.02 + 0.04, 1.0 + 0.02 + 0.04 / 2.0, 1.0 + 0.02 + 0.04 / 3.0];
    assert_eq!(means, left);
    assert!(curve.points.iter().all(|point| point.low == point.mean && point.high == point.mean));

    let svg = plots::svg(&figure).unwrap();
    assert!(svg.contains("3 seeds; 2 of svvar failed"));
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    plots::png(&figure).unwrap();
}

#[test]
fn figures_without_a_finite_value_are_drawn_empty() {
    let rows = [row("as-run", "svvar", 0, 1, f64::NAN), row("as-run", "baseline", 0, 1, f64::INFINITY)];
    let figure = LearningCurves::new(&rows, "svvar", "val_loss", &[]).unwrap();
    assert!(plots::svg(&figure).unwrap().contains("1 seed; 2 runs failed"));
    plots::png(&figure).unwrap();
    assert_eq!(LearningCurves::new(&rows, "svvar", "train_loss", &[]), None);
    assert_eq!(LearningCurves::new(&rows, "gwd", "val_loss", &[]), None);
}

#[test]
fn a_diverging_run_does_not_press_the_others_flat() {
    let mut rows = rows();
    rows.retain(|row| row.protocol == "as-run");
    let greatest_label = |rows: &[Observation]| {
        let svg = plots::svg(&curves(rows)).unwrap();
        svg.lines().filter_map(|line| line.parse().ok()).fold(0.0, f64::max)
    };
    // The epochs go up to 3, the published curve to 1.7.
    assert_eq!(greatest_label(&rows), 3.0);
    // Far from the others at one epoch: the mean there is 4, and its interval reaches up to 17.
    rows.iter_mut().find(|row| row.method == "svvar" && row.epoch == 2).unwrap().value = 10.0;
    let after = greatest_label(&rows);
    assert!((4.0..7.0).contains(&after), "{after}");
}

#[test]
fn methods_have_the_colour_of_their_role() {
    let claims = claims();
    let claims: Vec<&Claim> = claims.iter().collect();
    let palette = Palette::of_claims("svvar", &claims, ["unnamed", "svvar"].into_iter());
    assert_eq!(palette.methods().collect::<Vec<_>>(), ["baseline", "svvar", "baseline-at-svvar", "unnamed"]);
    let colours = |palette: &Palette, methods: &[&str]| -> Vec<theme::Colour> {
        methods.iter().map(|method| palette.colour(method)).collect()
    };
    let named = ["baseline", "svvar", "baseline-at-svvar"];
    assert_eq!(colours(&palette, &named), [theme::BLUE, theme::VERMILION, theme::SKY]);
    // From verdicts they are the same as from the claims.
    let verdicts: Verdicts = artifact::read_json(Path::new("tests/golden/report/verdicts.json")).unwrap();
    let of_verdicts = Palette::of_verdicts("svvar", &verdicts.claims);
    assert_eq!(colours(&of_verdicts, &named), colours(&palette, &named));
    assert_eq!(palette.colour("of another experiment"), theme::QUIET_INK);

    let many: Vec<String> = (0..20).map(|i| format!("m{i:02}")).collect();
    let palette = Palette::of_claims("svvar", &[], many.iter().map(String::as_str));
    let mut first: Vec<String> = many[..6].iter().map(|method| theme::hex(palette.colour(method))).collect();
    first.sort();
    first.dedup();
    assert_eq!(first.len(), 6);
    // The two networks of a configuration, whatever claims name.
    let palette = Palette::of_claims("lowrank", &[], ["A-sigmoid", "H-relu"].into_iter());
    assert_eq!(colours(&palette, &["H-relu", "A-sigmoid"]), [theme::BLUE, theme::VERMILION]);
}

#[test]
fn paired_differences_show_every_seed() {
    let verdicts: Verdicts = artifact::read_json(Path::new("tests/golden/report/verdicts.json")).unwrap();
    let palette = Palette::of_verdicts("svvar", &verdicts.claims);
    let figure = PairedDifferences::new(&verdicts.claims[0], &palette).unwrap();
    let svg = plots::svg(&figure).unwrap();
    assert_eq!(svg.matches("<circle").count(), 12);
    for text in ["as-run", "as-stated", "controlled", "9", "mean", "test loss (nats)", "difference (nats)"] {
        assert!(svg.contains(&format!(">\n{text}\n</text>")), "{text} is missing");
    }
    assert!(svg.contains("difference: svvar − baseline, last epoch"));
    assert!(svg.contains("grey band: margin ±0.02"));
    assert!(svg.contains(&format!("r=\"6\" fill=\"{}\"", theme::hex(theme::VERMILION))));
    assert_eq!(plots::png(&figure).unwrap(), plots::png(&figure).unwrap());
    assert_eq!(PairedDifferences::new(&verdicts.claims[2], &palette), None);
}

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: programs::plots::Args,
}

#[test]
fn the_stage_writes_a_figure_for_each_metric_of_the_tables() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut rows = rows();
    let accuracies =
        rows.iter().map(|row| Observation { metric: "val_accuracy".to_owned(), value: 0.6, ..row.clone() });
    rows.extend(accuracies.collect::<Vec<_>>());
    let (one, two) = rows.split_at(20);
    table::write_parquet(&folder.path().join("runs/one.parquet"), one).unwrap();
    table::write_parquet(&folder.path().join("runs/two.parquet"), two).unwrap();
    artifact::write(&folder.path().join("claims/svvar.yaml"), CLAIMS.as_bytes()).unwrap();

    let run = |experiment: &str| {
        let arguments =
            ["stage", experiment, "--runs", &path("runs"), "--claims", &path("claims"), "--out", &path("out")];
        programs::plots::run(Command::parse_from(arguments).args, &Parameters::none())
    };
    run("svvar").unwrap();
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(path("out")).unwrap() {
        let entry = entry.unwrap();
        files.insert(entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap());
    }
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let stems = ["final-scores", "validation-accuracy", "validation-loss"];
    let expected = stems.iter().flat_map(|stem| [format!("{stem}.png"), format!("{stem}.svg")]);
    assert_eq!(names, expected.collect::<Vec<_>>());
    assert_eq!(files["validation-loss.svg"], plots::svg(&curves(&rows)).unwrap().into_bytes());

    // The PNG is a picture of the SVG's size, with the paper's white and the baseline's blue in it.
    let mut image = png::Decoder::new(std::io::Cursor::new(&files["validation-loss.png"])).read_info().unwrap();
    let mut pixels = vec![0; image.output_buffer_size().unwrap()];
    let info = image.next_frame(&mut pixels).unwrap();
    let size = format!("width=\"{}\" height=\"{}\"", info.width, info.height);
    assert!(String::from_utf8_lossy(&files["validation-loss.svg"]).contains(&size));
    for theme::Colour(red, green, blue) in [theme::PAPER, theme::BLUE] {
        assert!(pixels.chunks(3).any(|pixel| pixel == [red, green, blue]));
    }

    let error = run("gwd").unwrap_err().to_string();
    assert!(error.contains("no curve of experiment `gwd`"), "{error}");
}
