//! The page and the summary: every verdict is on them, nothing from a file can act in them, nothing comes from elsewhere.

use std::path::Path;

use base64::Engine as _;
use clap::Parser;
use sha2::{Digest, Sha256};
use stages::artifact;
use stages::checks::budget_curve::Budget;
use stages::claims::schema::{At, OwnedAmendment, Side};
use stages::claims::verdict::{Evidence, InsideNumber, PublishedNumber, Verdicts};
use stages::claims::{read, spread};
use stages::parameters::Parameters;
use stages::plots::{self, paired_differences::PairedDifferences, palette::Palette};
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
        "Further to decide 37 seeds",
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
    let claim = &verdicts().claims[0];
    let palette = Palette::of_verdicts("svvar", &verdicts().claims);
    let curves = Figure::parse(&plots::svg(&PairedDifferences::new(claim, &palette).unwrap()).unwrap()).unwrap();
    let mut material = Material::of(verdicts());
    material.figures.insert("svvar".to_owned(), vec![curves.clone(), curves]);
    let html = page(&material).unwrap();
    for foreign in
        ["http:", "https:", "<link", "<img", "<iframe", "src=", "url(", "@import", "@font-face", "xmlns", "style="]
    {
        assert!(!html.contains(foreign), "{foreign}");
    }
    // Differences of two claims, and the experiment's two figures once, to which both claims point.
    assert_eq!(html.matches("<svg class=\"plot\"").count(), 5);
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

fn golden<T: serde::de::DeserializeOwned>(name: &str) -> T {
    artifact::read_json(&Path::new("tests/golden/report").join(name)).unwrap()
}

/// What the claims of an experiment share stands once, and they point to it.
#[test]
fn the_page_has_the_design_of_each_experiment() {
    let mut material = Material::of(verdicts());
    material.checks = golden("checks.json");
    material.budgets.insert("svvar".to_owned(), golden("budget.json"));
    material.stages.insert("svvar".to_owned(), vec!["train-svvar".to_owned(), "control-svvar".to_owned()]);
    let html = page(&material).unwrap();
    let text = text(&html);
    for (sentence, times) in [
        ("Experiment svvar protocols side by side · 3 checks, 2 of concern · search budgets", 1),
        ("see the experiment svvar for protocols side by side, 3 checks, 2 of concern and search budgets.", 2),
        // What differs in a table, the rest in a line, and what changes the verdict with the claim.
        ("start of svvar the trained weights of baseline fresh weights fresh weights", 1),
        ("The same under all: epochs of a final run: 20.", 1),
        (
            "Supported under as-run, contradicted under as-stated: they differ in start of svvar alone, so that changes the verdict.",
            1,
        ),
        // Concerns first.
        (
            "search edge 1 of 5 tunings of svvar ended at an end of what was searched: strength 0.085 in [1e-5, 0.1]. (controlled) selection",
            1,
        ),
        ("1 check without concern search edge The best values of all 5 tunings of baseline", 1),
        ("controlled lower is better trials baseline svvar 1 1.258 ± 0.030 – 2 1.169 ± 0.036 1.176 ± 0.037 3", 1),
        ("4 1.133 ± 0.037 1.130 ± 0.036 baseline beats svvar only below 4 trials.", 1),
        ("retrial verify train-svvar control-svvar runs this experiment again", 2),
        ("retrial trace artifacts/verdicts.json", 3),
    ] {
        assert_eq!(text.matches(sentence).count(), times, "“{sentence}” in:\n{text}");
    }
    assert!(!text.contains("this is about another experiment"));
    assert!(!text.contains("Experiment lowrank"), "nothing is known of it");
    assert_eq!(html.matches("href=\"#_experiment-svvar\"").count(), 2);
    assert_eq!(html.matches("<details class=\"experiment\" id=\"_experiment-svvar\"").count(), 1);
}

/// Every number that a claim is about lies on one scale: its own prediction interval.
#[test]
fn published_values_are_drawn() {
    let mut verdicts = verdicts();
    let number = |published: f64, inside: bool| InsideNumber {
        method: "A".to_owned(),
        metric: "peak".to_owned(),
        at: At::Last,
        best_by: Default::default(),
        margin: None,
        seeds: 5,
        failed_seeds: Vec::new(),
        mean: 3.0,
        sd: 0.5,
        number: PublishedNumber { published, prediction: [2.0, 4.0], inside, percentile: 50.0 },
    };
    verdicts.claims[2].protocols[0].inside = vec![number(2.0, true), number(3.5, true), number(99.0, false)];
    let html = page(&Material::of(verdicts)).unwrap();
    // The difference of the published values, on the scale of the claim's intervals: ±0.269 on 120 ± 112.
    assert!(html.contains("margin ±0.02, published +0.198\""));
    assert!(html.contains("<path class=\"published\" d=\"M202.4 9 l6 6 l-6 6 l-6 -6 z\">"), "{html}");
    // Only where the same is measured: under two of the protocols, and for no control.
    assert_eq!(html.matches(", published +").count(), 2);
    // On 120 ± 60, and not beyond the drawing.
    for x in ["60.0", "150.0", "234.0"] {
        assert!(html.contains(&format!("<path class=\"published\" d=\"M{x} 9 l6 6")), "{x}");
    }
    assert!(text(&html).contains("2 of 3 published numbers inside our prediction intervals"));
    assert!(text(&html).contains("2 of 3 reproduced"));
}

