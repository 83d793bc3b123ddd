//! Texts in YAML as DVC's writer has them: when plain, when quoted and how, and where a long one is folded.

use super::emit::Line;

/// Lines are folded once they are this long.
const WIDTH: usize = 80;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Single,
    Double,
}

/// What ends a line for that writer: YAML 1.1's breaks.
pub fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_space_or_break(c: char) -> bool {
    matches!(c, '\0' | ' ' | '\t' | '\r') || is_break(c)
}

/// How a text is written, as a value or as a key on one line.
pub fn style(text: &str, is_key: bool) -> Style {
    if text.is_empty() {
        return Style::Single;
    }
    let found = Findings::of(text);
    let plain = !found.breaks && !found.indicators && !found.special && !found.outer_space && !found.broken_space;
    if plain && !resolves(text) {
        return Style::Plain;
    }
    let single = !found.special && !found.broken_space && !text.contains(['\'', '\n']);
    if single && !(is_key && found.breaks) { Style::Single } else { Style::Double }
}

/// What a text holds that forbids some styles.
#[derive(Default)]
struct Findings {
    breaks: bool,
    /// Something that would mean structure.
    indicators: bool,
    /// Something that only an escape can write.
    special: bool,
    /// A blank or a break at the start or the end.
    outer_space: bool,
    /// A blank beside a break.
    broken_space: bool,
}

impl Findings {
    fn of(text: &str) -> Self {
        let mut found = Findings { indicators: text.starts_with("---") || text.starts_with("..."), ..Self::default() };
        let mut before: Option<char> = None;
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            let followed = rest.peek().is_none_or(|&next| is_space_or_break(next));
            found.indicators |= match (before, c) {
                (None, '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>') => true,
                (None, '\'' | '"' | '%' | '@' | '`') => true,
                (None, '?' | ':' | '-') => followed,
                (Some(_), ':') => followed,
                (Some(before), '#') => is_space_or_break(before),
                _ => false,
            };
            found.breaks |= is_break(c);
            found.special |=
                !matches!(c, '\n' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..) || c == '\u{feff}';
            if c == ' ' || is_break(c) {
                found.outer_space |= before.is_none() || rest.peek().is_none();
            }
            found.broken_space |= match before {
                Some(' ') => is_break(c),
                Some(before) => is_break(before) && c == ' ',
                None => false,
            };
            before = Some(c);
        }
        found
    }
}

/// Whether a plain text would be read back as something else: a number, a boolean, nothing, a date.
fn resolves(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match text {
        "~" | "null" | "Null" | "NULL" | "=" | "<<" => true,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => true,
        ".nan" | ".NaN" | ".NAN" => true,
        _ => {
            matches!(unsigned, ".inf" | ".Inf" | ".INF")
                || text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
                    && (is_integer(unsigned) || is_float(unsigned) || is_time(text))
        }
    }
}

fn is_integer(unsigned: &str) -> bool {
    let all = |text: &str, digit: fn(&char) -> bool| !text.is_empty() && text.chars().all(|c| c == '_' || digit(&c));
    all(unsigned, char::is_ascii_digit)
        || unsigned.strip_prefix("0x").is_some_and(|hex| all(hex, char::is_ascii_hexdigit))
        || unsigned.strip_prefix("0o").is_some_and(|octal| all(octal, |c| matches!(c, '0'..='7')))
        || unsigned.strip_prefix("0b").is_some_and(|binary| all(binary, |c| matches!(c, '0' | '1')))
}

fn is_float(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.chars().all(|c| c == '_' || c.is_ascii_digit());
    let signed = exponent.is_some_and(|exponent| exponent.starts_with(['+', '-']));
    let exponent_fits = exponent.is_none_or(|exponent| {
        let bare = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit())
    });
    let mantissa_fits = match mantissa.split_once('.') {
        // Without digits before the point, an exponent needs its sign.
        Some(("", after)) => !after.is_empty() && digits(after) && (exponent.is_none() || signed),
        Some((before, after)) => before.starts_with(|c: char| c.is_ascii_digit()) && digits(before) && digits(after),
        None => mantissa.starts_with(|c: char| c.is_ascii_digit()) && digits(mantissa) && exponent.is_some(),
    };
    mantissa_fits && exponent_fits
}

