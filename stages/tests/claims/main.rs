//! Claims on trial: planted truths come out as they must, and bad claim files are refused with file and line.

use std::path::Path;

use stages::claims::criterion;
use stages::claims::judge::judge;
use stages::claims::read::{ClaimSource, parse, read};
use stages::claims::schema::At;
use stages::claims::verdict::{Evidence, ProtocolVerdict, PublishedVerdict, Verdict, Verdicts};
use stages::cli::audit::{self, Amendments};
use stages::parameters::Parameters;
use stages::random::numpy::RandomState;
use stages::statistics::{correction, interval};
use stages::table::{self, Observation};

mod anytime; // verdicts that may be looked at after every seed
mod court; // rates of error, and the controls that show them
mod noise; // accuracies, and what their test part can show
mod tunings; // seeds that share a tuning
mod degenerate; // differences without spread
mod questions; // what a claim may ask: sides, epochs, thresholds, published numbers

const CLAIM: &str = "\
source:
  title: A study
defects:
  trained-twice:
    summary: a starts from b's trained weights.
    protocols: [as-run]
    decisive: true
  tuned-on-test:
    summary: hyper-parameters see the test part
    protocols: [as-run, as-stated]
claims:
  - id: C-1
    statement: a is worse than b.
    experiment: study
    comparison: {a: a, b: b, metric: val_loss, at: last, direction: higher}
    margin: 0.02
    published: {a: 1.4, b: 1.2, verdict: worse}
    protocols:
      - protocol: as-run
      - protocol: as-stated
      - protocol: controlled
        metric: test_loss
    controls:
      - {name: best epoch, at: best}
      - {name: same learning rate, b: b-slow}
";

/// A claim about one protocol, with no trimmings.
fn simple(direction: &str) -> Vec<ClaimSource> {
    let text = format!(
        "
source: {{title: A study}}
claims:
  - id: C-1
    statement: a differs from b.
    experiment: study
    comparison: {{a: a, b: b, metric: val_loss, at: last, direction: {direction}}}
    margin: 0.02
    protocols: [{{protocol: as-run}}]
"
    );
    vec![source(&text)]
}

fn source(text: &str) -> ClaimSource {
    parse(Path::new("claims/test.yaml"), text).unwrap()
}

fn row(protocol: &str, method: &str, seed: u64, epoch: u32, metric: &str, value: f64) -> Observation {
    Observation {
        experiment: "study".into(),
        protocol: protocol.into(),
        method: method.into(),
        seed,
        epoch,
        metric: metric.into(),
        value,
    }
}

/// Runs of three epochs: the loss is least at epoch 2, where it is `best`, and ends at `last`, each ± normal noise.
fn runs(random: &mut RandomState, group: (&str, &str), seeds: u64, best: f64, last: f64, sd: f64) -> Vec<Observation> {
    let (protocol, method) = group;
    let mut rows = Vec::new();
    for seed in 0..seeds {
        for (epoch, mean) in [(1, best + 0.5), (2, best), (3, last)] {
            let loss = mean + sd * random.normal();
            rows.push(row(protocol, method, seed, epoch, "val_loss", loss));
            if epoch > 1 {
                rows.push(row(protocol, method, seed, epoch, "test_loss", loss + 0.01));
            }
        }
    }
    rows
}

/// Two methods under one protocol whose last losses differ by `effect`.
fn pair(random: &mut RandomState, seeds: u64, effect: f64, sd: f64) -> Vec<Observation> {
    let mut rows = runs(random, ("as-run", "a"), seeds, 0.9, 1.2 + effect, sd);
    rows.extend(runs(random, ("as-run", "b"), seeds, 0.9, 1.2, sd));
    rows
}

