//! The page and the summary: every verdict is on them, nothing from a file can act in them, nothing comes from elsewhere.

use std::path::Path;

use base64::Engine as _;
use clap::Parser;
use sha2::{Digest, Sha256};
use stages::artifact;
use stages::claims::schema::Side;
use stages::claims::verdict::{Evidence, Verdicts};
use stages::claims::{read, spread};
use stages::parameters::Parameters;
use stages::plots::{self, paired_differences::PairedDifferences};
use stages::programs;
use stages::report::{Figure, FigureError, Material, page, slug, summary};
use stages::table::Observation;

const FIXTURE: &str = "tests/golden/report/verdicts.json";

fn verdicts() -> Verdicts {
    artifact::read_json(Path::new(FIXTURE)).unwrap()
}

/// What a reader sees: the page without its tags.
fn text(html: &str) -> String {
    let body = &html[html.find("<body>").unwrap()..html.rfind("<script>").unwrap()];
    let pieces = body.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text);
    pieces.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_page_says_what_was_found() {
    let html = page(&Material::of(verdicts())).unwrap();
    let text = text(&html);
    for sentence in [
        "Verdicts on 3 claims",
        "3 claims, 5 verdicts: 1 supported, 1 contradicted, 1 no difference, 1 undecided and 1 untestable.",
        "For 1 of 3 claims the verdict depends on the protocol.",
        "Both published numbers were reproduced in 1 of 2 comparisons.",
        // Rows of the overview: verdict, difference, interval, published verdict and numbers.
        "C-svvar-1 as-run ✓ supported +0.241 +0.213 to +0.269 reproduced 1.396 ✓ reproduced , 1.198 ✓ reproduced",
        "as-stated ✗ contradicted −0.156 −0.187 to −0.125 turned round 1.396 ✗ not reproduced , 1.198 ✓ reproduced",
        "controlled ≈ no difference −0.0020 −0.0104 to +0.0064 in test loss (nats) vanished not comparable",
        "controlled ? undecided +0.003 −0.009 to +0.015 none not comparable",
        "as-stated – untestable no evidence open not comparable",
        "the defect initial-weights decides.",
        "Untestable: the write-up does not say how large the network is.",
        "svvar, mean ± sd 1.447 ± 0.048 1.050 ± 0.032 1.102 ± 0.030",
        "p, after Holm 3.6e-5 8.0e-4 0.50",
        "Seeds 4 (failed: 7) 4 4",
        "Further seeds to decide 37",
        "equal learning rate as-run ✓ supported +0.384",
        "initial-weights decisive training continues from trained weights (under as-run)",
        "one-unseeded-run each method was run once (of the source alone)",
        "svvar 1.396 , not reproduced: one further run of ours would lie between 0.94 and 1.16;",
        "9 1.4700 1.2350 +0.2350 1.0800 1.2350 −0.1550 1.1400 1.1370 +0.0030",
        "(here 4 comparisons)",
    ] {
        assert!(text.contains(sentence), "the page lacks “{sentence}”:\n{text}");
    }
    // One drawn interval for each comparison that has one: four verdicts and two controls.
    assert_eq!(html.matches("<div class=\"interval\">").count(), 6);
    assert_eq!(html.matches("<details class=\"claim\"").count(), 3);
}

#[test]
fn the_page_holds_all_that_it_shows() {
    let curves = Figure::parse(&plots::svg(&PairedDifferences::new(&verdicts().claims[0]).unwrap()).unwrap()).unwrap();
    let mut material = Material::of(verdicts());
    material.figures.insert("svvar".to_owned(), vec![curves.clone(), curves]);
    let html = page(&material).unwrap();
    for foreign in
        ["http:", "https:", "<link", "<img", "<iframe", "src=", "url(", "@import", "@font-face", "xmlns", "style="]
    {
        assert!(!html.contains(foreign), "{foreign}");
    }
    // Differences of two claims, and the experiment's two figures once, to which both claims point.
    assert_eq!(html.matches("<svg class=\"plot\"").count(), 4);
    assert_eq!(html.matches("<a href=\"#_experiment-svvar\">the experiment svvar</a> for 2 figures.").count(), 2);
    let labelled = html.matches("<svg").count();
    assert_eq!(html.matches("role=\"img\" aria-label=\"").count(), labelled);
    assert_eq!(html, page(&material).unwrap());
}

