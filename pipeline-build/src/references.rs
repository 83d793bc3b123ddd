//! The paths, imports, macro calls and included files in some tokens.
//!
//! Tokens rather than syntax trees, so that what stands in a macro's arguments counts like any other code.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use crate::canonical::{is_punct, is_silent};

/// The segments of a path. A leading `::` is an empty first segment.
pub(crate) type Path = Vec<String>;

#[derive(Default)]
pub(crate) struct References {
    pub paths: BTreeSet<Path>,
    pub imports: Vec<Import>,
    /// Names of macros that are called.
    pub macros: BTreeSet<String>,
    pub included: Vec<Included>,
}

/// One name of a `use` declaration.
pub(crate) struct Import {
    pub path: Path,
    /// The name that it gets here; none for `_` and for a glob.
    pub name: Option<String>,
    pub glob: bool,
}

/// The arguments of an `include!`, `include_str!` or `include_bytes!`.
pub(crate) struct Included {
    pub arguments: TokenStream,
    pub span: Span,
    /// Whether it is code: `include!`.
    pub is_code: bool,
}

/// Words that a path can follow but not begin with.
const KEYWORDS: [&str; 20] = [
    "as", "break", "const", "dyn", "else", "for", "if", "impl", "in", "let", "match", "move", "mut", "pub", "ref",
    "return", "static", "unsafe", "where", "while",
];

impl References {
    pub(crate) fn collect(&mut self, tokens: TokenStream) {
        self.group(tokens, false);
    }

    /// Collects names that stand alone, too.
    pub(crate) fn collect_names(&mut self, tokens: TokenStream) {
        self.group(tokens, true);
    }

    /// `names`: whether a name that stands alone counts as a path. It does in attributes, where a string may hold one, too.
    fn group(&mut self, tokens: TokenStream, names: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Punct(punct) if punct.as_char() == '#' && is_silent(&tokens[at + 1..]) => {
                    at += if is_punct(&tokens[at + 1], '!') { 3 } else { 2 };
                }
                TokenTree::Ident(word)
                    if word == "use" && !matches!(tokens.get(at + 1), Some(next) if is_punct(next, '<')) =>
                {
                    let length =
                        tokens[at..].iter().position(|token| is_punct(token, ';')).unwrap_or(tokens.len() - at);
                    imports(&tokens[at + 1..at + length], &mut Vec::new(), &mut self.imports);
                    at += length;
                }
                TokenTree::Ident(word) if word == "extern" => {
                    if let [TokenTree::Ident(krate), TokenTree::Ident(name), ..] = &tokens[at + 1..]
                        && krate == "crate"
                    {
                        self.paths.insert(vec![String::new(), plain(&name.to_string())]);
                    }
                    at += 1;
                }
                TokenTree::Ident(word) if KEYWORDS.iter().any(|keyword| word == keyword) => at += 1,
                TokenTree::Ident(_) => at += self.path(&tokens, at, names),
                TokenTree::Group(group) => {
                    let is_attribute = match &tokens[..at] {
                        [.., hash, bang] if is_punct(bang, '!') => is_punct(hash, '#'),
                        [.., hash] => is_punct(hash, '#'),
                        [] => false,
                    };
                    self.group(group.stream(), names || is_attribute && group.delimiter() == Delimiter::Bracket);
                    at += 1;
                }
                TokenTree::Literal(literal) => {
                    // `#[serde(with = "super::hex")]`: derived code will hold what the string says.
                    if let (true, Some(path)) = (names, quoted_path(&literal.to_string())) {
                        self.paths.insert(path);
                    }
                    at += 1;
                }
                TokenTree::Punct(_) => at += 1,
            }
        }
    }

    /// Takes note of the path that begins at `at`, and says how many tokens it has.
    fn path(&mut self, tokens: &[TokenTree], at: usize, names: bool) -> usize {
        let mut path = Path::new();
        let mut end = at;
        while let Some(TokenTree::Ident(segment)) = tokens.get(end) {
            path.push(plain(&segment.to_string()));
            end += 1;
            match &tokens[end..] {
                [first, second, TokenTree::Ident(_), ..] if is_punct(first, ':') && is_punct(second, ':') => end += 2,
                _ => break,
            }
        }
        if let [bang, TokenTree::Group(arguments), ..] = &tokens[end..]
            && is_punct(bang, '!')
            && let Some(name) = path.last()
        {
            if ["include", "include_str", "include_bytes"].contains(&name.as_str()) {
                let span = tokens[at].span();
                self.included.push(Included { arguments: arguments.stream(), span, is_code: name == "include" });
            }
            self.macros.insert(name.clone());
        }
        match &tokens[..at] {
            // The rest of a path whose beginning was a type: `<T as Trait>::name`, `Vec::<T>::new`.
            [.., end, first, second] if is_punct(first, ':') && is_punct(second, ':') && is_punct(end, '>') => {}
            [.., first, second] if is_punct(first, ':') && is_punct(second, ':') => {
                path.insert(0, String::new());
                self.paths.insert(path);
            }
            _ if path.len() > 1 || names => {
                self.paths.insert(path);
            }
            _ => {}
        }
        end - at
    }
}

/// The imports of a `use` tree, whose beginning is `prefix`.
fn imports(tokens: &[TokenTree], prefix: &mut Path, out: &mut Vec<Import>) {
    let begun = prefix.len();
    let mut name = None;
    let mut complete = false; // a group or a glob ended it
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word) if word == "as" => {
                let renamed = tokens.get(at + 1).map(|renamed| plain(&renamed.to_string()));
                name = Some(renamed.filter(|renamed| renamed != "_"));
                break;
            }
            TokenTree::Ident(segment) => prefix.push(plain(&segment.to_string())),
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for tree in inner.split(|token| is_punct(token, ',')).filter(|tree| !tree.is_empty()) {
                    imports(tree, prefix, out);
                }
                complete = true;
            }
            TokenTree::Punct(punct) if punct.as_char() == '*' => {
                out.push(Import { path: prefix.clone(), name: None, glob: true });
                complete = true;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' && at == 0 => prefix.push(String::new()),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    if !complete && prefix.len() > begun {
        let mut path = prefix.clone();
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let name = name.unwrap_or_else(|| path.last().cloned());
        out.push(Import { path, name, glob: false });
    }
    prefix.truncate(begun);
}

/// An identifier without `r#`.
fn plain(identifier: &str) -> String {
    identifier.strip_prefix("r#").unwrap_or(identifier).to_owned()
}

fn quoted_path(literal: &str) -> Option<Path> {
    let text = literal.strip_prefix('"')?.strip_suffix('"')?;
    let is_identifier = |segment: &str| {
        segment.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && segment.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    let path: Path = text.split("::").map(plain).collect();
    path.iter().all(|segment| is_identifier(segment)).then_some(path)
}