/// The audit's own example: as-run, a is trained twice; from fresh weights it is better, mostly for its learning rate.
fn disagreement() -> Verdicts {
    let mut random = RandomState::seeded(7);
    let mut rows = Vec::new();
    for (protocol, a) in [("as-run", 1.44), ("as-stated", 1.05), ("controlled", 1.06)] {
        rows.extend(runs(&mut random, (protocol, "a"), 20, 1.0, a, 0.03));
        rows.extend(runs(&mut random, (protocol, "b"), 20, 1.0, 1.2, 0.03));
        rows.extend(runs(&mut random, (protocol, "b-slow"), 20, 1.0, 1.06, 0.03));
    }
    judge(&[source(CLAIM)], &rows).unwrap()
}

fn only(verdicts: &Verdicts) -> &ProtocolVerdict {
    &verdicts.claims[0].protocols[0]
}

fn evidence(verdicts: &Verdicts) -> &Evidence {
    only(verdicts).evidence.as_ref().unwrap()
}

#[test]
fn planted_truths_are_found() {
    let mut random = RandomState::seeded(1);
    let large = pair(&mut random, 20, 0.2, 0.03);
    let none = pair(&mut random, 20, 0.0, 0.01);
    let hidden = pair(&mut random, 5, 0.0, 0.1);
    let verdict = |direction: &str, rows: &[Observation]| judge(&simple(direction), rows).unwrap();

    assert_eq!(only(&verdict("higher", &large)).verdict, Verdict::Supported);
    let contradicted = verdict("lower", &large);
    assert_eq!(only(&contradicted).verdict, Verdict::Contradicted);
    let Evidence { seeds: 20, difference, interval: [low, high], p_t, p_sign_flip: Some(p_sign), .. } =
        evidence(&contradicted)
    else {
        panic!("{contradicted:?}")
    };
    assert!((0.17..0.23).contains(difference) && low < difference && difference < high);
    assert!(*p_t < 1e-10 && *p_sign == 2.0 / 1_048_576.0, "{p_t} {p_sign}");

    assert_eq!(only(&verdict("higher", &none)).verdict, Verdict::NoDifference);
    assert_eq!(only(&verdict("lower", &none)).verdict, Verdict::NoDifference);

    let open = verdict("higher", &hidden);
    assert_eq!(only(&open).verdict, Verdict::Undecided);
    assert!(evidence(&open).further_seeds.is_some_and(|seeds| seeds > 20), "{open:?}");
    assert!(only(&open).reason.contains("further seeds would decide with 90 % power"), "{}", only(&open).reason);
}

#[test]
fn the_same_values_are_no_difference() {
    let mut rows = pair(&mut RandomState::seeded(3), 6, 0.0, 0.1);
    let b: Vec<f64> = rows.iter().filter(|row| row.method == "b").map(|row| row.value).collect();
    for (row, b) in rows.iter_mut().filter(|row| row.method == "a").zip(b) {
        row.value = b;
    }
    let verdicts = judge(&simple("higher"), &rows).unwrap();
    assert_eq!(only(&verdicts).verdict, Verdict::NoDifference);
    let Evidence { p_t, p_equivalence, dz, interval, .. } = evidence(&verdicts);
    // Six signs against each side of the margin.
    assert_eq!((*p_t, *p_equivalence, *dz, *interval), (1.0, 1.0 / 64.0, None, [0.0, 0.0]));
    // Not a number has no place in JSON.
    let json = serde_json::to_string(&verdicts).unwrap();
    assert_eq!(serde_json::from_str::<Verdicts>(&json).unwrap(), verdicts);
}

#[test]
fn failed_seeds_are_left_out_and_named() {
    let mut rows = pair(&mut RandomState::seeded(4), 20, 0.2, 0.03);
    let at = |rows: &[Observation], method: &str, seed: u64| {
        rows.iter().position(|row| (row.method.as_str(), row.seed, row.epoch) == (method, seed, 3)).unwrap()
    };
    let diverged = at(&rows, "a", 3);
    rows[diverged].value = f64::NAN;
    let exploded = at(&rows, "b", 11);
    rows[exploded].value = f64::INFINITY;
    rows.retain(|row| (row.method.as_str(), row.seed) != ("b", 7));

    let verdicts = judge(&simple("higher"), &rows).unwrap();
    assert_eq!((evidence(&verdicts).seeds, evidence(&verdicts).failed_seeds.as_slice()), (17, [3, 7, 11].as_slice()));
    assert!(evidence(&verdicts).pairs.iter().all(|(seed, ..)| ![3, 7, 11].contains(seed)));
    assert!(only(&verdicts).reason.contains("seeds 3, 7 and 11 are left out"), "{}", only(&verdicts).reason);
}

