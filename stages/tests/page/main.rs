//! The page in a real browser. Needs Chromium, and a Python with the packages playwright and axe-playwright-python: PAGE_PYTHON
//! names it (without it `python3`). `.ci/check-page` provides them.

use std::path::{Path, PathBuf};
use std::process::Command;

use stages::artifact;
use stages::claims::schema::OwnedAmendment;
use stages::claims::verdict::Verdicts;
use stages::plots::{self, paired_differences::PairedDifferences, palette::Palette};
use stages::report::{Figure, Material, page};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/report").join(name)
}

/// A page with every part that it can have, and text that would like to be a script.
fn material() -> Material {
    let mut verdicts: Verdicts = artifact::read_json(&golden("verdicts.json")).unwrap();
    verdicts.claims[0].statement.push_str(" <script>document.title = 'owned'</script><img src=x onerror=alert(1)>");
    verdicts.claims[1].protocols[0].also = vec!["as-stated".to_owned(), "as-imagined".to_owned()];
    let amendment =
        OwnedAmendment { date: "2026-01-31".into(), was: "0f".repeat(32), why: "A slip of the pen.".into() };
    verdicts.claims[1].amendments.push(amendment);
    let palette = Palette::of_verdicts("svvar", &verdicts.claims);
    let figure = PairedDifferences::new(&verdicts.claims[0], &palette).unwrap();
    let figure = Figure::parse(&plots::svg(&figure).unwrap()).unwrap();
    let mut material = Material::of(verdicts);
    material.figures.insert("svvar".to_owned(), vec![figure.clone(), figure]);
    material.checks = artifact::read_json(&golden("checks.json")).unwrap();
    material.budgets.insert("svvar".to_owned(), artifact::read_json(&golden("budget.json")).unwrap());
    material.stages.insert("svvar".to_owned(), vec!["train-svvar".to_owned(), "control-svvar".to_owned()]);
    material
}

/// What `look.py` has to say about a page.
fn look(html: &str, verdicts: &Verdicts) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let (page, file) = (folder.path().join("index.html"), folder.path().join("verdicts.json"));
    std::fs::write(&page, html).unwrap();
    artifact::write_json(&file, verdicts).unwrap();
    let python = std::env::var("PAGE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page/look.py");
    let output = Command::new(python).arg(script).args([page, file]).output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(complaints) }
}

#[test]
#[ignore = "needs Chromium and Playwright"]
fn the_page_works_in_a_browser() {
    let material = material();
    look(&page(&material).unwrap(), &material.verdicts).unwrap();
    let mut lone = material;
    lone.verdicts.claims.drain(..2);
    look(&page(&lone).unwrap(), &lone.verdicts).unwrap();
}

/// The looks themselves: each of these must be seen.
#[test]
#[ignore = "needs Chromium and Playwright"]
fn a_browser_sees_what_is_wrong() {
    let material = material();
    let wrong = concat!(
        // Not the page's own: its policy stops it, and the console says so.
        "<script>document.title = 1</script>",
        "<hr width=\"1300\">",
        "<img src=\"data:,x\">",
        "<a href=\"#_verdicts\"><span style=\"color: red\"></span></a>",
        "<details><summary>print</summary><div></div></details><footer>",
    );
    let html = page(&material).unwrap().replacen("<footer>", wrong, 1);
    let mut others = material.verdicts.clone();
    others.claims[0].protocols.swap(0, 1);
    let complaints = look(&html, &others).unwrap_err();
    for complaint in [
        "with script: shows",
        "by Protocol, ascending: shows",
        "the console says: Executing inline script",
        "the console says: Loading the image",
        "390 px, folded: the page is",
        "Images must have alternative text",
        "Links must have discernible text",
        "print: 1 parts stay folded",
    ] {
        assert!(complaints.contains(complaint), "{complaint}\n{complaints}");
    }
}