/// Nothing but the page's own style sheet and its own script may act in it: a browser refuses all else by these digests.
#[test]
fn the_page_forbids_what_is_not_its_own() {
    let html = page(&Material::of(verdicts())).unwrap();
    let inside = |tag: &str| {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        assert_eq!((html.matches(&format!("<{tag}")).count(), html.matches(&close).count()), (1, 1), "{tag}");
        let start = html.find(&open).unwrap() + open.len();
        &html[start..html.find(&close).unwrap()]
    };
    let policy =
        html.split("http-equiv=\"Content-Security-Policy\" content=\"").nth(1).unwrap().split('"').next().unwrap();
    let source =
        |text: &str| format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text)));
    let (style, script) = (source(inside("style")), source(inside("script")));
    assert_eq!(
        policy,
        format!("default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'")
    );
}

#[test]
fn hostile_text_stays_text() {
    const HOSTILE: &str = "\"><script>alert('`x`')</script><img src=x onerror=alert(1)>\n| a | b |\n# [link](http://x)";
    let mut verdicts = verdicts();
    let spoil = |text: &mut String| text.push_str(HOSTILE);
    let spoil_evidence = |evidence: &mut Option<Evidence>| {
        if let Some(Evidence { comparison, .. }) = evidence {
            spoil(&mut comparison.metric);
            for side in [&mut comparison.a, &mut comparison.b] {
                let Side::Of { method, .. } = side else { continue };
                spoil(method);
            }
        }
    };
    for claim in &mut verdicts.claims {
        [&mut claim.id, &mut claim.statement, &mut claim.experiment, &mut claim.source.title]
            .into_iter()
            .for_each(spoil);
        claim.source.figure = Some(HOSTILE.to_owned());
        claim.source.note = Some(HOSTILE.to_owned());
        claim.disagreements.iter_mut().for_each(spoil);
        claim.published.iter_mut().for_each(|published| spoil(&mut published.verdict));
        for (name, defect) in &mut claim.defects {
            spoil(name);
            spoil(&mut defect.summary);
            defect.protocols.iter_mut().for_each(spoil);
        }
        for under in &mut claim.protocols {
            spoil(&mut under.protocol);
            spoil(&mut under.reason);
            spoil_evidence(&mut under.evidence);
            for control in &mut under.controls {
                spoil(&mut control.name);
                spoil(&mut control.reason);
                spoil_evidence(&mut control.evidence);
            }
        }
    }
    let html = page(&Material::of(verdicts.clone())).unwrap();
    assert_eq!(html.matches("<script").count(), 1);
    assert!(!html.contains("<img"));
    assert!(html.matches("&lt;script&gt;").count() > 50);
    // Attributes can't be left either: outside of tags every quote is escaped, inside they come in pairs.
    for tag in html.split('<').skip(1).map(|piece| piece.split('>').next().unwrap()) {
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
    }

    let markdown = summary(&verdicts);
    let outside_code = markdown.split('`').step_by(2).collect::<String>();
    assert!(!outside_code.contains(" <") && !outside_code.contains("\"><"), "{markdown}");
    let table: Vec<&str> = markdown.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(table.len(), 7);
    for row in table {
        assert_eq!(row.replace("\\|", "").matches('|').count(), 8, "{row}");
    }
}