#[test]
fn what_is_missing_makes_a_claim_untestable() {
    let rows = pair(&mut RandomState::seeded(5), 3, 0.2, 0.03);
    let reason = |rows: Vec<Observation>| {
        let verdicts = judge(&simple("higher"), &rows).unwrap();
        assert_eq!((only(&verdicts).verdict, only(&verdicts).evidence.as_ref()), (Verdict::Untestable, None));
        only(&verdicts).reason.clone()
    };
    let kept = |keep: fn(&Observation) -> bool| rows.iter().filter(|row| keep(row)).cloned().collect::<Vec<_>>();

    assert_eq!(reason(Vec::new()), "Untestable: the tables hold no runs of experiment `study`.");
    let one_pair = reason(kept(|row| row.seed == 0 || row.method == "a"));
    assert!(
        one_pair.contains("1 seed has a finite `val_loss` of both `a` and `b` (last epoch; not so for seeds 1 and 2)"),
        "{one_pair}"
    );
    let mut elsewhere = rows.clone();
    for row in elsewhere.iter_mut().filter(|row| row.method == "a") {
        row.protocol = "as-stated".into();
    }
    assert_eq!(reason(elsewhere), "Untestable: the tables hold no runs of `a`.");
    let other_metric = reason(kept(|row| row.method == "b" || row.metric == "test_loss"));
    assert_eq!(other_metric, "Untestable: the runs of `a` have no `val_loss`.");
}

#[test]
fn the_best_epoch_is_the_first_with_the_least_validation_loss() {
    let text =
        CLAIM.replace("at: last", "at: best").replace("{name: best epoch, at: best}", "{name: last epoch, at: last}");
    let mut rows = Vec::new();
    for protocol in ["as-run", "as-stated", "controlled"] {
        for method in ["a", "b", "b-slow"] {
            for seed in 0..4 {
                let jitter = seed as f64 * 0.001;
                for (epoch, loss) in [(1, f64::NAN), (2, 0.5), (3, 0.5), (4, 0.7)] {
                    rows.push(row(protocol, method, seed, epoch, "val_loss", loss));
                    let score = if method == "a" { f64::from(epoch) + jitter } else { 0.0 };
                    rows.push(row(protocol, method, seed, epoch, "test_loss", score));
                }
            }
        }
    }
    let verdicts = judge(&[source(&text)], &rows).unwrap();
    let controlled = &verdicts.claims[0].protocols[2];
    assert_eq!(controlled.evidence.as_ref().unwrap().pairs[3], (3, 2.003, 0.0));
    assert_eq!(controlled.controls[0].evidence.as_ref().unwrap().pairs[3], (3, 4.003, 0.0));
}

#[test]
fn disagreements_name_the_defect_between() {
    let verdicts = disagreement();
    let claim = &verdicts.claims[0];
    let by_protocol: Vec<Verdict> = claim.protocols.iter().map(|protocol| protocol.verdict).collect();
    assert_eq!(by_protocol, [Verdict::Supported, Verdict::Contradicted, Verdict::Contradicted]);
    let published: Vec<_> = claim.protocols.iter().map(|p| claim.published_verdict(p).unwrap()).collect();
    assert_eq!(published, [PublishedVerdict::Reproduced, PublishedVerdict::Reversed, PublishedVerdict::Reversed]);

    let said = claim.disagreements.join("\n");
    for sentence in [
        "The published verdict (\"worse\": `val_loss` higher for `a`, 1.4 against 1.2 for `b`) is reproduced under as-run \
         and turns round under as-stated and controlled.",
        "as-run (supported) and as-stated and controlled (contradicted) disagree: the defect `trained-twice`, which as-run \
         has and as-stated and controlled do not, decides: a starts from b's trained weights.",
        "Under as-stated, the control \"best epoch\" finds no difference, where the claim itself is \
         contradicted: 2 % of the difference remains (−0.003 of −0.156), so most of the gap is what this control takes away.",
        "Under as-stated, the control \"same learning rate\" (`a` against `b-slow`) does not decide, where the claim itself is \
         contradicted: nothing of the difference remains (+0.003 of −0.156), so the gap is what this control takes away.",
    ] {
        assert!(said.contains(sentence), "{sentence}\n\n{said}");
    }
    // A defect that is shared, or that decides nothing, does not explain.
    assert!(!said.contains("tuned-on-test"), "{said}");
}