/// A date, or a date and a time, as YAML 1.1 knows them.
fn is_time(text: &str) -> bool {
    let (date, rest) = match text.find(|c: char| !c.is_ascii_digit() && c != '-') {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let number = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    if rest.is_empty() {
        return number(year, 4..=4) && number(month, 2..=2) && number(day, 2..=2);
    }
    if !(number(year, 4..=4) && number(month, 1..=2) && number(day, 1..=2)) {
        return false;
    }
    let blank = |c: char| c == ' ' || c == '\t';
    let time = rest.strip_prefix(['T', 't']).unwrap_or_else(|| rest.trim_start_matches(blank));
    if time == rest {
        return false;
    }
    let end = time.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(time.len());
    let (clock, zone) = time.split_at(end);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let parts: Vec<&str> = clock.split(':').collect();
    let [hour, minute, second] = parts.as_slice() else { return false };
    let zone = zone.trim_start_matches(blank);
    let zone_fits = match zone.strip_prefix(['+', '-']) {
        Some(offset) => match offset.split_once(':') {
            Some((hours, minutes)) => number(hours, 1..=2) && number(minutes, 2..=2),
            None => number(offset, 1..=2),
        },
        None => zone == "Z" || (zone.is_empty() && end == time.len()),
    };
    number(hour, 1..=2)
        && number(minute, 2..=2)
        && number(second, 2..=2)
        && number(fraction, 0..=usize::MAX)
        && zone_fits
}

/// Writes a text; where it is folded, it goes on at column `indent`. A key (`fold` is false) stays on its line if it can.
pub fn write(line: &mut Line, text: &str, style: Style, indent: usize, fold: bool) {
    let text: Vec<char> = text.chars().collect();
    match style {
        Style::Plain => plain(line, &text, indent, fold),
        Style::Single => single_quoted(line, &text, indent, fold),
        Style::Double => double_quoted(line, &text, indent, fold),
    }
}

fn plain(line: &mut Line, text: &[char], indent: usize, fold: bool) {
    if text.is_empty() {
        return;
    }
    if !line.whitespace {
        line.push(' ');
    }
    (line.whitespace, line.indention) = (false, false);
    for run in text.chunk_by(|&a, &b| (a == ' ') == (b == ' ')) {
        if run[0] != ' ' {
            // A word that does not fit gets a line of its own; the blank before it stays behind. (DVC does that to keys too,
            // and then can't read its own file.)
            if line.column + run.len() > WIDTH && line.column > indent && fold {
                line.indent(indent);
            }
            line.extend(run);
        } else if run.len() == 1 && line.column >= WIDTH && fold {
            line.indent(indent);
            (line.whitespace, line.indention) = (false, false);
        } else {
            line.extend(run);
        }
    }
}

fn single_quoted(line: &mut Line, text: &[char], indent: usize, fold: bool) {
    let kind = |c: char| if c == ' ' { 0 } else { 1 + u8::from(is_break(c)) };
    line.indicator("'", true, false, false);
    let mut at = 0;
    for run in text.chunk_by(|&a, &b| kind(a) == kind(b)) {
        let end = at + run.len();
        match kind(run[0]) {
            0 if run.len() == 1 && line.column > WIDTH && fold && at != 0 && end != text.len() => line.indent(indent),
            2 => {
                if run[0] == '\n' {
                    line.end();
                }
                run.iter().for_each(|&c| line.end_with(c));
                line.indent(indent);
            }
            _ => line.extend(run),
        }
        at = end;
    }
    line.indicator("'", false, false, false);
}

fn double_quoted(line: &mut Line, text: &[char], indent: usize, fold: bool) {
    line.indicator("\"", true, false, false);
    let (mut start, mut end) = (0, 0);
    while end <= text.len() {
        let c = text.get(end).copied();
        if c.is_none_or(is_escaped) {
            if start < end {
                line.extend(&text[start..end]);
                start = end;
            }
            if let Some(c) = c {
                escape(c).chars().for_each(|c| line.push(c));
                start = end + 1;
            }
        }
        let inside = 0 < end && end + 1 < text.len();
        if inside && fold && (c == Some(' ') || start >= end) && line.column + end > WIDTH + start {
            let backslash = !folds_at_blank(text, start, end);
            if start < end {
                line.extend(&text[start..end]);
                start = end;
            }
            if backslash {
                line.push('\\');
            }
            line.indent(indent);
            (line.whitespace, line.indention) = (false, false);
            if text[start] == ' ' {
                if backslash {
                    line.push('\\');
                } else {
                    // The line break is read as this blank.
                    start += 1;
                }
            }
        }
        end += 1;
    }
    line.indicator("\"", false, false, false);
}

fn is_escaped(c: char) -> bool {
    matches!(c, '"' | '\\' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
        || !matches!(c, ' '..='~' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

fn escape(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            return match u32::from(c) {
                code @ ..=0xff => format!("\\x{code:02X}"),
                code @ ..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}

/// Whether a text in double quotes may be folded at `end` without backslashes: there is a blank for the break to stand for,
/// a word without quotes follows, and what comes after that word is no blank.
fn folds_at_blank(text: &[char], start: usize, end: usize) -> bool {
    let from = |from: usize, to: usize, wanted: char| (from..to).find(|&at| text[at] == wanted);
    let Some(blank) = from(end, text.len(), ' ') else { return false };
    let stop = from(end, blank, '\n').unwrap_or(blank);
    let Some(&after) = text.get(stop + 1) else { return false };
    if text[stop] == '\n' && after != ' ' {
        return false;
    }
    let quoted = text[end..stop].iter().any(|c| matches!(c, '"' | '\''));
    let double_blank = text[end - 1] == ' ' && text[end] == ' ';
    !quoted && !matches!(after, ' ' | '\n') && !double_blank && start != end
}