#[test]
fn the_summary_is_a_table_and_the_key_sentences() {
    let expected = "\
# Verdicts on 3 claims

3 claims, 5 verdicts: 1 supported, 1 contradicted, 1 no difference, 1 undecided and 1 untestable. \
For 1 of 3 claims the verdict depends on the protocol. \
Both published numbers were reproduced in 1 of 2 comparisons.

| claim | protocol | verdict | difference | interval | published verdict | published numbers |
|---|---|---|---:|---|---|---|
| C-svvar-1 | as-run | **supported** | +0.241 nats | +0.213 to +0.269 | reproduced | both reproduced |
| C-svvar-1 | as-stated | **contradicted** | −0.156 nats | −0.187 to −0.125 | turned round | one of two reproduced |
| C-svvar-1 | controlled | **no difference** | −0.0020 nats | −0.0104 to +0.0064 | vanished | – |
| C-svvar-2 | controlled | **undecided** | +0.003 | −0.009 to +0.015 | – | – |
| C-lowrank-1 | as-stated | **untestable** | – | – | open | – |

## C-svvar-1

After 20 epochs the penalised model has a higher `val_loss` than the baseline.

* The published verdict is reproduced under as-run, turns round under as-stated and vanishes under controlled.
* as-run and as-stated disagree: the defect `initial-weights` decides.
* Under as-stated, most of the gap is the learning rate.

## C-svvar-2

The penalised model has the lower validation accuracy.

## C-lowrank-1

The leading direction aligns with the spike.
";
    assert_eq!(summary(&verdicts()), expected);
}

#[test]
fn a_study_without_claims_has_a_page_too() {
    let nothing = Verdicts { claims: Vec::new() };
    assert!(page(&Material::of(nothing.clone())).unwrap().contains("The study has no verdict"));
    assert!(summary(&nothing).contains("The study has no verdict"));
}

#[test]
fn only_drawings_may_stand_in_the_page() {
    let around =
        |content: &str| format!("<svg width=\"10\" viewBox=\"0 0 10 10\"><title>a &lt; b</title>{content}</svg>");
    let figure = Figure::parse(&around("<rect x=\"1\" fill=\"#FFFFFF\"/><text x=\"2\">1 &lt; 2</text>")).unwrap();
    assert_eq!(figure.title, "a < b");
    let html = figure.markup("caption").into_string();
    assert!(html.contains("aria-label=\"a &lt; b\""));
    assert!(html.contains("<rect x=\"1\" fill=\"#FFFFFF\"/><text x=\"2\">1 &lt; 2</text>"));

    for foreign in [
        "<script>alert(1)</script>",
        "<style>a{}</style>",
        "<image href=\"x.png\"/>",
        "<a href=\"x\"><text>y</text></a>",
        "<rect onload=\"alert(1)\"/>",
        "<rect style=\"fill:red\"/>",
        "<rect fill=\"url(http://x)\"/>",
        "<rect fill='red'/>",
        "<svg width=\"1\"></svg>",
        "<g><title>inner</title></g>",
        "<!-- comment -->",
        "<![CDATA[x]]>",
    ] {
        assert!(matches!(Figure::parse(&around(foreign)), Err(FigureError::Foreign(_))), "{foreign}");
    }
    for broken in ["", "text", "<rect/>", "<svg><g></svg>", "<svg>", "<svg></svg>x", "<svg></svg><rect/>", "<svg><rect"]
    {
        assert!(Figure::parse(broken).is_err(), "{broken}");
    }
}

#[test]
fn slugs_are_safe_and_different() {
    assert_eq!(slug("C-svvar-1"), "C-svvar-1");
    assert_eq!(slug("../a b"), ".._2Fa_20b");
    assert_ne!(slug("a b"), slug("a_b"));
    assert_ne!(slug("a_20b"), slug("a b"));
}

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: programs::report::Args,
}