#[test]
fn published_numbers_are_held_against_single_runs() {
    let verdicts = disagreement();
    let protocols = &verdicts.claims[0].protocols;
    let as_run = protocols[0].reproduced.as_ref().unwrap();
    let a: Vec<f64> = protocols[0].evidence.as_ref().unwrap().pairs.iter().map(|(_, a, _)| *a).collect();
    assert_eq!(as_run.a.prediction, interval::prediction_interval(&a, 0.95));
    assert!(as_run.a.inside && as_run.b.inside, "{as_run:?}");
    assert_eq!(as_run.a.percentile, 100.0 * a.iter().filter(|a| **a < 1.4).count() as f64 / 20.0);
    assert!(!protocols[1].reproduced.as_ref().unwrap().a.inside);
    // Another metric is measured there: the published number says nothing about it.
    assert_eq!(protocols[2].reproduced, None);
}

#[test]
fn all_claims_of_a_study_are_corrected_together() {
    let mut random = RandomState::seeded(26);
    let rows = pair(&mut random, 10, 0.03, 0.03);
    let alone = judge(&simple("higher"), &rows).unwrap();
    let p = evidence(&alone).p_t;
    assert!((0.02..0.05).contains(&p), "{p}");
    assert_eq!(only(&alone).verdict, Verdict::Supported);

    // The same claim beside three more: it no longer stands out.
    let text: String = (1..=4)
        .map(|k| {
            format!(
                "  - {{id: C-{k}, statement: s, experiment: study, margin: 0.0{k}, protocols: [{{protocol: as-run}}],\n     \
                 comparison: {{a: a, b: b, metric: val_loss, at: {}, direction: higher}}}}\n",
                if k == 1 { "last" } else { "best" }
            )
        })
        .collect();
    let files = vec![source(&format!("source: {{title: t}}\nclaims:\n{text}"))];
    let together = judge(&files, &rows).unwrap();
    let all: Vec<&Evidence> =
        together.claims.iter().map(|claim| claim.protocols[0].evidence.as_ref().unwrap()).collect();
    let p: Vec<f64> = all.iter().map(|evidence| evidence.p_t).collect();
    let adjusted: Vec<f64> = all.iter().map(|evidence| evidence.p_holm.unwrap()).collect();
    assert_eq!(adjusted, correction::holm(&p));
    assert_eq!(only(&together).verdict, Verdict::Undecided);
}

