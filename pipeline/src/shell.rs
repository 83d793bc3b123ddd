//! What a shell would make of a line: its simple commands, as far as their words can be known without running anything.

/// The words of each simple command of a text, in order: what stands between the shell's operators `| & ; ( )` and line ends.
///
/// Quotes and backslashes are taken away as a shell does, and what they protect is no operator; expansions stay as they are
/// written. A quote that never ends reaches to the end of the text: the shell will say so better.
pub fn commands(text: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '\'' => word.get_or_insert_default().extend(rest.by_ref().take_while(|&c| c != '\'')),
            '"' => {
                let word = word.get_or_insert_default();
                while let Some(c) = rest.next().filter(|&c| c != '"') {
                    let escaped =
                        (c == '\\').then(|| rest.next_if(|c| matches!(c, '$' | '`' | '"' | '\\' | '\n'))).flatten();
                    word.extend(escaped.or(Some(c)).filter(|_| escaped != Some('\n')));
                }
            }
            '\\' => match rest.next() {
                // The line goes on.
                Some('\n') => {}
                Some(c) => word.get_or_insert_default().push(c),
                None => {}
            },
            '#' if word.is_none() => while rest.next_if(|&c| c != '\n').is_some() {},
            c if c.is_whitespace() || matches!(c, '|' | '&' | ';' | '(' | ')') => {
                if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
                    command.push(word);
                }
                if !c.is_whitespace() || c == '\n' {
                    commands.push(Vec::new());
                }
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    if let (Some(word), Some(command)) = (word, commands.last_mut()) {
        command.push(word);
    }
    commands.retain(|command| !command.is_empty());
    commands
}