#[test]
fn the_stage_puts_each_experiments_figures_into_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let svg = |title: &str| format!("<svg width=\"10\" viewBox=\"0 0 1 1\"><title>{title}</title><g></g></svg>");
    for name in ["another", "validation-loss", "training-loss"] {
        artifact::write(&folder.path().join(format!("plots/svvar/{name}.svg")), svg(name).as_bytes()).unwrap();
    }
    artifact::write(&folder.path().join("plots/svvar/validation-loss.png"), b"not looked at").unwrap();
    artifact::write(&folder.path().join("secret/outside.svg"), svg("outside").as_bytes()).unwrap();
    let mut verdicts = verdicts();
    verdicts.claims[2].experiment = "../secret".to_owned();
    artifact::write_json(&folder.path().join("verdicts.json"), &verdicts).unwrap();

    let run = || {
        let arguments =
            ["stage", "--verdicts", &path("verdicts.json"), "--plots", &path("plots"), "--out", &path("report")];
        programs::report::run(Command::parse_from(arguments).args, &Parameters::none())
    };
    run().unwrap();
    let html = std::fs::read_to_string(path("report/index.html")).unwrap();
    let places: Vec<_> = ["validation-loss", "another", "training-loss"]
        .map(|title| html.find(&format!("aria-label=\"{title}\"")))
        .into();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
    assert!(!html.contains("outside"));
    assert_eq!(std::fs::read_to_string(path("report/summary.md")).unwrap(), summary(&verdicts));
    for ending in ["svg", "png"] {
        assert!(Path::new(&path(&format!("report/figures/paired-differences-C-svvar-2.{ending}"))).is_file());
    }

    artifact::write(&folder.path().join("plots/svvar/bad.svg"), b"<svg><script/></svg>").unwrap();
    let error = run().unwrap_err().to_string();
    assert!(error.contains("bad.svg: `") && error.contains("is not part of a figure"), "{error}");
}

/// A study with repeated runs: what one run leaves open and what its spread is made of, as planted.
#[test]
fn repeated_runs_say_what_one_run_leaves_open() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claim.yaml");
    let claim = "source: {title: T}\nclaims:\n  - id: C-1\n    statement: S.\n    experiment: e\n    comparison: \
                 {a: new, b: old, metric: score, at: last, direction: higher}\n    margin: 0.1\n    published: \
                 {a: 3.5, b: 2.5, verdict: supported}\n    protocols: [{protocol: as-run}, {protocol: controlled}]\n";
    std::fs::write(&file, claim).unwrap();
    let claims = read::read(&file).unwrap();
    let row = |protocol: &str, method: &str, seed: u64, value: f64| Observation {
        experiment: "e".to_owned(),
        protocol: protocol.to_owned(),
        method: method.to_owned(),
        seed,
        epoch: 1,
        metric: "score".to_owned(),
        value,
    };
    let mut rows = Vec::new();
    for (repetition, (new, old)) in (0..).zip([(3.0, 2.0), (3.25, 2.0), (1.0, 2.0), (2.5, 2.25)]) {
        rows.push(row("as-run/last-bit", "new", repetition, new));
        rows.push(row("as-run/last-bit", "old", repetition, old));
    }
    for repetition in 0..10 {
        let score = (repetition % 5) as f64;
        rows.push(row("controlled/all", "old", repetition, 2.0 * score));
        rows.push(row("controlled/data", "old", repetition, score));
    }
    let spread = spread::spread("e", &rows, &claims).unwrap();
    let repeats = &spread.repeats[0];
    assert_eq!((repeats.own, repeats.agreeing, repeats.values.len()), ((3.0, 2.0), 2, 3));
    let data = spread.shares.iter().find(|share| share.source == "data").unwrap();
    assert!((data.share - 0.25).abs() < 1e-12);
    // scipy.stats.f.ppf([0.025, 0.975], 9, 9)
    for (end, quantile) in data.interval.iter().zip([4.025994158282978, 0.24838585469445497]) {
        assert!((end - 0.25 / quantile).abs() < 1e-12, "{end}");
    }

    let mut judged = verdicts();
    (judged.claims[0].id, judged.claims[0].experiment) = ("C-1".to_owned(), "e".to_owned());
    let mut material = Material::of(judged);
    material.spreads.insert("e".to_owned(), spread);
    let page = text(&page(&material).unwrap());
    for sentence in [
        "3 times, each time with the last bit of about half of its initial weights changed: 2 of 3 have the difference on the claimed side",
        "new 3.5 3.0 2.2 ± 1.1 1.0 to 3.2",
        "data 10 1.49 25 % 6 % to 101 %",
    ] {
        assert!(page.contains(sentence), "{sentence}\n{page}");
    }
}