#[test]
fn bad_claim_files_are_refused_with_file_and_line() {
    let refused = |text: &str| parse(Path::new("claims/bad.yaml"), text).unwrap_err().to_string();
    let with = |from: &str, to: &str| {
        assert!(CLAIM.contains(from), "{from}");
        refused(&CLAIM.replacen(from, to, 1))
    };
    let digest = "3a".repeat(32);
    let amended = |date: &str, was: &str, rest: &str| {
        with("margin: 0.02", &format!("margin: 0.02\n    amendments: [{{date: {date}, was: {was}, {rest}}}]"))
    };
    for (error, beginning, mentions) in [
        (with("margin: 0.02", "margin: 0"), "claims/bad.yaml:16: ", "a number greater than 0"),
        (with("margin: 0.02", "margin: -1.5"), "claims/bad.yaml:16: ", "a number greater than 0"),
        (with("margin: 0.02", "margin: 0.02\n    alpha: 1"), "claims/bad.yaml:17: ", "a number between 0 and 1"),
        (with("margin: 0.02", "margin: wide"), "claims/bad.yaml:16: ", "margin"),
        (with("    margin: 0.02\n", ""), "claims/bad.yaml:12: ", "missing field `margin`"),
        (with("statement:", "statment:"), "claims/bad.yaml:13: ", "unknown field `statment`"),
        (with("direction: higher", "direction: up"), "claims/bad.yaml:15: ", "one of `higher`, `lower`, `different`"),
        (with("b: b, metric", "b: a, metric"), "claims/bad.yaml:12: ", "compares `a` with itself"),
        (with("[as-run, as-stated]", "[as-planned]"), "claims/bad.yaml:8: ", "`as-planned`"),
        (with("protocol: as-stated", "protocol: as-run"), "claims/bad.yaml:12: ", "lists protocol `as-run` twice"),
        (with("at: best}", "at: last}"), "claims/bad.yaml:12: ", "changes nothing"),
        (with("a: 1.4", "a: .nan"), "claims/bad.yaml:17: ", "a finite number"),
        (amended("2026-13-01", &digest, "why: x"), "claims/bad.yaml:17: ", "a date, such as 2026-01-31"),
        (amended("March 2026", &digest, "why: x"), "claims/bad.yaml:17: ", "a date, such as 2026-01-31"),
        (amended("2026-03-14", "3A60", "why: x"), "claims/bad.yaml:17: ", "64 hexadecimal digits"),
        (amended("2026-03-14", &digest, "why: ' '"), "claims/bad.yaml:17: ", "a sentence"),
        (amended("2026-03-14", &digest, "who: x"), "claims/bad.yaml:17: ", "unknown field `who`"),
        (refused("source: [\n"), "claims/bad.yaml:", ""),
        (refused("source: {title: t}\nclaims: []\n"), "claims/bad.yaml:2: ", "no claims"),
        (
            refused(&format!("{CLAIM}{}", &CLAIM[CLAIM.find("  - id").unwrap()..])),
            "claims/bad.yaml:26: ",
            "claim `C-1` is defined twice",
        ),
    ] {
        assert!(error.starts_with(beginning) && error.contains(mentions), "{error}\n(expected {beginning}…{mentions})");
        assert_eq!(error.lines().count(), 1, "{error}");
    }

    let folder = tempfile::tempdir().unwrap();
    assert!(read(folder.path()).unwrap_err().to_string().contains("holds no claim file"));
    for name in ["a.yaml", "b.yml"] {
        std::fs::write(folder.path().join(name), CLAIM).unwrap();
    }
    let twice = read(folder.path()).unwrap_err().to_string();
    assert!(twice.contains("b.yml:12: claim `C-1` is already defined at") && twice.contains("a.yaml:12"), "{twice}");
}

#[test]
fn the_studys_claims_and_the_manuals_example_are_well_formed() {
    let manual = include_str!("../../../docs/claims.md");
    let example = manual.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let of_manual = parse(Path::new("docs/claims.md"), example).unwrap().file.claims.remove(0);
    assert_eq!(of_manual.controls.len(), 2);
    // To own up to an amendment does not change the criterion again.
    let amendment = manual.split("```yaml\n    amendments:").nth(1).unwrap().split("```").next().unwrap();
    let text = format!("{example}    amendments:{amendment}");
    let amended = parse(Path::new("docs/claims.md"), &text).unwrap().file.claims.remove(0);
    assert_eq!(amended.amendments[0].date, "2026-03-14");
    assert_eq!(criterion::digest(&amended), criterion::digest(&of_manual));

    let study = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../claims")).unwrap();
    let claims = || study.iter().flat_map(|source| &source.file.claims);
    assert!(claims().any(|claim| claim.id == "C-svvar-1"));
    // Where the last epoch is compared, a published curve ends at the published number.
    for claim in claims() {
        let Some(comparison) = claim.comparison().filter(|comparison| comparison.at == At::Last) else { continue };
        let Some(published) = &claim.published else { continue };
        for (side, number) in [(&comparison.a, published.a), (&comparison.b, published.b)] {
            let Some(method) = side.method_name() else { continue };
            let end = published.curves.get(method).and_then(|curve| curve.last());
            assert!(end.is_none_or(|end| (end - number).abs() < 0.001), "{} {method}", claim.id);
        }
    }
}

