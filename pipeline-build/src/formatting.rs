//! Undoes what a formatter does to tokens, so that formatting with other settings is no change of code.
//!
//! White space is no token. But rustfmt also puts a block around an expression that does not fit on its line, and takes it
//! away again; and some commas, semicolons and parentheses come and go.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Arm, Block, Expr, ExprBlock, ExprCall, ExprClosure, ExprMacro, ExprMethodCall, FieldsUnnamed, Item, Macro,
    ParenthesizedGenericArguments, Pat, PatTupleStruct, ReturnType, Signature, Stmt, StmtMacro, Token, WhereClause,
};

/// Gives an item the form that all its formattings share.
pub(crate) fn undo(item: &mut Item) {
    Undo.visit_item_mut(item);
}

struct Undo;

impl VisitMut for Undo {
    fn visit_arm_mut(&mut self, arm: &mut Arm) {
        visit_mut::visit_arm_mut(self, arm);
        unwrap_block(&mut arm.body);
        arm.comma = Some(Default::default());
        if let Pat::Or(alternatives) = &mut arm.pat {
            alternatives.leading_vert = None;
        }
    }

    fn visit_expr_closure_mut(&mut self, closure: &mut ExprClosure) {
        visit_mut::visit_expr_closure_mut(self, closure);
        if matches!(closure.output, ReturnType::Default) {
            unwrap_block(&mut closure.body);
        }
    }

    fn visit_block_mut(&mut self, block: &mut Block) {
        visit_mut::visit_block_mut(self, block);
        if let Some(Stmt::Expr(Expr::Return(_) | Expr::Break(_) | Expr::Continue(_), semicolon)) =
            block.stmts.last_mut()
        {
            *semicolon = None;
        }
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        while let Expr::Paren(outer) = expression
            && let Expr::Paren(_) = &*outer.expr
        {
            *expression = take(&mut outer.expr);
        }
        // Outside macros, where all is plain code, `canonical` leaves these commas out.
        match expression {
            Expr::Array(array) => _ = array.elems.pop_punct(),
            Expr::Struct(literal) => _ = literal.fields.pop_punct(),
            Expr::Tuple(tuple) if tuple.elems.len() > 1 => _ = tuple.elems.pop_punct(),
            _ => {}
        }
    }

    // In parentheses around one thing, a comma makes a tuple; but not in the following.

    fn visit_expr_call_mut(&mut self, call: &mut ExprCall) {
        visit_mut::visit_expr_call_mut(self, call);
        call.args.pop_punct();
    }

    fn visit_expr_method_call_mut(&mut self, call: &mut ExprMethodCall) {
        visit_mut::visit_expr_method_call_mut(self, call);
        call.args.pop_punct();
    }

    fn visit_signature_mut(&mut self, signature: &mut Signature) {
        visit_mut::visit_signature_mut(self, signature);
        signature.inputs.pop_punct();
    }

    fn visit_pat_tuple_struct_mut(&mut self, pattern: &mut PatTupleStruct) {
        visit_mut::visit_pat_tuple_struct_mut(self, pattern);
        pattern.elems.pop_punct();
    }

    fn visit_fields_unnamed_mut(&mut self, fields: &mut FieldsUnnamed) {
        visit_mut::visit_fields_unnamed_mut(self, fields);
        fields.unnamed.pop_punct();
    }

    fn visit_parenthesized_generic_arguments_mut(&mut self, arguments: &mut ParenthesizedGenericArguments) {
        visit_mut::visit_parenthesized_generic_arguments_mut(self, arguments);
        arguments.inputs.pop_punct();
    }

    fn visit_where_clause_mut(&mut self, clause: &mut WhereClause) {
        visit_mut::visit_where_clause_mut(self, clause);
        clause.predicates.pop_punct();
    }

    /// Formatters take a macro's arguments for expressions where they look like some. Only of the standard ones is it known
    /// that they take them for the same.
    fn visit_macro_mut(&mut self, call: &mut Macro) {
        if STANDARD_MACROS.iter().any(|name| call.path.is_ident(name))
            && let Ok(mut arguments) = call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated)
        {
            arguments.iter_mut().for_each(|argument| self.visit_expr_mut(argument));
            arguments.pop_punct();
            call.tokens = arguments.to_token_stream();
        }
    }
}

#[rustfmt::skip]
const STANDARD_MACROS: [&str; 19] = [
    "assert", "assert_eq", "assert_ne", "concat", "dbg", "debug_assert", "debug_assert_eq", "debug_assert_ne", "eprint",
    "eprintln", "format", "panic", "print", "println", "todo", "unreachable", "vec", "write", "writeln",
];

/// Takes the block away that holds nothing but one expression.
fn unwrap_block(expression: &mut Expr) {
    while let Expr::Block(ExprBlock { attrs, label: None, block }) = expression
        && attrs.is_empty()
        && matches!(block.stmts[..], [Stmt::Expr(_, None) | Stmt::Macro(StmtMacro { semi_token: None, .. })])
    {
        *expression = match block.stmts.pop() {
            Some(Stmt::Expr(only, _)) => only,
            Some(Stmt::Macro(StmtMacro { attrs, mac, .. })) => Expr::Macro(ExprMacro { attrs, mac }),
            _ => return,
        };
    }
}

fn take(expression: &mut Expr) -> Expr {
    std::mem::replace(expression, Expr::Verbatim(TokenStream::new()))
}
