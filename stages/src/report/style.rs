//! The page's style sheet: light and dark, wide and narrow, screen and paper.

use crate::plots::theme;

/// The whole sheet. Figures come in the colours of print; here each of those colours gets its counterpart for dark pages.
pub fn sheet() -> String {
    let dark: String = [
        (theme::INK, "#E4E7EB"),
        (theme::QUIET_INK, "#A3ADB8"),
        (theme::GRID, "#30363E"),
        (theme::BLUE, "#4FA8E0"),
        (theme::VERMILION, "#F2883B"),
        (theme::GREEN, "#30C39A"),
        (theme::PURPLE, "#E3A3C8"),
        (theme::ORANGE, "#F0B83C"),
        (theme::SKY, "#A6DBF7"),
    ]
    .map(|(print, dark)| {
        let print = theme::hex(print);
        format!(".plot [fill=\"{print}\"]{{fill:{dark}}}.plot [stroke=\"{print}\"]{{stroke:{dark}}}\n")
    })
    .concat();
    let paper = theme::hex(theme::PAPER);
    format!("{SHEET}.plot [fill=\"{paper}\"]{{fill:none}}\n@media screen and (prefers-color-scheme:dark){{\n{dark}}}\n")
}

const SHEET: &str = r#"
:root {
  color-scheme: light dark;
  --paper: #ffffff; --card: #f6f8fa; --ink: #1f2328; --quiet: #59636e; --line: #d8dee4; --link: #0b57a4;
  --margin: #cfd6dd; --callout: #fff7e0; --callout-line: #d9a400;
  --supported: #007a58; --supported-ink: #0b5c43; --supported-paper: #e0f3eb;
  --contradicted: #c04f00; --contradicted-ink: #8a3200; --contradicted-paper: #fde9db;
  --no-difference: #0072b2; --no-difference-ink: #0a4a75; --no-difference-paper: #e1eef8;
  --undecided: #8f6800; --undecided-ink: #654a00; --undecided-paper: #faf0d2;
  --untestable: #59636e; --untestable-ink: #4a525b; --untestable-paper: #eaedf0;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --card: #1c2127; --ink: #e4e7eb; --quiet: #a3adb8; --line: #343b44; --link: #7cb8f2;
    --margin: #333b45; --callout: #2c2713; --callout-line: #c79a1e;
    --supported: #30c39a; --supported-ink: #8ae3c5; --supported-paper: #12352b;
    --contradicted: #f2883b; --contradicted-ink: #f9b587; --contradicted-paper: #40240f;
    --no-difference: #4fa8e0; --no-difference-ink: #a0d0f2; --no-difference-paper: #15304a;
    --undecided: #d9b23f; --undecided-ink: #ecd184; --undecided-paper: #372d0d;
    --untestable: #a3adb8; --untestable-ink: #c0c8d0; --untestable-paper: #2a3038;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 3rem; max-width: 68rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: break-word;
}
h1, h2, h3, h4 { line-height: 1.25; text-wrap: balance; }
h1 { font-size: 2rem; margin: 0 0 .5rem; letter-spacing: -.01em; }
h2 { font-size: 1.35rem; margin: 2.75rem 0 .75rem; }
h3 { font-size: 1.1rem; margin: 0; }
h4 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
p { margin: 0 0 .75rem; max-width: 46rem; }
a { color: var(--link); text-underline-offset: .15em; }
code { font: .9em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.quiet { color: var(--quiet); font-weight: 400; }
.brand { margin: 0 0 1.25rem; font-weight: 600; color: var(--quiet); letter-spacing: .02em; }
.lede { font-size: 1.15rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--quiet); font-size: .875rem; }

.badge {
  display: inline-block; padding: .05rem .6rem; border-radius: 1rem; font-size: .875rem; font-weight: 600;
  line-height: 1.5rem; white-space: nowrap;
}
.badge.supported { color: var(--supported-ink); background: var(--supported-paper); }
.badge.contradicted { color: var(--contradicted-ink); background: var(--contradicted-paper); }
.badge.no-difference { color: var(--no-difference-ink); background: var(--no-difference-paper); }
.badge.undecided { color: var(--undecided-ink); background: var(--undecided-paper); }
.badge.untestable { color: var(--untestable-ink); background: var(--untestable-paper); }
.badge.decisive { color: var(--undecided-ink); background: var(--undecided-paper); }

