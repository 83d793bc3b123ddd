//! The simple commands of a line.

use pipeline::shell::commands;

#[test]
fn operators_end_commands_unless_they_are_protected() {
    let read = |text: &str| commands(text).iter().map(|words| words.join("|")).collect::<Vec<_>>();
    assert_eq!(read("a b && c|d;(e f) & g"), ["a|b", "c", "d", "e|f", "g"]);
    assert_eq!(read(r#"a 'x&y' "p;q" "\"\x" m\&n"#), [r#"a|x&y|p;q|"\x|m&n"#]);
    assert_eq!(read("a \\\n  b '' # c & d\ne"), ["a|b|", "e"]);
    assert_eq!(read("a 'never & ends"), ["a|never & ends"]);
}