#[test]
fn an_amended_criterion_is_marked_on_page_and_summary() {
    let marked = |verdicts: &Verdicts| text(&page(&Material::of(verdicts.clone())).unwrap());
    let mut verdicts = verdicts();
    assert!(!marked(&verdicts).contains("amended C") && !marked(&verdicts).contains("Amended criterion"));
    verdicts.claims[1].amendments.push(OwnedAmendment {
        date: "2026-01-31".to_owned(),
        was: "3a".repeat(32),
        why: "The <margin> was in bits.".to_owned(),
    });
    let text = marked(&verdicts);
    // In the table, and beside the name in the evidence.
    assert_eq!(text.matches("C-svvar-2 amended").count() + text.matches("accuracy. amended").count(), 2, "{text}");
    let why = "2026-01-31 The &lt;margin&gt; was in bits. The criterion until then: 3a3a";
    assert!(text.contains(why), "{text}");
    assert!(
        summary(&verdicts).contains("\n**Amended on 2026-01-31:** The \\<margin\\> was in bits.\n"),
        "{}",
        summary(&verdicts)
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
        let amendment = OwnedAmendment { date: HOSTILE.to_owned(), was: HOSTILE.to_owned(), why: HOSTILE.to_owned() };
        claim.amendments.push(amendment);
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
    let mut material = Material::of(verdicts.clone());
    material.checks = golden("checks.json");
    for finding in &mut material.checks.findings {
        [&mut finding.experiment, &mut finding.sentence].into_iter().for_each(spoil);
        finding.protocols.iter_mut().for_each(spoil);
    }
    for sides in &mut material.checks.protocols {
        spoil(&mut sides.experiment);
        sides.protocols.iter_mut().for_each(spoil);
        for field in &mut sides.fields {
            spoil(&mut field.name);
            field.values.iter_mut().for_each(spoil);
        }
    }
    let mut budget: Budget = golden("budget.json");
    for of in &mut budget.protocols {
        spoil(&mut of.protocol);
        of.methods.iter_mut().for_each(|curve| spoil(&mut curve.method));
        of.crossings.iter_mut().for_each(|crossing| spoil(&mut crossing.sentence));
    }
    let experiment = verdicts.claims[0].experiment.clone();
    material.budgets.insert(experiment.clone(), budget);
    material.stages.insert(experiment, vec![HOSTILE.to_owned()]);
    let html = page(&material).unwrap();
    assert_eq!(html.matches("<script").count(), 1);
    assert!(!html.contains("<img"));
    assert!(html.matches("&lt;script&gt;").count() > 100);
    // Attributes can't be left either: outside of tags every quote is escaped, inside they come in pairs.
    let tags = &html[html.find("<body>").unwrap()..html.rfind("<script>").unwrap()];
    for tag in tags.split('<').skip(1).map(|piece| piece.split('>').next().unwrap()) {
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
    for name in ["another", "budget", "validation-loss", "training-loss", "variance"] {
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
        let more = ["--checks", "tests/golden/report/checks.json", "--budget", "tests/golden/report/budget.json"];
        let stages = ["--stages", "svvar=train-svvar,control-svvar", "lowrank=lowrank"];
        let all = arguments.into_iter().chain(more).chain(stages);
        programs::report::run(Command::parse_from(all).args, &Parameters::none())
    };
    run().unwrap();
    let html = std::fs::read_to_string(path("report/index.html")).unwrap();
    let places: Vec<_> = ["validation-loss", "another", "training-loss"]
        .map(|title| html.find(&format!("aria-label=\"{title}\"")))
        .into();
    // What is drawn of searches and of the spread stands with what is said of them.
    let order = [
        "<h4>Checks without training",
        "<h4>Searches",
        "=\"budget\"",
        "<h4>Where the spread comes from",
        "=\"variance\"",
    ];
    assert!(order.map(|part| html.find(part).unwrap()).is_sorted());
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
    assert!(!html.contains("outside"));
    for part in [
        "Protocols side by side",
        "baseline beats svvar only below 4 trials.",
        "retrial verify train-svvar control-svvar",
    ] {
        assert!(html.contains(part), "{part}");
    }
    for nonsense in ["svvar", "=a", "svvar=", "svvar=a,,b"] {
        let arguments = ["stage", "--verdicts", "v", "--plots", "p", "--out", "o", "--stages", nonsense];
        let error = Command::try_parse_from(arguments).err().unwrap().to_string();
        assert!(error.contains("EXPERIMENT=STAGE,STAGE"), "{error}");
    }
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
