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

const SHEET: &str = include_str!("page.css");
