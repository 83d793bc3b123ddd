"""Opens a report's page in Chromium and says what only a browser can: whether it works, and for whom.

    look.py PAGE VERDICTS [PICTURES]

PAGE is the index.html of a report, VERDICTS the verdicts.json that it was made from; pictures of the page go into the folder
PICTURES. Needs the packages playwright and axe-playwright-python, and Chromium (CHROMIUM names it). Exits with 1, and a line on
standard error for each thing that is wrong.
"""

import json
import os
import sys
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Error as BrowserError, sync_playwright

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
MOST_BYTES = 5_000_000
WORDS = {"no-difference": "no difference"}
ORDER = ["supported", "contradicted", "no difference", "undecided", "untestable"]

ROWS = """() => [...document.querySelectorAll("tr.under")]
  .filter((row) => row.checkVisibility())
  .map((row) => [row.querySelector(".of").textContent, row.dataset.protocols.split("\\n")[0],
                 row.querySelector(".badge").lastChild.textContent.trim()])"""
OPEN_ALL = """() => document.querySelectorAll("details").forEach((part) => { part.open = true; })"""

faults = []


def check(holds, complaint):
    if not holds:
        faults.append(complaint)


def expected_rows(verdicts):
    """(claim, protocol, verdict, difference in margins or None, experiment, all its protocols) in the order of the file."""
    rows = []
    for claim in verdicts["claims"]:
        for under in claim["protocols"]:
            verdict = WORDS.get(under["verdict"], under["verdict"])
            evidence, margin = under["evidence"], claim["margin"]
            size = evidence["difference"] / margin if evidence and margin else None
            protocols = [under["protocol"], *under.get("also", [])]
            rows.append((claim["id"], under["protocol"], verdict, size, [claim["experiment"]], protocols))
    return rows


class Browser:
    """A browser in which the page is opened anew for each look, and which hears what goes wrong there."""

    def __init__(self, browser, page):
        self.browser, self.address = browser, page.resolve().as_uri()

    def open(self, what, width=1200, scheme="light", script=True, at=""):
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", lambda message: check(
            message.type not in ("error", "warning"), f"{what}: the console says: {message.text}"))
        page.on("pageerror", lambda error: check(False, f"{what}: the script fails: {error}"))
        page.on("request", lambda request: check(
            request.url.split("#")[0] == self.address, f"{what}: the page asks for {request.url}"))
        page.goto(self.address + at)
        return page


def rows(page):
    return [tuple(row) for row in page.evaluate(ROWS)]


def shown(page, what, expected):
    """The rows that can be seen are those, in that order, and the live region says how many."""
    found, expected = rows(page), [row[:3] for row in expected]
    check(found == expected, f"{what}: shows {found}, not {expected}")
    return found == expected


def holds_the_verdicts(browser, expected):
    for script in (True, False):
        what = "with script" if script else "without script"
        page = browser.open(what, script=script)
        shown(page, what, expected)
        check(page.locator(".filters").count() == int(script and len(expected) > 1), f"{what}: the controls")
        for claim in dict.fromkeys(row[0] for row in expected):
            link = page.locator(f"tr.claim a:text-is({json.dumps(claim)})")
            target = page.locator(link.get_attribute("href").replace("#", "[id='") + "']")
            if not script:
                continue
            link.click()
            check(target.evaluate("part => part.open"), f"{claim}: its link does not open the evidence")
        # Whatever is folded can be unfolded, or is so already.
        for summary in page.locator("main > section > details > summary").all():
            if not summary.evaluate("summary => summary.parentElement.open"):
                summary.click()
            check(summary.evaluate("summary => summary.parentElement.open"), f"{what}: a part does not open")
        page.context.close()


def filters(browser, expected):
    if len(expected) < 2:
        return
    page = browser.open("filters")
    status = page.get_by_role("status")
    check(status.get_attribute("aria-live") == "polite", "the count of rows is not announced")

    def narrowed(what, wanted):
        shown(page, what, wanted)
        words = f"{len(wanted)} of {len(expected)} verdicts" if len(wanted) < len(expected) else f"{len(expected)} verdicts"
        check(status.text_content() == words, f"{what}: the count says “{status.text_content()}”, not “{words}”")
        claims = {row[0] for row in wanted}
        parts = page.evaluate("""() => [...document.querySelectorAll("details.claim")]
            .filter((part) => part.checkVisibility()).length""")
        check(parts == len(claims), f"{what}: {parts} claims have their evidence shown, not {len(claims)}")

    verdicts = [verdict for verdict in ORDER if any(row[2] == verdict for row in expected)]
    for verdict in verdicts:
        chip = page.locator("button.chip", has_text=verdict)
        chip.click()
        check(chip.get_attribute("aria-pressed") == "true", f"{verdict}: its button is not pressed")
        narrowed(f"only {verdict}", [row for row in expected if row[2] == verdict])
        # What is filtered is in the address.
        address = page.evaluate("location.hash")
        again = browser.open(f"only {verdict}, from its address", at=address)
        shown(again, f"only {verdict}, from {address}", [row for row in expected if row[2] == verdict])
        again.context.close()
        chip.click()
    narrowed("no filter", expected)
    for verdict in verdicts[:2]:
        page.locator("button.chip", has_text=verdict).click()
    narrowed("two verdicts", [row for row in expected if row[2] in verdicts[:2]])
    page.get_by_role("button", name="Show all").click()
    narrowed("all again", expected)

    for label, column in (("Experiment", 4), ("Protocol", 5)):
        for name in dict.fromkeys(name for row in expected for name in row[column]):
            page.get_by_role("combobox", name=label, exact=True).select_option(name)
            narrowed(f"only {name}", [row for row in expected if name in row[column]])
        page.get_by_role("combobox", name=label, exact=True).select_option("")
    search = page.get_by_role("searchbox", name="Search")
    search.fill(expected[0][0].upper())
    narrowed("one claim", [row for row in expected if row[0] == expected[0][0]])
    # All words have to be there.
    search.fill(f"{expected[-1][0]} {expected[-1][2]}")
    narrowed("one claim and verdict", [row for row in expected if row[0] == expected[-1][0] and row[2] == expected[-1][2]])
    search.fill("no such thing anywhere")
    narrowed("nothing", [])
    # A link to what is filtered away shows it.
    page.evaluate("id => { location.hash = id; }", page.locator("details.claim").first.get_attribute("id"))
    page.wait_for_function("""() => document.querySelector("details.claim").open""")
    narrowed("after a link", expected)

    # By keyboard alone.
    first = page.locator("button.chip").first
    for _ in range(200):
        page.keyboard.press("Tab")
        if first.evaluate("chip => chip === document.activeElement"):
            break
    page.keyboard.press("Space")
    narrowed("by keyboard", [row for row in expected if row[2] == verdicts[0]])
    page.context.close()