#[test]
fn names_that_no_run_has_are_refused() {
    let rows = pair(&mut RandomState::seeded(6), 3, 0.2, 0.03);
    let refused = |from: &str, to: &str| {
        let text =
            CLAIM[..CLAIM.find("      - protocol: as-stated").unwrap()].replace("[as-run, as-stated]", "[as-run]");
        judge(&[source(&text.replacen(from, to, 2))], &rows).unwrap_err().to_string()
    };
    let method = refused("a: a, b: b", "a: a, b: bb");
    assert!(method.starts_with("claims/test.yaml:12: claim `C-1` names method `bb`"), "{method}");
    assert!(method.contains("the tables have a, b)"), "{method}");
    let metric = refused("metric: val_loss", "metric: loss");
    assert!(metric.contains("names metric `loss`") && metric.contains("test_loss, val_loss"), "{metric}");
    let protocol = refused("- protocol: as-run", "- protocol: as-run\n      - protocol: as-planned");
    assert!(protocol.contains("names protocol `as-planned`"), "{protocol}");

    let doubled = [rows.clone(), rows].concat();
    let repeated = judge(&simple("higher"), &doubled).unwrap_err().to_string();
    assert!(repeated.contains("two values of `val_loss` at epoch 1 of seed 0, method `a`"), "{repeated}");
}

