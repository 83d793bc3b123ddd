//! What attributes say of an item: that it is for tests only, or which file it is in.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Item};

use crate::canonical::is_punct;

/// Whether attributes say that this is only there in tests.
pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) => list.path.is_ident("cfg") && needs_test(list.tokens.clone()),
        syn::Meta::NameValue(_) => false,
    })
}

/// Whether a condition of `cfg` holds in tests only.
fn needs_test(condition: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = condition.into_iter().collect();
    match &tokens[..] {
        [TokenTree::Ident(name)] => name == "test",
        [TokenTree::Ident(name), TokenTree::Group(parts), ..] => {
            let parts: Vec<TokenTree> = parts.stream().into_iter().collect();
            let mut parts = parts
                .split(|token| is_punct(token, ','))
                .filter(|part| !part.is_empty())
                .map(|part| needs_test(part.iter().cloned().collect()));
            match name.to_string().as_str() {
                "all" => parts.any(|needs| needs),
                "any" => parts.all(|needs| needs),
                _ => false,
            }
        }
        _ => false,
    }
}

/// The value of `#[path = "…"]`.
pub(crate) fn given_path(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// The attributes of an item.
pub(crate) fn of_item(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The attributes of an item in an `impl` block.
pub(crate) fn of_impl_item(item: &syn::ImplItem) -> &[Attribute] {
    match item {
        syn::ImplItem::Const(item) => &item.attrs,
        syn::ImplItem::Fn(item) => &item.attrs,
        syn::ImplItem::Type(item) => &item.attrs,
        syn::ImplItem::Macro(item) => &item.attrs,
        _ => &[],
    }
}
