//! What statements touch: which tables, views, indexes and triggers a script of a migration creates,
//! alters, drops, reads and writes (ADR 15).
//!
//! Pure: a script and a dialect go in, facts come out. Everything is refused that could do something
//! that these facts don't show: statements outside of a short list, functions outside of a list, names
//! with a schema, and texts that the database might cut into tokens otherwise than the parser does.

mod breaking;
mod definition;
mod functions;
mod lexical;
mod names;
mod types;
mod walk;

pub use breaking::Break;

use plugin_api::db::Dialect;
use sqlparser::ast;
use sqlparser::dialect::{Dialect as Grammar, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, Tokenizer};

/// Trees of statements are walked and dropped by recursion, which the bound on operators keeps below this.
const STACK_BYTES: usize = 64 << 20;
/// The longest text of a statement that a message repeats, in characters.
const TEXT_CHARS_MAX: usize = 120;

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its text on one line, shortened.
    pub text: String,
    /// The line of the script where it begins, from 1.
    pub line: u64,
    /// What it touches, in the order of the text.
    pub touches: Vec<Touch>,
    /// Why it is not allowed, whatever it touches.
    pub forbidden: Option<String>,
    /// What of it would break code that knows the schema as it was before.
    pub breaks: Vec<Break>,
}

/// A statement's effect on one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    /// What is done.
    pub action: Action,
    /// To what kind of object.
    pub kind: Kind,
    /// Its name as the database has it: without quotes, in lower case where the database folds it.
    pub name: String,
}

/// What is done to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It comes into being; an index or a trigger on the named table.
    Create {
        /// The table of an index or a trigger.
        on: Option<String>,
    },
    /// Its definition changes.
    Alter,
    /// It goes.
    Drop,
    /// It gets another name.
    Rename {
        /// The new name.
        to: String,
    },
    /// Rows are added, changed or removed.
    Write,
    /// Rows are read.
    Read,
    /// A foreign key leads to it.
    Refer,
}

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A table.
    Table,
    /// A view.
    View,
    /// An index.
    Index,
    /// A trigger.
    Trigger,
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::View => "view",
            Self::Index => "index",
            Self::Trigger => "trigger",
        }
    }
}

/// A place where a script can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct Unreadable {
    /// From 1.
    pub line: u64,
    /// From 1.
    pub column: u64,
    /// What stands there, or what was expected.
    pub reason: String,
}

/// Reads a script.
///
/// # Errors
/// [`Unreadable`] for the first place that can't be read, or not for sure.
pub fn read(dialect: Dialect, script: &str) -> Result<Vec<Statement>, Unreadable> {
    let work = || read_here(dialect, script);
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("sql".to_owned()).stack_size(STACK_BYTES);
        let unreadable = |reason: String| Unreadable { line: 1, column: 1, reason };
        let running = thread.spawn_scoped(scope, work).map_err(|error| unreadable(error.to_string()))?;
        running.join().unwrap_or_else(|_| Err(unreadable("the parser failed on it".to_owned())))
    })
}

/// A statement of SQLite without what does not matter: comments, space, quotes, and whether names and keywords
/// are in capitals. Texts that can't be read are given as they are.
#[must_use]
pub fn normal(statement: &str) -> String {
    let Ok(tokens) = Tokenizer::new(grammar(Dialect::Sqlite), statement).tokenize() else {
        return statement.to_owned();
    };
    let words = tokens.into_iter().filter_map(|token| match token {
        Token::Whitespace(_) | Token::SemiColon => None,
        Token::Word(word) => Some(word.value.to_ascii_lowercase()),
        token => Some(token.to_string()),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn grammar(dialect: Dialect) -> &'static dyn Grammar {
    match dialect {
        Dialect::Sqlite => &SQLiteDialect {},
        Dialect::Postgres => &PostgreSqlDialect {},
    }
}

fn read_here(dialect: Dialect, script: &str) -> Result<Vec<Statement>, Unreadable> {
    let grammar = grammar(dialect);
    let tokens = lexical::tokens(grammar, script)?;
    let mut parser = Parser::new(grammar).with_tokens_with_locations(tokens);
    let mut statements = Vec::new();
    loop {
        while parser.consume_token(&Token::SemiColon) {}
        let first = parser.peek_token();
        if first.token == Token::EOF {
            return Ok(statements);
        }
        let begin = first.span.start;
        let tree = parser.parse_statement().map_err(|error| unreadable(&error, begin))?;
        let next = parser.peek_token();
        if !matches!(next.token, Token::SemiColon | Token::EOF) {
            let reason = format!("expected the end of the statement, found {next}");
            return Err(Unreadable { line: next.span.start.line, column: next.span.start.column, reason });
        }
        statements.push(facts(dialect, &tree, begin.line));
    }
}

/// The parser tells the place in its text; where it doesn't, the statement's beginning is it.
fn unreadable(error: &ParserError, begin: Location) -> Unreadable {
    let (ParserError::TokenizerError(text) | ParserError::ParserError(text)) = error else {
        return Unreadable { line: begin.line, column: begin.column, reason: "it is nested too deeply".to_owned() };
    };
    let place = |text: &str| {
        let (line, column) = text.split_once(", Column: ")?;
        Some((line.parse().ok()?, column.parse().ok()?))
    };
    let (reason, (line, column)) = match text.rsplit_once(" at Line: ") {
        Some((reason, at)) => (reason, place(at).unwrap_or((begin.line, begin.column))),
        None => (text.as_str(), (begin.line, begin.column)),
    };
    Unreadable { line, column, reason: reason.to_owned() }
}

fn facts(dialect: Dialect, tree: &ast::Statement, line: u64) -> Statement {
    let (touches, forbidden) = walk::facts(dialect, tree);
    Statement { text: shortened(tree), line, touches, forbidden, breaks: breaking::of(dialect, tree) }
}

fn shortened(tree: &ast::Statement) -> String {
    let text = tree.to_string();
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests;