#[test]
fn the_stages_write_the_same_bytes_for_the_same_runs() {
    #[derive(clap::Parser)]
    struct Verdict {
        #[command(flatten)]
        args: stages::programs::verdicts::Args,
    }
    #[derive(clap::Parser)]
    struct Statistics {
        #[command(flatten)]
        args: stages::programs::statistics::Args,
    }
    use clap::Parser;

    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name).display().to_string();
    let text = CLAIM[..CLAIM.find("      - protocol: as-stated").unwrap()].replace("[as-run, as-stated]", "[as-run]");
    std::fs::create_dir(path("claims")).unwrap();
    std::fs::write(path("claims/study.yaml"), text).unwrap();
    let rows = pair(&mut RandomState::seeded(8), 20, 0.2, 0.03);
    let none = Parameters::none();

    // One table, or one for each method in another order: the same verdicts.
    let (a, b): (Vec<_>, Vec<_>) = rows.iter().cloned().partition(|row| row.method == "a");
    table::write_parquet(Path::new(&path("one/runs.parquet")), &rows).unwrap();
    table::write_parquet(Path::new(&path("two/1.parquet")), &b).unwrap();
    table::write_parquet(Path::new(&path("three.parquet")), &a).unwrap();
    let claims = path("claims");
    let run = |out: &str, runs: &[&str]| {
        let runs = runs.iter().flat_map(|runs| ["--runs".to_owned(), path(runs)]).collect::<Vec<_>>();
        let verdicts = [vec!["verdicts".to_owned(), "--claims".to_owned(), claims.clone()], runs.clone()].concat();
        let out_verdicts = ["--out".to_owned(), path(&format!("{out}/artifacts/verdicts.json"))];
        let args = Verdict::parse_from(verdicts.iter().chain(&out_verdicts)).args;
        stages::programs::verdicts::run(args, &none).unwrap();
        let statistics = [vec!["statistics".to_owned(), "study".to_owned()], runs].concat();
        let out_statistics = ["--out".to_owned(), path(&format!("{out}/statistics.json"))];
        let args = Statistics::parse_from(statistics.iter().chain(&out_statistics)).args;
        stages::programs::statistics::run(args, &none).unwrap();
        ["artifacts/verdicts.json", "statistics.json"]
            .map(|name| std::fs::read(path(&format!("{out}/{name}"))).unwrap())
    };
    let first = run("first", &["one"]);
    assert_eq!(first, run("second", &["two", "three.parquet"]));

    let statistics: serde_json::Value = serde_json::from_slice(&first[1]).unwrap();
    // Two methods, two metrics, two epochs.
    assert_eq!(statistics["summaries"].as_array().unwrap().len(), 8);
    let last = &statistics["summaries"][2];
    assert_eq!((&last["metric"], &last["at"], &last["n"]), (&"val_loss".into(), &"last".into(), &20.into()));
    let losses: Vec<f64> =
        rows.iter().filter(|r| r.method == "a" && r.metric == "val_loss" && r.epoch == 3).map(|r| r.value).collect();
    assert_eq!(
        serde_json::from_value::<[f64; 2]>(last["interval"].clone()).unwrap(),
        interval::t_interval(&losses, 0.95)
    );
    // The experiment's claims say what its best epoch is; these runs have no accuracy to find one by.
    let by_accuracy = std::fs::read_to_string(path("claims/study.yaml")).unwrap();
    let by_accuracy = by_accuracy.replacen("direction: higher}", "direction: higher, best_by: val_accuracy}", 1);
    std::fs::write(path("by-accuracy.yaml"), by_accuracy).unwrap();
    let best_epochs = |claims: &str| {
        let (runs, claims, out) = (path("one"), path(claims), path("summary.json"));
        let words = ["statistics", "study", "--runs", &runs, "--claims", &claims, "--out", &out];
        stages::programs::statistics::run(Statistics::parse_from(words).args, &none).unwrap();
        let summary: serde_json::Value = serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap();
        let summaries = summary["summaries"].as_array().unwrap().clone();
        (summary["best_by"].clone(), summaries.iter().filter(|summary| summary["at"] == "best").count())
    };
    assert_eq!(best_epochs("claims"), ("val_loss".into(), 4));
    assert_eq!(best_epochs("by-accuracy.yaml"), ("val_accuracy".into(), 0));

    // What the stage wrote is what `retrial audit` shows.
    let audited = |args: &audit::Args, root: &Path| {
        audit::run(args, &audit::Setting { root, past: &[], width: 80, colour: false })
    };
    let shown = audited(&audit::Args { json: true, ..Default::default() }, &root.path().join("first")).unwrap();
    assert_eq!((shown.text.as_bytes(), shown.good), (&*first[0], true));
    let missing = audited(&audit::Args::default(), root.path()).unwrap_err().to_string();
    assert!(missing.contains("run `retrial repro` first"), "{missing}");
}

/// The audit's example, beside a claim with too few seeds and one without runs.
fn study() -> Verdicts {
    let mut random = RandomState::seeded(9);
    let text = CLAIM.split("    controls:").next().unwrap();
    let few =
        text.replace("C-1", "C-few").replace("study", "small").replace("a is worse than b.", "a is worse here, too.");
    let none = simple("lower").remove(0);
    let mut none = none;
    none.file.claims[0].id = "C-none".into();
    none.file.claims[0].experiment = "elsewhere".into();

    let mut rows = Vec::new();
    for (protocol, a, seeds) in [("as-run", 1.44, 20), ("as-stated", 1.05, 20), ("controlled", 1.19, 5)] {
        rows.extend(runs(&mut random, (protocol, "a"), seeds, 1.0, a, 0.03));
        rows.extend(runs(&mut random, (protocol, "b"), seeds, 1.0, 1.2, 0.03));
    }
    let mut small = rows.clone();
    for row in &mut small {
        row.experiment = "small".into();
        if row.seed == 2 && row.method == "b" {
            row.value = f64::NAN;
        }
    }
    small.retain(|row| row.seed < 4);
    judge(&[source(text), source(&few), none], &[rows, small].concat()).unwrap()
}

