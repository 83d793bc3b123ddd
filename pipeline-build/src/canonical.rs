//! The text of code that is digested: tokens, without what the compiler or the formatter does not care for.
//!
//! Left out are documentation, lint levels, whitespace (with comments, which are no tokens) and trailing commas.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// Attributes that change no code.
const SILENT: [&str; 6] = ["doc", "allow", "expect", "warn", "deny", "forbid"];

/// Longest first. A macro's tokens come as they stand in the file, where `x=-1` has two operators in a row.
const OPERATORS: [&str; 24] = [
    "<<=", ">>=", "...", "..=", "&&", "||", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "%=", "^=", "&=", "|=",
    "<<", ">>", "->", "=>", "::", "..",
];

/// Appends the canonical text of some tokens: each after a space.
pub(crate) fn write(tokens: TokenStream, text: &mut String) {
    group(tokens, Delimiter::None, false, text);
}

/// In a macro's arguments (`verbatim`) a trailing comma may mean something.
fn group(tokens: TokenStream, delimiter: Delimiter, verbatim: bool, text: &mut String) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut commas = 0;
    let mut at = 0;
    while at < tokens.len() {
        let after = &tokens[at + 1..];
        match &tokens[at] {
            TokenTree::Punct(punct) if punct.as_char() == '#' && is_silent(after) => {
                at += if is_punct(&after[0], '!') { 3 } else { 2 };
                continue;
            }
            TokenTree::Punct(punct) if punct.as_char() == ',' => {
                commas += 1;
                let ends = match after.first() {
                    None => delimiter != Delimiter::Parenthesis || commas > 1,
                    Some(next) => is_punct(next, '>'),
                };
                if verbatim || !ends {
                    text.push_str(" ,");
                }
                at += 1;
            }
            TokenTree::Punct(_) => {
                let length = operator(&tokens[at..]);
                text.push(' ');
                text.extend(tokens[at..at + length].iter().map(ToString::to_string));
                at += length;
            }
            TokenTree::Group(inner) => {
                let (open, close) = match inner.delimiter() {
                    Delimiter::Parenthesis => (" (", " )"),
                    Delimiter::Brace => (" {", " }"),
                    Delimiter::Bracket => (" [", " ]"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                group(inner.stream(), inner.delimiter(), verbatim || is_macro_argument(&tokens, at), text);
                text.push_str(close);
                at += 1;
            }
            other => {
                text.push(' ');
                text.push_str(&joined(other.to_string()));
                at += 1;
            }
        }
    }
}

/// A string that goes on in the next line by its value: how far that line is indented is no part of it.
fn joined(literal: String) -> String {
    if !literal.starts_with('"') || !literal.contains("\\\n") {
        return literal;
    }
    syn::parse_str::<syn::LitStr>(&literal).map_or(literal, |text| format!("{:?}", text.value()))
}

/// Whether `[…]` or `![…]` comes next, after a `#`, naming an attribute that changes no code.
pub(crate) fn is_silent(tokens: &[TokenTree]) -> bool {
    let attribute = match tokens {
        [bang, attribute, ..] if is_punct(bang, '!') => attribute,
        [attribute, ..] => attribute,
        [] => return false,
    };
    let TokenTree::Group(attribute) = attribute else { return false };
    let mut tokens = attribute.stream().into_iter();
    let (Some(TokenTree::Ident(name)), next) = (tokens.next(), tokens.next()) else { return false };
    let conditional_on_tests = || match next {
        Some(TokenTree::Group(condition)) if name == "cfg_attr" => {
            matches!(condition.stream().into_iter().next(), Some(TokenTree::Ident(first)) if first == "test")
        }
        _ => false,
    };
    attribute.delimiter() == Delimiter::Bracket
        && (SILENT.iter().any(|silent| name == silent) || conditional_on_tests())
}

/// Whether the group at `at` belongs to `name!` or `macro_rules! name`.
fn is_macro_argument(tokens: &[TokenTree], at: usize) -> bool {
    match &tokens[..at] {
        [.., TokenTree::Ident(_), bang] if is_punct(bang, '!') => true,
        [.., TokenTree::Ident(_), bang, TokenTree::Ident(_)] => is_punct(bang, '!'),
        _ => false,
    }
}

/// How many of the first tokens make one operator.
fn operator(tokens: &[TokenTree]) -> usize {
    let mut joined = String::new();
    for token in &tokens[..tokens.len().min(3)] {
        let TokenTree::Punct(punct) = token else { break };
        joined.push(punct.as_char());
        if punct.spacing() == Spacing::Alone {
            break;
        }
    }
    OPERATORS.iter().find(|operator| joined.starts_with(*operator)).map_or(1, |operator| operator.len())
}

pub(crate) fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}