def sorting(browser, expected):
    if len(expected) < 2:
        return
    page = browser.open("sorting")
    protocols = list(dict.fromkeys(name for row in expected for name in row[5]))

    def by(key, down):
        with_value = [row for row in expected if key(row) is not None]
        ordered = sorted(with_value, key=lambda row: -key(row) if down else key(row))
        return ordered + [row for row in expected if key(row) is None]

    columns = [
        ("Protocol", lambda row: protocols.index(row[1])),
        ("Verdict", lambda row: ORDER.index(row[2])),
        ("Difference and its interval", lambda row: row[3]),
    ]
    for title, key in columns:
        header = page.get_by_role("columnheader", name=title, exact=True)
        for down, word in ((False, "ascending"), (True, "descending")):
            header.get_by_role("button").click()
            check(header.get_attribute("aria-sort") == word, f"{title}: aria-sort is not {word}")
            shown(page, f"by {title}, {word}", by(key, down))
            address = page.evaluate("location.hash")
            again = browser.open(f"by {title}, {word}, from its address", at=address)
            shown(again, f"by {title}, {word}, from {address}", by(key, down))
            again.context.close()
        header.get_by_role("button").click()
        check(header.get_attribute("aria-sort") is None, f"{title}: aria-sort stays")
        shown(page, f"after {title}", expected)
    page.context.close()

    # A narrow screen has no header, but a list of orders.
    page = browser.open("sorting on a phone", width=390)
    page.get_by_role("combobox", name="Order by").select_option("difference-")
    shown(page, "by difference on a phone", by(columns[2][1], True))
    page.context.close()


def fits(browser):
    for width in (320, 390, 800, 1200):
        for script in (True, False):
            page = browser.open(f"{width} px", width=width, script=script)
            for opened in (False, True):
                if opened:
                    page.evaluate(OPEN_ALL)
                over = page.evaluate("document.documentElement.scrollWidth") - width
                state = ("opened" if opened else "folded") + ("" if script else ", without script")
                check(over <= 0, f"{width} px, {state}: the page is {over} px too wide")
            page.context.close()


def accessible(browser):
    for scheme in ("light", "dark"):
        for width in (390, 1200):
            page = browser.open(f"axe, {scheme}", width=width, scheme=scheme)
            page.evaluate(OPEN_ALL)
            page.evaluate(AXE)
            for fault in page.evaluate("axe.run().then((found) => found.violations)"):
                if fault["impact"] in ("serious", "critical"):
                    nodes = "; ".join(node["html"][:160] for node in fault["nodes"][:3])
                    check(False, f"axe, {scheme}, {width} px: {fault['help']} ({fault['id']}), {len(fault['nodes'])} times: {nodes}")
            page.context.close()


def prints(browser):
    page = browser.open("print")
    page.emulate_media(media="print")
    hidden = page.evaluate("""() => [...document.querySelectorAll("details > :not(summary)")]
        .filter((part) => part.getBoundingClientRect().height === 0).length""")
    check(hidden == 0, f"print: {hidden} parts stay folded")
    controls = page.evaluate("""() => [...document.querySelectorAll("button, input, select")]
        .filter((control) => control.checkVisibility()).length""")
    headers = page.locator(".overview thead button").count()
    check(controls == headers, f"print: {controls - headers} controls are printed")
    pdf = page.pdf(format="A4")
    check(pdf.startswith(b"%PDF") and len(pdf) > 10_000, "print: there is no PDF")
    page.context.close()


def pictures(browser, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        for width in (1200, 800, 390):
            page = browser.open("picture", width=width, scheme=scheme)
            page.screenshot(path=folder / f"{width}-{scheme}.png")
            page.evaluate(OPEN_ALL)
            page.screenshot(path=folder / f"{width}-{scheme}-opened.png", full_page=True)
            page.context.close()


def main():
    path, verdicts = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    size = path.stat().st_size
    check(size <= MOST_BYTES, f"the page has {size} bytes, more than {MOST_BYTES}")
    expected = expected_rows(verdicts)
    check(expected, "there are no verdicts to look for")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        browser = Browser(chromium, path)
        looks = [
            lambda: holds_the_verdicts(browser, expected),
            lambda: filters(browser, expected),
            lambda: sorting(browser, expected),
            lambda: fits(browser),
            lambda: accessible(browser),
            lambda: prints(browser),
        ]
        for look in looks:
            try:
                look()
            except BrowserError as error:
                # What should have been there to act on was not.
                check(False, str(error).replace("\n", " "))
        if len(sys.argv) > 3:
            pictures(browser, Path(sys.argv[3]))
        chromium.close()
    for fault in dict.fromkeys(faults):
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