#[test]
fn the_audit_table_fits_the_terminal() {
    let study = study();
    let shown = audit::table(&study, &Amendments::new(), 80, false);
    println!("{shown}");
    assert_eq!(shown, AUDIT);

    for width in [50, 64, 80, 100, 140] {
        let shown = audit::table(&study, &Amendments::new(), width, false);
        let widest = shown.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= width, "{widest} > {width}\n{shown}");
        // Colour changes nothing but the colour.
        let coloured = audit::table(&study, &Amendments::new(), width, true);
        let mut plain = String::new();
        for (index, part) in coloured.split('\x1b').enumerate() {
            plain.push_str(if index == 0 { part } else { part.split_once('m').unwrap().1 });
        }
        assert_eq!(plain.lines().map(str::trim_end).collect::<Vec<_>>(), shown.lines().collect::<Vec<_>>());
        assert!(coloured.contains("\x1b[1;32msupported"), "{coloured}");
    }
    assert!(audit::table(&study, &Amendments::new(), 100, false).contains("[+0."));
}

const AUDIT: &str = "\
claim   protocol    verdict       difference      p (Holm)  published  rests on
C-1     as-run      supported     +0.228 ± 0.024   2.4e-13  yes        20 seeds
        as-stated   contradicted  −0.148 ± 0.021   6.6e-11  partly     20 seeds
        controlled  undecided     −0.017 ± 0.068         1  –           5 seeds
C-few   as-run      undecided     +0.25 ± 0.16        0.11  yes         3 seeds
        as-stated   undecided     −0.18 ± 0.12        0.11  partly      3 seeds
        controlled  undecided     −0.003 ± 0.065         1  –           3 seeds
C-none  as-run      untestable    –                      –  –                 –

C-1  a is worse than b.
  note: The published verdict (\"worse\": `val_loss` higher for `a`, 1.4 against
        1.2 for `b`) is reproduced under as-run, turns round under as-stated and
        stays open under controlled.
  note: as-run (supported) and as-stated (contradicted) disagree: the defect
        `trained-twice`, which as-run has and as-stated does not, decides: a
        starts from b's trained weights.
  note: as-run (supported) and controlled (undecided) differ: the defect
        `trained-twice`, which as-run has and controlled does not, lies between
        them: a starts from b's trained weights.
  note: as-stated (contradicted) and controlled (undecided) differ: no decisive
        defect lies between them, only `tuned-on-test`.
  note: controlled: Over 5 seeds `test_loss` of `a` at the last epoch is shown
        neither to differ from that of `b` (difference −0.017, 95 % interval
        −0.085 to +0.051; p = 1 after Holm's correction) nor to be within the
        margin of 0.02 (p = 0.46 for equivalence); 100 further seeds would
        decide with 90 % power.

C-few  a is worse here, too.
  note: The published verdict (\"worse\": `val_loss` higher for `a`, 1.4 against
        1.2 for `b`) stays open under as-run, as-stated and controlled.
  note: as-run: Over 3 seeds `val_loss` of `a` at the last epoch is shown
        neither to differ from that of `b` (difference +0.25, 95 % interval
        +0.09 to +0.41; p = 0.11 after Holm's correction) nor to be within the
        margin of 0.02 (p = 0.99 for equivalence); 2 further seeds would decide
        with 90 % power; seed 2 is left out, since a value is missing or not
        finite.
  note: as-stated: Over 3 seeds `val_loss` of `a` at the last epoch is shown
        neither to differ from that of `b` (difference −0.18, 95 % interval
        −0.30 to −0.06; p = 0.11 after Holm's correction) nor to be within the
        margin of 0.02 (p = 0.99 for equivalence); 2 further seeds would decide
        with 90 % power; seed 2 is left out, since a value is missing or not
        finite.
  note: controlled: Over 3 seeds `test_loss` of `a` at the last epoch is shown
        neither to differ from that of `b` (difference −0.003, 95 % interval
        −0.068 to +0.062; p = 1 after Holm's correction) nor to be within the
        margin of 0.02 (p = 0.19 for equivalence); 18 further seeds would decide
        with 90 % power; seed 2 is left out, since a value is missing or not
        finite.

C-none  a differs from b.
  note: as-run: Untestable: the tables hold no runs of experiment `elsewhere`.

7 verdicts on 3 claims: 1 supported, 1 contradicted, 4 undecided, 1 untestable
";