table { border-collapse: collapse; font-size: .9375rem; }
th, td { padding: .45rem .9rem .45rem 0; text-align: left; vertical-align: baseline; }
thead > tr > * { color: var(--quiet); font-size: .8125rem; font-weight: 600; border-bottom: 1px solid var(--line); }
tbody th { font-weight: 500; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
td.number, table.numbers td, table.numbers th { white-space: nowrap; }
table.numbers tbody th { position: sticky; left: 0; background: var(--paper); }
.scroll { overflow-x: auto; max-width: 100%; }
.scroll:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.scroll table { min-width: 32rem; }
.scroll table.controls { min-width: 54rem; }
.group th { padding-top: 1rem; font-weight: 600; }
table.controls td, table.controls tbody th { vertical-align: middle; }
table.seeds td, table.seeds thead tr:last-child th { text-align: right; }
table.seeds th[scope="colgroup"] { text-align: center; }

.overview { width: 100%; }
.overview tbody { border-bottom: 1px solid var(--line); }
.overview .claim th { padding: 1.4rem 0 .7rem; font-weight: 400; }
.overview .claim a { font-weight: 650; margin-right: .35rem; }
.overview .compared { display: block; font-size: .875rem; }
.overview td { vertical-align: middle; }
.overview th.protocol { vertical-align: middle; white-space: nowrap; }
.overview .metric { display: block; font-size: .8125rem; }
.overview .disagreement td { padding: .6rem 0 1.2rem; border-top: 0; }
.overview .disagreement p, .callout p { max-width: none; }
.overview .disagreement p {
  margin: 0; padding: .5rem .9rem; background: var(--callout); border-left: 4px solid var(--callout-line); font-size: .9375rem;
}
.mark { white-space: nowrap; }
.yes { color: var(--supported); } .no { color: var(--contradicted); }
.key { margin-top: .75rem; color: var(--quiet); font-size: .875rem; }
.swatch { display: inline-block; height: .9em; vertical-align: -.1em; }
.swatch.zero { width: 0; border-left: 2px solid var(--ink); margin: 0 .3em; }
.swatch.margin { width: 1.1em; background: var(--margin); margin-left: .6em; }

.interval { display: flex; align-items: center; gap: .9rem; }
.interval svg { flex: none; width: 15rem; height: 1.875rem; }
.interval .numbers { line-height: 1.3; white-space: nowrap; }
.interval .numbers .quiet { display: block; font-size: .8125rem; }
.interval .margin { fill: var(--margin); }
.interval .axis { stroke: var(--line); stroke-width: 1; }
.interval .zero { stroke: var(--ink); stroke-width: 1.5; }
.interval .reach { stroke-width: 3; } .interval .end { stroke-width: 2; }
.interval .supported { stroke: var(--supported); fill: var(--supported); }
.interval .contradicted { stroke: var(--contradicted); fill: var(--contradicted); }
.interval .no-difference { stroke: var(--no-difference); fill: var(--no-difference); }
.interval .undecided { stroke: var(--undecided); fill: var(--undecided); }
.interval .untestable { stroke: var(--untestable); fill: var(--untestable); }
.interval .estimate { stroke: var(--paper); stroke-width: 1; }

details.claim { border: 1px solid var(--line); border-radius: .6rem; margin: 0 0 1rem; padding: 0 1.25rem; }
details.claim[open] { padding-bottom: 1.25rem; }
summary { cursor: pointer; padding: .9rem 0; }
details.claim > summary { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem 1.25rem; list-style: none; }
details.claim > summary::-webkit-details-marker { display: none; }
details.claim > summary::before { content: "▸"; color: var(--quiet); width: .6rem; }
details.claim[open] > summary::before { content: "▾"; }
summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: .3rem; }
.badges { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; font-size: .875rem; }
.under { white-space: nowrap; }
details.more > summary { color: var(--link); }
.claim > .statement { font-size: 1.0625rem; }
.callout { margin: 1.25rem 0; padding: .9rem 1.1rem; background: var(--callout); border-left: 4px solid var(--callout-line); }
.callout h4 { margin: 0 0 .4rem; }
.callout p:last-child { margin-bottom: 0; }
dl.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(16rem, 100%), 1fr)); gap: .25rem 2rem; }
dl.columns dt { margin-top: 0; }
.rules dl { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1rem; align-items: baseline; margin: 1rem 0; }
.rules dt, .rules dd { margin: 0; }
dl { margin: 0; } dt { font-weight: 600; margin-top: .75rem; } dd { margin: .2rem 0 0; max-width: 46rem; }
dd p { margin: 0 0 .35rem; }
figure { margin: 1.75rem 0; }
figcaption { color: var(--quiet); font-size: .875rem; margin-top: .4rem; max-width: 46rem; }
.plot { display: block; height: auto; width: var(--width); max-width: 100%; }

@media (max-width: 60rem) { .plot { width: calc(.75 * var(--width)); max-width: none; } .interval svg { width: 10rem; } }
@media (max-width: 44rem) {
  body { padding: 1.5rem 1rem 2rem; }
  h1 { font-size: 1.6rem; }
  table.numbers:not(.seeds) tbody th { white-space: normal; min-width: 8rem; }
  dl.columns { gap: 1rem; }
  details.claim { padding: 0 .9rem; }
  .overview, .overview tbody, .overview tr, .overview td, .overview th { display: block; }
  .overview thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .overview tr:not(.claim, .disagreement) { display: grid; grid-template-columns: 1fr auto; gap: .15rem .75rem; padding: .7rem 0; }
  .overview tbody tr + tr > * { border-top: 0; }
  .overview tbody tr + tr { border-top: 1px solid var(--line); }
  .overview tbody tr.disagreement { border-top: 0; }
  .overview td, .overview th { padding: 0; }
  .overview .difference, .overview .fate, .overview .numbers { grid-column: 1 / -1; }
  .overview td[data-label]::before { content: attr(data-label) ": "; color: var(--quiet); }
  .overview td[data-label] { font-size: .875rem; white-space: normal; }
  .overview .protocol { align-self: center; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  h2, h3, h4, summary { break-after: avoid; }
  tr, figure, dd, .callout { break-inside: avoid; } dt { break-after: avoid; }
  details.claim { border: 0; padding: 0; border-top: 1pt solid var(--line); }
  details::details-content { content-visibility: visible; display: block; block-size: auto; }
  details > summary::before { content: none; }
  .scroll { overflow: visible; } .plot { width: var(--width); max-width: 100%; }
  .badge, .callout, .disagreement p, .interval { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  a { color: inherit; text-decoration: none; }
}
"#;
